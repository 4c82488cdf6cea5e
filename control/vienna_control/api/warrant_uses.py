"""The end of a warrant: its one use, or its revocation."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vienna_control import custody, rows
from vienna_control.api.access import Principal
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.warrants import holder_of
from vienna_control.execution import dispatch
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Grade


class RevokeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class RevokeData(BaseModel):
    """Attributes: ``revoked`` lists this warrant and those derived from it."""

    warrant_id: str
    status: str
    revoked: list[str]


class ConsumeBody(BaseModel):
    """Attributes: ``attempt`` is the caller's own single-use id: the same one again gets the same answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    attempt: Annotated[str, Field(min_length=8, max_length=80, pattern=r"^[A-Za-z0-9._:-]+$")]


class ConsumeData(BaseModel):
    warrant_id: str
    intent_id: str
    consumed: bool
    consumed_at: str
    attempt: str
    execution_id: str | None


@route(
    "POST",
    "/warrants/{id}/revoke",
    who=Who.OPERATOR,
    writes=EntryType.WARRANT_REVOKED,
    body=RevokeBody,
    data=RevokeData,
    summary="Revoke a warrant that was not used, and all derived from it",
)
async def revoke_warrant(ctx: Context) -> RevokeData:
    principal, warrant_id, reason = ctx.principal, ctx.path["id"], ctx.body.reason

    def unit(tx: Tx) -> RevokeData:
        row = custody.find(tx.conn, principal.tenant, warrant_id)
        if row is None:
            raise not_found("warrant", warrant_id)
        if row["status"] == "consumed":
            raise Problem(
                Code.WARRANT_CONSUMED, "this warrant was used; what it let through cannot be called back"
            )
        if row["status"] == "revoked":
            raise Problem(Code.CONFLICT, "this warrant was revoked before")
        ended = custody.revoke(tx, row, reason=reason, actor=principal.actor)
        return RevokeData(warrant_id=warrant_id, status="revoked" if ended else row["status"], revoked=ended)

    return await ctx.app.store.write(unit)


@route(
    "POST",
    "/warrants/{id}/consume",
    who=Who.AGENT,
    writes=(EntryType.WARRANT_CONSUMED, EntryType.EXECUTION_STARTED),
    body=ConsumeBody,
    data=ConsumeData,
    summary="Take the one use of a warrant",
)
async def consume_warrant(ctx: Context) -> ConsumeData:
    """Once, durably, before the action is done. The same attempt asked again gets the same answer; another is 409."""
    return await ctx.app.store.write(lambda tx: _consume(ctx, tx))


def _consume(ctx: Context, tx: Tx) -> ConsumeData:
    principal, warrant_id, attempt = ctx.principal, ctx.path["id"], ctx.body.attempt
    row = custody.find(tx.conn, principal.tenant, warrant_id)
    if row is None or row["agent_id"] != principal.agent_id:
        raise not_found("warrant", warrant_id)
    used = custody.consumption(tx.conn, warrant_id)
    if used is None:
        _must_be_usable(tx, principal, row)
        dispatch.consume(
            tx,
            dispatch.Use(
                warrant_id=warrant_id,
                intent_id=row["intent_id"],
                agent_id=row["agent_id"],
                tenant=row["tenant"],
                attempt=attempt,
                by=principal.actor,
                grade=Grade.REPORTED,
            ),
        )
        used = there(custody.consumption(tx.conn, warrant_id), "written above, in this transaction")
    if (used["attempt"], used["by"]) != (attempt, principal.actor):
        raise Problem(Code.WARRANT_CONSUMED, "this warrant was used already, by another attempt")
    return ConsumeData(
        warrant_id=warrant_id,
        intent_id=row["intent_id"],
        consumed=True,
        consumed_at=used["at"],
        attempt=attempt,
        execution_id=custody.execution_of(tx.conn, warrant_id),
    )


def _must_be_usable(tx: Tx, principal: Principal, row: rows.Row) -> None:
    status = custody.status_at(row, tx.now)
    if status != "issued":
        raise Problem(Code.GONE if status == "expired" else Code.CONFLICT, f"this warrant is {status}")
    if row["observed"]:
        raise Problem(Code.FORBIDDEN, "this warrant was issued in observe mode and permits nothing")
    terms = custody.terms_of(row["token"])
    if terms.request_digest is not None:
        raise Problem(Code.FORBIDDEN, "this warrant is for one request on the wire; only its gate may use it")
    if terms.holder_jkt is not None and terms.holder_jkt != holder_of(tx.conn, principal, terms):
        raise Problem(Code.FORBIDDEN, "this warrant is bound to another key")
