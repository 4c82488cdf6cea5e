"""Policies by API: both dialects, versions, what does not hold, and dry runs."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest

from gate_end import gate
from planes import Control

NIGHT = {
    "id": "night",
    "name": "After-Hours High-Value Block",
    "priority": 500,
    "conditions": [
        {"field": "action_type", "operator": "equals", "value": "financial_transaction"},
        {"field": "amount", "operator": "gt", "value": 50000},
        {"field": "time_of_day", "operator": "time_between", "value": ["18:00", "06:00"]},
    ],
    "action_on_match": "deny",
}


async def ask(control: Control, method: str, path: str, body: Any = None, key: str = "operator") -> Any:
    status, answer, _ = await control.ask(method, f"/api/v1{path}", key=key, body=body)
    return status, answer["data"] if answer["success"] else answer["error"]


async def test_a_rule_is_in_force_when_it_is_answered_and_gone_when_deleted(control: Control) -> None:
    rule = {
        "name": "No tickets",
        "priority": 900,
        "expression": "action == 'create_ticket'",
        "action": {"type": "deny"},
    }
    status, made = await ask(control, "POST", "/policies", rule)
    assert (status, made["version"], made["enabled"]) == (201, 1, True)
    assert made["id"].startswith("pol-")
    assert made["created_by"].startswith("operator:op-")
    assert control.app.policies.current.rules.rules[0].id == made["id"]
    status, _ = await ask(control, "DELETE", f"/policies/{made['id']}")
    assert status == 200
    assert made["id"] not in [one.id for one in control.app.policies.current.rules.rules]
    assert (await ask(control, "GET", f"/policies/{made['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"conditions": [{"field": "amount", "operator": "bigger", "value": 1}]}, "/conditions/0"),
        ({"conditions": [{"field": "amount", "operator": "between", "value": 1}]}, "/conditions/0"),
        ({"conditions": [{"field": "action", "operator": "matches", "value": "("}]}, "/conditions/0"),
        ({"action_on_match": "explode"}, "/action_on_match"),
        ({"prioritty": 1}, "/prioritty"),
    ],
)
async def test_a_rule_that_does_not_hold_changes_nothing_and_names_the_field(
    control: Control, change: dict[str, Any], field: str
) -> None:
    before = control.app.policies.current
    status, error = await ask(control, "POST", "/policies", {**NIGHT, **change})
    assert (status, error["code"]) == (422, "validation_failed")
    assert error["details"][0]["field"].startswith(field)
    assert control.app.policies.current is before


async def test_rules_of_files_are_read_only_and_ids_are_unique_over_both(control: Control) -> None:
    status, error = await ask(control, "PATCH", "/policies/refund-ceiling", {"enabled": False})
    assert (status, error["code"]) == (409, "conflict")
    status, error = await ask(control, "POST", "/policies", {**NIGHT, "id": "refund-ceiling"})
    assert (status, error["code"]) == (409, "conflict")
    _, listed = await ask(control, "GET", "/policies?limit=3", key="viewer")
    assert (len(listed["policies"]), listed["has_more"]) == (3, True)
    assert listed["policies"][0]["read_only"] is True
    _, rest = await ask(control, "GET", f"/policies?cursor={listed['next_cursor']}", key="viewer")
    assert len(listed["policies"]) + len(rest["policies"]) == listed["total"]


async def test_the_flat_trial_of_the_published_page(control: Control) -> None:
    await ask(control, "POST", "/policies", NIGHT)
    kind = {
        "name": "financial_transaction",
        "effect": "write",
        "schema": {"amount": {"type": "decimal"}},
    }
    assert (await ask(control, "POST", "/action-types", kind))[0] == 201
    trial = {
        "action_type": "financial_transaction",
        "amount": 75000,
        "agent_id": "billing-bot",
        "environment": "production",
        "time_of_day": "22:30",
    }
    status, told = await ask(control, "POST", "/policies/evaluate", trial)
    assert (status, told["final_action"], told["matching_rule"]) == (200, "deny", NIGHT["name"])
    row = next(one for one in told["results"] if one["rule_id"] == "night")
    assert row["matched"] is True
    assert [one["passed"] for one in row["conditions_detail"]] == [True, True, True]
    _, early = await ask(control, "POST", "/policies/evaluate", {**trial, "time_of_day": "12:00"})
    assert early["decision"] == "denied"
    assert early["matched_rule"] is None


async def test_the_structured_trial_names_the_rule_and_the_tier(control: Control) -> None:
    trial = {
        "action": "create_refund",
        "source": {"platform": "x", "agent_id": "billing-bot"},
        "parameters": {"order": "O", "amount": 5000, "currency": "EUR"},
    }
    status, told = await ask(control, "POST", "/policies/evaluate", trial)
    assert (status, told["decision"], told["risk_tier"]) == (200, "pending_approval", "T2")
    assert told["matched_rule"]["id"] == "refunds-need-two"
    assert told["rules_evaluated"] > 0
    _, pending = await ask(control, "GET", "/approvals")
    assert pending["total"] == 0


async def test_past_decisions_can_be_listed_by_what_was_decided(control: Control) -> None:
    for amount in (5000, 50000):
        body = {"action": "create_refund", "parameters": {"order": "O", "amount": amount, "currency": "EUR"}}
        await ask(control, "POST", "/agent/intent", body, key="agent")
    _, told = await ask(control, "GET", "/policies/evaluations?decision=denied")
    assert [one["rule"] for one in told["evaluations"]] == ["refund-ceiling"]
    _, every = await ask(control, "GET", "/policies/evaluations")
    assert every["total"] == 2


async def test_action_types_by_api_and_by_mapping(control: Control) -> None:
    status, made = await ask(
        control,
        "POST",
        "/action-types",
        {
            "name": "send_letter",
            "default_risk_tier": "T1",
            "schema": {"to": {"type": "string", "format": "email", "required": True}},
        },
    )
    assert (status, made["origin"]) == (201, "api")
    assert made["schema"]["required"] == ["to"]
    check = {"action_type": "send_letter", "parameters": {"to": "not an address"}}
    _, told = await ask(control, "POST", "/action-types/validate", check, key="agent")
    assert told["valid"] is False
    assert told["errors"][0]["field"] == "to"
    assert (await ask(control, "PUT", f"/action-types/{made['id']}", {"default_risk_tier": "T2"}))[1][
        "default_risk_tier"
    ] == "T2"
    assert (await ask(control, "POST", "/action-types", {"name": "create_refund"}))[0] == 409
    assert (await ask(control, "DELETE", "/action-types/create_refund"))[0] == 409
    status, error = await ask(
        control, "POST", "/action-types", {"name": "odd", "schema": {"type": "object", "properties": 7}}
    )
    assert (status, error["code"]) == (422, "validation_failed")
    assert (await ask(control, "DELETE", f"/action-types/{made['id']}"))[0] == 200
    assert (await ask(control, "GET", "/action-types/send_letter"))[0] == 404


async def test_a_request_can_be_tried_on_the_mappings(control: Control) -> None:
    trial = {
        "method": "POST",
        "url": "https://payments.example/v1/refunds",
        "headers": [["Content-Type", "application/json"]],
        "body": '{"order":"O-1","amount":12.5,"currency":"EUR"}',
    }
    status, told = await ask(control, "POST", "/mappings/test", trial)
    assert (status, told["intents"][0]["action"]) == (200, "create_refund")
    assert told["intents"][0]["parameters"]["amount"] == "12.5"
    coded = {
        "method": "POST",
        "url": "https://api.stripe.com/v1/refunds",
        "headers": [["Content-Type", "application/x-www-form-urlencoded"], ["Content-Encoding", "gzip"]],
        "body_base64": base64.b64encode(gzip.compress(b"charge=ch_1")).decode(),
    }
    _, refused = await ask(control, "POST", "/mappings/test", coded)
    assert refused["refused"]["reason"] == "unsupported_encoding"  # as the gate would have it
    _, unmapped = await ask(
        control, "POST", "/mappings/test", {"method": "GET", "url": "https://x.example/a"}
    )
    assert unmapped["mapped"] is False
    status, _ = await ask(control, "POST", "/mappings/test", {"method": "GET", "url": "https://[odd/"})
    assert status == 422
    status, _ = await ask(control, "POST", "/mappings/test", {**trial, "mapping": "kind: Rules"})
    assert status == 400
    _, refused = await ask(
        control, "POST", "/mappings/test", {"method": "GET", "url": "https://x.example/a//b"}
    )
    assert refused["refused"]["reason"] == "target_not_canonical"
    _, listed = await ask(control, "GET", "/mappings", key="viewer")
    assert "toy_payments" in [one["id"] for one in listed["mappings"]]


async def test_coverage_counts_what_no_mapping_reads(control: Control) -> None:
    async with gate(control) as bot:
        await bot.consult("GET", "https://payments.example/v1/orders/O")
        await bot.consult("POST", "https://news.example/comments", {"text": "hi"})
    status, told = await ask(control, "GET", "/mappings/coverage", key="viewer")
    assert (status, told["calls"], told["unmapped"], told["coverage"]) == (200, 2, 1, 0.5)
    assert told["hosts"] == [{"host": "news.example", "method": "POST", "count": 1}]
    assert told["actions"] == [
        {"host": "news.example", "action": "http.post", "count": 1},
        {"host": "payments.example", "action": "get_order", "count": 1},
    ]


async def test_a_candidate_is_tried_in_the_place_of_the_rule_of_its_id_and_nothing_is_kept(
    control: Control,
) -> None:
    _, told = await ask(control, "GET", "/policies/refunds-need-two", key="viewer")
    stricter = {**{name: told[name] for name in ("id", "name", "priority", "expression") if name in told}}
    if "conditions" in told:
        stricter["conditions"] = told["conditions"]
    trial = {
        "action": "create_refund",
        "parameters": {"order": "O", "amount": 5000, "currency": "EUR"},
        "candidate": {**stricter, "action": {"type": "deny", "reason": "not at all"}},
    }
    status, said = await ask(control, "POST", "/policies/evaluate", trial, key="viewer")
    assert (status, said["decision"], said["matched_rule"]["id"]) == (200, "denied", "refunds-need-two")
    _, said = await ask(control, "POST", "/policies/evaluate", {**trial, "candidate": None})
    assert said["decision"] == "pending_approval"
    broken = {**trial, "candidate": {"id": "x", "conditions": [], "action": {"type": "alow"}}}
    status, error = await ask(control, "POST", "/policies/evaluate", broken)
    assert (status, error["details"][0]["field"]) == (422, "/candidate/action/type")


async def test_a_recorded_intent_is_tried_as_it_was(control: Control) -> None:
    sent = {"action": "create_refund", "parameters": {"order": "O", "amount": 5000, "currency": "EUR"}}
    _, asked = await ask(control, "POST", "/agent/intent", sent, key="agent")
    status, said = await ask(
        control, "POST", "/policies/evaluate", {"intent_id": asked["intent_id"]}, key="viewer"
    )
    assert (status, said["decision"], said["risk_tier"]) == (200, "pending_approval", "T2")
    assert said["matched_rule"]["id"] == "refunds-need-two"
    status, error = await ask(control, "POST", "/policies/evaluate", {"intent_id": "int-nothing"})
    assert (status, error["code"]) == (404, "not_found")


async def test_coverage_tells_operations_that_nothing_reads_with_a_call_of_each(control: Control) -> None:
    async with gate(control) as bot:
        for path in ("/orders/17?page=2", "/orders/18", "/users"):
            await bot.consult("GET", f"https://legacy.example{path}")
    _, told = await ask(control, "GET", "/mappings/coverage", key="viewer")
    found = [(one["method"], one["host"], one["path"], one["count"]) for one in told["operations"]]
    assert found == [("GET", "legacy.example", "/orders/{}", 2), ("GET", "legacy.example", "/users", 1)]
    call = told["operations"][1]["intent_id"]
    _, intent = await ask(control, "GET", f"/intents/{call}", key="viewer")
    assert intent["url"] == "https://legacy.example/users"
