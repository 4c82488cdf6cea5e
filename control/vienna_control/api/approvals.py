"""Approvals: the queue, alike ones together, and one of them with what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.answers import AlikeList, ApprovalData, ApprovalList
from vienna_control.api.filtering import Q, parsed
from vienna_control.api.page import PageQuery, pick_page
from vienna_control.api.problems import not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import voter_of
from vienna_control.api.window import LOOKED_INTO, Listed, page
from vienna_control.approvals import alike, electorate, precedent, prospect, view
from vienna_control.approvals.mine import mine
from vienna_control.approvals.seats import Desk
from vienna_control.clock import iso
from vienna_control.filters.condition import Scope, condition
from vienna_control.filters.inbox import LANGUAGE, without_mine
from vienna_control.store.tables import approvals, intents
from vienna_kernel.filter.term import conditions


class _Filters(BaseModel):
    """Of the queue. ``mine``: only what waits for you and that you may decide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["pending", "approved", "denied", "expired", "cancelled"] | None = None
    agent_id: Annotated[str, Field(max_length=128)] | None = None
    tier: Literal["T0", "T1", "T2", "T3"] | None = None
    mine: bool = False
    q: Q | None = None


class ApprovalsQuery(_Filters, PageQuery):
    """A page of it."""


class AlikeQuery(_Filters):
    """``limit``: groups at most."""

    limit: Annotated[int, Field(ge=1, le=500)] = 50


@route(
    "GET",
    "/approvals",
    who=Who.READER,
    writes=None,
    query=ApprovalsQuery,
    data=ApprovalList,
    summary="The queue, newest first",
)
async def list_approvals(ctx: Context) -> dict[str, Any]:
    """``q`` is a filter (``GET /filters/keys``); all that is given must hold. ``total`` is counted up to 1,000."""
    query, now = ctx.query, ctx.app.clock.now()
    listed, only_mine = _asked_for(ctx)

    def read(conn: Connection) -> dict[str, Any]:
        desk = Desk(conn, ctx.principal.tenant, voter_of(ctx.principal), now)

        def shape(ids: Sequence[str]) -> list[dict[str, Any]]:
            return view.briefs(conn, ids, desk, iso(now))

        if only_mine:
            found = pick_page(mine(conn, desk, listed.all), query, noun="approvals", shape=shape)
            return {**found, "total_at_least": False}
        return page(conn, listed, query, noun="approvals", shape=shape)

    return await ctx.app.store.read(read)


def _asked_for(ctx: Context) -> tuple[Listed, bool]:
    """The tenant's approvals that the query is for, and whether only what waits for the caller."""
    query, tenant = ctx.query, ctx.principal.tenant
    what, only_mine = without_mine(parsed(query.q, "inbox"))
    ids = select(approvals.c.id).where(approvals.c.tenant == tenant)
    for name in ("status", "agent_id", "tier"):
        if (value := getattr(query, name)) is not None:
            ids = ids.where(approvals.c[name] == value)
    test = None
    if conditions(what):
        ids = ids.join(intents, intents.c.id == approvals.c.intent_id)
        test = condition(what, LANGUAGE, Scope(tenant, ctx.app.clock.now()))
    return Listed(ids=ids, key=approvals.c.id, test=test, rows=LOOKED_INTO), only_mine or query.mine


@route(
    "GET",
    "/approvals/alike",
    who=Who.READER,
    writes=None,
    query=AlikeQuery,
    data=AlikeList,
    summary="What waits, put together where only parameters differ",
)
async def list_alike(ctx: Context) -> dict[str, Any]:
    """The largest groups first, of the newest 1,000 approvals."""
    query, now = ctx.query, ctx.app.clock.now()

    def read(conn: Connection) -> dict[str, Any]:
        listed, only_mine = _asked_for(ctx)
        desk = Desk(conn, ctx.principal.tenant, voter_of(ctx.principal), now) if only_mine else None
        return alike.listed(conn, listed.all, desk, most=query.limit)

    return await ctx.app.store.read(read)


@route(
    "GET",
    "/approvals/{id}",
    who=Who.READER,
    writes=None,
    data=ApprovalData,
    summary="One approval: the readable effect, the exact request, why, and who decided",
)
async def read_approval(ctx: Context) -> dict[str, Any]:
    principal, now = ctx.principal, ctx.app.clock.now()

    def told(conn: Connection, row: rows.Row) -> dict[str, Any]:
        return view.whole(conn, row, Desk(conn, principal.tenant, voter_of(principal), now), iso(now))

    return await _of_one(ctx, told)


@route(
    "GET",
    "/approvals/{id}/precedent",
    who=Who.READER,
    writes=None,
    summary="What was decided of this kind before, and in what this one differs",
)
async def read_precedent(ctx: Context) -> dict[str, Any]:
    """Of one kind are calls of the same agent with the same action."""
    now = ctx.app.clock.now()
    return await _of_one(ctx, lambda conn, row: precedent.told(conn, row, now))


@route(
    "GET",
    "/approvals/{id}/people",
    who=Who.READER,
    writes=None,
    summary="Who decided, who still may, and who may not",
)
async def read_people(ctx: Context) -> dict[str, Any]:
    """``on_duty``: asked now; whoever is not may decide all the same."""
    now = ctx.app.clock.now()
    return await _of_one(ctx, lambda conn, row: {"people": electorate.told(conn, row, now)})


@route(
    "GET",
    "/approvals/{id}/prospect",
    who=Who.READER,
    writes=None,
    summary="The warrant that consent would become",
)
async def read_prospect(ctx: Context) -> dict[str, Any]:
    """``warrant`` is null where consent is asked for in advance: the terms are in ``GET /standing/{id}``."""
    bundle = ctx.app.policies.of(ctx.principal.tenant)
    return await _of_one(ctx, lambda conn, row: {"warrant": prospect.told(conn, row, bundle)})


async def _of_one(ctx: Context, told: Callable[[Connection, rows.Row], dict[str, Any]]) -> dict[str, Any]:
    """What is told of one approval. Raises 404."""

    def query(conn: Connection) -> dict[str, Any]:
        row = view.one(conn, ctx.principal.tenant, ctx.path["id"])
        if row is None:
            raise not_found("approval", ctx.path["id"])
        return told(conn, row)

    return await ctx.app.store.read(query)
