"""What was sent to a channel, waits for it, or was given up."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.integrations import found
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.notify import deliveries, outbox, registry
from vienna_control.notify.message import REPLY
from vienna_control.store import Tx
from vienna_control.store.tables import deliveries as table
from vienna_kernel.ledger.trail import EntryType


class DeliveriesQuery(PageQuery):
    """Filter of deliveries."""

    status: Literal["waiting", "sent", "dead", "dropped"] | None = None


@route(
    "GET",
    "/integrations/{id}/deliveries",
    who=Who.OPERATOR,
    writes=None,
    query=DeliveriesQuery,
    summary="What was sent to a channel, waits, or was given up; newest first",
)
async def list_deliveries(ctx: Context) -> dict[str, Any]:
    """Kept for 30 days after their end."""

    def page(conn: Connection) -> dict[str, Any]:
        statement = deliveries.listed(ctx.principal.tenant, found(conn, ctx).id)
        if ctx.query.status is not None:
            statement = statement.where(table.c.status == ctx.query.status)
        return fetch_page(
            conn, statement, ctx.query, key=table.c.id, noun="deliveries", shape=deliveries.shown
        )

    return await ctx.app.store.read(page)


@route(
    "POST",
    "/integrations/{id}/deliveries/{delivery_id}/redeliver",
    who=Who.OPERATOR,
    writes=EntryType.CONFIG_CHANGED,
    summary="Send a delivery once more, under the same id",
)
async def redeliver(ctx: Context) -> dict[str, Any]:
    """One that has ended, whether it arrived or was given up."""
    delivery_id = ctx.path["delivery_id"]

    def unit(tx: Tx) -> dict[str, Any]:
        one = found(tx.conn, ctx)
        query = deliveries.listed(one.tenant, one.id).where(table.c.id == delivery_id, table.c.event != REPLY)
        row = rows.first(tx.conn, query)
        if row is None:
            raise not_found("delivery", delivery_id)
        if row["status"] == "waiting":
            raise Problem(Code.CONFLICT, "it waits to be sent already")
        deliveries.again(tx, row)
        outbox.wake(tx, one.tenant)
        registry.recorded(tx, one, ctx.principal.id, redelivered=delivery_id)
        changed = rows.first(tx.conn, select(table).where(table.c.id == delivery_id))
        return deliveries.shown(changed or row)

    return await ctx.app.store.write(unit)
