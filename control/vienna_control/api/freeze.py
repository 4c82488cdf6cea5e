"""Emergency stops: one admin freezes, two lift it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import Connection

from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.until import INDEFINITE, Duration, until
from vienna_control.fleet import registry
from vienna_control.freeze import freezing
from vienna_control.freeze.effect import effect
from vienna_control.freeze.stops import Order
from vienna_control.identity.names import people_in
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import stops
from vienna_kernel.call.authority import canonical_host
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.stop import Kind, Level
from vienna_kernel.verdict import Refused

type Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
type Action = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:+-]*(\.\*)?$", max_length=128)]


def _host(text: str) -> str:
    """A name, or ``*.`` and one, spelled as hosts of calls are: what is spelled otherwise would stop nothing."""
    wild = "*." if text.startswith("*.") else ""
    host = canonical_host(text.removeprefix(wild))
    if isinstance(host, Refused):
        raise ValueError("expected the name of a host without a port, or '*.' and one")
    return wild + host


type Host = Annotated[str, Field(max_length=255), AfterValidator(_host)]


class FreezeBody(BaseModel):
    """What is stopped: ``tenant`` alone, or any of agent (id or name), action (a name or ``prefix.*``) and host (a name
    or ``*.`` and one), of which all must fit.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    level: Literal["freeze", "quarantine", "kill"] = "freeze"
    tenant: Literal[True] | None = None
    agent: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    action: Action | None = None
    host: Host | None = None
    reason: Reason
    duration: Duration = INDEFINITE

    @model_validator(mode="after")
    def _one_scope(self) -> Self:
        narrowed = any(value is not None for value in (self.agent, self.action, self.host))
        if narrowed == bool(self.tenant):
            raise ValueError("expected tenant alone, or at least one of agent, action and host")
        return self


class UnfreezeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    freeze_id: Annotated[str, Field(max_length=64)]
    reason: Reason


class FreezeQuery(PageQuery):
    """``all``: those that are over as well."""

    all: bool = False


@route("GET", "/freeze", who=Who.READER, writes=None, query=FreezeQuery, summary="Freezes, newest first")
async def list_freezes(ctx: Context) -> dict[str, Any]:
    """``people``: names of those who are spoken of by id."""
    query, tenant = ctx.query, ctx.principal.tenant
    statement = freezing.listed(tenant)
    if not query.all:
        statement = statement.where(stops.c.ended_at.is_(None))

    def read(conn: Connection) -> dict[str, Any]:
        found = fetch_page(conn, statement, query, key=stops.c.id, noun="freezes", shape=freezing.shown)
        return found | {"in_force": freezing.count(conn, tenant), "people": people_in(conn, tenant, found)}

    return await ctx.app.store.read(read)


@route("GET", "/freeze/{id}", who=Who.READER, writes=None, summary="One freeze, and what it stopped")
async def read_freeze(ctx: Context) -> dict[str, Any]:
    """``ended``: what it ended as it began; ``refused``: calls that it has refused since."""
    freeze_id, tenant = ctx.path["id"], ctx.principal.tenant

    def read(conn: Connection) -> dict[str, Any]:
        row = freezing.find(conn, tenant, freeze_id)
        if row is None:
            raise not_found("freeze", freeze_id)
        shown = freezing.shown(row)
        return shown | effect(conn, row) | {"people": people_in(conn, tenant, shown)}

    return await ctx.app.store.read(read)


@route(
    "POST",
    "/freeze",
    who=Who.ADMIN,
    writes=(
        EntryType.FREEZE_CHANGED,
        EntryType.WARRANT_REVOKED,
        EntryType.APPROVAL_RESOLVED,
        EntryType.ALERT,
    ),
    body=FreezeBody,
    status=201,
    summary="Stop an agent, an action, a host or everything, now",
)
async def freeze(ctx: Context) -> dict[str, Any]:
    """``freeze``: no write leaves. ``quarantine``: nothing leaves, and no answer reaches the agent. ``kill``: calls
    under way are cut off too, and the gates' keys are not accepted. It holds until two people lift it.
    """
    body, principal = ctx.body, ctx.principal

    def unit(tx: Tx) -> dict[str, Any]:
        agent = registry.find(tx.conn, principal.tenant, body.agent) if body.agent is not None else None
        if body.agent is not None and agent is None:
            raise not_found("agent", body.agent)
        order = Order(
            tenant=principal.tenant,
            kind=Kind.FREEZE,
            level=Level(body.level),
            agent_id=agent.id if agent else None,
            action=body.action,
            host=body.host,
            reason=body.reason,
            by=principal.actor,
            until=until(body.duration, tx.now),
        )
        try:
            freeze_id, ended = freezing.freeze(tx, order)
        except freezing.FullError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        return _shown(tx, principal.tenant, freeze_id) | {
            "pending_intents_cancelled": ended.intents,
            "warrants_revoked": ended.warrants,
        }

    return await ctx.app.store.write(unit)


@route(
    "POST",
    "/unfreeze",
    who=Who.ADMIN,
    writes=(EntryType.FREEZE_CHANGED, EntryType.ALERT),
    body=UnfreezeBody,
    step_up=True,
    summary="Lift a freeze: the second of two admins within an hour does it",
)
async def unfreeze(ctx: Context) -> dict[str, Any]:
    """``step`` is ``second_person_needed`` for the first, ``done`` for the second."""
    body, principal = ctx.body, ctx.principal

    def unit(tx: Tx) -> dict[str, Any]:
        row = freezing.find(tx.conn, principal.tenant, body.freeze_id)
        if row is None:
            raise not_found("freeze", body.freeze_id)
        if row["ended_at"] is not None:
            raise Problem(Code.CONFLICT, "this freeze is over")
        step = freezing.lift(tx, row, by=principal.actor, reason=body.reason)
        return _shown(tx, principal.tenant, body.freeze_id) | {"step": step}

    return await ctx.app.store.write(unit)


def _shown(tx: Tx, tenant: str, freeze_id: str) -> dict[str, Any]:
    row = there(freezing.find(tx.conn, tenant, freeze_id), "it was found, or made, in this transaction")
    return freezing.shown(row)
