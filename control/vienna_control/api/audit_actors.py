"""Who is who in the trail: its entries name people, agents and gates by id."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, select

from vienna_control.api.route import Context, Who, route
from vienna_control.store.tables import agents, operators

MOST = 2000
"""Of each kind, the newest."""


class ActorsData(BaseModel):
    """Attributes: ``names``: e-mail address of an operator, name of an agent, by id."""

    names: dict[str, str]


@route(
    "GET", "/audit/actors", who=Who.AUDITOR, writes=None, data=ActorsData, summary="Who is who in the trail"
)
async def list_actors(ctx: Context) -> dict[str, Any]:
    """Those of the tenant."""
    tenant = ctx.principal.tenant

    def query(conn: Connection) -> dict[str, str]:
        names: dict[str, str] = {}
        for table, name in ((agents, agents.c.name), (operators, operators.c.email)):
            found = select(table.c.id, name).where(table.c.tenant == tenant)
            names.update(
                (row[0], row[1]) for row in conn.execute(found.order_by(table.c.id.desc()).limit(MOST))
            )
        return names

    return {"names": await ctx.app.store.read(query)}
