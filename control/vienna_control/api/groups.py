"""Groups of approvers: order, duty and paging; who is on duty. Members are the operators that name a group."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import Connection

from vienna_control.api.page import PageQuery, slice_page
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.approvals import groups
from vienna_control.approvals.groups import Kept, TakenError
from vienna_control.store import Tx
from vienna_kernel.approval.group import Group
from vienna_kernel.ledger.trail import EntryType


class DutyQuery(BaseModel):
    """``at``: an instant with a zone; absent: now."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime | None = None


class GroupData(BaseModel):
    """Attributes: ``read_only`` for a group that stands in a policy file; ``members`` by e-mail address."""

    model_config = ConfigDict(extra="allow")

    name: str
    order: int
    source: str
    read_only: bool
    members: list[str]


class DutyData(BaseModel):
    """Who is on duty.

    Attributes:
        everyone: The whole group is.
        named: Who stands in the schedule for this instant, when not everyone.
        on_duty: Operators of the group who are there.
        changes_at: The next instant at which that changes; None: not within a week.
    """

    name: str
    at: str
    everyone: bool
    named: list[str]
    on_duty: list[dict[str, Any]]
    changes_at: str | None


def _shown(conn: Connection, tenant: str, name: str, kept: Kept | None) -> dict[str, Any]:
    told = kept.to_api() if kept else {**Group(name=name).to_json(), "source": "none", "read_only": False}
    return {**told, "members": [one["email"] for one in groups.members(conn, tenant, name)]}


@route(
    "GET",
    "/groups",
    who=Who.READER,
    writes=None,
    query=PageQuery,
    summary="Groups, in the order they are asked",
)
async def list_groups(ctx: Context) -> dict[str, Any]:
    """Also those that nobody wrote down: an operator names them, and they are always on duty."""
    tenant = ctx.principal.tenant

    def read(conn: Connection) -> dict[str, Any]:
        written = groups.every(conn, tenant)
        order = groups.groups_order(conn, tenant)
        names = list(dict.fromkeys(sorted([*written, *order], key=groups.placing(written))))
        return slice_page(
            names, ctx.query, noun="groups", shape=lambda name: _shown(conn, tenant, name, written.get(name))
        )

    return await ctx.app.store.read(read)


@route(
    "POST",
    "/groups",
    who=Who.ADMIN,
    writes=EntryType.CONFIG_CHANGED,
    body=Group,
    data=GroupData,
    status=201,
    summary="Write down a group: its order, duty and paging",
)
async def create_group(ctx: Context) -> dict[str, Any]:
    """A group that stands in a policy file is changed there."""
    return await _put(ctx, ctx.body, new=True)


@route(
    "PUT",
    "/groups/{name}",
    who=Who.ADMIN,
    writes=EntryType.CONFIG_CHANGED,
    body=Group,
    data=GroupData,
    summary="Change what is written down of a group, as a whole",
)
async def replace_group(ctx: Context) -> dict[str, Any]:
    if ctx.body.name != ctx.path["name"]:
        raise Problem(Code.VALIDATION_FAILED, "/name: is the name in the path; a group keeps its name")
    return await _put(ctx, ctx.body, new=False)


async def _put(ctx: Context, group: Group, *, new: bool) -> dict[str, Any]:
    principal = ctx.principal

    def unit(tx: Tx) -> dict[str, Any]:
        try:
            kept = groups.put(tx, principal.tenant, group, actor=principal.actor, new=new)
        except TakenError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        if kept is None:
            raise not_found("group", group.name)
        return _shown(tx.conn, principal.tenant, group.name, kept)

    return await ctx.app.store.write(unit)


@route(
    "DELETE",
    "/groups/{name}",
    who=Who.ADMIN,
    writes=EntryType.CONFIG_CHANGED,
    summary="Forget what is written down of a group; its members stay",
)
async def delete_group(ctx: Context) -> dict[str, Any]:
    principal, name = ctx.principal, ctx.path["name"]

    def unit(tx: Tx) -> dict[str, Any]:
        try:
            if not groups.remove(tx, principal.tenant, name, actor=principal.actor):
                raise not_found("group", name)
        except TakenError as error:
            raise Problem(Code.CONFLICT, str(error)) from None
        return {"name": name, "deleted": True}

    return await ctx.app.store.write(unit)


@route(
    "GET",
    "/groups/{name}/duty",
    who=Who.READER,
    writes=None,
    query=DutyQuery,
    data=DutyData,
    summary="Who of a group is on duty, and when that changes",
)
async def read_duty(ctx: Context) -> dict[str, Any]:
    tenant, name = ctx.principal.tenant, ctx.path["name"]
    at: datetime = ctx.query.at or ctx.app.clock.now()

    def read(conn: Connection) -> dict[str, Any]:
        kept = groups.every(conn, tenant).get(name)
        told = groups.who(conn, tenant, kept, name, at)
        if kept is None and not groups.members(conn, tenant, name):
            raise not_found("group", name)
        return told

    try:
        return await ctx.app.store.read(read)
    except OverflowError:  # an instant at the edge of the calendar has no week after it
        raise Problem(Code.VALIDATION_FAILED, "/at: expected an instant that has a week after it") from None
