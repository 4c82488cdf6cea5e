"""Freezes by API: what they end, whom they refuse, and that two people lift them."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from gate_end import Gate, request
from people import People
from planes import AGENT_KEY, Control
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_kernel import wire

ORDER = "https://payments.example/v1/orders/O-1"
TICKETS = "https://payments.example/v1/tickets"
TICKET = {"subject": "late parcel"}


async def frozen(people: People, level: str = "freeze", **scope: Any) -> dict[str, Any]:
    """A freeze by ada, in force."""
    body = {"level": level, "reason": "odd refunds", **(scope or {"tenant": True})}
    status, answer = await people.ask("ada", "POST", "/freeze", body)
    assert status == 201, answer
    return dict(answer["data"])


async def lift(people: People, freeze: dict[str, Any], who: str) -> tuple[int, Any]:
    body = {"freeze_id": freeze["freeze_id"], "reason": "looked into"}
    status, answer = await people.ask(who, "POST", "/unfreeze", body)
    return status, answer["data"] or answer["error"]


async def second_admin(people: People, control: Control) -> None:
    """oscar becomes an admin as well."""
    from sqlalchemy import update

    from vienna_control.store.tables import operators

    where = operators.c.email == "oscar@example.com"
    await control.app.store.write(
        lambda tx: tx.conn.execute(update(operators).where(where).values(role="admin"))
    )


async def test_it_ends_what_is_held_agreed_or_warranted_and_reads_go_on(
    control: Control, people: People, bot: Gate
) -> None:
    held = await bot.consult("POST", TICKETS, TICKET)
    agreed = await bot.consult("POST", TICKETS, {"subject": "another"})
    await people.approve("carol", agreed.approval_id, otp=None)
    intent = {"action": "create_ticket", "parameters": {"subject": "by api"}}
    _, asked, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=intent)
    await people.approve("carol", asked["data"]["approval"]["approval_id"], otp=None)

    made = await frozen(people)
    assert (made["pending_intents_cancelled"], made["warrants_revoked"]) == (3, 1)
    assert (made["scope"], made["in_force"]) == ({"tenant": True}, True)
    told = await bot.told(wire.BundleChanged)
    assert [(row.kind, row.level) for row in told.stops] == [("freeze", "freeze")]

    _, one = await people.ask("audrey", "GET", f"/approvals/{held.approval_id}")
    assert (one["data"]["status"], one["data"]["intent_status"]) == ("cancelled", "frozen")
    for body in (TICKET, {"subject": "another"}, {"subject": "new"}):
        refused = await bot.consult("POST", TICKETS, body)
        assert (refused.verdict, refused.reason) == ("refused", "frozen")
    _, again, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=intent)
    assert (again["data"]["status"], again["data"]["code"]) == ("frozen", "frozen")
    assert (await bot.consult("GET", ORDER)).verdict == "granted"

    await bot.fetch()
    assert [row["level"] for row in bot.bundle["freeze"]] == ["freeze"]
    _, trail = await people.ask("audrey", "GET", "/audit?type=freeze_changed")
    assert [entry["data"]["change"] for entry in trail["data"]["entries"]] == ["frozen"]
    _, alerts = await people.ask("audrey", "GET", "/audit?type=alert")
    assert alerts["data"]["entries"][0]["data"]["severity"] == "critical"


async def test_two_people_lift_it_within_the_hour(
    control: Control, people: People, bot: Gate, clock: FixedClock
) -> None:
    await second_admin(people, control)
    made = await frozen(people, "quarantine")
    assert (await lift(people, made, "carol"))[0] == 403
    assert (await lift(people, made, "ada"))[1]["step"] == "second_person_needed"
    assert (await lift(people, made, "ada"))[1]["step"] == "second_person_needed"
    assert (await bot.consult("GET", ORDER)).reason == "frozen"
    clock.advance(timedelta(hours=1))
    assert (await lift(people, made, "oscar"))[1]["step"] == "second_person_needed"
    status, done = await lift(people, made, "ada")
    assert (status, done["step"], done["in_force"]) == (200, "done", False)
    assert done["lifted"]["reason"] == "looked into"
    assert (await lift(people, made, "ada"))[0] == 409
    assert (await bot.consult("GET", ORDER)).verdict == "granted"
    _, listed = await people.ask("victor", "GET", "/freeze")
    assert (listed["data"]["freezes"], listed["data"]["in_force"]) == ([], 0)
    _, listed = await people.ask("victor", "GET", "/freeze?all=true")
    assert [row["freeze_id"] for row in listed["data"]["freezes"]] == [made["freeze_id"]]


async def test_overlapping_ones_are_rows_of_their_own(control: Control, people: People, bot: Gate) -> None:
    await second_admin(people, control)
    wide = await frozen(people, agent="billing-bot")
    narrow = await frozen(people, "quarantine", action="create_ticket", host="PAYMENTS.example")
    assert narrow["scope"] == {"action": "create_ticket", "host": "payments.example"}
    for who in ("ada", "oscar"):
        _, done = await lift(people, wide, who)
    assert done["step"] == "done"
    assert (await bot.consult("POST", TICKETS, TICKET)).reason == "frozen"
    assert (await bot.consult("GET", ORDER)).verdict == "granted", "another action of the same host"
    for who in ("ada", "oscar"):
        await lift(people, narrow, who)
    assert (await bot.consult("POST", TICKETS, TICKET)).verdict == "held", "people are asked anew"
    await bot.fetch_until(lambda bundle: bundle["stops"]["count"] == 2 and not bundle["freeze"])
    assert (bot.bundle["freeze"], bot.bundle["stops"]) == ([], {"last": 2, "count": 2})


async def test_no_warrant_is_minted_after_the_entry_of_a_freeze(
    control: Control, people: People, bot: Gate
) -> None:
    """Calls and a freeze in the same instant: what was granted was granted before it."""
    calls = [
        asyncio.ensure_future(bot.consult("POST", "https://payments.example/v1/nothing", {"n": n}))
        for n in range(10)
    ]
    reads = [asyncio.ensure_future(bot.consult("GET", ORDER)) for _ in range(10)]
    freezing = asyncio.ensure_future(frozen(people, "quarantine"))
    reads += [asyncio.ensure_future(bot.consult("GET", ORDER)) for _ in range(10)]
    await asyncio.gather(*calls, *reads, freezing)
    assert (await bot.consult("GET", ORDER)).reason == "frozen"
    _, trail = await people.ask("audrey", "GET", "/audit?limit=500")
    types = [entry["type"] for entry in reversed(trail["data"]["entries"])]
    assert "warrant_issued" not in types[types.index("freeze_changed") :]


async def test_an_attempt_that_was_granted_and_asks_again_is_called_back(people: People, bot: Gate) -> None:
    granted = await bot.consult("GET", ORDER, attempt="att-lost")
    assert granted.verdict == "granted"
    await frozen(people, "quarantine")
    again = await bot.consult("GET", ORDER, attempt="att-lost")
    assert (again.verdict, again.reason, again.intent_id) == ("refused", "frozen", granted.intent_id)
    first = await bot.consult("GET", ORDER, attempt="att-new")
    assert (await bot.consult("GET", ORDER, attempt="att-new")).intent_id == first.intent_id


async def test_it_revokes_standing_warrants_of_its_action(people: People, clock: FixedClock) -> None:
    terms = {
        "action": "create_refund",
        "agents": ["billing-bot"],
        "target": "payments:order/*",
        "limits": {"amount": {"max": 100}, "order": {}},
        "currency": "EUR",
        "count": 3,
        "expires_at": (clock.now() + timedelta(days=7)).isoformat(),
        "reason": "small refunds are many",
    }
    _, made = await people.ask("oscar", "POST", "/standing", terms)
    for voter in ("alice", "bob"):
        status, answer = await people.approve(voter, made["data"]["approval_id"])
        assert status == 200, answer
    path = f"/standing/{made['data']['standing_id']}"
    assert (await frozen(people, action="other.*"))["warrants_revoked"] == 0
    assert (await people.ask("victor", "GET", path))[1]["data"]["status"] == "active"
    assert (await frozen(people, action="create_refund"))["warrants_revoked"] == 1
    assert (await people.ask("victor", "GET", path))[1]["data"]["status"] == "revoked"
    _, late = await people.ask("oscar", "POST", "/standing", {**terms, "count": 4})
    clock.advance(timedelta(seconds=31))  # a code works once
    for voter in ("alice", "bob"):
        await people.approve(voter, late["data"]["approval_id"])
    _, told = await people.ask("victor", "GET", f"/standing/{late['data']['standing_id']}")
    assert told["data"]["status"] == "revoked", "no warrant is minted after the entry of a freeze"


async def test_a_freeze_holds_in_observe(people: People, bot: Gate) -> None:
    await people.ask("ada", "POST", "/fleet/billing-bot/promote", {"to": "observe", "confirm": True})
    await bot.told(wire.BundleChanged)
    await bot.fetch()
    await frozen(people, host="*.example")
    assert (await bot.consult("POST", TICKETS, TICKET)).reason == "frozen"


async def test_a_host_is_stopped_however_it_is_spelled_and_whatever_an_agent_called_a_target(
    control: Control, people: People, bot: Gate
) -> None:
    intent = {"action": "create_ticket", "parameters": {"subject": "odd"}, "target": "https://[odd"}
    _, asked, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=intent)
    assert asked["data"]["status"] == "pending_approval"
    made = await frozen(people, host="PAYMENTS.example.")
    assert made["scope"] == {"host": "payments.example"}
    assert (await bot.consult("POST", TICKETS, TICKET)).reason == "frozen"
    named = {**intent, "target": "https://Payments.example./v1"}
    _, asked, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=named)
    assert asked["data"]["code"] == "frozen"


async def test_quarantine_withholds_what_comes_back(people: People, bot: Gate) -> None:
    granted = await bot.consult("GET", ORDER)
    await frozen(people, "quarantine", host="payments.example")
    told = await bot.outcome(request("GET", ORDER), granted, 200, {"id": "O-1"})
    assert (told.withhold, told.reason) == (True, "frozen")
    _, one = await people.ask("audrey", "GET", f"/intents/{granted.intent_id}")
    assert one["data"]["execution"]["withheld"] is True


async def test_a_quarantined_agent_gets_no_answer_and_only_an_operator_ends_it(
    people: People, bot: Gate, clock: FixedClock
) -> None:
    granted = await bot.consult("GET", ORDER)
    body = {"reason": "odd", "level": "quarantine"}
    status, _ = await people.ask("ada", "POST", "/fleet/billing-bot/suspend", {**body, "duration": "PT1H"})
    assert status == 422
    status, answer = await people.ask("ada", "POST", "/fleet/billing-bot/suspend", body)
    assert (status, answer["data"]["level"]) == (200, "quarantine")
    told = await bot.outcome(request("GET", ORDER), granted, 200, {"id": "O-1"})
    assert (told.withhold, told.reason) == (True, "agent_suspended")
    _, one = await people.ask("audrey", "GET", "/fleet/billing-bot")
    assert (one["data"]["suspension"]["level"], one["data"]["suspension"]["reason"]) == ("quarantine", "odd")
    assert (await people.ask("ada", "POST", "/fleet/billing-bot/resume", {}))[0] == 422
    assert (await people.ask("ada", "POST", "/fleet/billing-bot/resume", {"reason": "fine"}))[0] == 200
    assert (await bot.consult("GET", ORDER)).verdict == "granted"
    await bot.fetch_until(lambda bundle: bundle["stops"]["count"] == 1 and not bundle["freeze"])
    assert (bot.bundle["freeze"], bot.bundle["stops"]["count"]) == ([], 1)


async def test_kill_hangs_up_on_its_gates_until_it_is_lifted(
    control: Control, people: People, bot: Gate
) -> None:
    await second_admin(people, control)
    narrow = await frozen(people, "kill", action="create_ticket")
    assert (await control.ask("GET", "/api/v1/sidecars/bundle", key=bot.key))[0] == 200
    made = await frozen(people, "kill", agent="billing-bot")
    assert bot._reader is not None
    await asyncio.wait_for(bot._reader, 60)
    assert bot.socket is not None
    assert bot.socket.close_code == 1008
    assert (await control.ask("GET", "/api/v1/sidecars/bundle", key=bot.key))[0] == 401
    for freeze in (made, narrow):
        for who in ("ada", "oscar"):
            await lift(people, freeze, who)
    await bot.connect()
    assert (await bot.consult("GET", ORDER)).verdict == "granted"


async def test_one_with_an_end_ends_by_itself(
    control: Control, people: People, bot: Gate, clock: FixedClock
) -> None:
    await frozen(people, tenant=True, duration="PT2H")
    clock.advance(timedelta(hours=2))
    await Expiry(control.app.store, clock).sweep()
    assert (await bot.consult("POST", TICKETS, TICKET)).verdict == "held"


async def test_a_scope_is_one_thing(people: People) -> None:
    for scope in (
        {},
        {"tenant": True, "host": "a.example"},
        {"host": "no spaces"},
        {"host": "a.example:443"},
        {"action": "a*"},
    ):
        status, _ = await people.ask("ada", "POST", "/freeze", {"reason": "x", **scope})
        assert status == 422, scope
    status, _ = await people.ask("ada", "POST", "/freeze", {"reason": "x", "agent": "nobody"})
    assert status == 404
