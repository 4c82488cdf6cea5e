"""How a person comes in, however they showed who they are: a session in a cookie, and a key that ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

from vienna_control.api.access import judge_step_up
from vienna_control.api.caller import set_cookie
from vienna_control.api.problems import Code, Problem, rate_limited
from vienna_control.api.route import Context
from vienna_control.clock import iso
from vienna_control.identity import factors, passwords
from vienna_control.identity.operators import Operator
from vienna_control.identity.passwords import TooManyLoginsError
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

type Otp = Annotated[SecretStr, Field(min_length=6, max_length=10)]
type RecoveryCode = Annotated[SecretStr, Field(min_length=16, max_length=40)]
type GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=1000)]
type Token = Annotated[SecretStr, Field(min_length=1, max_length=512)]

type Factor = Literal["", "totp", "recovery", "passkey"]


class OperatorView(BaseModel):
    id: str
    email: str
    name: str
    role: str
    groups: list[str]
    organization: str


class LoginData(BaseModel):
    """What a login gives.

    Attributes:
        apiKey: Ends with the session.
        csrfToken: Goes into ``X-CSRF-Token`` on writes by cookie.
        mfaEnrolled: Whether a second factor is there; if not, it is time to enrol one (``POST /mfa/totp``).
    """

    operator: OperatorView
    sessionId: str
    apiKey: str
    expiresAt: str
    csrfToken: str
    mfaEnrolled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How somebody showed who they are.

    Attributes:
        how: ``password``, ``link``, ``step_up``, … as the trail names it.
        factor: The second one that was shown just now; empty: none.
        no_later_than: When the session ends at the latest, for one that came out of another.
    """

    how: str
    factor: Factor = ""
    no_later_than: datetime | None = None


def enter(ctx: Context, tx: Tx, operator: Operator, shown: Shown) -> LoginData:
    """Start a session. A recovery code lets one in; it does not count as a second factor that was just shown."""
    identity = ctx.app.identity
    secret, session = identity.sessions.start(
        tx,
        operator.id,
        no_later_than=shown.no_later_than,
        mfa=shown.factor in ("totp", "passkey"),
        how=shown.how,
        client=ctx.client[:64],
    )
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
        data={
            "session": session.id,
            "how": shown.how,
            "mfa": bool(shown.factor),
            "factor": shown.factor,
            "client": ctx.client,
        },
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
        mfaEnrolled=bool(factors.enrolled(tx.conn, operator)),
    )


async def check_password(ctx: Context, password: SecretStr, stored: str | None, *, account: str) -> bool:
    """Whether it is the stored one of this account. Raises 429 when too many wait.

    False as well when account or address was locked while it waited: many guesses at once are worth no more than one
    after the other.
    """
    identity = ctx.app.identity
    try:
        good = await identity.passwords.check(password.get_secret_value(), stored)
    except TooManyLoginsError:
        raise rate_limited("too many logins at once; wait", 2) from None
    return good and not identity.wait_seconds(account, ctx.client)


async def prove_person(ctx: Context, operator: Operator, password: SecretStr | None) -> None:
    """Who is to get another second factor showed one just now; the password, where there is none yet.

    A session or a key that was stolen must not become a factor. Raises 401; guesses count as at a login. Dev and test
    ask for nothing.
    """
    app = ctx.app
    if app.config.lenient:
        return
    if await app.store.read(lambda conn: factors.enrolled(conn, operator)):
        judge_step_up(ctx.principal, now=app.clock.now())
        return
    if password is None:
        raise Problem(Code.MFA_REQUIRED, "give your 'password': nothing else shows yet that it is you")
    refuse_guessing(ctx, operator.email)
    if not await check_password(ctx, password, operator.password, account=operator.email):
        await app.store.write(lambda tx: app.identity.failed(tx, operator.email, ctx.client))
        raise Problem(Code.UNAUTHENTICATED, "the password is wrong")


async def make_password(ctx: Context, password: SecretStr) -> str:
    """Its Argon2id text. Raises 429 when too many wait."""
    try:
        return await ctx.app.identity.passwords.make(password.get_secret_value())
    except TooManyLoginsError:
        raise rate_limited("too many logins at once; wait", 2) from None


def refuse_password(password: SecretStr, *, email: str, field: str) -> None:
    """Raises 422 for what must not be the password of this account."""
    if why := passwords.refuse(password.get_secret_value(), email=email):
        details = [{"field": field, "message": why, "expected": "another password", "got": "(not shown)"}]
        raise Problem(Code.VALIDATION_FAILED, f"{field}: {why}", details)


def refuse_guessing(ctx: Context, account: str = "") -> None:
    """Raises 429 while this address, or this account, has to wait."""
    identity = ctx.app.identity
    wait = identity.wait_seconds(account, ctx.client)
    if wait:
        raise rate_limited("too many failed logins; wait", wait)
