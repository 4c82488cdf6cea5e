"""Break-glass: one person of the group ``incident`` stands for the quorum; everybody is told, somebody reviews it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator
from sqlalchemy import Connection, select

from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import CODES, DECIDES, voter_of
from vienna_control.api.webauthn import AssertionBody, OptionsData, kept, party
from vienna_control.approvals import breakglass, view, wording
from vienna_control.approvals.breakglass import Opening
from vienna_control.approvals.vote import Ballot, Decided
from vienna_control.fleet import registry
from vienna_control.passkeys import answers, enrolment, keys
from vienna_control.passkeys.challenges import Asked
from vienna_control.store import Tx
from vienna_control.store.tables import break_glasses
from vienna_kernel.approval.moves import Voter
from vienna_kernel.keyring import b64url
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason, Refused


def _readable(text: str) -> str:
    if not wording.kept(text):
        raise ValueError("expected words that can be read")
    return text


type Line = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_readable)]


class Scope(BaseModel):
    """One approval, or what one agent (id or name) does by one action."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approval_id: Annotated[str, Field(max_length=64)] | None = None
    agent: Annotated[str, Field(max_length=128)] | None = None
    action: Annotated[str, Field(max_length=128)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        one, many = self.approval_id is not None, self.agent is not None and self.action is not None
        if one is many or (one and (self.agent or self.action)):
            raise ValueError("expected approval_id, or agent and action")
        return self

    @property
    def subject(self) -> str:
        return self.approval_id or f"{self.agent} {self.action}"


class OpenBody(Scope):
    """``minutes``: how long it is open for an agent's action, 30 at most; one approval goes at once.

    Attributes:
        incident: Its number, where incidents are kept.
        otp, webauthn: The second factor; a passkey answers the challenge for the same scope.
    """

    incident: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_readable)]
    reason: Line
    minutes: Annotated[int, Field(ge=1, le=30)] = 30
    otp: Annotated[SecretStr, Field(min_length=6, max_length=10)] | None = None
    webauthn: AssertionBody | None = None


