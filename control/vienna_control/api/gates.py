"""What operators see of gates, and revoking one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.sidecars import heartbeats, inventory, revocation
from vienna_control.store import Tx
from vienna_control.store.tables import sidecars
from vienna_kernel.ledger.trail import EntryType


class GatesQuery(PageQuery):
    """``agent_id``: name or id of their agent. ``silent``: only those that are to be heard of, and are not."""

    agent_id: Annotated[str, Field(max_length=128)] | None = None
    silent: bool = False


@route("GET", "/sidecars", who=Who.READER, writes=None, query=GatesQuery, summary="Gates, newest first")
async def list_sidecars(ctx: Context) -> dict[str, Any]:
    """``state`` is ``connected``, ``silent``, ``left`` or ``revoked``; ``counts`` are the gate's own sums."""
    statement = inventory.query(ctx.principal.tenant)
    if ctx.query.agent_id is not None:
        statement = statement.where(inventory.of_agent(ctx.query.agent_id))
    if ctx.query.silent:
        statement = statement.where(heartbeats.IS_SILENT)

    def page(conn: Connection) -> dict[str, Any]:
        return fetch_page(conn, statement, ctx.query, key=sidecars.c.id, noun="sidecars", shape=dict)

    found = await ctx.app.store.read(page)
    return found | {"sidecars": [await _shown(ctx, row) for row in found["sidecars"]]}


@route("GET", "/sidecars/{id}", who=Who.READER, writes=None, summary="One gate")
async def read_sidecar(ctx: Context) -> dict[str, Any]:
    return await _shown(ctx, await ctx.app.store.read(lambda conn: _one(ctx, conn)))


async def _shown(ctx: Context, row: rows.Row) -> dict[str, Any]:
    hub = ctx.app.hub
    current = await hub.snapshots.of_agent(row["agent_id"])
    return inventory.shape(row, connected=hub.is_connected, current_bundle=current.digest)


def _one(ctx: Context, conn: Connection) -> rows.Row:
    query = inventory.query(ctx.principal.tenant).where(sidecars.c.id == ctx.path["id"])
    row = rows.first(conn, query)
    if row is None:
        raise not_found("sidecar", ctx.path["id"])
    return row


class RevokeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(max_length=500)] = ""


class RevokeData(BaseModel):
    """What ended with it."""

    sidecar_id: str
    state: str
    keys_revoked: int
    warrants_revoked: int


@route(
    "DELETE",
    "/sidecars/{id}",
    who=Who.ADMIN,
    writes=(EntryType.KEY_RETIRED, EntryType.WARRANT_REVOKED),
    body=RevokeBody,
    optional_body=True,
    data=RevokeData,
    summary="Revoke a gate: its key, its certificate, its stream and the unused warrants bound to its key",
)
async def revoke_sidecar(ctx: Context) -> RevokeData:
    app, principal, body = ctx.app, ctx.principal, ctx.body

    def unit(tx: Tx) -> revocation.Revoked:
        row = _one(ctx, tx.conn)
        return revocation.revoke(tx, row, app.identity.credentials, reason=body.reason, actor=principal.actor)

    done = await app.store.write(unit)
    return RevokeData(
        sidecar_id=ctx.path["id"],
        state="revoked",
        keys_revoked=done.keys,
        warrants_revoked=done.warrants,
    )
