"""The people of this installation, and who one is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import select

from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.route import Context, Who, route
from vienna_control.identity import operators
from vienna_control.store.tables import operators as table


class Me(BaseModel):
    """Who the credential says one is.

    Attributes:
        csrf_token: For writes by cookie, in ``X-CSRF-Token``; None when a key was used.
        mfa: Whether codes can be checked for this operator.
    """

    id: str
    email: str
    role: str
    groups: list[str]
    organization: str
    mfa: bool
    csrf_token: str | None


@route("GET", "/operators", who=Who.ADMIN, writes=None, query=PageQuery, summary="Operators, newest first")
async def list_operators(ctx: Context) -> dict[str, Any]:
    statement = select(table).where(table.c.tenant == ctx.principal.tenant)
    return await ctx.app.store.read(
        lambda conn: fetch_page(
            conn,
            statement,
            ctx.query,
            key=table.c.id,
            noun="operators",
            shape=lambda row: operators.of_row(row).to_api(),
        )
    )


@route("GET", "/operators/me", who=Who.READER, writes=None, data=Me, summary="Who one is")
async def me(ctx: Context) -> Me:
    principal = ctx.principal
    mfa = await ctx.app.store.read(lambda conn: ctx.app.identity.totp.enrolled(conn, principal.id))
    return Me(
        id=principal.id,
        email=principal.name,
        role=principal.role,
        groups=list(principal.groups),
        organization=principal.tenant,
        mfa=mfa,
        csrf_token=principal.csrf,
    )
