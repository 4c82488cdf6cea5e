"""The ladder observe, enforce_high, enforce: what the next rung would do, what would help, and taking it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vienna_control.api.fleet import agent_of
from vienna_control.api.route import Context, Who, route
from vienna_control.fleet import enforcement, forecast
from vienna_control.fleet.registry import Agent, Enforcement
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

_DAYS = 7


class PromoteBody(BaseModel):
    """``confirm``: without it nothing changes and the forecast is answered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Enforcement
    confirm: bool = False


class ForecastQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    to: Enforcement = "enforce"
    days: Annotated[int, Field(ge=1, le=90)] = _DAYS


@route(
    "GET",
    "/fleet/{agent}/forecast",
    who=Who.READER,
    writes=None,
    query=ForecastQuery,
    summary="What a rung would do to its recorded traffic by the policy of today, and what would help",
)
async def read_forecast(ctx: Context) -> dict[str, Any]:
    """``breaks``: calls that would be refused. ``proposals``: bodies to send, files to keep; none is applied."""
    agent = await ctx.app.store.read(lambda conn: agent_of(ctx, conn))
    return await _forecast(ctx, agent, ctx.query.to, ctx.query.days)


async def _forecast(ctx: Context, agent: Agent, to: Enforcement, days: int) -> dict[str, Any]:
    app = ctx.app
    bundle = app.policies.of(agent.tenant)
    told = await forecast.forecast(app.store, bundle, agent, to, now=app.clock.now(), days=days)
    return {"agent_id": agent.id, "name": agent.name, "from": agent.enforcement, **told}


@route(
    "POST",
    "/fleet/{agent}/promote",
    who=Who.ADMIN,
    writes=(EntryType.CONFIG_CHANGED, EntryType.ALERT),
    body=PromoteBody,
    summary="Put an agent on another rung: observe, enforce_high, enforce",
)
async def promote_agent(ctx: Context) -> dict[str, Any]:
    """Without ``confirm`` only the forecast is answered. Going down is alerted, and takes two admins in prod."""
    body = ctx.body
    if not body.confirm:
        agent = await ctx.app.store.read(lambda conn: agent_of(ctx, conn))
        told = await _forecast(ctx, agent, body.to, _DAYS)
        return {**told, "confirmed": False, "step": "unchanged", "enforcement": agent.enforcement}

    def unit(tx: Tx) -> dict[str, Any]:
        agent = agent_of(ctx, tx.conn)
        step = enforcement.move(
            tx,
            agent,
            body.to,
            who=ctx.principal.name,
            actor=ctx.principal.actor,
            two_people=not ctx.app.config.lenient,
        )
        now = body.to if step == "done" else agent.enforcement
        moved = {"agent_id": agent.id, "name": agent.name, "from": agent.enforcement, "to": body.to}
        return {**moved, "confirmed": step == "done", "step": step, "enforcement": now}

    return await ctx.app.store.write(unit)
