"""Many approvals of the lowest tier decided in one request: each by itself, on what was shown of it."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import CODES, DECIDES, voter_of
from vienna_control.approvals.vote import Ballot, StaleError
from vienna_control.store import Tx
from vienna_control.store.tables import approvals
from vienna_kernel.verdict import Refused

MOST = 50
TIER = "T1"


class Each(BaseModel):
    """Attributes: ``shown_digest``: of what you saw of this one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=64)]
    shown_digest: Annotated[str, Field(min_length=1, max_length=80)]


class BatchBody(BaseModel):
    """``reason``: for a denial what the agents will read; for a consent a comment for colleagues."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Literal["approve", "deny"]
    approvals: Annotated[list[Each], Field(min_length=1, max_length=MOST)]
    reason: Annotated[str, Field(max_length=2000)] = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len({one.id for one in self.approvals}) < len(self.approvals):
            raise ValueError("an approval stands here twice")
        if self.verdict == "deny" and not self.reason.strip():
            raise ValueError("a denial has a reason")
        return self


class Result(BaseModel):
    """What became of one.

    Attributes:
        ok: Whether the vote counts.
        status: Of the approval; None where it is not known.
        code, message: Why it does not.
    """

    approval_id: str
    ok: bool
    status: str | None = None
    missing: list[str] = []
    code: str | None = None
    message: str | None = None


class BatchData(BaseModel):
    """Attributes: ``results`` in the order in which they were sent."""

    verdict: str
    counted: int
    refused: int
    results: list[Result]


@route(
    "POST",
    "/approvals/batch",
    who=Who.APPROVER,
    writes=DECIDES,
    body=BatchBody,
    data=BatchData,
    summary="Decide up to 50 approvals of tier T1, each by itself",
)
async def batch(ctx: Context) -> BatchData:
    """Higher tiers are refused, each one by one; whatever is refused changes nothing of the others."""
    body = ctx.body
    results = [await _one(ctx, body, each) for each in body.approvals]
    counted = sum(result.ok for result in results)
    return BatchData(verdict=body.verdict, counted=counted, refused=len(results) - counted, results=results)


async def _one(ctx: Context, body: BatchBody, each: Each) -> Result:
    app, principal = ctx.app, ctx.principal
    ballot = Ballot(verdict=body.verdict, comment=body.reason, shown_digest=each.shown_digest)

    def unit(tx: Tx) -> Result:
        tier = _tier(tx.conn, principal.tenant, each.id)
        if tier is None:
            return _no(each, Code.NOT_FOUND, f"there is no approval {each.id!r}")
        if tier != TIER:
            return _no(each, Code.FORBIDDEN, f"{tier} is decided one by one; a batch is for {TIER}")
        try:
            decided = app.pipeline.vote(tx, principal.tenant, each.id, voter_of(principal), ballot)
        except StaleError as error:
            return _no(each, Code.CONFLICT, str(error))
        if decided is None:
            return _no(each, Code.NOT_FOUND, f"there is no approval {each.id!r}")
        if isinstance(decided, Refused):
            return _no(each, CODES.get(decided.reason, Code.CONFLICT), decided.detail)
        return Result(
            approval_id=each.id, ok=True, status=decided.status.value, missing=decided.tally.missing
        )

    try:
        return await app.store.write(unit)
    except Problem as problem:  # dispatching one of them is refused: the others are not
        return _no(each, problem.code, problem.message)


def _tier(conn: Connection, tenant: str, approval_id: str) -> str | None:
    query = select(approvals.c.tier).where(approvals.c.id == approval_id, approvals.c.tenant == tenant)
    row = rows.first(conn, query)
    return row["tier"] if row else None


def _no(each: Each, code: Code, message: str) -> Result:
    return Result(approval_id=each.id, ok=False, code=code.value, message=message)
