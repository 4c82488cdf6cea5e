"""The story of the README: what an unmodified agent lives through at each tier."""

from __future__ import annotations

import pytest

from harness import laws
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
ORDER = "https://payments.example/v1/orders/ORD-12345"
REFUND = {"order": "ORD-12345", "amount": "5000.00", "currency": "EUR"}


def test_a_read_passes_at_once_under_a_warrant(vienna: Vienna, upstream: Upstream) -> None:
    answer = vienna.call("GET", "https://payments.example/v1/orders/ORD-12345")

    assert answer.status_code == 200
    assert answer.json()["id"] == "ORD-12345"
    assert answer.headers["vienna-intent"].startswith("int-")
    assert answer.headers["vienna-warrant-id"].startswith("wrt-")
    intent = vienna.settled(answer.headers["vienna-intent"], "executed")
    assert intent["action"] == "get_order"
    assert intent["risk_tier"] == "T0"
    laws.check(vienna)


def test_a_ticket_waits_for_one_person(vienna: Vienna, upstream: Upstream) -> None:
    ticket = {"subject": "Printer on fire"}
    with in_background(
        lambda: vienna.call("POST", "https://payments.example/v1/tickets", json=ticket)
    ) as call:
        (approval,) = vienna.pending()
        assert upstream.received == []
        vienna.approve(approval, "carol")
        assert call.result().status_code == 201
    assert upstream.received[0].json == ticket
    laws.check(vienna)


def test_a_refund_waits_for_two_people_with_their_codes(vienna: Vienna, upstream: Upstream) -> None:
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        without_code = vienna.vote(approval, "bob", otp=None)
        assert (without_code.status_code, without_code.json()["error"]["code"]) == (401, "mfa_required")
        wrong_code = vienna.vote(approval, "bob", otp="000000")
        assert wrong_code.status_code == 401
        vienna.approve(approval, "bob")
        again = vienna.vote(approval, "bob")
        assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
        assert upstream.received == []
        last = vienna.approve(approval, "alice")
        assert last["status"] == "approved"
        answer = call.result()

    assert answer.status_code == 200
    assert answer.json()["amount"] == "5000.00"
    assert [r.json for r in upstream.received] == [REFUND]
    intent = vienna.settled(answer.headers["vienna-intent"], "executed")
    assert intent["verification"]["status"] in ("match", "passed")
    types = laws.check(vienna).types(intent["intent_id"])
    order = ["intent_submitted", "approval_requested", "approval_vote", "approval_resolved", "warrant_issued",
             "warrant_consumed", "execution_started", "execution_finished", "verification_complete"]  # fmt: skip
    assert [t for t in types if t in order and t != "approval_vote"] == [
        t for t in order if t != "approval_vote"
    ]
    assert types.count("approval_vote") == 2


def test_the_wrong_people_cannot_approve(vienna: Vienna, upstream: Upstream) -> None:
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        assert vienna.vote(approval, "eve").status_code == 403  # an auditor
        assert vienna.vote(approval, "carol").status_code == 403  # not of the group finance
        assert (
            vienna.api("agent").post(f"approvals/{approval['approval_id']}/approve", json={}).status_code
            == 403
        )
        vienna.deny(approval, "alice", "wrong customer")
        assert call.result().status_code == 403
    assert upstream.received == []


def test_a_denial_ends_it_and_its_reason_reaches_the_agent(vienna: Vienna, upstream: Upstream) -> None:
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "bob")
        vienna.deny(approval, "alice", "wrong customer")
        answer = call.result()

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["vienna-decision"] == "denied"
    assert answer.headers["x-should-retry"] == "false"
    assert "wrong customer" in answer.json()["detail"]
    assert "alice" not in answer.text
    late = vienna.vote(approval, "carol")
    assert late.status_code in (403, 409)
    assert vienna.call("POST", REFUNDS, json=REFUND).status_code == 403  # remembered: nobody is asked again
    assert len(vienna.get("/approvals", "alice")["approvals"]) == 1
    assert upstream.received == []
    laws.check(vienna)


def test_policy_denies_with_its_reason(vienna: Vienna, upstream: Upstream) -> None:
    answer = vienna.call("POST", REFUNDS, json={**REFUND, "amount": "50000.00"})

    assert answer.status_code == 403
    assert answer.headers["vienna-reason"] == "policy_denied"
    assert "agents may not refund more than 10,000" in answer.json()["detail"]
    assert "10,000" in answer.reason_phrase
    assert upstream.connections == 0
    laws.check(vienna)


def test_an_unmapped_write_is_refused_and_says_how_to_map_it(vienna: Vienna, upstream: Upstream) -> None:
    answer = vienna.call("POST", "https://unmapped.example/anything", json={"a": 1})

    assert answer.status_code == 403
    assert answer.headers["vienna-reason"] == "unmapped_action"
    assert "mapping" in answer.text
    assert upstream.connections == 0


def test_another_amount_in_the_answer_is_drift(vienna: Vienna, upstream: Upstream) -> None:
    upstream.answer("POST", "/v1/refunds", Answer.json({**REFUND, "id": "REF-9", "amount": "9999.00"}))
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        answer = call.result()

    assert answer.status_code >= 400
    assert "9999" not in answer.text
    assert answer.headers["vienna-reason"] == "response_drift"
    assert vienna.get(f"/fleet/{vienna.AGENT}")["trust_score"] == pytest.approx(40)
    intent = vienna.get(f"/intents/{vienna.intents()[0]['intent_id']}")
    assert intent["verification"]["status"] in ("drift", "failed")
    assert "alert" in [entry.type for entry in laws.check(vienna).entries]


def test_observe_forwards_and_records_what_would_have_been(vienna: Vienna, upstream: Upstream) -> None:
    moved = vienna.post(f"/fleet/{vienna.AGENT}/promote", to="observe", confirm=True)
    assert moved["enforcement"] == "observe"
    until(
        "the gate to hear of it", lambda: vienna.call("GET", ORDER).headers["vienna-decision"] == "observed"
    )
    upstream.received.clear()
    assert vienna.call("POST", REFUNDS, json=REFUND).status_code == 200
    answer = vienna.call("POST", REFUNDS, json={**REFUND, "amount": "50000.00"})
    assert (answer.status_code, answer.headers["vienna-decision"]) == (200, "observed")

    refunds = [intent for intent in vienna.intents() if intent["action"] == "create_refund"]
    assert {intent["summary"]: intent["would"] for intent in refunds} == {
        "Refund 5,000.00 EUR of order ORD-12345": "held",
        "Refund 50,000.00 EUR of order ORD-12345": "refused",
    }
    assert vienna.get("/approvals", "alice")["approvals"] == []
    records = laws.check(vienna)
    assert all(warrant.claims.get("observed") for warrant in records.warrants)
    assert len(upstream.received) == 2
