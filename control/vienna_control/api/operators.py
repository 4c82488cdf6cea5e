"""The people of this installation: who they are, what they may, and how they come in."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control.api.access import STEP_UP, Role, scopes_of
from vienna_control.api.links import Email
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.identity import factors, invitations, operators, standing
from vienna_control.identity.invitations import Invitation
from vienna_control.identity.operators import Operator
from vienna_control.store import Tx
from vienna_control.store.tables import operators as table
from vienna_kernel.ledger.trail import EntryType

type Group = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
type Groups = Annotated[tuple[Group, ...], Field(max_length=64)]
type Name = Annotated[str, Field(max_length=200)]

_CHANGED = (EntryType.CONFIG_CHANGED, EntryType.KEY_RETIRED)


class OperatorsQuery(PageQuery):
    """Filters. ``q``: part of the name or the address."""

    role: Role | None = None
    group: Annotated[str, Field(max_length=64)] | None = None
    disabled: bool | None = None
    q: Annotated[str, Field(max_length=200)] | None = None


class NewBody(BaseModel):
    """A person to invite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Email
    name: Name = ""
    role: Role = "viewer"
    groups: Groups = ()


class ChangeBody(BaseModel):
    """What is to be otherwise; what is left out stays."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = None
    role: Role | None = None
    groups: Groups | None = None
    disabled: bool | None = None


class InvitedData(BaseModel):
    """Attributes: ``token`` and ``url`` are shown once; the person sets their own password with them."""

    operator: dict[str, Any]
    token: str
    url: str
    expires_at: str


class Me(BaseModel):
    """Who the credential says one is.

    Attributes:
        csrf_token: For writes by cookie, in ``X-CSRF-Token``; None when a key was used.
        mfa: Whether codes can be checked for this operator.
        scopes: What this credential may, of what the role may.
        mfa_until: Until when a second factor counts as just shown; None: it does not.
    """

    id: str
    email: str
    role: str
    groups: list[str]
    organization: str
    mfa: bool
    csrf_token: str | None
    scopes: list[str]
    mfa_until: str | None


@route(
    "GET", "/operators", who=Who.ADMIN, writes=None, query=OperatorsQuery, summary="Operators, newest first"
)
async def list_operators(ctx: Context) -> dict[str, Any]:
    query = ctx.query
    statement = select(table).where(table.c.tenant == ctx.principal.tenant)
    if query.role is not None:
        statement = statement.where(table.c.role == query.role)
    if query.disabled is not None:
        statement = statement.where(table.c.disabled.is_(query.disabled))
    if query.group is not None:
        # Names of groups hold nothing that JSON escapes, so the text of the list has each between quotes.
        statement = statement.where(table.c.groups.contains(f'"{query.group}"', autoescape=True))
    if query.q is not None:
        part = query.q.lower()
        named = table.c.name.icontains(part, autoescape=True)
        statement = statement.where(table.c.email.contains(part, autoescape=True) | named)
    return await ctx.app.store.read(
        lambda conn: fetch_page(
            conn,
            statement,
            query,
            key=table.c.id,
            noun="operators",
            shape=lambda row: _told(conn, operators.of_row(row)),
        )
    )


@route("GET", "/operators/me", who=Who.READER, writes=None, data=Me, summary="Who one is")
async def me(ctx: Context) -> Me:
    principal = ctx.principal
    mfa = await ctx.app.store.read(lambda conn: ctx.app.identity.totp.enrolled(conn, principal.id))
    may = scopes_of(principal.role)
    return Me(
        id=principal.id,
        email=principal.name,
        role=principal.role,
        groups=list(principal.groups),
        organization=principal.tenant,
        mfa=mfa,
        csrf_token=principal.csrf,
        scopes=[one for one in may if principal.scopes is None or one in principal.scopes],
        mfa_until=iso(principal.mfa_at + STEP_UP) if principal.mfa_at else None,
    )


@route(
    "POST",
    "/operators",
    who=Who.ADMIN,
    writes=EntryType.CONFIG_CHANGED,
    body=NewBody,
    data=InvitedData,
    status=201,
    step_up=True,
    summary="Invite a person",
)
async def invite_operator(ctx: Context) -> InvitedData:
    """The answer holds a one-time link, shown here and nowhere else, with which the person sets a password."""
    body, principal = ctx.body, ctx.principal
    new = operators.Entered(
        tenant=principal.tenant,
        email=body.email.lower(),
        name=body.name,
        role=body.role,
        groups=tuple(dict.fromkeys(body.groups)),
    )

    def unit(tx: Tx) -> tuple[Operator, Invitation]:
        try:
            made = operators.create(tx, new, actor=principal.actor)
        except operators.KnownError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        return made, invitations.invite(tx, ctx.app.identity, made, actor=principal.actor)

    return invited(ctx, *await ctx.app.store.write(unit))


@route("GET", "/operators/{id}", who=Who.ADMIN, writes=None, summary="One person")
async def read_operator(ctx: Context) -> dict[str, Any]:
    return await ctx.app.store.read(lambda conn: _told(conn, _one(ctx, conn)))


@route(
    "PATCH",
    "/operators/{id}",
    who=Who.ADMIN,
    writes=_CHANGED,
    body=ChangeBody,
    step_up=True,
    summary="Change name, role, groups, or let a person back in",
)
async def change_operator(ctx: Context) -> dict[str, Any]:
    """Sessions and keys that carried the power of before end. Nobody changes their own standing."""
    groups = None if ctx.body.groups is None else tuple(dict.fromkeys(ctx.body.groups))
    change = standing.Change(
        name=ctx.body.name, role=ctx.body.role, groups=groups, disabled=ctx.body.disabled
    )
    return await _amend(ctx, change)


@route(
    "DELETE",
    "/operators/{id}",
    who=Who.ADMIN,
    writes=_CHANGED,
    step_up=True,
    summary="Take a person out: no login, no key, no vote; what they did stays",
)
async def remove_operator(ctx: Context) -> dict[str, Any]:
    return await _amend(ctx, standing.Change(disabled=True))


@route(
    "POST",
    "/operators/{id}/invitation",
    who=Who.ADMIN,
    writes=(EntryType.CONFIG_CHANGED, EntryType.ALERT),
    data=InvitedData,
    status=201,
    step_up=True,
    summary="Take a person's password away and invite them anew",
)
async def reset_password(ctx: Context) -> InvitedData:
    """Their sessions end; keys and second factors stay. It is an alert, so that they hear of it if they did not ask."""

    def unit(tx: Tx) -> tuple[Operator, Invitation]:
        operator = _one(ctx, tx.conn)
        if operator.disabled:
            raise Problem(Code.CONFLICT, "this person is disabled: let them back in first")
        if operator.id == ctx.principal.id:
            raise Problem(Code.CONFLICT, "change your own password with POST /api/v1/auth/password")
        factors.alert(tx, operator, "password_reset", f"the password was taken away by {ctx.principal.id}")
        made = invitations.reset(tx, ctx.app.identity, operator, actor=ctx.principal.actor)
        return operator, made

    operator, invitation = await ctx.app.store.write(unit)
    return invited(ctx, operator, invitation)


@route(
    "DELETE",
    "/operators/{id}/mfa",
    who=Who.ADMIN,
    writes=(EntryType.OPERATOR_MFA, EntryType.ALERT),
    step_up=True,
    summary="Take a person's second factors away",
)
async def reset_mfa(ctx: Context) -> dict[str, Any]:
    """For somebody who has lost device and recovery codes. Their sessions end, and it is an alert."""

    def unit(tx: Tx) -> dict[str, Any]:
        operator = _one(ctx, tx.conn)
        if operator.id == ctx.principal.id:
            raise Problem(
                Code.CONFLICT, "remove your own with POST /api/v1/mfa/totp/remove, or ask another admin"
            )
        factors.reset(tx, ctx.app.identity, operator, actor=ctx.principal.actor)
        return _told(tx.conn, _one(ctx, tx.conn))

    return await ctx.app.store.write(unit)


async def _amend(ctx: Context, change: standing.Change) -> dict[str, Any]:
    def unit(tx: Tx) -> dict[str, Any]:
        try:
            changed = standing.amend(tx, ctx.app.identity, _one(ctx, tx.conn), change, by=ctx.principal.id)
            return _told(tx.conn, changed)
        except (standing.OwnStandingError, standing.LastAdminError) as error:
            raise Problem(Code.CONFLICT, str(error)) from None

    return await ctx.app.store.write(unit)


def _one(ctx: Context, conn: Connection) -> Operator:
    found = operators.of_tenant(conn, ctx.principal.tenant, ctx.path["id"])
    if found is None:
        raise not_found("operator", ctx.path["id"])
    return found


def _told(conn: Connection, operator: Operator) -> dict[str, Any]:
    """A person as admins see them: with the kinds of second factors, never with what those are made of."""
    kinds = factors.enrolled(conn, operator)
    return {**operator.to_api(), "mfa": bool(kinds), "factors": list(kinds)}


def invited(ctx: Context, operator: Operator, invitation: Invitation) -> InvitedData:
    """What an admin hands over: to a new person, and to one whose password was taken away."""
    return InvitedData(
        operator=operator.to_api(),
        token=invitation.token,
        url=f"{ctx.app.base_url}/console/invitation#token={invitation.token}",
        expires_at=iso(invitation.expires_at),
    )
