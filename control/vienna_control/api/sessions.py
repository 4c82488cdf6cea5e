"""Sessions: one's own, and for an admin those of anybody here; looked at and ended."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.page import PageQuery, slice_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import from_iso
from vienna_control.identity import operators
from vienna_control.identity.sessions import IDLE, id_of
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

type OperatorId = Annotated[str, Field(max_length=64)]


class SessionsQuery(PageQuery):
    """``operator_id``: whose, for an admin; one's own without it."""

    operator_id: OperatorId | None = None


class EndQuery(BaseModel):
    """``operator_id``: whose, for an admin; one's own without it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operator_id: OperatorId | None = None


class Ended(BaseModel):
    """Attributes: ``ended`` counts sessions; the keys that came with them ended too."""

    ended: int


@route("GET", "/sessions", who=Who.SELF, writes=None, query=SessionsQuery, summary="Sessions, newest first")
async def list_sessions(ctx: Context) -> dict[str, Any]:
    now = ctx.app.clock.now()

    def shape(row: rows.Row) -> dict[str, Any]:
        return {
            "session_id": id_of(row["hash"]),
            "operator_id": row["operator_id"],
            "created_at": row["created_at"],
            "seen_at": row["seen_at"],
            "expires_at": row["expires_at"],
            "mfa_at": row["mfa_at"],
            "how": row["how"],
            "client": row["client"],
            "current": row["hash"] == ctx.principal.session,
            "idle": now - from_iso(row["seen_at"]) >= IDLE,
        }

    held = await ctx.app.store.read(lambda conn: _held(ctx, conn))
    return slice_page(held, ctx.query, noun="sessions", shape=shape)


@route(
    "DELETE",
    "/sessions/{id}",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    query=EndQuery,
    data=Ended,
    summary="End one session",
)
async def end_session(ctx: Context) -> Ended:
    def unit(tx: Tx) -> None:
        found = next((row for row in _held(ctx, tx.conn) if id_of(row["hash"]) == ctx.path["id"]), None)
        if found is None:
            raise not_found("session", ctx.path["id"])
        ctx.app.identity.sessions.end(tx, found["hash"])
        _record(ctx, tx, 1)

    await ctx.app.store.write(unit)
    return Ended(ended=1)


@route(
    "DELETE",
    "/sessions",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    query=EndQuery,
    data=Ended,
    summary="End all sessions but this one",
)
async def end_others(ctx: Context) -> Ended:
    def unit(tx: Tx) -> int:
        whose = _whose(ctx, tx.conn)
        ended = ctx.app.identity.sessions.end_all_of(tx, whose, but=ctx.principal.session)
        _record(ctx, tx, ended)
        return ended

    return Ended(ended=await ctx.app.store.write(unit))


def _held(ctx: Context, conn: Connection) -> list[rows.Row]:
    return ctx.app.identity.sessions.of(conn, _whose(ctx, conn), now=ctx.app.clock.now())


def _whose(ctx: Context, conn: Connection) -> str:
    """Whose sessions are meant. Raises 403 for somebody else's, unless an admin of the tenant asks."""
    asked = ctx.query.operator_id
    if asked is None or asked == ctx.principal.id:
        return ctx.principal.id
    if ctx.principal.role != "admin":
        raise Problem(Code.FORBIDDEN, "the sessions of others are for an admin")
    if operators.of_tenant(conn, ctx.principal.tenant, asked) is None:
        raise not_found("operator", asked)
    return str(asked)


def _record(ctx: Context, tx: Tx, ended: int) -> None:
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=ctx.principal.tenant,
        actor=ctx.principal.actor,
        data={"what": "sessions_ended", "operator": _whose(ctx, tx.conn), "ended": ended},
    )