class ReviewBody(BaseModel):
    """``verdict``: what somebody else found about it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    verdict: Line


class BreakGlassData(BaseModel):
    """Attributes: ``approvals``: what went by it; ``review`` is None until somebody else has closed it."""

    break_glass_id: str
    opened_by: str
    incident: str
    reason: str
    mfa: str
    approval_id: str | None
    agent_id: str | None
    action: str | None
    opened_at: str
    expires_at: str
    approvals: list[str]
    review: str | None
    reviewed_by: str | None
    reviewed_at: str | None


@route(
    "GET",
    "/break-glass",
    who=Who.READER,
    writes=None,
    query=PageQuery,
    summary="Every time the glass was broken",
)
async def list_break_glass(ctx: Context) -> dict[str, Any]:
    statement = select(break_glasses).where(break_glasses.c.tenant == ctx.principal.tenant)
    return await ctx.app.store.read(
        lambda conn: fetch_page(
            conn,
            statement,
            ctx.query,
            key=break_glasses.c.id,
            noun="break_glass",
            shape=lambda row: breakglass.told(conn, row),
        )
    )


@route(
    "POST",
    "/break-glass/challenge",
    who=Who.APPROVER,
    writes=None,
    body=Scope,
    data=OptionsData,
    summary="What your passkey answers to break the glass",
)
async def challenge(ctx: Context) -> OptionsData:
    """For this scope and no other; answered once, within five minutes."""
    _switched_on(ctx)
    rp, me = party(ctx), ctx.principal.id

    def unit(tx: Tx) -> OptionsData:
        own = keys.of_operator(tx.conn, me)
        if not own:
            raise Problem(Code.MFA_REQUIRED, "you have no passkey: enrol one")
        made = enrolment.fresh()
        asked = Asked(purpose="break_glass", operator_id=me, subject=ctx.body.subject)
        expires_at = ctx.app.passkeys.challenges.keep(tx, made, asked)
        return OptionsData(public_key=keys.request_options(b64url(made), rp, own), expires_at=expires_at)

    return await kept(ctx, unit)


@route(
    "POST",
    "/break-glass",
    who=Who.APPROVER,
    writes=(EntryType.BREAK_GLASS, EntryType.ALERT, *DECIDES),
    body=OpenBody,
    data=BreakGlassData,
    status=201,
    summary="Stand for the quorum in an emergency",
)
async def open_glass(ctx: Context) -> BreakGlassData:
    """Never at T3, never for a request of your own. Everybody who approves or audits is told at once."""
    _switched_on(ctx)
    app, principal, body = ctx.app, ctx.principal, ctx.body
    voter = voter_of(principal)

    def unit(tx: Tx) -> BreakGlassData | Problem:
        if (barred := breakglass.may_open(tx.conn, principal.tenant, voter)) is not None:
            raise _problem(barred)
        if body.approval_id and view.one(tx.conn, principal.tenant, body.approval_id) is None:
            raise not_found("approval", body.approval_id)
        agent_id = _agent(tx.conn, principal.tenant, body.agent) if body.agent else None
        mfa = _factor(ctx, tx)
        if isinstance(mfa, Refused):
            return _problem(mfa)
        opening = Opening(
            incident=body.incident,
            reason=body.reason,
            mfa=mfa,
            approval_id=body.approval_id,
            agent_id=agent_id,
            action=body.action,
            minutes=body.minutes,
        )
        made = breakglass.open_(tx, principal.tenant, voter, opening)
        _let_go(ctx, tx, made, opening)
        row = breakglass.find(tx.conn, principal.tenant, made)
        return BreakGlassData(**breakglass.told(tx.conn, row or {}))

    answer = await app.store.write(unit)
    if isinstance(answer, Problem):  # returned, not raised: a code that was tried is used up
        raise answer
    return answer


def _let_go(ctx: Context, tx: Tx, break_glass_id: str, opening: Opening) -> None:
    """What waits for it now. One that was named and cannot go takes all of it back."""
    tenant = ctx.principal.tenant
    row = breakglass.find(tx.conn, tenant, break_glass_id) or {}
    ballot = breakglass.ballot_of(row)

    def cast(approval_id: str, voter: Voter, given: Ballot) -> Decided | Refused | None:
        return ctx.app.pipeline.vote(tx, tenant, approval_id, voter, given)

    if opening.approval_id is not None:
        done = breakglass.use(tx, row, opening.approval_id, ballot, cast)
        if isinstance(done, Refused):
            raise _problem(done)
        return
    for one in breakglass.waiting_for(tx.conn, tenant, opening.agent_id or "", opening.action or ""):
        breakglass.use(tx, row, one, ballot, cast)  # what is refused goes on waiting for people


def _factor(ctx: Context, tx: Tx) -> Literal["totp", "passkey"] | Refused:
    """The second factor that was shown."""
    app, body, me = ctx.app, ctx.body, ctx.principal.id
    if body.webauthn is not None:
        asked = Asked(purpose="break_glass", operator_id=me, subject=body.subject)
        answer = answers.take(tx, app.passkeys.challenges, body.webauthn.given(), asked, party(ctx))
        return answer if isinstance(answer, Refused) else "passkey"
    if app.config.break_glass_passkey:
        return Refused(Reason.MFA_REQUIRED, "break-glass takes a passkey here: ask for a challenge")
    code = body.otp.get_secret_value() if body.otp else ""
    if not code or not app.identity.totp.check(tx, me, code):
        return Refused(
            Reason.MFA_REQUIRED, "the code is missing, wrong, was used already, or none is enrolled"
        )
    return "totp"


@route(
    "POST",
    "/break-glass/{id}/review",
    who=Who.APPROVER,
    writes=EntryType.BREAK_GLASS,
    body=ReviewBody,
    data=BreakGlassData,
    summary="Close the review of one, as somebody else than who opened it",
)
async def review(ctx: Context) -> BreakGlassData:
    """It ends whatever time was left; until then nobody opens the next."""
    principal, break_glass_id = ctx.principal, ctx.path["id"]

    def unit(tx: Tx) -> BreakGlassData:
        done = breakglass.review(tx, principal.tenant, break_glass_id, voter_of(principal), ctx.body.verdict)
        if isinstance(done, Refused):
            raise _problem(done)
        row = breakglass.find(tx.conn, principal.tenant, break_glass_id)
        if not done or row is None:
            raise not_found("break-glass", break_glass_id)
        return BreakGlassData(**breakglass.told(tx.conn, row))

    return await ctx.app.store.write(unit)


def _switched_on(ctx: Context) -> None:
    if not ctx.app.config.control.break_glass:
        raise Problem(Code.CONFLICT, "break-glass is off here (control.break_glass)")


def _agent(conn: Connection, tenant: str, name: str) -> str:
    found = registry.find(conn, tenant, name)
    if found is None:
        raise not_found("agent", name)
    return found.id


def _problem(refused: Refused) -> Problem:
    return Problem(CODES.get(refused.reason, Code.CONFLICT), refused.detail)
