"""The few numbers that stand above every page."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy import Connection, select

from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import voter_of
from vienna_control.approvals.mine import mine
from vienna_control.approvals.seats import Desk
from vienna_control.fleet import alerts
from vienna_control.freeze import freezing
from vienna_control.sidecars import heartbeats
from vienna_control.store.tables import approvals


class CountsData(BaseModel):
    """What waits, and what is wrong.

    Attributes:
        pending: Approvals that wait and that you may decide.
        alerts: Those that nobody has acknowledged.
        frozen: Whether a freeze is in force, of everything or of a part.
        silent_gates: Gates that are to be heard of, and are not.
    """

    pending: int
    alerts: int
    frozen: bool
    silent_gates: int


@route(
    "GET", "/counts", who=Who.READER, writes=None, data=CountsData, summary="What waits for you, in numbers"
)
async def counts(ctx: Context) -> CountsData:
    principal, now = ctx.principal, ctx.app.clock.now()
    tenant = principal.tenant

    def query(conn: Connection) -> CountsData:
        queue = select(approvals.c.id).where(approvals.c.tenant == tenant)
        return CountsData(
            pending=len(mine(conn, Desk(conn, tenant, voter_of(principal), now), queue)),
            alerts=alerts.open_count(conn, tenant),
            frozen=freezing.count(conn, tenant) > 0,
            silent_gates=heartbeats.silent(conn, tenant),
        )

    return await ctx.app.store.read(query)
