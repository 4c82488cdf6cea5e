"""Simulations: what would be decided, and that nothing follows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.store.tables import metadata

TICKETS = "https://payments.example/v1/tickets"
REFUND = {
    "agent": "billing-bot",
    "action": "create_refund",
    "parameters": {"order": "ORD-1", "amount": 5000, "currency": "EUR"},
}
TICKET = {"agent": "billing-bot", "action": "create_ticket", "parameters": {"subject": "late"}}
DENY = {
    "id": "no-tickets",
    "name": "No tickets",
    "priority": 2000,
    "conditions": [{"field": "action", "operator": "equals", "value": "create_ticket"}],
    "action": {"type": "deny", "reason": "not now"},
}


async def counts(control: Control) -> dict[str, int]:
    """How many rows each table has."""
    tables = metadata.sorted_tables
    return await control.app.store.read(
        lambda conn: {one.name: conn.scalar(select(func.count()).select_from(one)) or 0 for one in tables}
    )


async def simulated(people: People, **body: Any) -> dict[str, Any]:
    status, answer = await people.ask("oscar", "POST", "/simulation", body)
    assert status == 201, answer
    return dict(answer["data"])


async def test_scenarios_against_the_policy_in_force_leave_no_trace(control: Control, people: People) -> None:
    before = await counts(control)
    odd = {**TICKET, "parameters": {"subject": 7}}
    unknown = {**TICKET, "action": "no_such_action"}
    told = await simulated(people, name="tuesday", scenarios=[REFUND, TICKET, odd, unknown])
    assert told["summary"]["decisions"] == {
        "allowed": 0,
        "pending_approval": 2,
        "denied": 2,
        "rate_limited": 0,
    }
    refund, ticket, wrong, missing = told["items"]
    assert (refund["decision"], refund["risk_tier"], refund["asked"]) == (
        "pending_approval",
        "T2",
        ["finance"],
    )
    assert (refund["required_approvers"], refund["mfa"], refund["enforced"]) == (2, True, True)
    assert (ticket["risk_tier"], wrong["code"], missing["code"]) == (
        "T1",
        "invalid_parameter",
        "unmapped_action",
    )
    after = await counts(control)
    grown = {name for name in after if after[name] != before[name]}
    assert grown - {"checkpoints", "settings"} == {
        "simulations"
    }  # the trail's own sequencer writes those two


async def test_a_candidate_is_tried_and_is_not_in_force(control: Control, people: People) -> None:
    told = await simulated(people, scenarios=[TICKET], candidate={"rules": [DENY]})
    assert (told["policy"], told["items"][0]["decision"]) == ("candidate", "denied")
    assert told["items"][0]["rule"]["id"] == "no-tickets"
    assert (await simulated(people, scenarios=[TICKET]))["items"][0]["decision"] == "pending_approval"
    wrong = {**DENY, "action": {"type": "explode"}}
    body = {"scenarios": [TICKET], "candidate": {"rules": [wrong]}}
    assert (await people.ask("oscar", "POST", "/simulation", body))[0] == 422


async def test_recorded_intents_are_told_before_and_after(
    control: Control, people: People, bot: Gate
) -> None:
    held = await bot.consult("POST", TICKETS, {"subject": "one"})
    await bot.consult("GET", "https://payments.example/v1/orders/O-1")
    told = await simulated(people, recorded={"action": "create_ticket"}, candidate={"rules": [DENY]})
    (item,) = told["items"]
    assert (item["intent_id"], item["before"]["decision"]) == (held.intent_id, "pending_approval")
    assert (item["decision"], item["changed"], told["summary"]["changed"]) == ("denied", True, 1)
    _, still = await people.ask("audrey", "GET", f"/intents/{held.intent_id}")
    assert still["data"]["status"] == "pending_approval"


async def test_they_are_kept_and_paged(people: People) -> None:
    made = await simulated(people, scenarios=[TICKET] * 3)
    path = f"/simulation/{made['simulation_id']}"
    _, page = await people.ask("victor", "GET", f"{path}?limit=2")
    assert (len(page["data"]["items"]), page["data"]["total"], page["data"]["has_more"]) == (2, 3, True)
    _, rest = await people.ask("victor", "GET", f"{path}?limit=2&cursor={page['data']['next_cursor']}")
    assert len(rest["data"]["items"]) == 1
    _, listed = await people.ask("victor", "GET", "/simulation")
    assert [one["simulation_id"] for one in listed["data"]["simulations"]] == [made["simulation_id"]]
    assert (await people.ask("victor", "GET", "/simulation/sim-none"))[0] == 404


async def test_what_is_asked_is_one_thing_of_somebody_known(people: People) -> None:
    for body in ({}, {"scenarios": [TICKET], "recorded": {}}, {"scenarios": [{**TICKET, "agent": "nobody"}]}):
        assert (await people.ask("oscar", "POST", "/simulation", body))[0] == 422, body
    assert (await people.ask("victor", "POST", "/simulation", {"scenarios": [TICKET]}))[0] == 403


async def test_rates_are_those_of_the_scenarios_and_a_freeze_is_told(
    control: Control, people: People
) -> None:
    limit = {
        "id": "one-a-minute",
        "name": "One a minute",
        "priority": 2000,
        "conditions": [{"field": "action", "operator": "equals", "value": "create_ticket"}],
        "action": {"type": "rate_limit", "limit": 1},
    }
    told = await simulated(people, scenarios=[TICKET, TICKET], candidate={"rules": [limit]})
    assert [item["decision"] for item in told["items"]] == ["pending_approval", "rate_limited"]
    await people.ask("ada", "POST", "/freeze", {"tenant": True, "reason": "drill"})
    (item,) = (await simulated(people, scenarios=[TICKET]))["items"]
    assert (item["decision"], item["code"]) == ("denied", "frozen")


async def test_they_can_be_turned_off(control: Control, people: People) -> None:
    control.app.config = control.app.config.model_copy(update={"simulation": False})
    status, answer = await people.ask("oscar", "POST", "/simulation", {"scenarios": [TICKET]})
    assert (status, answer["error"]["code"]) == (409, "conflict")
