"""The fleet: agents as they are registered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control.api.answers import AgentData, AgentList
from vienna_control.api.page import PageQuery, fetch_page, slice_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.fleet import (
    activity,
    enforcement,
    figures,
    loosening,
    registry,
    second_person,
    suspension,
)
from vienna_control.fleet.registry import Agent, Enforcement, FullError, NameTakenError
from vienna_control.identity.names import people_in
from vienna_control.store import Tx
from vienna_control.store.tables import entries
from vienna_kernel.ledger.trail import EntryType

type Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
type Actions = Annotated[list[Annotated[str, Field(min_length=1, max_length=128)]], Field(max_length=500)]


class AgentBody(BaseModel):
    """A new agent. ``enforcement`` is the rung it starts on; absent: ``observe`` in prod, ``enforce`` in dev."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    type: Annotated[str, Field(max_length=32)] = "autonomous"
    trust_score: Annotated[float, Field(ge=0, le=100)] = registry.START_TRUST
    allowed_actions: Actions = ["*"]
    metadata: Annotated[dict[str, Any], Field(max_length=100)] = {}
    enforcement: Enforcement | None = None


class AgentChange(BaseModel):
    """What is left out stays. ``enforcement`` may go up here; down only by ``promote`` with ``confirm``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: Annotated[str, Field(max_length=2000)] | None = None
    type: Annotated[str, Field(max_length=32)] | None = None
    allowed_actions: Actions | None = None
    metadata: Annotated[dict[str, Any], Field(max_length=100)] | None = None
    enforcement: Enforcement | None = None


class FleetQuery(PageQuery):
    """``name``: what the name begins with."""

    status: Literal["active", "suspended", "inactive"] | None = None
    enforcement: Enforcement | None = None
    type: Annotated[str, Field(max_length=32)] | None = None
    name: Annotated[str, Field(max_length=128)] | None = None


def brief(agent: Agent) -> dict[str, Any]:
    """An agent in a list."""
    return {
        "agent_id": agent.id,
        "name": agent.name,
        "description": agent.description,
        "type": agent.type,
        "status": agent.status,
        "trust_score": agent.trust,
        "enforcement": agent.enforcement,
        "allowed_actions": list(agent.allowed_actions),
        "metadata": dict(agent.details),
        "created_at": agent.created_at,
        "resume_at": agent.resume_at,
    }


def agent_of(ctx: Context, conn: Connection) -> Agent:
    """The agent that the path names, of the caller's tenant. Raises 404."""
    found = registry.find(conn, ctx.principal.tenant, ctx.path["agent"])
    if found is None:
        raise not_found("agent", ctx.path["agent"])
    return found


@route(
    "GET",
    "/fleet",
    who=Who.READER,
    writes=None,
    query=FleetQuery,
    data=AgentList,
    summary="Agents, by name",
)
async def list_agents(ctx: Context) -> dict[str, Any]:
    """``summary`` counts the whole fleet, whatever is asked for; the figures of each agent are of the last 24 hours."""
    query, tenant = ctx.query, ctx.principal.tenant
    wanted = registry.Wanted(
        status=query.status, enforcement=query.enforcement, type=query.type, name=query.name
    )

    def read(conn: Connection) -> dict[str, Any]:
        now = ctx.app.clock.now()
        page = slice_page(registry.listed(conn, tenant, wanted), query, noun="agents", shape=shape)
        beside = figures.of(conn, [one["agent_id"] for one in page["agents"]], now)
        shown = [one | beside[one["agent_id"]] for one in page["agents"]]
        return page | {"agents": shown, "summary": activity.summary(conn, tenant, now)}

    def shape(agent: Agent) -> dict[str, Any]:
        return brief(agent) | {"gates_connected": ctx.app.hub.connected(agent.id)}

    return await ctx.app.store.read(read)


