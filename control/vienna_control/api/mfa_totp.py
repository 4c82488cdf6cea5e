"""One's own second factor by one-time codes: offered, confirmed, removed; and its recovery codes.

What is changed here is proved here: with a code, or a recovery code, of the factor that is enrolled. Where none is
enrolled yet, outside dev and test, with a passkey or the password: a stolen session must not become a second factor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

from vienna_control.api.entrance import GivenPassword, Otp, RecoveryCode, prove_person
from vienna_control.api.problems import Code, Problem, rate_limited
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.identity import factors, operators
from vienna_control.identity.operators import Operator
from vienna_control.identity.totp import uri
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType

_WRONG = "the code is wrong, or was used already"


class ProofBody(BaseModel):
    """``otp`` or ``recovery_code`` where a factor is enrolled; ``password`` where none is yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    otp: Otp | None = None
    recovery_code: RecoveryCode | None = None
    password: GivenPassword | None = None


class CodeBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    otp: Otp


class OfferData(BaseModel):
    """Attributes: ``secret`` and ``otpauth_uri`` are shown once; they hold when a code of them was confirmed."""

    secret: str
    otpauth_uri: str
    expires_at: str


class RecoveryData(BaseModel):
    """Attributes: ``recovery_codes`` are shown once; each works once; earlier ones do not any more."""

    recovery_codes: list[str]


@route("GET", "/mfa", who=Who.READER, writes=None, summary="One's own second factors")
async def read_mfa(ctx: Context) -> dict[str, Any]:
    identity, own = ctx.app.identity, ctx.principal.id
    return await ctx.app.store.read(
        lambda conn: {
            "totp": identity.totp.enrolled(conn, own),
            "recovery_codes_left": identity.recovery.left(conn, own),
        }
    )


@route(
    "POST",
    "/mfa/totp",
    who=Who.SELF,
    writes=EntryType.OPERATOR_MFA,
    body=ProofBody,
    optional_body=True,
    data=OfferData,
    status=201,
    summary="A new secret for one-time codes, which holds once a code of it is confirmed",
)
async def offer_totp(ctx: Context) -> OfferData:
    """Where one is enrolled already this replaces it, and needs a code of it or a recovery code."""
    operator = await _prove_person(ctx)

    def work(tx: Tx) -> OfferData:
        secret, until = ctx.app.identity.totp.offer(tx, operator.id)
        factors.record(tx, operator, "totp_offered")
        return OfferData(secret=secret, otpauth_uri=uri(secret, operator.email), expires_at=iso(until))

    return await _proved(ctx, operator, work)


@route(
    "POST",
    "/mfa/totp/confirm",
    who=Who.SELF,
    writes=EntryType.OPERATOR_MFA,
    body=CodeBody,
    data=RecoveryData,
    summary="Let the offered secret hold, with a code of it",
)
async def confirm_totp(ctx: Context) -> RecoveryData:
    """Ten recovery codes come with it, here and nowhere else. The code counts as a second factor just shown."""
    identity, own = ctx.app.identity, ctx.principal.id
    _refuse_waiting(ctx)

    def unit(tx: Tx) -> list[str] | bool | None:
        done = identity.totp.confirm(tx, own, ctx.body.otp.get_secret_value())
        operator = operators.by_id(tx.conn, own)
        if not done or operator is None:
            return done
        factors.record(tx, operator, "totp_enrolled")
        if ctx.principal.session is not None:
            identity.sessions.shown(tx, ctx.principal.session)
        return identity.recovery.renew(tx, own)

    codes = await ctx.app.store.write(unit)
    if codes is None:
        raise Problem(Code.CONFLICT, "no secret is offered, or the offer is over: begin with POST /mfa/totp")
    if not isinstance(codes, list):
        raise Problem(Code.MFA_REQUIRED, _WRONG)
    return RecoveryData(recovery_codes=codes)


@route(
    "POST",
    "/mfa/totp/remove",
    who=Who.SELF,
    writes=(EntryType.OPERATOR_MFA, EntryType.ALERT),
    body=ProofBody,
    summary="Remove one's own one-time codes, with a code or a recovery code",
)
async def remove_totp(ctx: Context) -> dict[str, Any]:
    """The recovery codes go with them."""
    operator = await _myself(ctx)
    if not operator.mfa:
        raise Problem(Code.CONFLICT, "no one-time codes are enrolled")

    def work(tx: Tx) -> dict[str, Any]:
        ctx.app.identity.totp.remove(tx, operator.id)
        ctx.app.identity.recovery.drop(tx, operator.id)
        factors.record(tx, operator, "totp_removed")
        factors.alert(tx, operator, "mfa_removed", "the one-time codes were removed by the person")
        return {"totp": False, "recovery_codes_left": 0}

    return await _proved(ctx, operator, work)


@route(
    "POST",
    "/mfa/recovery-codes",
    who=Who.SELF,
    writes=EntryType.OPERATOR_MFA,
    body=CodeBody,
    data=RecoveryData,
    status=201,
    summary="Ten new recovery codes instead of the old",
)
async def renew_recovery_codes(ctx: Context) -> RecoveryData:
    operator = await _myself(ctx)
    _refuse_waiting(ctx)

    def unit(tx: Tx) -> list[str] | None:
        if not ctx.app.identity.totp.check(tx, operator.id, ctx.body.otp.get_secret_value()):
            return None
        factors.record(tx, operator, "recovery_codes_renewed")
        return ctx.app.identity.recovery.renew(tx, operator.id)

    codes = await ctx.app.store.write(unit)
    if codes is None:
        raise Problem(Code.MFA_REQUIRED, _WRONG)
    return RecoveryData(recovery_codes=codes)


async def _myself(ctx: Context) -> Operator:
    found = await ctx.app.store.read(lambda conn: operators.by_id(conn, ctx.principal.id))
    if found is None:
        raise Problem(Code.UNAUTHENTICATED, "this account is not there any more")
    return found


async def _prove_person(ctx: Context) -> Operator:
    """Where a code is enrolled, ``_proved`` wants one; else it is as for every factor."""
    operator = await _myself(ctx)
    if not operator.mfa:
        await prove_person(ctx, operator, ctx.body.password)
    return operator


async def _proved[T](ctx: Context, operator: Operator, work: Callable[[Tx], T]) -> T:
    """Do the work in the unit in which the factor that is enrolled was shown. A wrong code is counted."""
    identity, body = ctx.app.identity, ctx.body
    if operator.mfa and body.otp is None and body.recovery_code is None:
        raise Problem(Code.MFA_REQUIRED, "a code is needed: give 'otp', or 'recovery_code'")
    _refuse_waiting(ctx)

    def unit(tx: Tx) -> tuple[T] | None:
        if identity.totp.enrolled(tx.conn, operator.id) and not _is_right(tx):
            return None
        return (work(tx),)

    def _is_right(tx: Tx) -> bool:
        if body.otp is not None:
            return identity.totp.check(tx, operator.id, body.otp.get_secret_value())
        given = body.recovery_code
        return given is not None and identity.recovery.use(tx, operator.id, given.get_secret_value())

    done = await ctx.app.store.write(unit)
    if done is None:
        raise Problem(Code.MFA_REQUIRED, _WRONG)
    return done[0]


def _refuse_waiting(ctx: Context) -> None:
    wait = ctx.app.identity.totp.wait_seconds(ctx.principal.id)
    if wait:
        raise rate_limited("too many wrong codes; wait", wait)
