"""Integrations: channels that events are delivered to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection

from vienna_control.api.access import Principal
from vienna_control.api.channel_data import ChangeBody, IntegrationBody, IntegrationData, Secrets, TriedData
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, invalid, not_found
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.ids import new_id
from vienna_control.notify import deliveries, registry
from vienna_control.notify.kinds import KINDS
from vienna_control.notify.message import EVENTS, Message, Sent
from vienna_control.notify.registry import Integration, Wanted
from vienna_control.notify.routing import Routing
from vienna_control.store import Tx
from vienna_control.store.tables import integrations
from vienna_kernel.ledger.trail import EntryType


@route(
    "GET",
    "/integrations/types",
    who=Who.OPERATOR,
    writes=None,
    summary="Types of channels, and what each needs",
)
async def integration_types(ctx: Context) -> dict[str, Any]:
    types = {name: kind.to_api() for name, kind in KINDS.items() if not kind.personal}
    return {"types": types, "events": list(EVENTS)}


@route(
    "GET", "/integrations", who=Who.OPERATOR, writes=None, query=PageQuery, summary="Channels, newest first"
)
async def list_integrations(ctx: Context) -> dict[str, Any]:
    statement = registry.listed(ctx.principal.tenant)

    def page(conn: Connection) -> dict[str, Any]:
        return fetch_page(
            conn,
            statement,
            ctx.query,
            key=integrations.c.id,
            noun="integrations",
            shape=lambda row: _told(conn, registry.of_row(row)),
        )

    return await ctx.app.store.read(page)


@route(
    "GET", "/integrations/{id}", who=Who.OPERATOR, writes=None, data=IntegrationData, summary="One channel"
)
async def read_integration(ctx: Context) -> dict[str, Any]:
    return await ctx.app.store.read(lambda conn: _told(conn, found(conn, ctx)))


@route(
    "POST",
    "/integrations",
    who=Who.OPERATOR,
    writes=EntryType.CONFIG_CHANGED,
    body=IntegrationBody,
    data=IntegrationData,
    status=201,
    summary="Add a channel",
)
async def create_integration(ctx: Context) -> dict[str, Any]:
    """Slack's ``signing_secret`` lets T1 be decided in Slack; whoever has it can vote as others: for admins."""
    wanted = _wanted(
        ctx, ctx.body.model_dump(exclude={"secrets", "routing"}), ctx.body.secrets, ctx.body.routing
    )
    _judge(ctx, wanted, power="signing_secret" in wanted.secrets)

    def unit(tx: Tx) -> dict[str, Any]:
        ctx.app.notify.outbox.forget()
        made = registry.add(tx, ctx.app.authority, ctx.principal.tenant, wanted, by=ctx.principal.id)
        return _told(tx.conn, made)

    return await _written(ctx, unit)


@route(
    "PATCH",
    "/integrations/{id}",
    who=Who.OPERATOR,
    writes=EntryType.CONFIG_CHANGED,
    body=ChangeBody,
    data=IntegrationData,
    summary="Change a channel",
)
async def change_integration(ctx: Context) -> dict[str, Any]:
    body = ctx.body

    def unit(tx: Tx) -> dict[str, Any]:
        ctx.app.notify.outbox.forget()
        old = found(tx.conn, ctx)
        kept = registry.unsealed(ctx.app.authority, old)
        given = {name: value.get_secret_value() for name, value in (body.secrets or {}).items()}
        plain = {
            "type": old.type,
            "name": old.name if body.name is None else body.name,
            "config": dict(old.config) if body.config is None else body.config,
            "events": old.events if body.events is None else body.events,
            "enabled": old.enabled if body.enabled is None else body.enabled,
        }
        secrets = {name: SecretStr(value) for name, value in {**kept, **given}.items()}
        wanted = _wanted(ctx, plain, secrets, body.routing or old.routing)
        # where decisions are taken is for admins as a whole: what is posted, and where, and who may answer
        _judge(ctx, wanted, power="signing_secret" in wanted.secrets)
        if wrong := registry.carries_off(old, wanted, given):
            raise Problem(Code.VALIDATION_FAILED, wrong)
        changed = registry.change(tx, ctx.app.authority, old, wanted, by=ctx.principal.id)
        return _told(tx.conn, changed)

    return await _written(ctx, unit)


