"""Logging in and out: a session in a cookie for browsers, and a key for everything else, that ends with the session."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from vienna_control.api.caller import set_cookie
from vienna_control.api.problems import Code, Problem, rate_limited
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.identity import operators
from vienna_control.identity.operators import Operator
from vienna_control.identity.passwords import TooManyLoginsError
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

_LINK_MINUTES = 10


class LoginBody(BaseModel):
    """``username`` is the e-mail address; ``otp`` a TOTP code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=1000)]
    otp: Annotated[SecretStr, Field(min_length=6, max_length=10)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _email(cls, data: Any) -> Any:
        """``email`` is read as ``username``."""
        if isinstance(data, dict) and "email" in data and "username" not in data:
            return {("username" if key == "email" else key): value for key, value in data.items()}
        return data


class OperatorView(BaseModel):
    id: str
    email: str
    name: str
    role: str
    groups: list[str]
    organization: str


class LoginData(BaseModel):
    """Attributes: ``apiKey`` ends with the session; ``csrfToken`` goes into ``X-CSRF-Token`` on writes by cookie."""

    operator: OperatorView
    sessionId: str
    apiKey: str
    expiresAt: str
    csrfToken: str


class LinkBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    token: Annotated[SecretStr, Field(min_length=1, max_length=512)]


class LinkData(BaseModel):
    """Attributes: ``url`` opens the console; the token stands behind its ``#`` and so in no server's log."""

    token: str
    url: str
    expires_at: str


class Message(BaseModel):
    message: str


@route(
    "POST",
    "/auth/login",
    who=Who.PUBLIC,
    writes=EntryType.OPERATOR_LOGIN,
    body=LoginBody,
    data=LoginData,
    summary="Log in",
)
async def login(ctx: Context) -> LoginData:
    """Answers the same, in the same time, for an unknown account and for a wrong password."""
    identity, body = ctx.app.identity, ctx.body
    account = body.username.lower()
    wait = max(identity.by_account.wait_seconds(account), identity.by_address.wait_seconds(ctx.client))
    if wait:
        raise rate_limited("too many failed logins; wait", wait)
    operator = await ctx.app.store.read(lambda conn: operators.by_email(conn, account))
    usable = operator is not None and not operator.disabled
    try:
        good = await identity.passwords.check(
            body.password.get_secret_value(), operator.password if operator and usable else None
        )
    except TooManyLoginsError:
        raise rate_limited("too many logins at once; wait", 2) from None
    if not good or operator is None:
        identity.by_account.fail(account)
        identity.by_address.fail(ctx.client)
        raise Problem(Code.UNAUTHENTICATED, "the username or the password is wrong")
    code = body.otp.get_secret_value() if body.otp else None
    if code is None and operator.mfa and not ctx.app.config.lenient:
        raise Problem(Code.MFA_REQUIRED, "a code is needed: give 'otp'")
    data = await ctx.app.store.write(lambda tx: _start(ctx, tx, operator, "password", code))
    identity.by_account.clear(account)
    return data


def _start(
    ctx: Context,
    tx: Tx,
    operator: Operator,
    how: str,
    code: str | None,
    *,
    no_later_than: datetime | None = None,
) -> LoginData:
    identity = ctx.app.identity
    if code is not None and not identity.totp.check(tx, operator.id, code):
        wait = identity.totp.wait_seconds(operator.id)
        if wait:
            raise rate_limited("too many wrong codes; wait", wait)
        raise Problem(Code.UNAUTHENTICATED, "the code is wrong, or was used already")
    secret, session = identity.sessions.start(tx, operator.id, no_later_than=no_later_than)
    key = identity.credentials.issue(
        tx,
        "operator",
        operator.id,
        tenant=operator.tenant,
        actor=f"operator:{operator.id}",
        expires_at=session.expires_at,
        session=session.hash,
    )
    tx.record(
        EntryType.OPERATOR_LOGIN,
        tenant=operator.tenant,
        actor=f"operator:{operator.id}",
        data={"session": session.id, "how": how, "mfa": code is not None, "client": ctx.client},
    )
    ctx.headers["Set-Cookie"] = set_cookie(ctx.app, secret)
    return LoginData(
        operator=OperatorView(
            id=operator.id,
            email=operator.email,
            name=operator.name,
            role=operator.role,
            groups=list(operator.groups),
            organization=operator.tenant,
        ),
        sessionId=session.id,
        apiKey=key,
        expiresAt=iso(session.expires_at),
        csrfToken=session.csrf,
    )


@route("POST", "/auth/logout", who=Who.READER, writes=None, data=Message, summary="End this session")
async def logout(ctx: Context) -> Message:
    """Ends the session and the key that came with it; a key that was not made at a login stays."""
    session = ctx.principal.session
    if session is None:
        return Message(message="this key is not of a session; nothing was ended")
    await ctx.app.store.write(lambda tx: ctx.app.identity.sessions.end(tx, session))
    ctx.headers["Set-Cookie"] = set_cookie(ctx.app, "")
    return Message(message="logged out")


@route(
    "POST", "/auth/links", who=Who.READER, writes=None, data=LinkData, status=201, summary="A one-time link"
)
async def make_link(ctx: Context) -> LinkData:
    """A link that opens the console for whoever asks here, once, within ten minutes.

    Out of a session comes no more than that session: the new one ends when it would have ended, and the link with it.
    """
    principal = ctx.principal

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
    wait = ctx.app.identity.by_address.wait_seconds(ctx.client)
    if wait:
        raise rate_limited("too many failed logins; wait", wait)

    def unit(tx: Tx) -> LoginData | None:
        link = ctx.app.identity.credentials.use_link(tx, ctx.body.token.get_secret_value())
        operator = operators.by_id(tx.conn, link.principal_id) if link else None
        if link is None or operator is None or operator.disabled:
            return None
        end = ctx.app.identity.sessions.end_of(tx.conn, link.session) if link.session else None
        if link.session and end is None:
            return None
        return _start(ctx, tx, operator, "link", None, no_later_than=end)

    data = await ctx.app.store.write(unit)
    if data is None:
        ctx.app.identity.by_address.fail(ctx.client)
        raise Problem(Code.UNAUTHENTICATED, "the link was used already, or has expired; ask for another")
    return data
