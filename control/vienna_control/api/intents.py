"""Intents: wait for one, list them, and everything about one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, and_, select

from vienna_control import rows
from vienna_control.api.access import Principal
from vienna_control.api.answers import IntentData, IntentList
from vienna_control.api.filtering import Q, parsed
from vienna_control.api.page import Instant, PageQuery
from vienna_control.api.problems import not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.window import Listed, page, rows_for
from vienna_control.filters.condition import Scope, condition, looks_inside, told
from vienna_control.filters.traffic import LANGUAGE
from vienna_control.intake import view
from vienna_control.store.tables import agents, intents
from vienna_kernel.filter.term import Filter, conditions
from vienna_kernel.intent import Tier
from vienna_kernel.lifecycle import Status


class IntentsQuery(PageQuery):
    """Filters of the list; ``from`` and ``to`` are instants."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    agent_id: Annotated[str, Field(max_length=128)] | None = None
    action: Annotated[str, Field(max_length=128)] | None = None
    status: Status | None = None
    tier: Tier | None = None
    host: Annotated[str, Field(max_length=255)] | None = None
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None
    q: Q | None = None


class WaitQuery(BaseModel):
    """``timeout``: seconds, at most 60."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: Annotated[float, Field(ge=0, le=60)] = 30


@route(
    "GET",
    "/intents",
    who=Who.READER_OR_AGENT,
    writes=None,
    query=IntentsQuery,
    data=IntentList,
    summary="Intents, newest first",
)
async def list_intents(ctx: Context) -> dict[str, Any]:
    """An agent sees its own. ``q`` is a filter (``GET /filters/keys``); all that is given must hold.

    ``total`` is counted up to 1,000. A page that looked at many rows in vain comes short and has a cursor.
    """
    listed = _listed(ctx, parsed(ctx.query.q, "traffic"))
    return await ctx.app.store.read(
        lambda conn: page(
            conn,
            listed,
            ctx.query,
            noun="intents",
            shape=lambda ids: [view.brief(row) for row in view.these(conn, ids)],
        )
    )


def _listed(ctx: Context, what: Filter) -> Listed:
    tests = _asked_for(ctx)
    if conditions(what):
        tests.append(condition(what, LANGUAGE, Scope(ctx.principal.tenant, ctx.app.clock.now())))
    return Listed(
        ids=select(intents.c.id).where(intents.c.tenant == ctx.principal.tenant),
        key=intents.c.id,
        test=and_(*tests) if tests else None,
        rows=rows_for(looks_inside(what, LANGUAGE)),
    )


def own(principal: Principal) -> list[ColumnElement[bool]]:
    """Tests of which intents somebody may see: an agent its own."""
    return [] if principal.agent_id is None else [told(intents.c.agent_id) == principal.agent_id]


def _asked_for(ctx: Context) -> list[ColumnElement[bool]]:
    """What the parameters beside ``q`` ask."""
    query, principal, tests = ctx.query, ctx.principal, own(ctx.principal)
    if query.agent_id is not None:
        so_named = (agents.c.id == query.agent_id) | (agents.c.name == query.agent_id)
        ids = select(agents.c.id).where(agents.c.tenant == principal.tenant, so_named)
        tests.append(told(intents.c.agent_id).in_(ids))
    for name in ("action", "status", "tier", "host"):
        if (value := getattr(query, name)) is not None:
            tests.append(told(intents.c[name]) == str(value))
    if query.from_ is not None:
        tests.append(told(intents.c.created_at) >= query.from_)
    if query.to is not None:
        tests.append(told(intents.c.created_at) < query.to)
    return tests


@route(
    "GET", "/intents/{id}", who=Who.READER_OR_AGENT, writes=None, data=IntentData, summary="One intent, whole"
)
async def read_intent(ctx: Context) -> dict[str, Any]:
    return await ctx.app.store.read(lambda conn: _read(conn, ctx.principal, ctx.path["id"]))


def _read(conn: Connection, principal: Principal, intent_id: str) -> dict[str, Any]:
    row = _row(conn, principal, intent_id)
    return view.whole(conn, row, own=principal.agent_id is not None)


def _row(conn: Connection, principal: Principal, intent_id: str) -> rows.Row:
    row = view.one(conn, principal.tenant, intent_id)
    if row is None or principal.agent_id not in (None, row["agent_id"]):
        raise not_found("intent", intent_id)
    return row


@route(
    "GET",
    "/intents/{id}/wait",
    who=Who.READER_OR_AGENT,
    writes=None,
    query=WaitQuery,
    data=IntentData,
    summary="Wait until an intent is decided",
)
async def wait_for_intent(ctx: Context) -> dict[str, Any]:
    """Answers as soon as nobody has to be waited for, or when the time is over, with the intent as it is."""
    loop = asyncio.get_running_loop()
    until = loop.time() + ctx.query.timeout
    with ctx.app.bus.subscribe(("_wake",), tenant=ctx.principal.tenant) as wakes:
        while True:
            found = await ctx.app.store.read(lambda conn: _read(conn, ctx.principal, ctx.path["id"]))
            remaining = until - loop.time()
            if found["status"] != Status.PENDING_APPROVAL or remaining <= 0 or ctx.app.stopping.is_set():
                return found
            try:
                async with asyncio.timeout(remaining):
                    async for event in wakes:
                        if event.data["intent_id"] == ctx.path["id"]:
                            break
                    else:
                        return found
            except TimeoutError:
                continue


@route(
    "GET",
    "/intents/{id}/timeline",
    who=Who.READER,
    writes=None,
    summary="Every entry about an intent, in order",
)
async def timeline(ctx: Context) -> dict[str, Any]:
    intent_id = ctx.path["id"]

    def query(conn: Connection) -> dict[str, Any]:
        _row(conn, ctx.principal, intent_id)
        return {"intent_id": intent_id, "events": view.timeline(conn, intent_id)}

    return await ctx.app.store.read(query)


def _aftermath(conn: Connection, execution_id: str | None) -> dict[str, Any]:
    """What reading it back said, and what would undo it."""
    _, verification = view.execution(conn, execution_id)
    told = verification or {}
    return {name: told[name] for name in ("readback", "undo") if told.get(name)}


@route("GET", "/intents/{id}/explanation", who=Who.READER, writes=None, summary="Why it was decided so")
async def explanation(ctx: Context) -> dict[str, Any]:
    """Rule, each condition with actual and expected, undetermined fields, inputs of tier and risk."""

    def query(conn: Connection) -> dict[str, Any]:
        row = _row(conn, ctx.principal, ctx.path["id"])
        decision = rows.load(row["decision"]) or {}
        return {
            "intent_id": row["id"],
            "summary": row["summary"],
            "status": row["status"],
            "risk_tier": row["tier"],
            "reason": row["reason"],
            **decision,
            **_aftermath(conn, row["execution_id"]),
        }

    return await ctx.app.store.read(query)
