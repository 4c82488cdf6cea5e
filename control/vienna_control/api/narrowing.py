"""What a request that waits would be with parameters lowered: shown before anybody consents to it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.approvals import edit, view
from vienna_control.approvals.edit import LawError
from vienna_control.approvals.lowering import UnfitError
from vienna_control.store import Tx
from vienna_kernel.approval.moves import describe

type Narrowed = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=64)], Any], Field(min_length=1, max_length=50)
]


class NarrowBody(BaseModel):
    """``narrowed``: new values by parameter; amounts in major units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    narrowed: Narrowed


class NarrowData(BaseModel):
    """Attributes: ``shown_digest`` is what consent to it binds, and what a passkey signs."""

    approval_id: str
    narrowed: list[dict[str, Any]]
    sentence: str
    risk_tier: str
    required_approvers: int
    asked: str
    shown: dict[str, Any]
    shown_digest: str


@route(
    "POST",
    "/approvals/{id}/narrow",
    who=Who.APPROVER,
    writes=None,
    pure=True,
    body=NarrowBody,
    data=NarrowData,
    summary="What a request would be with parameters lowered, and what it would take",
)
async def narrow(ctx: Context) -> NarrowData:
    """Changes nothing: consent to it is ``approve`` with the same ``narrowed``."""
    app, tenant, approval_id = ctx.app, ctx.principal.tenant, ctx.path["id"]

    def unit(tx: Tx) -> NarrowData:
        try:
            found = app.pipeline.narrowed(tx, tenant, approval_id, ctx.body.narrowed)
        except (UnfitError, LawError) as error:
            raise problem_of(error) from None
        if found is None:
            if view.one(tx.conn, tenant, approval_id) is None:
                raise not_found("approval", approval_id)
            raise Problem(Code.ALREADY_DECIDED, "nobody is asked about it any more")
        return _data(found)

    return await app.store.write(unit)


def _data(found: edit.Edit) -> NarrowData:
    return NarrowData(
        approval_id=found.row["id"],
        narrowed=found.less.told(),
        sentence=found.shown["sentence"],
        risk_tier=found.decision.tier.value,
        required_approvers=found.requirements.people_needed,
        asked=describe(found.requirements),
        shown=found.shown,
        shown_digest=found.shown_digest,
    )


def problem_of(error: UnfitError | LawError) -> Problem:
    """422 that names each field, 409 for what policy refuses."""
    if isinstance(error, UnfitError):
        return Problem(Code.VALIDATION_FAILED, str(error), [row.to_json() for row in error.errors])
    return Problem(Code.CONFLICT, str(error))
