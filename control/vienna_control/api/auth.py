"""Logging in and out, showing a second factor again, changing one's password."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Connection

from vienna_control.api.access import judge_step_up
from vienna_control.api.caller import set_cookie
from vienna_control.api.entrance import (
    Factor,
    GivenPassword,
    LoginData,
    Otp,
    RecoveryCode,
    Shown,
    check_password,
    enter,
    make_password,
    refuse_guessing,
    refuse_password,
)
from vienna_control.api.problems import Code, Problem, rate_limited
from vienna_control.api.route import Context, Who, route
from vienna_control.fleet.alerts import raise_alert
from vienna_control.identity import Identity, factors, invitations, operators
from vienna_control.identity.operators import Operator
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

_ONE_ANSWER = "the username, the password or the code is wrong"


class LoginBody(BaseModel):
    """``username`` is the e-mail address; ``otp`` a TOTP code, ``recovery_code`` what stands in for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    username: Annotated[str, Field(min_length=1, max_length=200)]
    password: GivenPassword
    otp: Otp | None = None
    recovery_code: RecoveryCode | None = None

    @model_validator(mode="before")
    @classmethod
    def _email(cls, data: Any) -> Any:
        """``email`` is read as ``username``."""
        if isinstance(data, dict) and "email" in data and "username" not in data:
            return {("username" if key == "email" else key): value for key, value in data.items()}
        return data


class StepUpBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    otp: Otp


class PasswordBody(BaseModel):
    """``otp``: where a second factor is enrolled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    current_password: GivenPassword
    new_password: GivenPassword
    otp: Otp | None = None


class Message(BaseModel):
    message: str


@route(
    "POST",
    "/auth/login",
    who=Who.PUBLIC,
    writes=(EntryType.OPERATOR_LOGIN, EntryType.ALERT),
    body=LoginBody,
    data=LoginData,
    summary="Log in",
)
async def login(ctx: Context) -> LoginData:
    """Answers the same, in the same time, for an unknown account, a wrong password, a disabled person, a wrong code."""
    body, account = ctx.body, ctx.body.username.lower()
    refuse_guessing(ctx, account)
    operator, there = await ctx.app.store.read(lambda conn: _with_factors(conn, account))
    stored = operator.password if operator is not None and not operator.disabled else None
    good = await check_password(ctx, body.password, stored, account=account)
    if good and operator is not None and stored is not None:
        if there and not (body.otp or body.recovery_code) and not ctx.app.config.lenient:
            what = "give 'otp', or 'recovery_code'" if "totp" in there else "log in with your passkey"
            raise Problem(Code.MFA_REQUIRED, f"a second factor is needed: {what}", {"factors": list(there)})
        data = await _let_in(ctx, operator)
        if data is not None:
            await _rehash(ctx, operator, stored)
            return data
    raise await _one_answer(ctx, account)


def _with_factors(conn: Connection, email: str) -> tuple[Operator | None, tuple[str, ...]]:
    operator = operators.by_email(conn, email)
    return operator, factors.enrolled(conn, operator) if operator else ()


async def _let_in(ctx: Context, operator: Operator) -> LoginData | None:
    """The session, or None for a code that is none, or when the person changed while the password was checked."""

    def unit(tx: Tx) -> LoginData | None:
        now = operators.by_id(tx.conn, operator.id)
        if now is None or now.disabled or now.password != operator.password:
            return None
        factor = _second_factor(ctx, tx, now)
        if factor is None:
            return None
        ctx.app.identity.succeeded(tx, now.email)
        return enter(ctx, tx, now, Shown(how="password", factor=factor))

    return await ctx.app.store.write(unit)


def _second_factor(ctx: Context, tx: Tx, operator: Operator) -> Factor | None:
    """Which one was shown; empty: none was. None: it was wrong."""
    identity, body = ctx.app.identity, ctx.body
    if body.otp is not None:
        return "totp" if identity.totp.check(tx, operator.id, body.otp.get_secret_value()) else None
    if body.recovery_code is None:
        return ""
    if not identity.recovery.use(tx, operator.id, body.recovery_code.get_secret_value()):
        return None
    left = identity.recovery.left(tx.conn, operator.id)
    raise_alert(
        tx,
        tenant=operator.tenant,
        severity="warning",
        kind="recovery_code_used",
        text=f"{operator.id} came in with a recovery code; {left} are left",
    )
    return "recovery"


async def _one_answer(ctx: Context, account: str) -> Problem:
    """Count the failure; the one answer to all of them."""
    await ctx.app.store.write(lambda tx: ctx.app.identity.failed(tx, account, ctx.client))
    return Problem(Code.UNAUTHENTICATED, _ONE_ANSWER)


async def _rehash(ctx: Context, operator: Operator, stored: str) -> None:
    """Bring a hash to today's parameters, now that the password is at hand."""
    if not ctx.app.identity.passwords.outdated(stored):
        return
    hashed = await make_password(ctx, ctx.body.password)

    def unit(tx: Tx) -> None:
        now = operators.by_id(tx.conn, operator.id)
        if now is not None and now.password == stored:
            operators.set_hash(tx, operator.id, hashed)

    await ctx.app.store.write(unit)


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
    "POST",
    "/auth/step-up",
    who=Who.SELF,
    writes=EntryType.OPERATOR_LOGIN,
    body=StepUpBody,
    data=LoginData,
    summary="Show a second factor again; what changes people and keys asks for a fresh one",
)
async def step_up(ctx: Context) -> LoginData:
    """A new session, with a new key, instead of this one; it ends when this one would have ended."""
    app, principal, session = ctx.app, ctx.principal, ctx.principal.session
    if session is None:
        raise Problem(Code.CONFLICT, "this key is not of a session: log in, with a code")
    _refuse_codes(app.identity, principal.id)

    def unit(tx: Tx) -> LoginData | None:
        operator = operators.by_id(tx.conn, principal.id)
        end = app.identity.sessions.end_of(tx.conn, session)
        if operator is None or end is None:
            return None
        if not app.identity.totp.check(tx, principal.id, ctx.body.otp.get_secret_value()):
            return None
        app.identity.sessions.end(tx, session)
        return enter(ctx, tx, operator, Shown(how="step_up", factor="totp", no_later_than=end))

    data = await app.store.write(unit)
    if data is None:
        raise Problem(Code.MFA_REQUIRED, "the code is wrong, was used already, or none is enrolled")
    return data


