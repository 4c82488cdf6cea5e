"""Standing in for somebody, by API: who may, what it is worth, and what the trail keeps of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import select

from gate_end import Gate
from people import People
from planes import NOW, Control
from vienna_control import rows
from vienna_control.clock import FixedClock, iso
from vienna_control.store.tables import entries

REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}  # two of finance
WEEK = iso(NOW + timedelta(days=7))


async def lend(people: People, who: str, to: str, **more: Any) -> tuple[int, Any]:
    body = {"to": f"{to}@example.com", "ends_at": WEEK, **more}
    return await people.ask(who, "POST", "/delegations", body)


async def test_a_stand_in_counts_once_and_the_trail_says_for_whom(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert (await people.approve("carol", held.approval_id))[0] == 403  # of devops
    assert (await lend(people, "alice", "carol"))[0] == 201
    _, one = await people.ask("carol", "GET", f"/approvals/{held.approval_id}")
    assert (one["data"]["you_may_decide"], one["data"]["in_place_of"]) == (True, "alice@example.com")
    status, answer = await people.approve("carol", held.approval_id)
    assert (status, answer["data"]["current_approvals"]) == (200, 1)
    # alice may still have her say, and it is the same one
    status, answer = await people.approve("alice", held.approval_id)
    assert (status, answer["data"]["status"], answer["data"]["current_approvals"]) == (200, "pending", 2)
    assert answer["data"]["missing"] == ["1 more of group finance"]
    status, answer = await people.approve("bob", held.approval_id)
    assert (status, answer["data"]["status"]) == (200, "approved")
    assert (await bot.consult("POST", REFUNDS, REFUND)).verdict == "granted"
    _, one = await people.ask("bob", "GET", f"/approvals/{held.approval_id}")
    assert [vote["in_place_of"] for vote in one["data"]["votes"]] == ["alice@example.com", None, None]
    query = select(entries.c.body).where(entries.c.type == "approval_vote").order_by(entries.c.arrival)
    found = await control.app.store.read(lambda conn: rows.every(conn, query))
    voted = [orjson.loads(row["body"])["data"].get("for") for row in found]
    assert [bool(one) for one in voted] == [True, False, False]


async def test_nobody_stands_in_twice_or_for_who_has_spoken(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    await lend(people, "alice", "carol")
    await lend(people, "bob", "carol")
    assert (await people.approve("alice", held.approval_id))[0] == 200
    # carol stands in for bob now: alice has had her say
    status, answer = await people.approve("carol", held.approval_id, in_place_of="alice@example.com")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    status, answer = await people.approve("carol", held.approval_id, in_place_of="xenia@example.com")
    assert (status, answer["error"]["message"]) == (403, "you do not stand in for xenia@example.com")
    status, answer = await people.approve("carol", held.approval_id)
    assert (status, answer["data"]["status"]) == (200, "approved")
    assert (await people.approve("carol", held.approval_id))[0] == 409


async def test_never_for_a_request_of_either(bot: Gate, people: People) -> None:
    await lend(people, "alice", "carol")
    for owner in ("alice", "carol"):
        change = {"metadata": {"owner": f"{owner}@example.com"}}
        assert (await people.ask("oscar", "PATCH", "/fleet/billing-bot", change))[0] == 200
        held = await bot.consult("POST", REFUNDS, REFUND | {"order": owner})
        status, answer = await people.approve("carol", held.approval_id)
        assert (status, answer["error"]["code"]) == (403, "forbidden")
        assert answer["error"]["message"] == "nobody decides a request of their own"


async def test_what_is_lent_ends_and_is_not_handed_on(bot: Gate, people: People, clock: FixedClock) -> None:
    status, made = await lend(people, "alice", "carol", starts_at=iso(NOW + timedelta(days=1)))
    assert (status, made["data"]["holds"]) == (201, False)
    assert (await lend(people, "carol", "ada"))[0] == 422  # ada is no approver by role
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert (await people.approve("carol", held.approval_id))[0] == 403  # not yet
    clock.advance(timedelta(days=1))
    held = await bot.consult("POST", REFUNDS, REFUND | {"order": "ORD-2"})
    _, mine = await people.ask("carol", "GET", "/approvals?mine=true")
    assert [one["approval_id"] for one in mine["data"]["approvals"]][:1] == [held.approval_id]
    for who, expected in (("bob", 404), ("carol", 200)):
        path = f"/delegations/{made['data']['delegation_id']}"
        assert (await people.ask(who, "DELETE", path))[0] == expected
    assert (await people.approve("carol", held.approval_id))[0] == 403


async def test_what_may_not_be_lent(people: People) -> None:
    for to, more, why in (
        ("alice", {}, "nobody stands in for themselves"),
        ("zoe", {}, "/to: there is no such operator"),
        ("oscar", {}, "a stand-in has the role approver"),
        ("carol", {"groups": ["devops"]}, "only groups of one's own"),
        ("carol", {"ends_at": iso(NOW + timedelta(days=31))}, "30 days at most"),
        ("carol", {"ends_at": iso(NOW)}, "ends after it begins"),
    ):
        status, answer = await lend(people, "alice", to, **more)
        assert (status, why in answer["error"]["message"]) == (422, True), answer
    assert (await lend(people, "oscar", "carol"))[0] == 403
    await lend(people, "alice", "carol", groups=["finance"])
    for who, count in (("alice", 1), ("carol", 1), ("bob", 0), ("audrey", 1)):
        _, answer = await people.ask(who, "GET", "/delegations")
        assert answer["data"]["total"] == count
