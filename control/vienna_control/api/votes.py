"""Yes and no: what an operator says to an approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from vienna_control.api.access import Principal
from vienna_control.api.narrowing import Narrowed, problem_of
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.standing import requested
from vienna_control.api.standing_terms import LikeBody, RequestedData, terms_like
from vienna_control.api.submissions import SUBMITTING
from vienna_control.api.webauthn import AssertionBody, party
from vienna_control.approvals.edit import LawError, UnheardError
from vienna_control.approvals.lowering import UnfitError
from vienna_control.approvals.vote import Ballot, Decided, PasskeyCheck, StaleError
from vienna_control.passkeys import consent
from vienna_control.store import Tx
from vienna_kernel.approval.moves import Voter
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason, Refused

type Words = Annotated[str, Field(max_length=2000)]

CODES: Mapping[Reason, Code] = {
    Reason.APPROVAL_DECIDED: Code.ALREADY_DECIDED,
    Reason.ALREADY_VOTED: Code.CONFLICT,
    Reason.OWN_REQUEST: Code.FORBIDDEN,
    Reason.NOT_AN_APPROVER: Code.FORBIDDEN,
    Reason.MFA_REQUIRED: Code.MFA_REQUIRED,
    Reason.JUSTIFICATION_REQUIRED: Code.VALIDATION_FAILED,
}


DECIDES = (EntryType.APPROVAL_VOTE, EntryType.APPROVAL_RESOLVED, EntryType.APPROVAL_EXPIRED, *SUBMITTING)
"""What a vote may enter: a deadline that has passed is found out by it, and what no gate waits for leaves at once."""


class _VoteBody(BaseModel):
    """Attributes: ``shown_digest`` is that of what you saw; when something else is asked now, the answer is 409.

    ``in_place_of``: id or e-mail address of whom you stand in for; without it: as yourself where you may.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    otp: Annotated[SecretStr, Field(min_length=6, max_length=10)] | None = None
    shown_digest: Annotated[str, Field(max_length=80)] | None = None
    in_place_of: Annotated[str, Field(max_length=200)] | None = None


class ApproveBody(_VoteBody):
    """``justification`` and ``rollback_plan`` where the tier asks for them.

    Attributes:
        narrowed: Consent to less: new values by parameter, amounts in major units.
        standing: Ask others for consent in advance to such calls, with this vote; it is theirs to decide.
        webauthn: Instead of ``otp``: what a passkey answered to ``/approvals/{id}/challenge``.
    """

    comment: Words = ""
    justification: Words = ""
    rollback_plan: Words = ""
    narrowed: Narrowed | None = None
    standing: LikeBody | None = None
    webauthn: AssertionBody | None = None

    @model_validator(mode="after")
    def _one_factor(self) -> Self:
        if self.webauthn is not None and self.otp is not None:
            raise ValueError("give 'otp' or 'webauthn', not both")
        return self


class DenyBody(_VoteBody):
    """``reason`` is what the agent will read."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class ApproveData(BaseModel):
    """Attributes: ``warrant_id`` only where no gate holds the call; else the warrant is minted when it leaves."""

    approval_id: str
    status: str
    current_approvals: int
    required_approvers: int
    missing: list[str]
    approver: str
    intent_id: str
    intent_status: str
    warrant_id: str | None
    standing: RequestedData | None = None


class DenyData(BaseModel):
    approval_id: str
    status: str
    denier: str
    intent_id: str
    intent_status: str


@route(
    "POST",
    "/approvals/{id}/approve",
    who=Who.APPROVER,
    writes=DECIDES,
    body=ApproveBody,
    data=ApproveData,
    optional_body=True,
    summary="Consent",
)
async def approve(ctx: Context) -> ApproveData:
    """With ``otp`` or ``webauthn`` where a second factor is asked for. Enough consent lets the held call go."""
    body, approval_id = ctx.body, ctx.path["id"]
    asked: list[RequestedData] = []

    def also(tx: Tx) -> None:
        if body.standing is not None:
            terms = terms_like(tx.conn, ctx.principal.tenant, approval_id, body.standing, now=tx.now)
            asked[:] = [requested(ctx, tx, terms)]

    decided = await _decide(
        ctx,
        also,
        verdict="approve",
        comment=body.comment,
        justification=body.justification,
        rollback_plan=body.rollback_plan,
    )
    return ApproveData(
        approval_id=decided.approval_id,
        status=decided.status.value,
        current_approvals=decided.tally.current,
        required_approvers=decided.tally.required,
        missing=decided.tally.missing,
        approver=ctx.principal.name,
        intent_id=decided.intent_id,
        intent_status=decided.intent_status,
        warrant_id=decided.warrant_id,
        standing=next(iter(asked), None),
    )


@route(
    "POST",
    "/approvals/{id}/deny",
    who=Who.APPROVER,
    writes=DECIDES,
    body=DenyBody,
    data=DenyData,
    summary="Say no; the reason reaches the agent",
)
async def deny(ctx: Context) -> DenyData:
    """One no ends it, whoever has agreed before."""
    decided = await _decide(ctx, verdict="deny", comment=ctx.body.reason)
    return DenyData(
        approval_id=decided.approval_id,
        status=decided.status.value,
        denier=ctx.principal.name,
        intent_id=decided.intent_id,
        intent_status=decided.intent_status,
    )


async def _decide(
    ctx: Context,
    also: Callable[[Tx], None] = lambda _: None,
    *,
    verdict: Literal["approve", "deny"],
    **words: str,
) -> Decided:
    """Count a vote; ``also`` is done with it or undoes it."""
    app, principal, body, approval_id = ctx.app, ctx.principal, ctx.body, ctx.path["id"]
    voter = voter_of(principal)
    narrowed = getattr(body, "narrowed", None)
    ctx.log["approval_id"] = approval_id

    def unit(tx: Tx) -> Decided | Problem:
        code = body.otp.get_secret_value() if body.otp else None
        ballot = Ballot(
            verdict=verdict,
            shown_digest=body.shown_digest,
            in_place_of=body.in_place_of,
            code=(lambda: app.identity.totp.check(tx, principal.id, code)) if code else None,
            passkey=_passkey(ctx, tx, getattr(body, "webauthn", None)),
            **words,
        )
        try:
            decided = app.pipeline.vote(tx, principal.tenant, approval_id, voter, ballot, narrowed=narrowed)
        except StaleError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        except (UnfitError, LawError) as error:
            raise problem_of(error) from None
        except UnheardError as error:
            raise Problem(CODES.get(error.refused.reason, Code.CONFLICT), error.refused.detail) from None
        if decided is None:
            raise not_found("approval", approval_id)
        if isinstance(decided, Refused):
            # Returned, not raised: that the deadline has passed is found out here, and that is kept.
            return Problem(CODES.get(decided.reason, Code.CONFLICT), decided.detail)
        also(tx)
        return decided

    answer = await app.store.write(unit)
    if isinstance(answer, Problem):
        raise answer
    return answer


def _passkey(ctx: Context, tx: Tx, given: AssertionBody | None) -> PasskeyCheck | None:
    if given is None:
        return None
    rp, waiting = party(ctx), ctx.app.passkeys.challenges
    return lambda: consent.take(tx, waiting, ctx.path["id"], ctx.principal.id, given.given(), rp)


def voter_of(principal: Principal) -> Voter:
    """Whoever asks, as somebody who may vote."""
    return Voter(id=principal.id, role=principal.role, groups=principal.groups, email=principal.name.lower())
