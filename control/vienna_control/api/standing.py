"""Standing warrants: asked for, listed, tried on recorded traffic, revoked. Whether people agree is in the approval."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.approvals.standing import ending, kept, preview, view
from vienna_control.approvals.standing.asking import LawError
from vienna_control.approvals.standing.likeness import currency_of, limits_like
from vienna_control.approvals.standing.terms import Terms, TermsError, limits_of, with_currency
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent
from vienna_control.intake.recorded import meaning_of
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, intents, standing_holders, standing_warrants
from vienna_kernel.action import FieldError
from vienna_kernel.approval.moves import Voter
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType

type _Name = Annotated[str, Field(min_length=1, max_length=128)]
type _Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
type _Count = Annotated[int, Field(ge=1, le=100_000)]
type _Reason = Annotated[str, Field(min_length=1, max_length=500)]
type _Limits = Annotated[dict[_Name, "LimitBody"], Field(max_length=50)]


class LimitBody(BaseModel):
    """What one parameter may be; amounts in major units. ``optional``: it need not be there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    one_of: Annotated[list[Any], Field(max_length=200)] | None = None
    min: int | float | str | None = None
    max: int | float | str | None = None
    optional: bool = False

    def told(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class StandingBody(BaseModel):
    """A standing warrant that is asked for.

    Attributes:
        agents: Names or ids.
        target: Exact, or a pattern: ``*`` is one step, a last ``**`` all that follow; absent: every target.
        limits: By parameter; what is not named must not be there, unless it is ``open``.
        currency: Of the bounds on amounts of money.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: _Name
    agents: Annotated[list[_Name], Field(min_length=1, max_length=100)]
    target: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    limits: _Limits = {}
    open: bool = False
    currency: _Currency | None = None
    count: _Count
    not_before: AwareDatetime | None = None
    expires_at: AwareDatetime
    most_tier: Literal["T0", "T1", "T2"] = "T2"
    reason: _Reason


class LikeBody(BaseModel):
    """The same again as the call of an approval: its agent, action and target, each parameter as it is.

    Attributes:
        limits: In place of the parameter's own value.
        target: In place of its own; ``**`` is every target.
        minutes: How long, from now.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: _Count = 1
    minutes: Annotated[int, Field(ge=1, le=30 * 24 * 60)] = 15
    limits: _Limits = {}
    target: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    most_tier: Literal["T0", "T1", "T2"] = "T2"
    reason: Annotated[str, Field(max_length=500)] = ""


class PreviewBody(BaseModel):
    """Either ``standing``, or ``approval_id`` with ``like``.

    Attributes:
        days: How far back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    standing: StandingBody | None = None
    approval_id: _Name | None = None
    like: LikeBody = LikeBody()
    days: Annotated[int, Field(ge=1, le=30)] = 7


class RevokeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: _Reason


class StandingQuery(PageQuery):
    """Filters of the list. ``open``: only those that have not ended."""

    agent_id: _Name | None = None
    action: _Name | None = None
    open: bool | None = None


class RequestedData(BaseModel):
    """Attributes: ``approval_id`` is where people decide about it."""

    standing_id: str
    approval_id: str
    status: str
    required_approvers: int
    expires_at: str
    terms: dict[str, Any]


class RevokedData(BaseModel):
    """Attributes: ``revoked`` lists the warrants that this ended."""

    standing_id: str
    status: str
    revoked: list[str]


@route(
    "POST",
    "/standing",
    who=Who.PROPOSER,
    writes=(
        EntryType.INTENT_SUBMITTED,
        EntryType.POLICY_EVALUATED,
        EntryType.APPROVAL_REQUESTED,
        EntryType.APPROVAL_ESCALATED,
    ),
    body=StandingBody,
    data=RequestedData,
    status=201,
    summary="Ask people for consent in advance",
)
async def request_standing(ctx: Context) -> RequestedData:
    """It takes what such a call would take, and whoever asks for it does not decide it."""
    answer = await ctx.app.store.write(lambda tx: requested(ctx, tx, _terms(tx.conn, ctx, ctx.body)))
    ctx.log["standing_id"] = answer.standing_id
    return answer


def requested(ctx: Context, tx: Tx, terms: Terms) -> RequestedData:
    """Put terms before people, in the name of who asks. Raises ``Problem``."""
    principal, pipeline = ctx.principal, ctx.app.pipeline
    voter = Voter(id=principal.id, role=principal.role, groups=principal.groups, email=principal.name.lower())
    try:
        made = pipeline.ask_standing(tx, voter, terms)
    except TermsError as error:
        raise _unfit(error) from None
    except LawError as error:
        raise Problem(Code.CONFLICT, str(error)) from None
    return RequestedData(
        standing_id=made.standing_id,
        approval_id=made.asked.approval_id,
        status="pending",
        required_approvers=made.asked.required,
        expires_at=made.asked.expires_at,
        terms=terms.told(),
    )


def _unfit(error: TermsError) -> Problem:
    return Problem(Code.VALIDATION_FAILED, str(error), [row.to_json() for row in error.errors])


def _terms(conn: Connection, ctx: Context, body: StandingBody) -> Terms:
    kind = ctx.app.policies.current.action_types.get(body.action)
    try:
        limits = limits_of({name: limit.told() for name, limit in body.limits.items()})
        agents = _agents(conn, ctx.principal.tenant, body.agents)
    except TermsError as error:
        raise _unfit(error) from None
    return Terms(
        action=body.action,
        agents=tuple(agents),
        target=body.target,
        limits=limits if body.open else with_currency(body.currency, limits, kind),
        open=body.open,
        currency=body.currency,
        count=body.count,
        not_before=body.not_before,
        expires_at=body.expires_at,
        most_tier=Tier(body.most_tier),
        reason=body.reason,
    )


def _agents(conn: Connection, tenant: str, names: list[str]) -> list[Agent]:
    found = {name: registry.find(conn, tenant, name) for name in names}
    unknown = [name for name, agent in found.items() if agent is None]
    if unknown:
        errors = [FieldError("/agents", f"there is no agent {name}", "a name or an id") for name in unknown]
        raise TermsError(errors)
    return list({agent.id: agent for agent in found.values() if agent is not None}.values())


def terms_like(conn: Connection, tenant: str, approval_id: str, like: LikeBody, *, now: datetime) -> Terms:
    """The terms that the call of an approval suggests. Raises ``Problem``."""
    query = (
        select(intents)
        .join(approvals, approvals.c.intent_id == intents.c.id)
        .where(approvals.c.id == approval_id, approvals.c.tenant == tenant)
    )
    row = rows.first(conn, query)
    agent = registry.by_id(conn, row["agent_id"]) if row else None
    if row is None or agent is None:
        raise not_found("approval", approval_id)
    meaning = meaning_of(row)
    if len(meaning) != 1 or meaning[0].mapping is None or row["action"] == kept.ACTION:
        why = "this is not one call that a mapping reads; say in POST /standing what is to be agreed to"
        raise Problem(Code.CONFLICT, why)
    try:
        wider = limits_of({name: limit.told() for name, limit in like.limits.items()})
    except TermsError as error:
        raise _unfit(error) from None
    return Terms(
        action=meaning[0].action,
        agents=(agent,),
        target=meaning[0].target if like.target is None else None if like.target == "**" else like.target,
        limits=limits_like(meaning[0], wider),
        currency=currency_of(meaning[0]),
        count=like.count,
        expires_at=now + timedelta(minutes=like.minutes),
        most_tier=Tier(like.most_tier),
        reason=like.reason or f"as in {approval_id}",
    )


@route(
    "POST",
    "/standing/preview",
    who=Who.READER,
    writes=None,
    body=PreviewBody,
    summary="What terms would have covered in recorded traffic",
)
async def preview_standing(ctx: Context) -> dict[str, Any]:
    """How many calls, how many of them people were asked about, examples, and which were only just outside."""
    body, tenant, now = ctx.body, ctx.principal.tenant, ctx.app.clock.now()
    if (body.standing is None) == (body.approval_id is None):
        raise Problem(Code.VALIDATION_FAILED, "say either standing or approval_id")

    def query(conn: Connection) -> dict[str, Any]:
        if body.standing is not None:
            terms = _terms(conn, ctx, body.standing)
        else:
            terms = terms_like(conn, tenant, body.approval_id, body.like, now=now)
        return {"terms": terms.told(), **preview.preview(conn, terms, now=now, days=body.days)}

    return await ctx.app.store.read(query)


@route(
    "GET",
    "/standing",
    who=Who.READER,
    writes=None,
    query=StandingQuery,
    summary="Standing warrants, newest first",
)
async def list_standing(ctx: Context) -> dict[str, Any]:
    query, now = ctx.query, iso(ctx.app.clock.now())
    table = standing_warrants
    statement = kept.listed().where(table.c.tenant == ctx.principal.tenant)
    if query.action is not None:
        statement = statement.where(table.c.action == query.action)
    if query.open is not None:
        statement = statement.where(
            table.c.ended_at.is_(None) if query.open else table.c.ended_at.is_not(None)
        )
    if query.agent_id is not None:
        of_agent = standing_holders.c.agent_id == query.agent_id
        held = select(standing_holders.c.agent_id).where(
            standing_holders.c.standing_id == table.c.id, of_agent
        )
        statement = statement.where(held.exists())
    return await ctx.app.store.read(
        lambda conn: fetch_page(
            conn,
            statement,
            query,
            key=table.c.id,
            noun="standing",
            shape=lambda row: view.brief(conn, row, now),
        )
    )


@route("GET", "/standing/{id}", who=Who.READER, writes=None, summary="One, with its uses")
async def read_standing(ctx: Context) -> dict[str, Any]:
    standing_id, now = ctx.path["id"], iso(ctx.app.clock.now())

    def query(conn: Connection) -> dict[str, Any] | None:
        row = kept.one(conn, ctx.principal.tenant, standing_id)
        return view.whole(conn, row, now) if row else None

    found = await ctx.app.store.read(query)
    if found is None:
        raise not_found("standing warrant", standing_id)
    return found


@route(
    "POST",
    "/standing/{id}/revoke",
    who=Who.PROPOSER,
    writes=(EntryType.WARRANT_REVOKED, EntryType.APPROVAL_RESOLVED),
    body=RevokeBody,
    data=RevokedData,
    summary="End it now, with whatever of it was not used yet",
)
async def revoke_standing(ctx: Context) -> RevokedData:
    """One that people have not decided about is withdrawn."""
    principal, standing_id, reason = ctx.principal, ctx.path["id"], ctx.body.reason

    def unit(tx: Tx) -> RevokedData:
        row = kept.one(tx.conn, principal.tenant, standing_id)
        if row is None:
            raise not_found("standing warrant", standing_id)
        ended = ending.revoke(tx, row, reason=reason, actor=principal.actor)
        if not ended and row["asked"] != "pending":
            raise Problem(Code.CONFLICT, "it has ended already, and nothing of it waits to be used")
        ending.end_due(tx)
        after = kept.one(tx.conn, principal.tenant, standing_id)
        assert after is not None  # noqa: S101  # read above, in this transaction
        return RevokedData(standing_id=standing_id, status=kept.status(tx.conn, after, tx.at), revoked=ended)

    return await ctx.app.store.write(unit)
