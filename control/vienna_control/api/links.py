"""One-time links: into the console, in with an invitation, and the first admin of an installation."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control.api.caller import cookie_name
from vienna_control.api.entrance import (
    GivenPassword,
    LoginData,
    Shown,
    Token,
    enter,
    make_password,
    refuse_guessing,
    refuse_password,
)
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.config import EMAIL
from vienna_control.identity import invitations, operators, setup
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

_LINK_MINUTES = 10
_NEXT = "log in with POST /api/v1/auth/login, then enrol a second factor with POST /api/v1/mfa/totp"

type Email = Annotated[str, Field(max_length=200, pattern=rf"^{EMAIL}$")]


class LinkBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Token


class LinkData(BaseModel):
    """Attributes: ``url`` opens the console; the token stands behind its ``#`` and so in no server's log."""

    token: str
    url: str
    expires_at: str


class InvitationBody(BaseModel):
    """``password``: the one that the invited person chooses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Token
    password: GivenPassword


class SetupBody(BaseModel):
    """``token``: out of the file that the log names at the first start."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Token
    email: Email
    password: GivenPassword
    name: Annotated[str, Field(max_length=200)] = ""


class WelcomeData(BaseModel):
    """Attributes: ``next`` says what to do now; ``console`` is where a browser goes on."""

    operator_id: str
    email: str
    role: str
    next: str
    console: str


@route("POST", "/auth/links", who=Who.SELF, writes=None, data=LinkData, status=201, summary="A one-time link")
async def make_link(ctx: Context) -> LinkData:
    """A link that opens the console for whoever asks here, once, within ten minutes.

    Out of a session comes no more than that session: the new one ends when it would have ended, and the link with it.
    Out of a key with scopes comes none: a session has no scopes.
    """
    principal = ctx.principal
    if principal.scopes is not None:
        raise Problem(Code.FORBIDDEN, "a key with scopes does not open the console")

    def unit(tx: Tx) -> LinkData:
        expires_at = tx.now + timedelta(minutes=_LINK_MINUTES)
        token = ctx.app.identity.credentials.issue(
            tx,
            "link",
            principal.id,
            tenant=principal.tenant,
            actor=principal.actor,
            expires_at=expires_at,
            session=principal.session,
        )
        url = f"{ctx.app.base_url}/console/enter#token={token}"
        return LinkData(token=token, url=url, expires_at=iso(expires_at))

    return await ctx.app.store.write(unit)


@route(
    "POST",
    "/auth/link",
    who=Who.PUBLIC,
    writes=EntryType.OPERATOR_LOGIN,
    body=LinkBody,
    data=LoginData,
    summary="Exchange a one-time link's token for a session",
)
async def use_link(ctx: Context) -> LoginData:
    """In a browser where somebody else is logged in it does nothing: they would go on in an account not theirs."""
    refuse_guessing(ctx)
    cookie = ctx.request.cookies.get(cookie_name(ctx.app), "")

    def unit(tx: Tx) -> LoginData | None:
        here = ctx.app.identity.sessions.find(tx.conn, cookie, now=tx.now)
        link = ctx.app.identity.credentials.use_once(tx, "link", ctx.body.token.get_secret_value())
        operator = operators.by_id(tx.conn, link.principal_id) if link else None
        if link is None or operator is None or operator.disabled:
            return None
        if here is not None and here.operator_id != operator.id:
            raise Problem(Code.CONFLICT, "somebody else is logged in here: log out first")
        end = ctx.app.identity.sessions.end_of(tx.conn, link.session) if link.session else None
        if link.session and end is None:
            return None
        return enter(ctx, tx, operator, Shown(how="link", no_later_than=end))

    data = await ctx.app.store.write(unit)
    if data is None:
        raise _does_not_hold(ctx, "the link was used already, or has expired; ask for another")
    return data


@route(
    "POST",
    "/auth/invitation",
    who=Who.PUBLIC,
    writes=EntryType.CONFIG_CHANGED,
    body=InvitationBody,
    data=WelcomeData,
    summary="Set one's own password with an invitation",
)
async def accept_invitation(ctx: Context) -> WelcomeData:
    """Logs nobody in: whoever has a second factor will be asked for it."""
    app, token = ctx.app, ctx.body.token.get_secret_value()
    refuse_guessing(ctx)

    def invited(conn: Connection) -> operators.Operator | None:
        found = app.identity.credentials.find(conn, token, now=app.clock.now())
        return operators.by_id(conn, found.principal_id) if found and found.kind == "invite" else None

    who = await app.store.read(invited)
    if who is None or who.disabled:
        raise _does_not_hold(ctx, "the invitation was used already, or has expired; ask for another")
    refuse_password(ctx.body.password, email=who.email, field="/password")
    hashed = await make_password(ctx, ctx.body.password)
    operator = await app.store.write(lambda tx: invitations.accept(tx, app.identity, token, hashed))
    if operator is None:
        raise _does_not_hold(ctx, "the invitation was used already, or has expired; ask for another")
    return WelcomeData(
        operator_id=operator.id,
        email=operator.email,
        role=operator.role,
        next=_NEXT,
        console=f"{ctx.app.base_url}/console/",
    )


@route(
    "POST",
    "/auth/setup",
    who=Who.PUBLIC,
    writes=EntryType.CONFIG_CHANGED,
    body=SetupBody,
    data=WelcomeData,
    status=201,
    summary="Make the first admin of this installation, once",
)
async def first_admin(ctx: Context) -> WelcomeData:
    """With the setup token that outside dev and test is made while there is no operator. It works once, then never."""
    app, body, token = ctx.app, ctx.body, ctx.body.token.get_secret_value()
    refuse_guessing(ctx)
    email = body.email.lower()
    if not await app.store.read(lambda conn: setup.opens(conn, app.identity, token, now=app.clock.now())):
        raise _does_not_hold(ctx, "the setup token is wrong, or there is an operator already")
    refuse_password(body.password, email=email, field="/password")
    hashed = await make_password(ctx, body.password)

    def unit(tx: Tx) -> str | None:
        return setup.complete(tx, app.identity, token, email=email, name=body.name, hashed=hashed)

    admin = await app.store.write(unit)
    if admin is None:
        raise _does_not_hold(ctx, "the setup token is wrong, or there is an operator already")
    return WelcomeData(
        operator_id=admin, email=email, role="admin", next=_NEXT, console=f"{app.base_url}/console/setup"
    )


def _does_not_hold(ctx: Context, why: str) -> Problem:
    ctx.app.identity.failed_from(ctx.client)
    return Problem(Code.UNAUTHENTICATED, why)
