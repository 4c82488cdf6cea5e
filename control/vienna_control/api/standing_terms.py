"""Bodies of the routes about standing warrants, and the terms that they ask for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.page import PageQuery
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.approvals.standing import kept
from vienna_control.approvals.standing.likeness import currency_of, limits_like
from vienna_control.approvals.standing.terms import Terms, TermsError, limits_of, with_currency
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent
from vienna_control.intake.recorded import meaning_of
from vienna_control.policies import Bundle
from vienna_control.store.tables import approvals, intents
from vienna_kernel.action import FieldError
from vienna_kernel.intent import Tier

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


def unfit(error: TermsError) -> Problem:
    """422 that names each field."""
    return Problem(Code.VALIDATION_FAILED, str(error), [row.to_json() for row in error.errors])


def terms_of(conn: Connection, tenant: str, body: StandingBody, bundle: Bundle, now: datetime) -> Terms:
    """The terms that are written out. Raises ``Problem``."""
    kind = bundle.action_types.get(body.action)
    try:
        limits = limits_of({name: limit.told() for name, limit in body.limits.items()})
        agents = _agents(conn, tenant, body.agents)
    except TermsError as error:
        raise unfit(error) from None
    return Terms(
        action=body.action,
        agents=tuple(agents),
        target=body.target,
        limits=limits if body.open else with_currency(body.currency, limits, kind),
        open=body.open,
        currency=body.currency,
        count=body.count,
        not_before=body.not_before if body.not_before is not None and body.not_before > now else None,
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
        raise unfit(error) from None
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
