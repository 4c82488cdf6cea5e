"""What another person comes in with and is rung by: an admin sees their passkeys and devices, and takes one away."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.api.passkeys import PasskeyData
from vienna_control.api.problems import Code, Problem, not_found
from vienna_control.api.push import SubscriptionData
from vienna_control.api.route import Context, Who, route
from vienna_control.identity import factors, operators
from vienna_control.identity.operators import Operator
from vienna_control.notify import devices, registry
from vienna_control.passkeys import keys
from vienna_control.store import Tx
from vienna_control.store.tables import integrations
from vienna_kernel.ledger.trail import EntryType


class TheirDevicesData(BaseModel):
    """Both oldest first."""

    passkeys: list[PasskeyData]
    subscriptions: list[SubscriptionData]


@route(
    "GET",
    "/operators/{id}/devices",
    who=Who.ADMIN,
    writes=None,
    data=TheirDevicesData,
    summary="A person's passkeys, and the devices that ring for them",
)
async def their_devices(ctx: Context) -> dict[str, Any]:
    def query(conn: Connection) -> dict[str, Any]:
        person = _person(ctx, conn)
        ringing = rows.every(conn, devices.listed(person.id).order_by(integrations.c.id))
        return {
            "passkeys": [keys.told(row) for row in keys.of_operator(conn, person.id)],
            "subscriptions": [devices.shown(registry.of_row(row)) for row in ringing],
        }

    return await ctx.app.store.read(query)


@route(
    "DELETE",
    "/operators/{id}/passkeys/{passkey_id}",
    who=Who.ADMIN,
    writes=(EntryType.OPERATOR_MFA, EntryType.ALERT),
    data=PasskeyData,
    step_up=True,
    summary="Take one passkey of a person away",
)
async def take_passkey(ctx: Context) -> dict[str, Any]:
    """For one that was lost. Their sessions end, and it is an alert. A roster names it until another is signed."""

    def unit(tx: Tx) -> dict[str, Any]:
        person = _another(ctx, tx.conn)
        row = keys.by_id(tx.conn, person.id, ctx.path["passkey_id"])
        if row is None:
            raise not_found("passkey", ctx.path["passkey_id"])
        keys.remove(tx, row, actor=ctx.principal.actor)
        ctx.app.identity.sessions.end_all_of(tx, person.id)
        factors.alert(tx, person, "passkey_removed", f"a passkey was taken away by {ctx.principal.actor}")
        return keys.told(row)

    return await ctx.app.store.write(unit)


@route(
    "DELETE",
    "/operators/{id}/devices/{subscription_id}",
    who=Who.ADMIN,
    writes=EntryType.CONFIG_CHANGED,
    step_up=True,
    summary="Have a device of a person ring no more",
)
async def take_device(ctx: Context) -> dict[str, Any]:
    def unit(tx: Tx) -> dict[str, Any]:
        device = devices.find(tx.conn, _another(ctx, tx.conn).id, ctx.path["subscription_id"])
        if device is None:
            raise not_found("subscription", ctx.path["subscription_id"])
        registry.remove(tx, device, by=ctx.principal.id, operator=device.operator_id)
        return {"subscription_id": device.id, "removed": True}

    return await ctx.app.store.write(unit)


def _person(ctx: Context, conn: Connection) -> Operator:
    found = operators.of_tenant(conn, ctx.principal.tenant, ctx.path["id"])
    if found is None:
        raise not_found("operator", ctx.path["id"])
    return found


def _another(ctx: Context, conn: Connection) -> Operator:
    person = _person(ctx, conn)
    if person.id == ctx.principal.id:
        raise Problem(Code.CONFLICT, "your own are under /mfa/passkeys and /push/subscriptions")
    return person
