"""``http://vienna.internal``: an agent with no other way out asks, waits and reports through the gate itself."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from harness.upstream import Upstream
from harness.vienna import Vienna, in_background

pytestmark = pytest.mark.journey

HOME = "http://vienna.internal"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}


@pytest.fixture(autouse=True)
def no_way_around(vienna: Vienna, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in vienna.environment().items():
        monkeypatch.setenv(name, value)


def ask(method: str, path: str, **rest: Any) -> httpx.Response:
    """As an SDK does that knows nothing but its environment, where ``NO_PROXY`` is empty."""
    with httpx.Client(timeout=30) as client:
        return client.request(method, HOME + path, **rest)


def test_an_intent_is_asked_for_waited_for_and_reported(vienna: Vienna, upstream: Upstream) -> None:
    wanted = {"action": "create_refund", "parameters": REFUND, "mode": "passback"}
    told = ask("POST", "/api/v1/agent/intent", json=wanted).json()["data"]
    assert told["status"] == "pending_approval", told
    with in_background(lambda: ask("GET", f"/intents/{told['intent_id']}/wait?timeout=20")) as waiting:
        vienna.approve(told["approval"]["approval_id"], "alice", "bob")
        decided = waiting.result().json()["data"]
    assert decided["status"] == "approved"
    token = decided["warrant"]["token"]
    assert ask("POST", "/api/v1/warrants/verify", json={"token": token}).json()["data"]["valid"] is True
    report = {"warrant_id": decided["warrant"]["warrant_id"], "success": True}
    assert ask("POST", "/api/v1/executions", json=report).is_success
    assert ask("GET", f"/intents/{told['intent_id']}").json()["data"]["status"] == "executed"
    wrong = {"action_type": "create_refund", "parameters": {"amount": "many"}}
    assert ask("POST", "/api/v1/action-types/validate", json=wrong).json()["data"]["valid"] is False
    assert upstream.received == []


def test_only_this_agents_own_intents_are_there(vienna: Vienna) -> None:
    body = {"action": "create_ticket", "parameters": {"subject": "s"}, "reason": "trial"}
    foreign = vienna.post("/intent", "dora", **body)["intent_id"]
    own = ask(
        "POST", "/api/v1/agent/intent", json={"action": "create_ticket", "parameters": {"subject": "s"}}
    )
    assert ask("GET", f"/intents/{foreign}").status_code == 404
    assert ask("GET", f"/intents/{foreign}/wait?timeout=1").status_code == 404
    listed = [row["intent_id"] for row in ask("GET", "/api/v1/intents").json()["data"]["intents"]]
    assert listed == [own.json()["data"]["intent_id"]]


def test_nobody_approves_there(vienna: Vienna) -> None:
    wanted = {"action": "create_ticket", "parameters": {"subject": "s"}}
    approval = ask("POST", "/api/v1/agent/intent", json=wanted).json()["data"]["approval"]["approval_id"]
    key = {"Authorization": f"Bearer {vienna.people['carol'].api_key}"}
    for path in (
        f"/api/v1/approvals/{approval}/approve",
        f"/approvals/{approval}/approve",
        "/api/v1/policies",
    ):
        assert ask("POST", path, json={}, headers=key).status_code == 404
    for path in ("/api/v1/approvals", "/api/v1/fleet", "/api/v1/audit", "/api/v1/sidecars/bundle", "/health"):
        assert ask("GET", path, headers=key).status_code == 404
    assert [row["approval_id"] for row in vienna.pending()] == [approval]


def test_what_there_is_is_told_and_the_ca_is_public(vienna: Vienna) -> None:
    assert "Vienna-Warrant" in ask("GET", "/").text
    assert ask("GET", "/ca.pem").text.startswith("-----BEGIN CERTIFICATE-----")
