"""Your own devices, which ring for what you are asked, and a practice approval that rings them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from sqlalchemy import Connection

from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, invalid, not_found, rate_limited
from vienna_control.api.route import Context, Who, route
from vienna_control.api.votes import voter_of
from vienna_control.approvals import practice
from vienna_control.approvals.queue import Asked
from vienna_control.fleet.registry import FullError
from vienna_control.notify import devices, registry
from vienna_control.notify.kinds import WebPushSecrets
from vienna_control.notify.registry import Integration, Wanted
from vienna_control.notify.routing import Routing
from vienna_control.store import Tx
from vienna_control.store.tables import integrations
from vienna_kernel.intent import Tier
from vienna_kernel.keyring import b64url
from vienna_kernel.ledger.trail import EntryType

type Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class KeyData(BaseModel):
    """Attributes: ``key``: 65 bytes as base64url: what a browser's ``applicationServerKey`` is."""

    key: str


class BrowserKeys(BaseModel):
    """As the browser's subscription has them, base64url.

    Attributes:
        p256dh: An uncompressed point of P-256, 65 bytes.
        auth: 16 bytes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    p256dh: Annotated[SecretStr, Field(max_length=100)]
    auth: Annotated[SecretStr, Field(max_length=40)]


class SubscriptionBody(BaseModel):
    """What ``PushSubscription.toJSON()`` gives, but for ``expirationTime``, and a name.

    Attributes:
        endpoint: Where the push service takes messages for this browser.
        routing: When it rings, and for what; ``zone`` and ``day`` are this person's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = "browser"
    endpoint: Annotated[SecretStr, Field(min_length=8, max_length=2000)]
    keys: BrowserKeys
    routing: Routing = Routing()


class SubscriptionData(BaseModel):
    """Attributes: ``host``: of the push service; the address itself is never shown."""

    subscription_id: str
    name: str
    host: str
    routing: dict[str, Any]
    created_at: str
    last_used_at: str | None
    failing_since: str | None


class RingBody(BaseModel):
    """Attributes: ``tier``: what it takes to vote on it: T2 asks for a second factor, as it would in earnest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tier: Literal["T1", "T2"] = "T1"


class RingData(BaseModel):
    """Attributes: ``devices``: how many of yours ring."""

    approval_id: str
    tier: str
    url: str
    expires_at: str
    devices: int


@route(
    "GET",
    "/push/key",
    who=Who.SELF,
    writes=None,
    data=KeyData,
    summary="The key that a browser subscribes to",
)
async def push_key(ctx: Context) -> KeyData:
    return KeyData(key=b64url(ctx.app.authority.push.public))


@route("GET", "/push/subscriptions", who=Who.SELF, writes=None, query=PageQuery, summary="Your devices")
async def list_subscriptions(ctx: Context) -> dict[str, Any]:
    statement = devices.listed(ctx.principal.id)

    def page(conn: Connection) -> dict[str, Any]:
        return fetch_page(
            conn,
            statement,
            ctx.query,
            key=integrations.c.id,
            noun="subscriptions",
            shape=lambda row: devices.shown(registry.of_row(row)),
        )

    return await ctx.app.store.read(page)


@route(
    "POST",
    "/push/subscriptions",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    body=SubscriptionBody,
    data=SubscriptionData,
    status=201,
    summary="Have this browser ring for what you are asked",
)
async def subscribe(ctx: Context) -> dict[str, Any]:
    """A browser that was subscribed before has one place: it rings for whoever subscribed it last."""
    app, principal, wanted = ctx.app, ctx.principal, _wanted(ctx)

    def unit(tx: Tx) -> Integration:
        app.notify.outbox.forget()
        added = devices.add(tx, app.authority, principal.tenant, principal.id, wanted)
        if added is None:
            raise Problem(Code.CONFLICT, f"you have {devices.MOST} devices; remove one that you do not use")
        return added

    try:
        return devices.shown(await app.store.write(unit))
    finally:
        app.notify.outbox.forget()


@route(
    "DELETE",
    "/push/subscriptions/{id}",
    who=Who.SELF,
    writes=EntryType.CONFIG_CHANGED,
    summary="Have a device of yours ring no more",
)
async def unsubscribe(ctx: Context) -> dict[str, Any]:
    def unit(tx: Tx) -> dict[str, Any]:
        device = devices.find(tx.conn, ctx.principal.id, ctx.path["id"])
        if device is None:
            raise not_found("subscription", ctx.path["id"])
        registry.remove(tx, device, by=ctx.principal.id)
        return {"subscription_id": device.id, "removed": True}

    return await ctx.app.store.write(unit)


@route(
    "POST",
    "/push/ring",
    who=Who.APPROVER,
    writes=(EntryType.INTENT_SUBMITTED, EntryType.APPROVAL_REQUESTED, EntryType.AGENT_REGISTERED),
    body=RingBody,
    optional_body=True,
    data=RingData,
    status=201,
    summary="Ring your own devices with a practice approval",
)
async def ring(ctx: Context) -> RingData:
    """Only you are asked, no other channel is told, and nothing comes of it. A few within an hour."""
    app, principal, tier = ctx.app, ctx.principal, Tier(ctx.body.tier)

    def unit(tx: Tx) -> tuple[Asked, int]:
        count = devices.count(tx.conn, principal.id)
        if not count:
            raise Problem(Code.CONFLICT, "none of your devices is subscribed: nothing would ring")
        asked = practice.ask(
            tx,
            principal.tenant,
            voter_of(principal),
            tier,
            app.policies.of(principal.tenant).tiers,
            most_agents=app.config.max_agents + 2,  # beside those that are enrolled: operators' own, and this
        )
        return asked, count

    try:
        asked, count = await app.store.write(unit)
    except practice.TooManyError:
        seconds = int(practice.WINDOW.total_seconds())
        raise rate_limited("you have practised often enough for now", seconds // practice.MOST) from None
    except FullError as error:
        raise Problem(Code.CONFLICT, str(error)) from None
    return RingData(
        approval_id=asked.approval_id,
        tier=tier.value,
        url=f"/console/approvals/{asked.approval_id}",
        expires_at=asked.expires_at,
        devices=count,
    )


_FIELDS = {"url": "endpoint", "p256dh": "keys/p256dh", "auth": "keys/auth"}


def _wanted(ctx: Context) -> Wanted:
    """The device that was asked for. Raises 422; nothing of what came is repeated."""
    body, app = ctx.body, ctx.app
    given = {
        "url": body.endpoint.get_secret_value(),
        "p256dh": body.keys.p256dh.get_secret_value(),
        "auth": body.keys.auth.get_secret_value(),
    }
    try:
        secrets = WebPushSecrets.model_validate(given).model_dump()
    except ValidationError as error:
        problem = invalid(error)
        for one in problem.details:
            one |= {"field": f"/{_FIELDS[one['field'].strip('/')]}", "got": "(not shown)"}
        raise Problem(problem.code, "this is no subscription of a browser", problem.details) from None
    found = devices.wanted(
        app.authority,
        ctx.principal.tenant,
        ctx.principal.id,
        name=body.name,
        secrets=secrets,
        routing=body.routing,
    )
    if wrong := registry.judge(found, app.notify.push_guard, plain=app.notify.plain):
        raise Problem(Code.VALIDATION_FAILED, wrong.replace("/secrets/url", "/endpoint"))
    return found
