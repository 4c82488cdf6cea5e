"""The API's road: submit, wait, perform by oneself, report."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from gate_end import Gate, request
from people import People
from planes import AGENT_KEY, Control
from vienna_control import rows
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_control.store.tables import agents, entries, warrants
from vienna_kernel import wire

TICKET = {"subject": "late parcel"}
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
ORDER_URL = "https://payments.example/v1/orders/ORD-1"


async def submit(control: Control, action: str, parameters: Any, **more: Any) -> tuple[int, Any]:
    body = {"action": action, "parameters": parameters, **more}
    status, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
    return status, answer["data"] if status == 200 else answer["error"]


async def as_agent(control: Control, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    status, answer, _ = await control.ask(method, f"/api/v1{path}", key=AGENT_KEY, body=body)
    return status, answer["data"] if status == 200 else answer["error"]


async def register_noop(people: People, tier: str = "T0") -> None:
    kind = {
        "name": "health_check",
        "default_risk_tier": tier,
        "effect": "read",
        "reversibility": "reversible",
        "schema": {"service": {"type": "string", "required": True}},
        "handler": "noop",
    }
    status, answer = await people.ask("oscar", "POST", "/action-types", kind)
    assert status == 201, answer
    rule = {
        "id": "health",
        "priority": 1,
        "expression": "action == 'health_check'",
        "action": {"type": "allow"},
    }
    assert (await people.ask("oscar", "POST", "/policies", rule))[0] == 201


async def test_an_action_with_a_handler_is_executed_and_answered_in_the_published_shape(
    control: Control, people: People
) -> None:
    await register_noop(people)
    status, data = await submit(control, "health_check", {"service": "api"}, source={"platform": "langchain"})
    assert (status, data["status"], data["risk_tier"], data["mode"]) == (200, "executed", "T0", "direct")
    assert data["verification"]["status"] == "passed"
    assert data["verification"]["scope_match"] is True
    assert data["result"]["noop"] is True
    assert data["warrant"]["warrant_id"].startswith("wrt-")
    assert "token" not in data["warrant"]
    assert data["execution_id"].startswith("exec-")
    assert data["audit_id"].startswith("aud-")


async def test_a_handler_runs_only_after_people_have_agreed(control: Control, people: People) -> None:
    await register_noop(people, tier="T1")
    _, data = await submit(control, "health_check", {"service": "api"})
    assert data["status"] == "pending_approval"
    status, answer = await people.approve("carol", data["approval"]["approval_id"], otp=None)
    assert (status, answer["data"]["intent_status"]) == (200, "executed")


async def test_direct_without_a_handler_says_which_modes_there_are(control: Control) -> None:
    status, error = await submit(control, "create_refund", REFUND, mode="direct")
    assert (status, error["code"]) == (422, "validation_failed")
    assert "passback" in error["message"]


async def test_parameters_that_do_not_fit_are_named(control: Control) -> None:
    status, error = await submit(control, "create_refund", {"order": 7, "amount": 5000, "currency": "EUR"})
    assert (status, error["code"]) == (422, "validation_failed")
    assert error["details"][0]["field"] == "/parameters/order"


async def test_an_unknown_action_is_denied_before_policy(control: Control) -> None:
    status, data = await submit(control, "launch_rocket", {})
    assert (status, data["status"], data["code"]) == (200, "denied", "unmapped_action")


async def test_what_policy_denies_is_answered_with_its_reason(control: Control) -> None:
    status, data = await submit(control, "create_refund", {**REFUND, "amount": 50000})
    assert (status, data["status"], data["code"], data["rule"]) == (
        200,
        "denied",
        "policy_denied",
        "refund-ceiling",
    )
    assert "agents may not refund more than 10,000" in data["reason"]


async def test_passback_from_submission_to_report(control: Control, people: People) -> None:
    _, data = await submit(control, "create_ticket", TICKET, idempotency_key="k-1")
    assert data["status"] == "pending_approval"
    waiting = asyncio.create_task(as_agent(control, "GET", f"/intents/{data['intent_id']}/wait?timeout=20"))
    await asyncio.sleep(0.05)
    _, answer = await people.approve("carol", data["approval"]["approval_id"], otp=None)
    warrant_id = answer["data"]["warrant_id"]
    _, waited = await waiting
    assert (waited["status"], waited["warrant"]["warrant_id"]) == ("approved", warrant_id)
    assert "carol" not in str(waited)
    token = waited["warrant"]["token"]
    _, again = await submit(control, "create_ticket", TICKET, idempotency_key="k-1")
    assert (again["status"], again["warrant"]["token"]) == ("approved", token)
    report = {"warrant_id": warrant_id, "success": True, "status": 201, "extracted": TICKET}
    status, done = await as_agent(control, "POST", "/executions", report)
    assert (status, done["status"], done["grade"]) == (200, "executed", "reported")
    assert done["verification"]["result"] == "unverifiable"
    _, twice = await as_agent(control, "POST", "/executions", report)
    assert twice["execution_id"] == done["execution_id"]
    _, final = await submit(control, "create_ticket", TICKET, idempotency_key="k-1")
    assert final["status"] == "executed"


async def test_a_report_that_differs_from_what_was_approved_is_drift(
    control: Control, people: People
) -> None:
    _, data = await submit(control, "create_ticket", TICKET)
    _, answer = await people.approve("carol", data["approval"]["approval_id"], otp=None)
    report = {
        "warrant_id": answer["data"]["warrant_id"],
        "success": True,
        "extracted": {"subject": "something else"},
    }
    _, done = await as_agent(control, "POST", "/executions", report)
    assert done["verification"]["status"] == "failed"
    trust = await control.app.store.read(
        lambda conn: conn.scalar(select(agents.c.trust).where(agents.c.name == "billing-bot"))
    )
    assert trust == 40


async def test_an_idempotency_key_names_one_intent(control: Control) -> None:
    _, first = await submit(control, "create_ticket", TICKET, idempotency_key="k-1")
    status, error = await submit(control, "create_ticket", {"subject": "other"}, idempotency_key="k-1")
    assert (status, error["code"]) == (409, "conflict")
    _, again = await submit(control, "create_ticket", TICKET, idempotency_key="k-1")
    assert again["intent_id"] == first["intent_id"]


async def test_the_same_intent_sent_again_while_people_decide_waits_for_the_same_approval(
    control: Control,
) -> None:
    _, first = await submit(control, "create_refund", REFUND)
    _, again = await submit(control, "create_refund", REFUND)
    assert again["approval"]["approval_id"] == first["approval"]["approval_id"]


async def test_a_warrant_nobody_used_in_time_is_minted_anew_while_the_approval_lasts(
    control: Control, people: People, clock: FixedClock
) -> None:
    _, data = await submit(control, "create_ticket", TICKET)
    _, answer = await people.approve("carol", data["approval"]["approval_id"], otp=None)
    clock.advance(timedelta(minutes=11))
    await Expiry(control.app.store, clock).sweep()
    _, again = await submit(control, "create_ticket", TICKET)
    assert again["status"] == "approved"
    assert again["intent_id"] == data["intent_id"]
    assert again["warrant"]["warrant_id"] != answer["data"]["warrant_id"]
    statuses = await control.app.store.read(
        lambda conn: [row["status"] for row in rows.every(conn, select(warrants.c.status))]
    )
    assert sorted(statuses) == ["expired", "issued"]


async def test_a_handed_out_warrant_is_used_on_the_wire_once(
    control: Control, people: People, bot: Gate
) -> None:
    url = "https://payments.example/v1/tickets"
    target = bot.mapped(request("POST", url, TICKET)).intents[0].target
    _, data = await submit(control, "create_ticket", TICKET, target=target)
    _, answer = await people.approve("carol", data["approval"]["approval_id"], otp=None)
    _, intent = await as_agent(control, "GET", f"/intents/{data['intent_id']}")
    token = intent["warrant"]["token"]
    other = await bot.consult("POST", url, {"subject": "another"}, presented=token)
    assert (other.verdict, other.reason) == ("refused", "warrant_scope")
    granted = await bot.consult("POST", url, TICKET, presented=token)
    assert (granted.verdict, granted.warrant_id) == ("granted", answer["data"]["warrant_id"])
    again = await bot.consult("POST", url, TICKET, presented=token)
    assert (again.verdict, again.reason) == ("refused", "warrant_consumed")
    told = await bot.outcome(request("POST", url, TICKET), granted, 201, {"id": "T-1", **TICKET})
    assert isinstance(told, wire.Recorded)
    _, final = await as_agent(control, "GET", f"/intents/{data['intent_id']}")
    assert (final["status"], final["grade"]) == ("executed", "intercepted")


async def test_a_handed_out_warrant_holds_no_more_than_policy_asks_when_it_is_used(
    people: People, bot: Gate, control: Control
) -> None:
    url = "https://payments.example/v1/tickets"
    target = bot.mapped(request("POST", url, TICKET)).intents[0].target
    _, data = await submit(control, "create_ticket", TICKET, target=target)
    await people.approve("carol", data["approval"]["approval_id"], otp=None)
    _, intent = await as_agent(control, "GET", f"/intents/{data['intent_id']}")
    harder = {
        "name": "tickets are for finance",
        "priority": 900,
        "expression": "action == 'create_ticket'",
        "action": {
            "type": "require_approval",
            "risk_tier_override": "T1",
            "approvals": {"count": 1, "groups": ["finance"]},
        },
    }
    assert (await people.ask("oscar", "POST", "/policies", harder))[0] in (200, 201)
    await bot.fetch()
    used = await bot.consult("POST", url, TICKET, presented=intent["warrant"]["token"])
    assert (used.verdict, used.reason) == ("refused", "warrant_requirements")


async def test_an_agents_word_about_a_call_of_its_gate_settles_nothing(control: Control, bot: Gate) -> None:
    decision = await bot.consult("GET", ORDER_URL)
    report = {"warrant_id": decision.warrant_id, "success": True}
    for key in (AGENT_KEY, bot.key):
        status, answer, _ = await control.ask("POST", "/api/v1/executions", key=key, body=report)
        assert (status, answer["error"]["code"]) == (403, "forbidden")


async def test_an_agent_sees_its_own_intents_only(control: Control, people: People) -> None:
    _, data = await submit(control, "create_ticket", TICKET)
    status, other = await people.ask("oscar", "POST", "/fleet", {"name": "other-bot"})
    assert status == 201
    key = other["data"]["api_key"]
    status, _, _ = await control.ask("GET", f"/api/v1/intents/{data['intent_id']}", key=key)
    assert status == 404
    _, listed, _ = await control.ask("GET", "/api/v1/intents", key=key)
    assert listed["data"]["total"] == 0
    _, mine, _ = await control.ask("GET", "/api/v1/intents", key=AGENT_KEY)
    assert mine["data"]["total"] == 1


async def test_a_simulation_decides_and_does_nothing(control: Control) -> None:
    _, data = await submit(control, "create_refund", REFUND, simulation=True)
    assert (data["status"], data["decision"]) == ("simulated", "hold")
    _, pending, _ = await control.ask("GET", "/api/v1/approvals", key="vos_test_k1_ada_0123456789abcdef")
    assert pending["data"]["total"] == 0


async def test_an_admin_may_raise_the_tier_of_what_operators_submit(people: People) -> None:
    body = {"action": "create_ticket", "parameters": TICKET, "reason": "trial", "override_tier": "T2"}
    assert (await people.ask("oscar", "POST", "/intent", body))[0] == 403
    status, answer = await people.ask("ada", "POST", "/intent", body)
    assert (status, answer["data"]["risk_tier"]) == (200, "T2")
    approval_id = answer["data"]["approval"]["approval_id"]
    for who in ("alice", "bob"):
        status, voted = await people.approve(who, approval_id)
        assert status == 200
    assert voted["data"]["intent_status"] == "approved"


async def test_a_suspended_agents_key_gets_its_reason(control: Control, people: People) -> None:
    body = {"reason": "looks odd", "duration": "PT1H"}
    status, answer = await people.ask("ada", "POST", "/fleet/billing-bot/suspend", body)
    assert (status, answer["data"]["resume_at"] is not None) == (200, True)
    _, data = await submit(control, "create_ticket", TICKET)
    assert (data["status"], data["code"]) == ("denied", "agent_suspended")


async def test_the_timeline_and_the_explanation_tell_the_whole_story(
    control: Control, people: People
) -> None:
    _, data = await submit(control, "create_refund", REFUND)
    _, story = await people.ask("audrey", "GET", f"/intents/{data['intent_id']}/timeline")
    assert [event["type"] for event in story["data"]["events"]] == [
        "intent_submitted",
        "policy_evaluated",
        "approval_requested",
    ]
    _, why = await people.ask("audrey", "GET", f"/intents/{data['intent_id']}/explanation")
    assert why["data"]["explanation"]["rule"]["id"] == "refunds-need-two"
    fields = [row["field"] for row in why["data"]["explanation"]["conditions"]["all"]]
    assert fields == ["action", "parameters.amount"]


async def test_bodies_and_credentials_are_in_no_entry_of_the_trail(control: Control, bot: Gate) -> None:
    await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": "canary-8731"})
    bodies = await control.app.store.read(
        lambda conn: [bytes(row["body"]) for row in rows.every(conn, select(entries.c.body))]
    )
    assert not [body for body in bodies if b"canary-8731" in body or b"sk_canary_secret" in body]