@route(
    "POST",
    "/auth/password",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    body=PasswordBody,
    data=Message,
    summary="Change one's own password",
)
async def change_password(ctx: Context) -> Message:
    """Wants the current one, and a code where one is enrolled. Other sessions end."""
    app, principal, body = ctx.app, ctx.principal, ctx.body
    refuse_guessing(ctx, principal.name)
    refuse_password(body.new_password, email=principal.name, field="/new_password")
    operator, there = await app.store.read(lambda conn: _with_factors(conn, principal.name))
    stored = operator.password if operator else None
    good = await check_password(ctx, body.current_password, stored, account=principal.name)
    if not good or operator is None:
        raise await _one_answer(ctx, principal.name)
    if operator.mfa and body.otp is None:
        raise Problem(Code.MFA_REQUIRED, "a code is needed: give 'otp'")
    if there and not operator.mfa and not app.config.lenient:
        judge_step_up(principal, now=app.clock.now())
    hashed = await make_password(ctx, body.new_password)

    def unit(tx: Tx) -> bool:
        now = operators.by_id(tx.conn, principal.id)
        if now is None or now.disabled or now.password != stored:  # an admin took it away meanwhile
            return False
        code = body.otp.get_secret_value() if body.otp else None
        if code is not None and not app.identity.totp.check(tx, principal.id, code):
            return False
        app.identity.succeeded(tx, principal.name)
        invitations.set_password(tx, app.identity, operator, hashed, keep_session=principal.session)
        return True

    if not await app.store.write(unit):
        raise await _one_answer(ctx, principal.name)
    return Message(message="the password was changed; other sessions have ended")


def _refuse_codes(identity: Identity, operator_id: str) -> None:
    wait = identity.totp.wait_seconds(operator_id)
    if wait:
        raise rate_limited("too many wrong codes; wait", wait)
