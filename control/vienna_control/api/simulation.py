"""Simulations: what a policy would decide of made-up or recorded intents, and nothing follows."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.change import misfit
from vienna_control.api.page import PageQuery, fetch_page, slice_page
from vienna_control.api.policy_backtests import BacktestBody, exchange_of
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.stretch import Stretch
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent
from vienna_control.policies import Bundle, candidates, simulation
from vienna_control.policies.rejudge import Span
from vienna_control.policies.simulation import MOST_RECORDED, MOST_SCENARIOS, Done, Item, Scenario, Source
from vienna_control.store.tables import simulations as table
from vienna_kernel.errors import MalformedError


class ScenarioBody(BaseModel):
    """An intent that somebody made up; as it would be submitted. ``agent``: id or name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agent: Annotated[str, Field(min_length=1, max_length=128)]
    action: Annotated[str, Field(min_length=1, max_length=128)]
    parameters: dict[str, Any] = {}
    target: Annotated[str, Field(max_length=1000)] | None = None
    context: Annotated[dict[str, Any], Field(max_length=100)] = {}


class RecordedBody(Stretch):
    """Which recorded intents, the newest of them. ``from``, ``to``: the last seven days, else; at most 90 days."""

    agent: Annotated[str, Field(max_length=128)] | None = None
    action: Annotated[str, Field(max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_RECORDED)] = MOST_RECORDED


class SimulationBody(BaseModel):
    """``scenarios`` or ``recorded``. ``candidate``: what the policy has other than in force, as a backtest takes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(max_length=200)] = ""
    scenarios: Annotated[list[ScenarioBody], Field(max_length=MOST_SCENARIOS)] = []
    recorded: RecordedBody | None = None
    candidate: BacktestBody | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.scenarios) == (self.recorded is not None):
            raise ValueError("expected scenarios, or recorded")
        return self


@route(
    "GET", "/simulation", who=Who.READER, writes=None, query=PageQuery, summary="Simulations, newest first"
)
async def list_simulations(ctx: Context) -> dict[str, Any]:
    statement = simulation.listed(ctx.principal.tenant)
    return await ctx.app.store.read(
        lambda conn: fetch_page(
            conn,
            statement,
            ctx.query,
            key=table.c.id,
            noun="simulations",
            shape=simulation.shown,
        )
    )


@route(
    "POST",
    "/simulation",
    who=Who.OPERATOR,
    writes=None,
    body=SimulationBody,
    status=201,
    summary="What would be decided of scenarios, with no effect",
)
async def simulate(ctx: Context) -> dict[str, Any]:
    """No warrant, no approval, no budget, no rate, no trust is touched. Off when ``VIENNA_SIMULATION`` is false."""
    if ctx.app.config.simulation is False:
        raise Problem(Code.CONFLICT, "simulations are off here (VIENNA_SIMULATION)")
    body: SimulationBody = ctx.body
    source: Source = "scenarios" if body.scenarios else "recorded"

    def run(conn: Connection) -> tuple[list[Item], dict[str, Any]]:
        bundle = _bundle(ctx, conn, body)
        if body.recorded is not None:
            items = simulation.replay(conn, bundle, _span(ctx, conn, body.recorded))
        else:
            made_up = _scenarios(ctx, conn, body)
            items = simulation.play(conn, bundle, made_up, now=ctx.app.clock.now())
        return items, simulation.summary(items, bundle, source)

    try:
        items, told = await ctx.app.store.read(run)
    except MalformedError as error:
        raise misfit(error, body.model_dump()) from None
    done = Done(
        tenant=ctx.principal.tenant,
        author=ctx.principal.actor,
        name=body.name,
        source=source,
        policy="live" if body.candidate is None else "candidate",
        asked=body.model_dump(mode="json", by_alias=True, exclude_unset=True),
        summary=told,
        items=items,
    )
    simulation_id = await ctx.app.store.write(lambda tx: simulation.keep(tx, done))
    return await _one(ctx, simulation_id, PageQuery())


class ItemsQuery(PageQuery):
    """Which of its items."""


@route(
    "GET",
    "/simulation/{id}",
    who=Who.READER,
    writes=None,
    query=ItemsQuery,
    summary="One simulation, with its items",
)
async def read_simulation(ctx: Context) -> dict[str, Any]:
    return await _one(ctx, ctx.path["id"], ctx.query)


async def _one(ctx: Context, simulation_id: str, query: PageQuery) -> dict[str, Any]:
    row = await ctx.app.store.read(lambda conn: simulation.find(conn, ctx.principal.tenant, simulation_id))
    if row is None:
        raise not_found("simulation", simulation_id)
    items = slice_page(rows.load(row["items"]), query, noun="items", shape=lambda item: item)
    return {**simulation.shown(row), "asked": rows.load(row["asked"]), **items}


def _bundle(ctx: Context, conn: Connection, body: SimulationBody) -> Bundle:
    tenant = ctx.principal.tenant
    if body.candidate is None:
        return ctx.app.policies.of(tenant)
    return candidates.build(ctx.app.policies, conn, tenant, exchange_of(body.candidate))


def _scenarios(ctx: Context, conn: Connection, body: SimulationBody) -> list[Scenario]:
    agents: dict[str, Agent] = {}
    for at, one in enumerate(body.scenarios):
        if one.agent not in agents:
            agents[one.agent] = _agent(ctx, conn, one.agent, f"/scenarios/{at}/agent")
    return [
        Scenario(
            agent=agents[one.agent],
            action=one.action,
            parameters=one.parameters,
            target=one.target,
            claimed=one.context,
        )
        for one in body.scenarios
    ]


def _agent(ctx: Context, conn: Connection, name: str, field: str) -> Agent:
    found = registry.find(conn, ctx.principal.tenant, name)
    if found is None:
        detail = {"field": field, "message": "no such agent", "got": name}
        raise Problem(Code.VALIDATION_FAILED, f"{field}: no such agent", [detail])
    return found


def _span(ctx: Context, conn: Connection, body: RecordedBody) -> Span:
    since, until = body.ends(ctx.app.clock.now(), at="/recorded")
    agent_id = None if body.agent is None else _agent(ctx, conn, body.agent, "/recorded/agent").id
    return Span(
        tenant=ctx.principal.tenant,
        since=since,
        until=until,
        agent_id=agent_id,
        action=body.action,
        limit=body.limit,
    )
