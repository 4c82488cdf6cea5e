"""Passkeys of people: enrolling one, those that are there, and logging in with one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.access import judge_step_up
from vienna_control.api.entrance import (
    GivenPassword,
    LoginData,
    Shown,
    enter,
    prove_person,
    refuse_guessing,
)
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.api.webauthn import AssertionBody, OptionsData, kept, party
from vienna_control.identity import operators
from vienna_control.identity.operators import Operator
from vienna_control.invariant import there
from vienna_control.passkeys import answers, enrolment, keys
from vienna_control.passkeys.challenges import Asked
from vienna_control.passkeys.enrolment import Created, EnrolmentError
from vienna_control.store import Tx
from vienna_control.store.tables import passkeys
from vienna_kernel.keyring import b64url
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Refused

type Name = Annotated[str, Field(min_length=1, max_length=80)]
type Bytes64 = Annotated[str, Field(min_length=1, max_length=16_384, pattern=r"^[A-Za-z0-9_-]+$")]


class BeginBody(BaseModel):
    """``password``: outside dev and test, where no second factor is enrolled yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    password: GivenPassword | None = None


class CreatedBody(BaseModel):
    """What ``navigator.credentials.create`` gave: ``id``, two members of its ``response``, and a name for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = "passkey"
    credential_id: Annotated[str, Field(min_length=1, max_length=1400, pattern=r"^[A-Za-z0-9_-]+$")]
    client_data_json: Bytes64
    attestation_object: Bytes64


class NameBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name


class PasskeyData(BaseModel):
    """Attributes: ``kid`` is what a roster names it by; ``backed_up``: its maker keeps a copy of it elsewhere."""

    id: str
    name: str
    kid: str
    backed_up: bool
    created_at: str
    used_at: str | None


@route(
    "POST",
    "/mfa/passkeys/options",
    who=Who.SELF,
    writes=None,
    body=BeginBody,
    optional_body=True,
    data=OptionsData,
    summary="What a browser makes a passkey of, within five minutes",
)
async def creation_options(ctx: Context) -> OptionsData:
    """Whoever has a second factor already shows it first; who has none gives the password."""
    rp = party(ctx)
    operator = await ctx.app.store.read(lambda conn: _self(ctx, conn))
    await prove_person(ctx, operator, ctx.body.password)

    def unit(tx: Tx) -> OptionsData:
        challenge = enrolment.fresh()
        asked = Asked(purpose="enrol", operator_id=operator.id)
        expires_at = ctx.app.passkeys.challenges.keep(tx, challenge, asked)
        options = enrolment.creation_options(tx.conn, operator, challenge, rp)
        return OptionsData(public_key=options, expires_at=expires_at)

    return await kept(ctx, unit)


@route(
    "POST",
    "/mfa/passkeys",
    who=Who.SELF,
    writes=EntryType.OPERATOR_MFA,
    body=CreatedBody,
    data=PasskeyData,
    status=201,
    summary="Enrol a passkey that the browser made",
)
async def enrol(ctx: Context) -> PasskeyData:
    """It must be discoverable, for this origin, and have verified its user; ES256, EdDSA and RS256 are taken."""
    body, rp = ctx.body, party(ctx)
    created = Created(body.credential_id, body.client_data_json, body.attestation_object)

    def unit(tx: Tx) -> PasskeyData | Problem:
        operator = _self(ctx, tx.conn)
        _stepped_up(ctx, tx.conn, operator)
        try:
            row = enrolment.enrol(
                tx, ctx.app.passkeys.challenges, operator, created, name=body.name, party=rp
            )
        except EnrolmentError as error:  # returned, not raised: its challenge is used up
            return Problem(Code.VALIDATION_FAILED, str(error))
        return PasskeyData(**keys.told(row))

    return await kept(ctx, unit)


@route("GET", "/mfa/passkeys", who=Who.SELF, writes=None, query=PageQuery, summary="Your passkeys")
async def list_passkeys(ctx: Context) -> dict[str, Any]:
    statement = select(passkeys).where(passkeys.c.operator_id == ctx.principal.id)
    return await ctx.app.store.read(
        lambda conn: fetch_page(
            conn, statement, ctx.query, key=passkeys.c.id, noun="passkeys", shape=keys.told
        )
    )


@route(
    "PATCH",
    "/mfa/passkeys/{id}",
    who=Who.SELF,
    writes=EntryType.OPERATOR_MFA,
    body=NameBody,
    data=PasskeyData,
    summary="Give a passkey another name",
)
async def rename(ctx: Context) -> PasskeyData:
    def unit(tx: Tx) -> PasskeyData:
        row = _mine(ctx, tx.conn)
        keys.rename(tx, row, ctx.body.name)
        return PasskeyData(**keys.told({**row, "name": ctx.body.name}))

    return await ctx.app.store.write(unit)


@route(
    "DELETE",
    "/mfa/passkeys/{id}",
    who=Who.SELF,
    writes=EntryType.OPERATOR_MFA,
    data=PasskeyData,
    step_up=True,
    summary="Remove a passkey",
)
async def remove(ctx: Context) -> PasskeyData:
    """The roster keeps naming it until people sign another one without it."""

    def unit(tx: Tx) -> PasskeyData:
        row = _mine(ctx, tx.conn)
        keys.remove(tx, row)
        return PasskeyData(**keys.told(row))

    return await ctx.app.store.write(unit)


@route(
    "POST",
    "/auth/passkey/options",
    who=Who.PUBLIC,
    writes=None,
    data=OptionsData,
    summary="What a browser asks a passkey at a login",
)
async def login_options(ctx: Context) -> OptionsData:
    """The same for everybody: no name is asked for, none is told."""
    rp = party(ctx)
    refuse_guessing(ctx)
    challenge, expires_at = ctx.app.passkeys.challenges.for_login(ctx.app.clock.now())
    return OptionsData(public_key=keys.request_options(b64url(challenge), rp, ()), expires_at=expires_at)


@route(
    "POST",
    "/auth/passkey",
    who=Who.PUBLIC,
    writes=(EntryType.OPERATOR_LOGIN, EntryType.ALERT),
    body=AssertionBody,
    data=LoginData,
    summary="Log in with a passkey",
)
async def login(ctx: Context) -> LoginData:
    """Answers the same for a passkey that is not known, one that does not hold, and a person who is disabled."""
    rp, given = party(ctx), ctx.body.given()
    account = f"passkey {given.credential_id[:64]}"
    refuse_guessing(ctx, account)

    def unit(tx: Tx) -> LoginData | Problem:
        app = ctx.app
        answer = answers.take(tx, app.passkeys.challenges, given, Asked(purpose="login"), rp)
        operator = None
        if not isinstance(answer, Refused):
            operator = operators.by_id(tx.conn, answer.row["operator_id"])
        if operator is None or operator.disabled:
            app.identity.failed(tx, account, ctx.client)
            return Problem(
                Code.UNAUTHENTICATED, "this passkey lets nobody in; ask for a new challenge and try again"
            )
        app.identity.succeeded(tx, account)
        return enter(ctx, tx, operator, Shown(how="passkey", factor="passkey"))

    return await kept(ctx, unit)


def _self(ctx: Context, conn: Connection) -> Operator:
    return there(
        operators.by_id(conn, ctx.principal.id),
        "the credential named them a moment ago, and nobody is ever deleted",
    )


def _stepped_up(ctx: Context, conn: Connection, operator: Operator) -> None:
    """Who has a second factor shows it before getting another: a session that was taken over gets none."""
    if not ctx.app.config.lenient and (operator.mfa or keys.count(conn, operator.id)):
        judge_step_up(ctx.principal, now=ctx.app.clock.now())


def _mine(ctx: Context, conn: Connection) -> rows.Row:
    row = keys.by_id(conn, ctx.principal.id, ctx.path["id"])
    if row is None:
        raise not_found("passkey", ctx.path["id"])
    return row
