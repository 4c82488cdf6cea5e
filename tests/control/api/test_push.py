"""Devices of people by API: what is a subscription, whose it is, and that nobody is shown its address."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from people import People
from planes import Control
from push_kit import Browser, b64, unb64
from vienna_control import rows
from vienna_control.store.tables import entries, integrations

ENDPOINT = "https://push.example:8443/send/canary-of-the-address"


async def test_a_device_is_its_owners_and_its_address_nobodys(control: Control, people: People) -> None:
    browser = Browser(ENDPOINT)
    status, made = await people.ask("alice", "POST", "/push/subscriptions", browser.body(name="phone"))
    assert (status, made["data"]["name"], made["data"]["host"]) == (201, "phone", "push.example")
    _, listed = await people.ask("alice", "GET", "/push/subscriptions")
    assert listed["data"]["subscriptions"] == [made["data"]]
    device = made["data"]["subscription_id"]
    for who in ("bob", "ada"):
        assert (await people.ask(who, "GET", "/push/subscriptions"))[1]["data"]["total"] == 0
        assert (await people.ask(who, "DELETE", f"/push/subscriptions/{device}"))[0] == 404
    for path in (f"/integrations/{device}", f"/integrations/{device}/deliveries"):
        assert (await people.ask("ada", "GET", path))[0] == 404
    _, channels = await people.ask("ada", "GET", "/integrations")
    _, types = await people.ask("ada", "GET", "/integrations/types")
    assert (channels["data"]["total"], "web_push" in types["data"]["types"]) == (0, False)
    kept = await control.app.store.read(lambda c: rows.first(c, select(integrations)))
    trail = await control.app.store.read(lambda c: c.scalars(select(entries.c.body)).all())
    for told in (made, listed, dict(kept or {}), trail):
        assert "canary" not in str(told)
        assert b64(browser.auth) not in str(told)
    status, gone = await people.ask("alice", "DELETE", f"/push/subscriptions/{device}")
    assert (status, gone["data"]) == (200, {"subscription_id": device, "removed": True})
    assert (await people.ask("alice", "GET", "/push/subscriptions"))[1]["data"]["total"] == 0


async def test_a_browser_rings_for_whoever_subscribed_it_last(control: Control, people: People) -> None:
    browser = Browser(ENDPOINT)
    for who in ("alice", "alice", "bob"):
        assert (await people.ask(who, "POST", "/push/subscriptions", browser.body()))[0] == 201
    assert (await people.ask("alice", "GET", "/push/subscriptions"))[1]["data"]["total"] == 0
    assert (await people.ask("bob", "GET", "/push/subscriptions"))[1]["data"]["total"] == 1


async def test_a_person_has_so_many_devices(people: People) -> None:
    told = [
        (await people.ask("alice", "POST", "/push/subscriptions", Browser(f"{ENDPOINT}/{n}").body()))[0]
        for n in range(11)
    ]
    assert told == [201] * 10 + [409]
    assert (await people.ask("alice", "POST", "/push/subscriptions", Browser(f"{ENDPOINT}/3").body()))[
        0
    ] == 201


def _bad() -> dict[str, tuple[dict[str, Any], str]]:
    good = Browser(ENDPOINT).body()

    def keys(**more: str) -> dict[str, Any]:
        return {**good, "keys": {**good["keys"], **more}}

    point = bytearray(unb64(good["keys"]["p256dh"]))
    point[-1] ^= 1
    return {
        "an address of ours": ({**good, "endpoint": "https://127.0.0.1/canary"}, "/endpoint"),
        "a metadata service": ({**good, "endpoint": "https://169.254.169.254/canary"}, "/endpoint"),
        "a user name": ({**good, "endpoint": "https://canary:x@push.example/"}, "/endpoint"),
        "a word": ({**good, "endpoint": "canary-is-no-url"}, "/endpoint"),
        "too long": ({**good, "endpoint": f"https://push.example/{'canary' * 400}"}, "/endpoint"),
        "off the curve": (keys(p256dh=b64(bytes(point))), "/keys/p256dh"),
        "a short point": (keys(p256dh=b64(bytes(point[:33]))), "/keys/p256dh"),
        "a short secret": (keys(auth=b64(b"canary-canary!!")), "/keys/auth"),
        "padded": (keys(auth=good["keys"]["auth"] + "=="), "/keys/auth"),
        "no keys": ({"endpoint": ENDPOINT, "keys": {}}, "/keys/p256dh"),
        "a zone": ({**good, "routing": {"zone": "Mars/Base"}}, "/routing/zone"),
    }


async def test_what_is_no_subscription_is_refused_and_not_repeated(people: People) -> None:
    for case, (body, field) in _bad().items():
        status, answer = await people.ask("alice", "POST", "/push/subscriptions", body)
        told = json.dumps(answer)
        assert (status, field in told) == (422, True), (case, answer)
        assert "canary" not in told, case
        assert body["keys"].get("auth", "-/-") not in told, case


async def test_the_key_stays(control: Control, people: People) -> None:
    _, first = await people.ask("alice", "GET", "/push/key")
    _, again = await people.ask("victor", "GET", "/push/key")
    assert first["data"] == again["data"]
    raw = unb64(first["data"]["key"])
    assert (len(raw), raw[0]) == (65, 4)
