"""The fleet by API: registering, stopping, trusting, and the ladder."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gate_end import Gate
from people import People
from planes import AGENT_KEY, Control
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_kernel import wire

TICKETS = "https://payments.example/v1/tickets"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"max_agents": 3}


async def test_an_agent_is_registered_with_a_key_that_is_shown_once(control: Control, people: People) -> None:
    body = {
        "name": "support-agent-01",
        "description": "Customer support automation agent",
        "allowed_actions": ["create_ticket"],
        "metadata": {"framework": "langchain", "owner": "platform-team"},
    }
    status, answer = await people.ask("oscar", "POST", "/fleet", body)
    made = answer["data"]
    assert (status, made["status"], made["trust_score"]) == (201, "active", 50)
    assert made["agent_id"].startswith("agt-")
    assert made["api_key"].startswith("vos_agent_k1_")
    _, answer = await people.ask("audrey", "GET", f"/fleet/{made['agent_id']}")
    assert "api_key" not in answer["data"]
    assert answer["data"]["stats"]["total_intents"] == 0
    intent = {"action": "create_refund", "parameters": {"order": "O"}}
    _, denied, _ = await control.ask("POST", "/api/v1/agent/intent", key=made["api_key"], body=intent)
    assert (denied["data"]["status"], denied["data"]["code"]) == ("denied", "action_not_allowed")


async def test_names_are_unique_and_the_registry_is_bounded(people: People) -> None:
    assert (await people.ask("oscar", "POST", "/fleet", {"name": "billing-bot"}))[0] == 409
    assert (await people.ask("oscar", "POST", "/fleet", {"name": "second"}))[0] == 201
    assert (await people.ask("oscar", "POST", "/fleet", {"name": "third"}))[0] == 201
    status, answer = await people.ask("oscar", "POST", "/fleet", {"name": "fourth"})
    assert (status, answer["error"]["code"]) == (409, "conflict")
    _, listed = await people.ask("audrey", "GET", "/fleet")
    assert (listed["data"]["total"], listed["data"]["summary"]["active"]) == (3, 3)


async def test_suspension_cancels_what_waits_revokes_what_is_unused_and_wakes_whoever_holds(
    control: Control, people: People, bot: Gate
) -> None:
    ticket = {"subject": "late parcel"}
    held = await bot.consult("POST", TICKETS, ticket)
    body = {"action": "create_ticket", "parameters": {"subject": "by api"}}
    _, asked, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
    await people.approve("carol", asked["data"]["approval"]["approval_id"], otp=None)
    status, answer = await people.ask("ada", "POST", "/fleet/billing-bot/suspend", {"reason": "odd"})
    told = answer["data"]
    assert (status, told["pending_intents_cancelled"], told["warrants_revoked"]) == (200, 2, 1)
    assert (await bot.told(wire.Revoked)).warrant_ids
    _, one = await people.ask("audrey", "GET", f"/approvals/{held.approval_id}")
    assert (one["data"]["status"], one["data"]["intent_status"]) == ("cancelled", "cancelled")
    refused = await bot.consult("POST", TICKETS, ticket)
    assert refused.reason == "agent_suspended"


async def test_a_suspension_with_an_end_ends_by_itself(
    control: Control, people: People, bot: Gate, clock: FixedClock
) -> None:
    body = {"reason": "cool down", "duration": "PT2H"}
    await people.ask("ada", "POST", "/fleet/billing-bot/suspend", body)
    clock.advance(timedelta(hours=2))
    await Expiry(control.app.store, clock).sweep()
    assert (await bot.consult("GET", "https://payments.example/v1/orders/O")).verdict == "granted"
    status, answer = await people.ask(
        "ada", "POST", "/fleet/billing-bot/suspend", {"reason": "x", "duration": "2 days"}
    )
    assert (status, answer["error"]["code"]) == (422, "validation_failed")


async def test_trust_by_hand_is_recorded_with_its_reason(people: People) -> None:
    body = {"trust_score": 80, "reason": "a good year"}
    status, answer = await people.ask("oscar", "PUT", "/fleet/billing-bot/trust", body)
    assert (status, answer["data"]["previous_trust_score"], answer["data"]["new_trust_score"]) == (
        200,
        50,
        80,
    )
    _, one = await people.ask("audrey", "GET", "/fleet/billing-bot")
    assert one["data"]["trust_history"][0]["reason"] == "a good year"
    _, told = await people.ask("audrey", "GET", "/fleet/billing-bot/activity?limit=1")
    assert told["data"]["activities"][0]["type"] == "trust_changed"


async def test_ten_verified_successes_raise_trust_once(control: Control, people: People, bot: Gate) -> None:
    from gate_end import request

    for number in range(10):
        ticket = {"subject": f"case {number}"}
        held = await bot.consult("POST", TICKETS, ticket)
        await people.approve("carol", held.approval_id, otp=None)
        granted = await bot.consult("POST", TICKETS, ticket)
        await bot.outcome(request("POST", TICKETS, ticket), granted, 201, {"id": "T", **ticket})
    _, one = await people.ask("audrey", "GET", "/fleet/billing-bot")
    assert one["data"]["trust_score"] == 51.5
    assert len(one["data"]["trust_history"]) == 1
    assert one["data"]["stats"]["verification_pass_rate"] == 1.0


async def test_the_ladder_goes_down_only_with_noise(people: People, bot: Gate) -> None:
    status, answer = await people.ask("oscar", "PATCH", "/fleet/billing-bot", {"enforcement": "observe"})
    assert (status, answer["error"]["code"]) == (409, "conflict")
    _, asked = await people.ask("ada", "POST", "/fleet/billing-bot/promote", {"to": "observe"})
    assert (asked["data"]["confirmed"], asked["data"]["enforcement"]) == (False, "enforce")
    _, done = await people.ask(
        "ada", "POST", "/fleet/billing-bot/promote", {"to": "observe", "confirm": True}
    )
    assert (done["data"]["confirmed"], done["data"]["enforcement"]) == (True, "observe")
    await bot.told(wire.BundleChanged)
    await bot.fetch()
    assert bot.bundle["agent"]["enforcement"] == "observe"


async def test_in_prod_going_down_takes_two_admins(tmp_path: Path, clock: FixedClock) -> None:
    from vienna_control.fleet import enforcement, registry
    from vienna_control.store import Store

    store = Store.open(f"sqlite:///{tmp_path / 'v.db'}", clock=clock)
    agent = await store.write(
        lambda tx: registry.register(
            tx, registry.Agent(id="", tenant="default", name="a"), actor="system", most=9
        )
    )

    async def step(who: str) -> str:
        return await store.write(
            lambda tx: enforcement.move(
                tx, agent, "observe", who=who, actor=f"operator:{who}", two_people=True
            )
        )

    assert await step("ada") == "second_person_needed"
    assert await step("ada") == "second_person_needed"
    assert await step("bea") == "done"
    await store.close()


async def watched(people: People, bot: Gate) -> None:
    """The agent is only watched, and its gate goes by it."""
    await people.ask("ada", "POST", "/fleet/billing-bot/promote", {"to": "observe", "confirm": True})
    await bot.told(wire.BundleChanged)
    await bot.fetch()


async def forecast(people: People, to: str = "enforce") -> Any:
    _, answer = await people.ask("audrey", "GET", f"/fleet/billing-bot/forecast?to={to}")
    return answer["data"]


async def test_the_forecast_tells_what_would_be_asked_and_what_would_break(people: People, bot: Gate) -> None:
    await watched(people, bot)
    await bot.consult("POST", TICKETS, {"subject": "a"})
    await bot.consult("GET", "https://news.example/today")
    await bot.consult("GET", "https://news.example/tomorrow")  # a host is asked about once
    await bot.consult("POST", "https://news.example/comments", {"text": "hi"})
    told = await forecast(people)
    assert (told["calls"], told["would_hold"], told["would_deny"]) == (4, 2, 1)
    assert told["denied_reasons"] == [{"name": "unmapped_action", "count": 1}]
    assert told["unmapped_hosts"] == [{"name": "news.example", "count": 3}]
    assert told["asked"] == [{"name": "any approver", "count": 2}]
    assert told["peak_hour"] == {"at": "2026-03-02T10:00Z", "approvals": 2}
    (broken,) = told["breaks"]
    assert (broken["action"], broken["target"], broken["count"]) == ("http.post", "https://news.example", 1)
    assert told["proposals"] == []  # nothing of it is repetitive
    high = await forecast(people, "enforce_high")
    assert high["would_hold"] == 0


async def test_the_forecast_is_by_the_policy_of_today(people: People, bot: Gate) -> None:
    await watched(people, bot)
    for number in range(5):
        await bot.consult("POST", TICKETS, {"subject": f"case number {number}"})
    before = await forecast(people)
    assert (before["would_hold"], before["would_deny"]) == (5, 0)
    (proposal,) = before["proposals"]
    assert (proposal["kind"], proposal["covers"]) == ("standing", 5)
    rule = {"name": "no tickets", "priority": 500, "expression": "action == 'create_ticket'"}
    await people.ask("oscar", "POST", "/policies", rule | {"action": {"type": "deny", "reason": "none"}})
    after = await forecast(people)
    assert (after["would_hold"], after["would_deny"], after["proposals"]) == (0, 5, [])
    assert after["breaks"][0]["rule"] == "no tickets"


async def test_a_consent_in_advance_is_taken_off(people: People, bot: Gate) -> None:
    await watched(people, bot)
    for number in range(5):
        await bot.consult("POST", TICKETS, {"subject": f"case number {number}"})
    (proposal,) = (await forecast(people))["proposals"]
    status, answer = await people.ask("oscar", "POST", proposal["path"], proposal["body"] | {"count": 3})
    assert status == 201, answer
    _, pending = await people.ask("carol", "GET", "/approvals?status=pending")
    await people.approve("carol", pending["data"]["approvals"][0]["approval_id"], otp=None)
    told = await forecast(people)
    assert (told["covered_by_standing"], told["would_hold"]) == (3, 2)


async def test_a_host_that_was_only_watched_is_not_known(people: People, bot: Gate) -> None:
    await watched(people, bot)
    await bot.consult("GET", "https://news.example/today")
    await people.ask("ada", "POST", "/fleet/billing-bot/promote", {"to": "enforce", "confirm": True})
    await bot.told(wire.BundleChanged)
    await bot.fetch()
    assert (await bot.consult("GET", "https://news.example/tomorrow")).verdict == "held"


async def test_agents_are_found_by_what_they_are(people: People) -> None:
    body = {"name": "build-bot", "type": "assistant", "enforcement": "observe"}
    await people.ask("oscar", "POST", "/fleet", body)

    async def found(query: str) -> list[str]:
        _, answer = await people.ask("victor", "GET", f"/fleet?{query}")
        return [agent["name"] for agent in answer["data"]["agents"]]

    assert await found("type=assistant") == ["build-bot"]
    assert await found("enforcement=enforce&status=active") == ["billing-bot"]
    assert await found("name=b") == ["billing-bot", "build-bot"]
    assert await found("name=b%25") == []
    _, page = await people.ask("victor", "GET", "/fleet?limit=1")
    assert (page["data"]["total"], page["data"]["has_more"]) == (2, True)
    assert await found(f"limit=1&cursor={page['data']['next_cursor']}") == ["build-bot"]


async def test_an_agent_is_changed_and_its_trust_is_told_page_by_page(people: People) -> None:
    change = {"allowed_actions": ["get_order"], "metadata": {"owner": "ada"}, "description": "pays back"}
    status, answer = await people.ask("oscar", "PATCH", "/fleet/billing-bot", change)
    assert (status, {name: answer["data"][name] for name in change}) == (200, change)
    for score in (60, 70, 80):
        await people.ask(
            "oscar", "PUT", "/fleet/billing-bot/trust", {"trust_score": score, "reason": f"to {score}"}
        )
    _, first = await people.ask("audrey", "GET", "/fleet/billing-bot/trust?limit=2")
    assert [(row["before"], row["after"]) for row in first["data"]["trust_events"]] == [(70, 80), (60, 70)]
    cursor = first["data"]["next_cursor"]
    _, rest = await people.ask("audrey", "GET", f"/fleet/billing-bot/trust?limit=2&cursor={cursor}")
    assert [(row["reason"], row["actor"][:9]) for row in rest["data"]["trust_events"]] == [
        ("to 60", "operator:")
    ]


async def test_a_retired_agent_is_out_for_good(control: Control, people: People, bot: Gate) -> None:
    assert (await people.ask("ada", "DELETE", "/fleet/billing-bot"))[0] == 200
    refused = await bot.consult("GET", "https://payments.example/v1/orders/O")
    assert (refused.verdict, refused.reason) == ("refused", "agent_unknown")
    status, _, _ = await control.ask("GET", "/api/v1/intents", key=AGENT_KEY)
    assert status == 401
