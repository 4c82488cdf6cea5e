"""Keys of operators: made, listed, replaced, revoked. A key is shown once, when it is made."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vienna_control import rows
from vienna_control.api.access import Principal, Scope, scopes_of
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.identity import api_keys
from vienna_control.identity.api_keys import LONGEST_DAYS, LONGEST_OVERLAP_HOURS, Made
from vienna_control.identity.credentials import Terms
from vienna_control.store import Tx
from vienna_control.store.tables import credentials
from vienna_kernel.ledger.trail import EntryType


class KeysQuery(PageQuery):
    """``operator_id``: whose, for an admin; ``all``: everybody's, for an admin."""

    operator_id: Annotated[str, Field(max_length=64)] | None = None
    all: bool = False


class NewKeyBody(BaseModel):
    """What the key may, and for how long.

    Attributes:
        scopes: A key may do what its scopes and its owner's role both allow.
        never_expires: For an admin only, instead of ``expires_in_days``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=80)]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=5)] = ("read",)
    expires_in_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = api_keys.DEFAULT_LIFETIME.days
    never_expires: bool = False


class RotateBody(BaseModel):
    """``overlap_hours``: for how long the old key still holds; 0: it ends at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_HOURS)] = 1


@route("GET", "/api-keys", who=Who.SELF, writes=None, query=KeysQuery, summary="Keys, newest first")
async def list_keys(ctx: Context) -> dict[str, Any]:
    """One's own. An admin sees those of others too, never the keys themselves."""
    query, principal = ctx.query, ctx.principal
    owner: str | None = query.operator_id or principal.id
    if (query.all or owner != principal.id) and principal.role != "admin":
        raise Problem(Code.FORBIDDEN, "the keys of others are for an admin")
    if query.all:
        owner = None
    statement = api_keys.listed(principal.tenant, owner=owner)
    return await ctx.app.store.read(
        lambda conn: fetch_page(conn, statement, query, key=credentials.c.id, noun="api_keys", shape=shape)
    )


@route(
    "POST",
    "/api-keys",
    who=Who.SELF,
    writes=EntryType.KEY_ADDED,
    body=NewKeyBody,
    status=201,
    step_up=True,
    summary="A key of one's own",
)
async def create_key(ctx: Context) -> dict[str, Any]:
    body, principal = ctx.body, ctx.principal
    _refuse_wider(principal, body.scopes)
    if body.never_expires and principal.role != "admin":
        raise Problem(Code.FORBIDDEN, "a key that does not expire is for an admin")
    terms = Terms(name=body.name, scopes=tuple(dict.fromkeys(body.scopes)))

    def unit(tx: Tx) -> Made:
        end = None if body.never_expires else tx.now + timedelta(days=body.expires_in_days)
        issuer = ctx.app.identity.credentials
        try:
            return api_keys.create(
                tx, issuer, principal.id, tenant=principal.tenant, terms=terms, expires_at=end
            )
        except api_keys.TooManyKeysError as error:
            raise Problem(Code.CONFLICT, str(error)) from None

    return _shown(await ctx.app.store.write(unit))


@route(
    "POST",
    "/api-keys/{id}/rotate",
    who=Who.SELF,
    writes=(EntryType.KEY_ADDED, EntryType.KEY_RETIRED),
    body=RotateBody,
    optional_body=True,
    status=201,
    step_up=True,
    summary="A new key instead of one of one's own",
)
async def rotate_key(ctx: Context) -> dict[str, Any]:
    """Same name, scopes and lifetime; the old key holds for an overlap.

    Nobody replaces another's key: they would see the new one.
    """
    principal = ctx.principal

    def unit(tx: Tx) -> Made:
        row = api_keys.one(tx.conn, principal.tenant, ctx.path["id"], owner=principal.id)
        if row is None:
            raise not_found("key", ctx.path["id"])
        _refuse_wider(principal, scopes_in(row))
        if row["expires_at"] is None and principal.role != "admin":
            raise Problem(Code.FORBIDDEN, "a key that does not expire is for an admin: make another")
        overlap = timedelta(hours=ctx.body.overlap_hours)
        try:
            return api_keys.replace(tx, ctx.app.identity.credentials, row, overlap=overlap)
        except (api_keys.ReplacedError, api_keys.TooManyKeysError) as error:
            raise Problem(Code.CONFLICT, str(error)) from None

    return _shown(await ctx.app.store.write(unit))


@route(
    "DELETE",
    "/api-keys/{id}",
    who=Who.SELF,
    writes=EntryType.KEY_RETIRED,
    summary="Revoke a key: one's own, or as an admin anybody's",
)
async def revoke_key(ctx: Context) -> dict[str, Any]:
    principal = ctx.principal

    def unit(tx: Tx) -> dict[str, Any]:
        owner = None if principal.role == "admin" else principal.id
        row = api_keys.one(tx.conn, principal.tenant, ctx.path["id"], owner=owner)
        if row is None:
            raise not_found("key", ctx.path["id"])
        ctx.app.identity.credentials.retire(tx, row, actor=principal.actor, why="revoked")
        return {"key_id": row["id"], "revoked_at": row["revoked_at"] or tx.at}

    return await ctx.app.store.write(unit)


def shape(row: rows.Row) -> dict[str, Any]:
    """A key as people see it; ``prefix`` is how it begins. ``scopes`` None: whatever the owner's role may."""
    scopes = scopes_in(row)
    return {
        "key_id": row["id"],
        "operator_id": row["principal_id"],
        "name": row["name"],
        "prefix": row["prefix"],
        "scopes": None if scopes is None else list(scopes),
        "created_at": row["created_at"],
        "expires_at": row["expires_at"],
        "last_used_at": row["last_used_at"],
        "replaced_at": row["replaced_at"],
    }


def scopes_in(row: rows.Row) -> tuple[str, ...] | None:
    return None if row["scopes"] is None else tuple(rows.load(row["scopes"]))


def _refuse_wider(principal: Principal, scopes: tuple[str, ...] | None) -> None:
    """Raises 403 for a key that could do more than whoever makes it."""
    if scopes is None:
        if principal.scopes is not None:
            raise Problem(Code.FORBIDDEN, "a key with scopes makes none without")
        return
    may = set(scopes_of(principal.role))
    may &= may if principal.scopes is None else principal.scopes
    beyond = [one for one in scopes if one not in may]
    if beyond:
        raise Problem(Code.FORBIDDEN, f"you cannot give what you may not do: {', '.join(beyond)}")


def _shown(made: Made) -> dict[str, Any]:
    return {**shape(made.row), "api_key": made.plain}
