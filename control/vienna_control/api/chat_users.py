"""Who is who in Slack: set by themselves, or by an admin."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.identity import operators
from vienna_control.notify import chat
from vienna_control.rows import Row
from vienna_control.store import Tx
from vienna_control.store.tables import chat_users
from vienna_kernel.ledger.trail import EntryType


class ChatUserBody(BaseModel):
    """A member of the Slack workspace. ``operator``: id or e-mail address; absent: yourself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user_id: Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{2,63}$")]
    operator: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class ChatUserData(BaseModel):
    user_id: str
    operator_id: str


@route(
    "GET",
    "/integrations/slack/users",
    who=Who.STAFF,
    writes=None,
    query=PageQuery,
    summary="Who is who in Slack",
)
async def list_chat_users(ctx: Context) -> dict[str, Any]:
    """Everybody's for admins, else one's own."""
    of = None if Who.ADMIN.admits(ctx.principal) else ctx.principal.id
    statement = chat.listed(ctx.principal.tenant, of)

    def shape(row: Row) -> dict[str, Any]:
        return {name: row[name] for name in ("user_id", "operator_id", "set_by", "set_at")}

    def page(conn: Connection) -> dict[str, Any]:
        return fetch_page(conn, statement, ctx.query, key=chat_users.c.user_id, noun="users", shape=shape)

    return await ctx.app.store.read(page)


@route(
    "POST",
    "/integrations/slack/users",
    who=Who.STAFF,
    writes=EntryType.CONFIG_CHANGED,
    body=ChatUserBody,
    data=ChatUserData,
    status=201,
    summary="Say who a user of Slack is: yourself, or (for admins) somebody else",
)
async def enter_chat_user(ctx: Context) -> ChatUserData:
    """What they decide in Slack counts as that operator's vote."""
    body, principal = ctx.body, ctx.principal
    admin = Who.ADMIN.admits(principal)

    def unit(tx: Tx) -> ChatUserData:
        asked = body.operator or principal.id
        named = operators.by_email(tx.conn, asked) or operators.by_id(tx.conn, asked)
        if named is None or named.tenant != principal.tenant:
            raise Problem(Code.VALIDATION_FAILED, "/operator: there is no such operator")
        if named.id != principal.id and not admin:
            raise Problem(Code.FORBIDDEN, "an admin enters others; you enter yourself")
        before = chat.holder(tx.conn, principal.tenant, body.user_id)
        if before not in (None, named.id) and not admin:
            raise Problem(Code.CONFLICT, "this user of Slack is entered as somebody else: ask an admin")
        chat.enter(tx, principal.tenant, body.user_id, named.id, by=principal.id)
        return ChatUserData(user_id=body.user_id, operator_id=named.id)

    return await ctx.app.store.write(unit)


@route(
    "DELETE",
    "/integrations/slack/users/{id}",
    who=Who.STAFF,
    writes=EntryType.CONFIG_CHANGED,
    summary="Nobody is this user of Slack any more",
)
async def remove_chat_user(ctx: Context) -> dict[str, Any]:
    """One's own, or any for admins."""
    principal, user_id = ctx.principal, ctx.path["id"]

    def unit(tx: Tx) -> dict[str, Any]:
        held = chat.holder(tx.conn, principal.tenant, user_id)
        if held is None or (held != principal.id and not Who.ADMIN.admits(principal)):
            raise not_found("user", user_id)
        chat.remove(tx, principal.tenant, user_id, by=principal.id)
        return {"user_id": user_id, "removed": True}

    return await ctx.app.store.write(unit)
