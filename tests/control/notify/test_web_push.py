"""Web Push: what a push service and a lock screen see, whose devices ring, and how one is taken away."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from gate_end import Gate
from people import People
from planes import Control
from push_kit import Browser, shown_by, unb64
from receivers import Receiver
from vienna_control import rows
from vienna_control.clock import FixedClock, from_iso
from vienna_control.notify import aes128gcm, web_push
from vienna_control.notify.message import Message
from vienna_control.store.tables import alerts, deliveries, entries, integrations

REFUNDS = "https://payments.example/v1/refunds"
VECTOR = Path(__file__).parents[2] / "vectors" / "rfc8291_appendix_a.json"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}


@pytest.fixture
def subscribe(people: People, service: Receiver) -> Any:
    """Subscribe a browser of somebody; it answers at ``/push/<who>``."""

    async def subscribing(who: str, **more: Any) -> tuple[Browser, str]:
        browser = Browser(f"{service.url}/push/{who}-{more.get('name', 'phone')}")
        status, answer = await people.ask(who, "POST", "/push/subscriptions", browser.body(**more))
        assert status == 201, answer
        return browser, str(answer["data"]["subscription_id"])

    service.answer = lambda _: web.Response(status=201)
    return subscribing


async def rung(control: Control, service: Receiver) -> list[str]:
    """The paths of all that was sent once everything that is due was tried."""
    async with asyncio.timeout(60):
        await control.app.notify.sender.drain()
    return sorted(service.came.get_nowait().path for _ in range(service.came.qsize()))


def test_the_vector_of_the_rfc() -> None:
    vector = json.loads(VECTOR.read_text())

    def private(name: str) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(unb64(vector[name])), ec.SECP256R1())

    body = aes128gcm.encrypt(
        unb64(vector["plain"]),
        to=aes128gcm.point(vector["p256dh"]),
        auth=aes128gcm.auth(vector["auth"]),
        key=private("sender_private"),
        salt=unb64(vector["salt"]),
    )
    assert body == unb64(vector["body"])
    browser = Browser("", key=private("receiver_private"), auth=unb64(vector["auth"]))
    assert browser.opened(body) == unb64(vector["plain"])


async def test_a_lock_screen_tells_nothing_and_the_service_less(
    control: Control, bot: Gate, people: People, subscribe: Any, service: Receiver, clock: FixedClock
) -> None:
    browser, device = await subscribe("alice")
    held = await bot.consult("POST", REFUNDS, REFUND)
    came = await service.next()
    assert browser.told(came) == {
        "title": "Vienna: an approval waits (T2)",
        "approval_id": held.approval_id,
        "url": f"/console/approvals/{held.approval_id}",
    }
    assert len(came.body) == 16 + 4 + 1 + 65 + web_push.PLAIN_BYTES + 1 + 16  # whatever is said
    _, key = await people.ask("alice", "GET", "/push/key")
    claims = shown_by(came, key["data"]["key"])
    assert claims["aud"] == service.url
    assert 0 < claims["exp"] - clock.now().timestamp() <= 24 * 3600
    assert claims["sub"].startswith(("mailto:", "https:"))
    _, approval = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    left = from_iso(approval["data"]["expires_at"]) - clock.now()
    assert came.headers["ttl"] == str(int(left.total_seconds()))
    assert came.headers["urgency"] == "high"
    assert came.headers["topic"] == web_push.topic(str(held.approval_id))
    assert len(came.headers["topic"]) == 32
    assert str(held.approval_id) not in str(came.headers)
    await rung(control, service)
    _, listed = await people.ask("alice", "GET", "/push/subscriptions")
    (shown,) = listed["data"]["subscriptions"]
    assert (shown["subscription_id"], shown["last_used_at"] is None) == (device, False)


def message(event: str, tier: str) -> Message:
    return Message(
        id="dlv-1",
        event=event,
        at="2026-03-02T10:00:00.000Z",
        tenant="default",
        data={"approval_id": "apr-1", "sentence": "bot wants to pay 5,000 EUR to Mallory"},
        about={"tier": tier, "agent": "bot", "action": "pay", "sentence": "Mallory", "unusual": "canary"},
        link="",
    )


@pytest.mark.parametrize(("tier", "event"), [("T1", "approval_required"), ("T3", "approval_escalated")])
def test_nothing_of_the_content_is_in_any_title(tier: str, event: str) -> None:
    told = web_push.told(message(event, tier))
    assert not any(word in told for word in (b"bot", b"pay", b"Mallory", b"canary"))
    assert len(told) < web_push.PLAIN_BYTES


async def test_those_who_are_asked_are_rung_and_nobody_else(
    control: Control, bot: Gate, people: People, subscribe: Any, service: Receiver
) -> None:
    await subscribe("alice")
    await subscribe("alice", name="tablet", routing={"tiers": ["T3"]})
    await subscribe("bob", routing={"zone": "Europe/Vienna", "hours": {"from": "20:00", "to": "22:00"}})
    await subscribe("ada")
    await subscribe("oscar")
    held = await bot.consult("POST", REFUNDS, REFUND)
    _, approval = await people.ask("ada", "GET", f"/approvals/{held.approval_id}")
    assert approval["data"]["groups"] == ["finance"]  # of which ada and oscar are not
    assert await rung(control, service) == ["/push/alice-phone"]


async def test_a_device_that_is_down_delays_no_other_and_is_not_rung_for_what_has_ended(
    control: Control, bot: Gate, people: People, subscribe: Any, service: Receiver, clock: FixedClock
) -> None:
    await subscribe("alice")
    await subscribe("bob")
    service.answer = lambda one: web.Response(status=503 if "alice" in one.path else 201)
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert await rung(control, service) == ["/push/alice-phone", "/push/bob-phone"]
    clock.advance(timedelta(seconds=10))
    assert await rung(control, service) == ["/push/alice-phone"]
    await people.deny("bob", str(held.approval_id))
    clock.advance(timedelta(minutes=1))
    assert await rung(control, service) == []


async def test_a_subscription_that_is_gone_is_taken_away(
    control: Control, bot: Gate, people: People, subscribe: Any, service: Receiver
) -> None:
    browsers = [(await subscribe(who))[0] for who in ("alice", "bob")]
    service.answer = lambda one: web.Response(status=410 if "alice" in one.path else 404)
    for order in ("ORD-1", "ORD-2"):
        await bot.consult("POST", REFUNDS, {**REFUND, "order": order})
    assert await rung(control, service) == ["/push/alice-phone", "/push/bob-phone"]
    left = await control.app.store.read(
        lambda c: [rows.every(c, select(table)) for table in (integrations, deliveries, alerts)]
    )
    assert not any(left)
    bodies = await control.app.store.read(lambda c: c.execute(select(entries.c.body)).scalars().all())
    removed = [body for body in map(json.loads, bodies) if body["data"].get("removed")]
    assert [one["actor"] for one in removed] == ["system"] * 2
    assert all("subscribed any more" in one["data"]["why"] for one in removed)
    assert not any(browser.endpoint in str(bodies) for browser in browsers)