@route(
    "POST",
    "/fleet",
    who=Who.OPERATOR,
    writes=(EntryType.AGENT_REGISTERED, EntryType.KEY_ADDED),
    body=AgentBody,
    status=201,
    data=AgentData,
    summary="Register an agent; its key is shown once",
)
async def create_agent(ctx: Context) -> dict[str, Any]:
    body, principal, app = ctx.body, ctx.principal, ctx.app
    wanted = Agent(
        id="",
        tenant=principal.tenant,
        name=body.name,
        description=body.description,
        type=body.type,
        trust=body.trust_score,
        enforcement=body.enforcement or ("enforce" if app.config.lenient else "observe"),
        allowed_actions=tuple(body.allowed_actions),
        details=body.metadata,
    )

    def unit(tx: Tx) -> dict[str, Any]:
        try:
            agent = registry.register(tx, wanted, actor=principal.actor, most=app.config.max_agents)
        except (NameTakenError, FullError) as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        key = app.identity.credentials.issue(
            tx, "agent", agent.id, tenant=agent.tenant, actor=principal.actor
        )
        return brief(agent) | {"api_key": key}

    return await app.store.write(unit)


@route(
    "GET", "/fleet/{agent}", who=Who.READER, writes=None, data=AgentData, summary="One agent, by id or name"
)
async def read_agent(ctx: Context) -> dict[str, Any]:
    """``asked_for``: what one person wants of it, and a second one has not said yet: ``lower``, ``loosen``."""

    def read(conn: Connection) -> dict[str, Any]:
        agent = agent_of(ctx, conn)
        told = brief(agent) | {
            "gates_connected": ctx.app.hub.connected(agent.id),
            "suspension": suspension.current(conn, agent.id),
            "trust_history": activity.trust_history(conn, agent.id),
            "stats": activity.stats(conn, agent.id),
            "asked_for": {
                step: second_person.asked_for(conn, step=f"{step}:{agent.id}", now=ctx.app.clock.now())
                for step in ("lower", "loosen")
            },
        }
        return told | {"people": people_in(conn, agent.tenant, told)}

    return await ctx.app.store.read(read)


@route(
    "PATCH",
    "/fleet/{agent}",
    who=Who.OPERATOR,
    writes=(EntryType.CONFIG_CHANGED, EntryType.ALERT),
    body=AgentChange,
    data=AgentData,
    summary="Change an agent",
)
async def patch_agent(ctx: Context) -> dict[str, Any]:
    """Where policy takes two people, so does what loosens the hold on an agent: ``step`` says whether it was done."""
    sent = ctx.body.model_dump(exclude_none=True)

    def unit(tx: Tx) -> dict[str, Any]:
        agent = agent_of(ctx, tx.conn)
        if "enforcement" in sent and enforcement.lowers(agent, sent["enforcement"]):
            raise Problem(
                Code.CONFLICT, "going down a rung is done by POST /fleet/{agent}/promote with confirm"
            )
        changes = {("details" if name == "metadata" else name): value for name, value in sent.items()}
        who, actor = ctx.principal.name, ctx.principal.actor
        if ctx.app.config.two_person_policy and loosening.waits(tx, agent, changes, who=who, actor=actor):
            return brief(agent) | {"step": "second_person_needed"}
        return brief(registry.amend(tx, agent, changes, actor=actor) if changes else agent) | {"step": "done"}

    return await ctx.app.store.write(unit)


@route(
    "DELETE",
    "/fleet/{agent}",
    who=Who.ADMIN,
    writes=(
        EntryType.CONFIG_CHANGED,
        EntryType.AGENT_SUSPENDED,
        EntryType.WARRANT_REVOKED,
        EntryType.APPROVAL_RESOLVED,
    ),
    summary="Retire an agent: its keys end, what it did stays",
)
async def retire_agent(ctx: Context) -> dict[str, Any]:
    actor = ctx.principal.actor

    def unit(tx: Tx) -> dict[str, Any]:
        agent = agent_of(ctx, tx.conn)
        suspension.suspend(tx, agent, reason="the agent was retired", actor=actor)
        ctx.app.identity.credentials.revoke_all_of(tx, agent.id)
        return brief(registry.amend(tx, agent, {"status": "inactive"}, actor=actor))

    return await ctx.app.store.write(unit)


@route(
    "GET",
    "/fleet/{agent}/activity",
    who=Who.READER,
    writes=None,
    query=PageQuery,
    summary="What it did and what happened to it",
)
async def read_activity(ctx: Context) -> dict[str, Any]:
    def read(conn: Connection) -> dict[str, Any]:
        told = fetch_page(
            conn,
            activity.timeline(agent_of(ctx, conn).id),
            ctx.query,
            key=entries.c.arrival,
            noun="activities",
            shape=activity.shown,
        )
        return told | {"people": people_in(conn, ctx.principal.tenant, told)}

    return await ctx.app.store.read(read)
