"""Approvals: the queue, alike ones together, and one of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Select, select

from vienna_control.api.answers import AlikeList, ApprovalData, ApprovalList
from vienna_control.api.page import PageQuery, fetch_page, pick_page
from vienna_control.api.problems import not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import voter_of
from vienna_control.approvals import alike, view
from vienna_control.approvals.mine import mine
from vienna_control.approvals.seats import Desk
from vienna_control.clock import iso
from vienna_control.rows import Row
from vienna_control.store.tables import approvals


class _Filters(BaseModel):
    """Of the queue. ``mine``: only what waits for you and that you may decide."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["pending", "approved", "denied", "expired", "cancelled"] | None = None
    agent_id: Annotated[str, Field(max_length=128)] | None = None
    tier: Literal["T0", "T1", "T2", "T3"] | None = None
    mine: bool = False


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
    query, now = ctx.query, ctx.app.clock.now()
    statement = _asked_for(ctx)

    def page(conn: Connection) -> dict[str, Any]:
        desk = Desk(conn, ctx.principal.tenant, voter_of(ctx.principal), now)

        def brief(row: Row) -> dict[str, Any]:
            return view.brief(conn, row, desk, iso(now))

        if query.mine:
            ids = mine(conn, desk, statement)
            return pick_page(
                ids,
                query,
                noun="approvals",
                shape=lambda some: [brief(row) for row in view.these(conn, some)],
            )
        listed = view.listed().where(approvals.c.id.in_(statement))
        return fetch_page(conn, listed, query, key=approvals.c.id, noun="approvals", shape=brief)

    return await ctx.app.store.read(page)


def _asked_for(ctx: Context) -> Select[Any]:
    """Ids of the tenant's approvals that the query is for."""
    statement = select(approvals.c.id).where(approvals.c.tenant == ctx.principal.tenant)
    for name in ("status", "agent_id", "tier"):
        if (value := getattr(ctx.query, name)) is not None:
            statement = statement.where(approvals.c[name] == value)
    return statement


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
        desk = Desk(conn, ctx.principal.tenant, voter_of(ctx.principal), now) if query.mine else None
        return alike.listed(conn, _asked_for(ctx), desk, most=query.limit)

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
    principal, approval_id, now = ctx.principal, ctx.path["id"], ctx.app.clock.now()

    def query(conn: Connection) -> dict[str, Any] | None:
        row = view.one(conn, principal.tenant, approval_id)
        desk = Desk(conn, principal.tenant, voter_of(principal), now)
        return view.whole(conn, row, desk, iso(now)) if row else None

    found = await ctx.app.store.read(query)
    if found is None:
        raise not_found("approval", approval_id)
    return found
