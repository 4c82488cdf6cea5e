"""Filters: the keys there are, and those that people keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from vienna_control.api.access import Who
from vienna_control.api.answers import Instant, listing
from vienna_control.api.filtering import parsed
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, route
from vienna_control.filters import kept
from vienna_control.filters.kept import FullError, TakenError, Wanted
from vienna_control.invariant import there
from vienna_control.rows import Row
from vienna_control.store import Tx
from vienna_control.store.tables import saved_filters
from vienna_kernel.filter.key import KEYS, PARAMETERS, Screen
from vienna_kernel.filter.word import MAX_CHARS
from vienna_kernel.ledger.trail import EntryType

type Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*$")]
type Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]


class FilterBody(BaseModel):
    """A filter to keep. ``shared``: with everybody of the tenant; that is for operators."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    screen: Screen
    name: Name
    q: Text
    shared: bool = False


class FilterChange(BaseModel):
    """What is to be otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name | None = None
    q: Text | None = None
    shared: bool | None = None


class FilterData(BaseModel):
    """A filter that is kept. ``own``: it is yours; ``owner``: e-mail address of whose it is."""

    filter_id: str
    screen: Screen
    name: str
    q: str
    shared: bool
    own: bool
    owner: str
    created_at: Instant
    updated_at: Instant


class FiltersQuery(PageQuery):
    """Those of one screen."""

    screen: Screen | None = None


class KeyData(BaseModel):
    """``values``: of a choice, all of them; ``alone``: it does not stand under ``or`` or ``not``."""

    name: str
    kind: str
    says: str
    values: list[str]
    example: str
    alone: bool


class KeysData(BaseModel):
    """The keys of each screen; ``parameters``: screens that know ``~name text``."""

    screens: dict[Screen, list[KeyData]]
    parameters: list[Screen]


@route(
    "GET", "/filters/keys", who=Who.READER, writes=None, data=KeysData, summary="What a filter can ask for"
)
async def list_keys(ctx: Context) -> dict[str, Any]:
    """Keys and their values by screen, in the order in which people are told of them."""
    return {
        "screens": {
            screen: [
                {
                    "name": key.name,
                    "kind": key.kind,
                    "says": key.says,
                    "values": list(key.values),
                    "example": key.example,
                    "alone": key.alone,
                }
                for key in keys.values()
            ]
            for screen, keys in KEYS.items()
        },
        "parameters": sorted(PARAMETERS),
    }


@route(
    "GET",
    "/filters",
    who=Who.READER,
    writes=None,
    query=FiltersQuery,
    data=listing("filters", FilterData),
    summary="Filters that you keep, and those that are shared, newest first",
)
async def list_filters(ctx: Context) -> dict[str, Any]:
    statement = kept.listed(ctx.principal.tenant, ctx.principal.id)
    if ctx.query.screen is not None:
        statement = statement.where(saved_filters.c.screen == ctx.query.screen)
    return await ctx.app.store.read(
        lambda conn: fetch_page(
            conn,
            statement,
            ctx.query,
            key=saved_filters.c.id,
            noun="filters",
            shape=lambda row: _shape(ctx, row),
        )
    )


@route(
    "POST",
    "/filters",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    body=FilterBody,
    data=FilterData,
    status=201,
    summary="Keep a filter",
)
async def keep_filter(ctx: Context) -> dict[str, Any]:
    """It must read: 422 names the column of what does not."""
    body, principal = ctx.body, ctx.principal
    wanted = Wanted(screen=body.screen, name=body.name, q=body.q, shared=body.shared)
    _judge(ctx, wanted)

    def unit(tx: Tx) -> str:
        return kept.add(tx, principal.tenant, principal.id, wanted)

    return await _written(ctx, unit)


@route(
    "PATCH",
    "/filters/{id}",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    body=FilterChange,
    data=FilterData,
    summary="Change a filter that you keep, or a shared one",
)
async def change_filter(ctx: Context) -> dict[str, Any]:
    body = ctx.body

    def unit(tx: Tx) -> str:
        row = _found(ctx, tx.conn)
        old = kept.wanted_of(row)
        wanted = Wanted(
            screen=old.screen,
            name=old.name if body.name is None else body.name,
            q=old.q if body.q is None else body.q,
            shared=old.shared if body.shared is None else body.shared,
        )
        _judge(ctx, wanted)
        kept.change(tx, row, wanted, by=ctx.principal.id)
        return str(row["id"])

    return await _written(ctx, unit)


@route(
    "DELETE",
    "/filters/{id}",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    summary="Remove a filter that you keep, or a shared one",
)
async def remove_filter(ctx: Context) -> dict[str, Any]:
    await ctx.app.store.write(lambda tx: kept.remove(tx, _found(ctx, tx.conn), by=ctx.principal.id))
    return {"filter_id": ctx.path["id"], "removed": True}


def _judge(ctx: Context, wanted: Wanted) -> None:
    """It reads, and what is shared is shared by who may."""
    parsed(wanted.q, wanted.screen)
    if wanted.shared and not Who.OPERATOR.admits(ctx.principal):
        raise Problem(Code.FORBIDDEN, "a filter is shared by an operator or an admin")


def _found(ctx: Context, conn: Connection) -> Row:
    """The filter of the path, for who may change it. Raises 404, 403."""
    row = kept.find(conn, ctx.principal.tenant, ctx.principal.id, ctx.path["id"])
    if row is None:
        raise not_found("filter", ctx.path["id"])
    if row["shared"] and not Who.OPERATOR.admits(ctx.principal):
        raise Problem(Code.FORBIDDEN, "a shared filter is changed by an operator or an admin")
    return row


async def _written(ctx: Context, unit: Callable[[Tx], str]) -> dict[str, Any]:
    """What is kept now. Raises 409 where the name is taken or there are too many."""

    def written(tx: Tx) -> dict[str, Any]:
        return _shape(ctx, there(kept.by_id(tx.conn, unit(tx)), "kept in this transaction"))

    try:
        return await ctx.app.store.write(written)
    except TakenError:
        raise Problem(Code.CONFLICT, "there is a filter of this name on this screen already") from None
    except FullError:
        raise Problem(Code.CONFLICT, f"one person keeps at most {kept.MOST} filters") from None


def _shape(ctx: Context, row: Row) -> dict[str, Any]:
    return {
        "filter_id": row["id"],
        "screen": row["screen"],
        "name": row["name"],
        "q": row["q"],
        "shared": bool(row["shared"]),
        "own": row["operator_id"] == ctx.principal.id,
        "owner": row["email"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