@route(
    "DELETE",
    "/integrations/{id}",
    who=Who.OPERATOR,
    writes=EntryType.CONFIG_CHANGED,
    summary="Remove a channel, and whatever waits for it",
)
async def remove_integration(ctx: Context) -> dict[str, Any]:
    def unit(tx: Tx) -> Integration:
        ctx.app.notify.outbox.forget()
        old = found(tx.conn, ctx)
        registry.remove(tx, old, by=ctx.principal.id)
        return old

    return {"integration_id": (await _written(ctx, unit)).id, "removed": True}


@route(
    "POST",
    "/integrations/{id}/test",
    who=Who.OPERATOR,
    writes=EntryType.CONFIG_CHANGED,
    data=TriedData,
    summary="Send a real event now, and say what the service answered",
)
async def try_integration(ctx: Context) -> TriedData:
    """An alert of the kind ``test``, once, beside the outbox; of a channel that is off too."""
    one = await ctx.app.store.read(lambda conn: found(conn, ctx))
    message = _test_message(ctx)
    attempt = await ctx.app.notify.sender.attempt(one, message)
    ok = isinstance(attempt.result, Sent)
    by = ctx.principal.id
    await ctx.app.store.write(lambda tx: registry.tried(tx, one, by, ok=ok))
    return TriedData(
        ok=ok,
        response_code=attempt.result.code,
        latency_ms=attempt.milliseconds,
        error="" if isinstance(attempt.result, Sent) else attempt.result.why,
    )


def _test_message(ctx: Context) -> Message:
    return Message(
        id=new_id("dlv"),
        event="alert",
        at=iso(ctx.app.clock.now()),
        tenant=ctx.principal.tenant,
        data={"kind": "test", "severity": "info", "text": "this is a test of this channel"},
        about={"agent": "nobody"},
        link=ctx.app.notify.sender.link(None),
    )


def _told(conn: Connection, one: Integration) -> dict[str, Any]:
    return one.to_api() | {"retrying": deliveries.retrying(conn, [one.id]).get(one.id)}


async def _written[T](ctx: Context, unit: Callable[[Tx], T]) -> T:
    """Do it; the outbox looks again afterwards, whether it was done or not."""
    try:
        return await ctx.app.store.write(unit)
    finally:
        ctx.app.notify.outbox.forget()


def found(conn: Connection, ctx: Context) -> Integration:
    """The integration of the path. Raises 404."""
    one = registry.find(conn, ctx.principal.tenant, ctx.path["id"])
    if one is None:
        raise not_found("integration", ctx.path["id"])
    return one


def _wanted(ctx: Context, plain: dict[str, Any], secrets: Secrets, routing: Routing) -> Wanted:
    """What was asked for, held against its type. Raises 422; a secret is not repeated."""
    kind = KINDS[plain["type"]]
    try:
        config = kind.config.model_validate(plain["config"])
    except ValidationError as error:
        raise invalid(error, prefix="/config") from None
    try:
        sealed = kind.secrets.model_validate({name: one.get_secret_value() for name, one in secrets.items()})
    except ValidationError as error:
        raise _hidden(invalid(error, prefix="/secrets")) from None
    return Wanted(
        name=plain["name"],
        type=plain["type"],
        config=config.model_dump(mode="json"),
        secrets=sealed.model_dump(exclude_none=True),
        events=tuple(dict.fromkeys(plain["events"])),
        routing=routing,
        enabled=plain["enabled"],
    )


def _hidden(problem: Problem) -> Problem:
    for one in problem.details:
        one["got"] = None if one["got"] is None else "(not shown)"
    return problem


def _judge(ctx: Context, wanted: Wanted, *, power: bool) -> None:
    if power and not _is_admin(ctx.principal):
        raise Problem(
            Code.FORBIDDEN, "a channel in which people decide (signing_secret) is set up by an admin"
        )
    if wrong := registry.judge(wanted, ctx.app.notify.guard, plain=ctx.app.notify.plain):
        raise Problem(Code.VALIDATION_FAILED, wrong)


def _is_admin(principal: Principal) -> bool:
    return Who.ADMIN.admits(principal)
