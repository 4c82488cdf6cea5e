"""What a passkey signs to agree to a call: asked for here, given with ``approve``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from vienna_control.api.narrowing import Narrowed, problem_of
from vienna_control.api.problems import not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.webauthn import ChallengeData, kept, party
from vienna_control.approvals import view
from vienna_control.approvals.edit import LawError
from vienna_control.approvals.lowering import UnfitError
from vienna_control.passkeys import consent
from vienna_control.store import Tx
from vienna_kernel.verdict import Refused


class ChallengeBody(BaseModel):
    """Attributes: ``narrowed``: to agree to less; it goes into ``approve`` as well."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Literal["approve"] = "approve"
    narrowed: Narrowed | None = None


@route(
    "POST",
    "/approvals/{id}/challenge",
    who=Who.APPROVER,
    writes=None,
    body=ChallengeBody,
    data=ChallengeData,
    optional_body=True,
    summary="What your passkey signs to agree to this call",
)
async def challenge(ctx: Context) -> ChallengeData:
    """The challenge is the SHA-256 of the statement's RFC 8785 bytes: it agrees to this call and no other."""
    app, rp, approval_id = ctx.app, party(ctx), ctx.path["id"]
    tenant, narrowed = ctx.principal.tenant, ctx.body.narrowed

    def unit(tx: Tx) -> ChallengeData | Refused:
        row = view.one(tx.conn, tenant, approval_id)
        if row is None:
            raise not_found("approval", approval_id)
        try:
            edit = app.pipeline.narrowed(tx, tenant, approval_id, narrowed) if narrowed else None
        except (UnfitError, LawError) as error:
            raise problem_of(error) from None
        asked = consent.ask(tx, app.passkeys.challenges, row, ctx.principal.id, rp, edit)
        return asked if isinstance(asked, Refused) else ChallengeData(**asked)

    return await kept(ctx, unit)
