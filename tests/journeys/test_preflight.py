"""The current state that a person is shown: read by the gate as a call of its own, and told when it cannot be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, in_background

pytestmark = pytest.mark.journey

LIMIT = "https://payments.example/v1/limits/shop"

MAPPING = """
apiVersion: vienna/v1
kind: Mapping
id: limits
version: 2026-03-01
hosts: [payments.example]
protocol: rest
defaults: {unknown_params: reject, max_body: 64KiB}
actions:
  - action: get_limit
    match: {methods: [GET], path: "/v1/limits/{name}"}
    target: "payments:limit/{name}"
    params: {name: {from: path}}
    effect: read
    reversibility: reversible
    default_tier: T0
    summary: "Read limit {name}"
  - action: set_limit
    match: {methods: [PATCH], path: "/v1/limits/{name}"}
    target: "payments:limit/{name}"
    params:
      name: {from: path}
      amount: {from: json, type: int, required: true}
      note: {from: json}
    effect: write
    reversibility: compensatable
    default_tier: T1
    preflight: {method: GET, path: "/v1/limits/{name}", show: [/amount, /owner]}
    summary: "Set limit {name} to {amount}"
"""
RULES = """
apiVersion: vienna/v1
kind: Rules
id: limits
default: deny
rules:
  - {id: reads, when: action.effect == 'read', then: {action: allow}}
  - {id: limits, when: action == 'set_limit', then: {action: require_approval}}
"""


@pytest.fixture
def vienna(start: Callable[..., Vienna], tmp_path: Path) -> Vienna:
    policies = tmp_path / "policies"
    (policies / "mappings").mkdir(parents=True)
    (policies / "mappings" / "limits.yaml").write_text(MAPPING)
    (policies / "limits.yaml").write_text(RULES)
    return start(control={"policies": [str(policies)]})


def test_it_is_read_under_a_warrant_of_its_own_and_shown_beside_what_would_be_sent(
    vienna: Vienna, upstream: Upstream
) -> None:
    upstream.answer("GET", "/v1/limits/shop", Answer.json({"amount": 300, "owner": "ada"}))
    upstream.answer("PATCH", "/v1/limits/shop", Answer.json({"amount": 500}))
    sent = {"amount": 500, "note": "the CFO agreed"}
    with in_background(lambda: vienna.call("PATCH", LIMIT, json=sent)) as call:
        (approval,) = vienna.pending()
        shown = vienna.get(f"/approvals/{approval['approval_id']}", "alice")["shown"]
        vienna.approve(approval, "carol")
        assert call.result().status_code == 200

    assert shown["sentence"] == "billing-bot wants to set limit shop to 500 on payments.example"
    assert shown["diff"] == [
        {"path": "/amount", "before": 300, "after": 500, "kind": "changed"},
        {"path": "/owner", "before": "ada", "after": None, "kind": "kept"},
    ]
    assert shown["effect"][0]["agent_words"] == ["note"]
    assert "/request/body/note" in shown["agent_words"]["at"]

    asked = vienna.get(f"/intents/{approval['intent_id']}")
    read = vienna.get(f"/intents/{shown['preflight']}")
    assert asked["preflight"] == read["intent_id"]
    assert read["preflight_of"] == asked["request_digest"]
    assert (read["action"], read["status"], read["risk_tier"]) == ("get_limit", "executed", "T0")
    told = {entry["type"]: entry for entry in vienna.get(f"/intents/{read['intent_id']}/timeline")["events"]}
    assert {"policy_evaluated", "warrant_issued", "warrant_consumed", "execution_finished"} <= told.keys()
    assert told["intent_submitted"]["data"]["preflight_of"] == asked["request_digest"]


def test_what_cannot_be_read_is_told_and_the_call_does_not_leave(vienna: Vienna, upstream: Upstream) -> None:
    upstream.answer("GET", "/v1/limits/shop", Answer.json({"error": "gone"}, 404))
    answer = vienna.call("PATCH", LIMIT, json={"amount": 500})
    assert answer.headers["vienna-reason"] == "preflight_failed"
    assert "The current state could not be read: the answer was 404." in answer.text
    assert upstream.to("PATCH") == []
