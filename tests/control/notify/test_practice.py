"""A practice approval: from the ring to the vote, and nothing beyond."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import func, select

from people import People
from planes import Control
from push_kit import Browser
from receivers import Receiver
from vienna_control import rows
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_control.reports.content import Asked
from vienna_control.reports.figures import decided
from vienna_control.reports.figures import people as persons
from vienna_control.store.tables import deliveries, intents, warrants
from vienna_control.telemetry.moment import open_approvals

YEAR = Asked(
    id="rep-1",
    tenant="default",
    kind="summary",
    since="2026-01-01T00:00:00.000Z",
    until="2027-01-01T00:00:00.000Z",
)


@pytest.fixture
async def browser(people: People, service: Receiver) -> Browser:
    """Alice's; it rings at no hour but when she practises."""
    service.answer = lambda _: web.Response(status=201)
    found = Browser(f"{service.url}/push/alice")
    hours = {"hours": {"from": "20:00", "to": "22:00"}}
    assert (await people.ask("alice", "POST", "/push/subscriptions", found.body(routing=hours)))[0] == 201
    return found


async def drained(control: Control) -> None:
    async with asyncio.timeout(60):
        await control.app.notify.sender.drain()


async def test_from_the_ring_to_the_vote(
    control: Control,
    people: People,
    browser: Browser,
    add_webhook: Any,
    service: Receiver,
    clock: FixedClock,
) -> None:
    await add_webhook(events=["approval_required", "approval_resolved", "approval_expired"])
    bob = Browser(f"{service.url}/push/bob")
    await people.ask("bob", "POST", "/push/subscriptions", bob.body())
    status, answer = await people.ask("alice", "POST", "/push/ring", {"tier": "T2"})
    assert (status, answer["data"]["devices"]) == (201, 1)
    approval_id = answer["data"]["approval_id"]
    await drained(control)
    came = await service.next()
    assert browser.told(came) == {
        "title": "Vienna: a practice approval waits (T2)",
        "approval_id": approval_id,
        "url": answer["data"]["url"],
    }
    _, mine = await people.ask("alice", "GET", "/approvals?mine=true")
    assert [one["approval_id"] for one in mine["data"]["approvals"]] == [approval_id]
    assert (await people.ask("bob", "GET", "/approvals?mine=true"))[1]["data"]["approvals"] == []
    assert (await people.approve("bob", approval_id))[0] == 403
    assert (await people.ask("alice", "POST", f"/approvals/{approval_id}/approve", {}))[1]["error"][
        "code"
    ] == "mfa_required"
    status, voted = await people.approve("alice", approval_id, justification="to try it")
    assert (status, voted["data"]["status"]) == (200, "approved"), voted
    assert (voted["data"]["intent_status"], voted["data"]["warrant_id"]) == ("cancelled", None)
    await drained(control)
    assert service.came.empty()  # no other channel was told, and no other device rang
    clock.advance(timedelta(days=1))
    assert await Expiry(control.app.store, clock).sweep() == 0
    assert await control.app.store.read(lambda c: c.scalar(select(func.count()).select_from(warrants))) == 0


async def test_nobody_who_counts_counts_it(control: Control, people: People, browser: Browser) -> None:
    async def counted() -> list[Any]:
        control.app.metrics._page = None
        about = re.compile(r"_(approval|votes|decisions|agents)")
        lines = (await control.app.metrics.page()).decode().splitlines()
        _, fleet = await people.ask("ada", "GET", "/fleet")
        _, doctor = await people.ask("ada", "GET", "/doctor")
        gates = [one for one in doctor["data"]["checks"] if one["name"] == "agents"]
        return [*(line for line in lines if about.search(line)), fleet["data"], gates]

    before = await counted()
    for vote in (people.approve, people.deny):
        _, answer = await people.ask("alice", "POST", "/push/ring")
        assert await counted() == before, "while it waits"
        control.app.metrics.counted._asked.clear()
        control.app.metrics.counted.recall(await control.app.store.read(open_approvals))
        assert (await vote("alice", answer["data"]["approval_id"]))[0] == 200
        assert await counted() == before, "and after it, in a process that came later"


async def test_what_is_made_of_one_is_told_as_what_it_is(
    control: Control, people: People, browser: Browser, clock: FixedClock
) -> None:
    _, answer = await people.ask("alice", "POST", "/push/ring")
    approval_id = answer["data"]["approval_id"]
    _, shown = await people.ask("bob", "GET", f"/approvals/{approval_id}")
    one = shown["data"]
    assert one["sentence"] == "Practice: nothing happens, whatever you answer"
    assert (one["agent"], one["action"], one["shown"]["kind"]) == (
        "vienna-practice",
        "vienna.practice",
        "practice",
    )
    assert one["you_may_decide"] is False
    for path in ("", "/timeline", "/explanation"):
        status, intent = await people.ask("ada", "GET", f"/intents/{one['intent_id']}{path}")
        assert status == 200, intent
    status, _ = await people.ask("alice", "POST", f"/approvals/{approval_id}/narrow", {"narrowed": {"x": 1}})
    assert status in (404, 409, 422)
    assert (await people.deny("alice", approval_id))[1]["data"]["intent_status"] == "denied"
    _, again = await people.ask("alice", "POST", "/push/ring")
    clock.advance(timedelta(minutes=11))
    assert await Expiry(control.app.store, clock).sweep() == 1
    _, late = await people.ask("alice", "GET", f"/approvals/{again['data']['approval_id']}")
    assert late["data"]["status"] == "expired"
    sections = await control.app.store.read(lambda c: [*decided(c, YEAR), *persons(c, YEAR)])
    assert [section.rows for section in sections if section.rows] == []
    assert await control.app.store.read(lambda c: c.scalar(select(func.count()).select_from(intents))) == 2


async def test_a_few_within_an_hour_and_none_without_a_device(
    people: People, browser: Browser, clock: FixedClock
) -> None:
    assert (await people.ask("bob", "POST", "/push/ring"))[0] == 409
    rung = [(await people.ask("alice", "POST", "/push/ring"))[0] for _ in range(7)]
    assert rung == [201] * 6 + [429]
    clock.advance(timedelta(minutes=61))
    assert (await people.ask("alice", "POST", "/push/ring"))[0] == 201


async def test_an_agent_that_calls_its_action_so_gets_no_other_treatment(control: Control) -> None:
    body = {"action": "vienna.practice", "simulation": True}
    await control.ask("POST", "/api/v1/agent/intent", key="agent", body=body)
    await control.ask("POST", "/api/v1/agent/intent", key="agent", body={"action": "vienna.practice"})
    sections = await control.app.store.read(lambda c: decided(c, YEAR))
    assert [row[-1] for row in sections[0].rows] == [1, 1]
    assert await control.app.store.read(lambda c: rows.first(c, select(deliveries))) is None
