"""Join tokens: what lets a gate in, for one named agent."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.identity import join_tokens
from vienna_control.identity.credentials import Terms
from vienna_control.store import Tx
from vienna_control.store.tables import credentials
from vienna_kernel.ledger.trail import EntryType


class NewTokenBody(BaseModel):
    """Whom the token lets in, how often, until when.

    Attributes:
        agent: Name of the agent; ``*``, any, in dev and test only. One that is not known yet is registered when its
            first gate enrols, and observed.
        uses: How many gates; null: any number until it expires, for pods that a rollout replaces.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    agent: Annotated[str, Field(pattern=r"^(\*|[A-Za-z0-9][A-Za-z0-9._-]{0,127})$")]
    name: Annotated[str, Field(max_length=80)] = ""
    uses: Annotated[int, Field(ge=1, le=join_tokens.MOST_USES)] | None = 1
    expires_in_hours: Annotated[int, Field(ge=1, le=join_tokens.LONGEST_HOURS)] = join_tokens.DEFAULT_HOURS


@route(
    "GET", "/join-tokens", who=Who.ADMIN, writes=None, query=PageQuery, summary="Join tokens, newest first"
)
async def list_tokens(ctx: Context) -> dict[str, Any]:
    statement = join_tokens.listed(ctx.principal.tenant)

    def page(conn: Connection) -> dict[str, Any]:
        return fetch_page(
            conn,
            statement,
            ctx.query,
            key=credentials.c.id,
            noun="join_tokens",
            shape=lambda row: _shape(conn, row),
        )

    return await ctx.app.store.read(page)


@route(
    "POST",
    "/join-tokens",
    who=Who.ADMIN,
    writes=EntryType.KEY_ADDED,
    body=NewTokenBody,
    status=201,
    step_up=True,
    summary="A join token for one agent; shown once",
)
async def create_token(ctx: Context) -> dict[str, Any]:
    body, principal = ctx.body, ctx.principal
    if body.agent == join_tokens.ANY_AGENT and not ctx.app.config.lenient:
        raise Problem(Code.FORBIDDEN, "a join token for any agent is for dev and test only: name the agent")

    def unit(tx: Tx) -> dict[str, Any]:
        issuer = ctx.app.identity.credentials
        token = issuer.issue(
            tx,
            "join",
            body.agent,
            tenant=principal.tenant,
            actor=principal.actor,
            expires_at=tx.now + timedelta(hours=body.expires_in_hours),
            terms=Terms(name=body.name, most_uses=body.uses),
        )
        return {**_shape(tx.conn, issuer.row_of(tx.conn, token)), "token": token}

    return await ctx.app.store.write(unit)


@route(
    "DELETE",
    "/join-tokens/{id}",
    who=Who.ADMIN,
    writes=EntryType.KEY_RETIRED,
    summary="Revoke a join token; gates that it let in cannot renew with it",
)
async def revoke_token(ctx: Context) -> dict[str, Any]:
    def unit(tx: Tx) -> dict[str, Any]:
        query = join_tokens.listed(ctx.principal.tenant).where(credentials.c.id == ctx.path["id"])
        row = rows.first(tx.conn, query)
        if row is None:
            raise not_found("join token", ctx.path["id"])
        ctx.app.identity.credentials.retire(tx, row, actor=ctx.principal.actor, why="revoked")
        return {"join_token_id": row["id"], "revoked_at": tx.at}

    return await ctx.app.store.write(unit)


def _shape(conn: Connection, row: rows.Row) -> dict[str, Any]:
    """As people see it; ``prefix`` is how it begins. ``uses`` None: any number until it expires."""
    return {
        "join_token_id": row["id"],
        "agent": row["principal_id"],
        "name": row["name"],
        "prefix": row["prefix"],
        "uses": row["most_uses"],
        "used": join_tokens.used(conn, row["id"]),
        "created_at": row["created_at"],
        "created_by": row["created_by"],
        "expires_at": row["expires_at"],
    }
