"""What breaks in mid-flow: whoever is away, what is unknown is refused, and nothing acknowledged is lost."""

from __future__ import annotations

import httpx
import pytest

from harness import laws
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

ORDER = "https://payments.example/v1/orders/O-1"
REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


def test_without_a_control_plane_calls_are_refused(vienna: Vienna, upstream: Upstream) -> None:
    assert vienna.call("GET", ORDER).status_code == 200
    vienna.control.kill()
    answer = vienna.call("POST", REFUNDS, json=REFUND)

    assert answer.status_code == 503
    assert answer.headers["vienna-reason"] == "control_unavailable"
    assert "retry-after" in answer.headers
    assert len(upstream.received) == 1
    vienna.start_control()
    until("the gate to be back", lambda: vienna.call("GET", ORDER).status_code == 200)
    laws.check(vienna)


def test_a_control_plane_killed_while_people_decide(vienna: Vienna, upstream: Upstream) -> None:
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice")
        vienna.control.kill()
        vienna.start_control()
        (same,) = vienna.pending()
        assert same["approval_id"] == approval["approval_id"]
        vienna.approve(same, "bob")
        answer = call.result()
    assert answer.status_code == 200
    assert len(upstream.received) == 1
    laws.check(vienna)


def test_a_control_plane_killed_while_the_upstream_works(vienna: Vienna, upstream: Upstream) -> None:
    slow = Answer.json({**REFUND, "id": "REF-1", "status": "succeeded"}, delay=1.0)
    upstream.answer("POST", "/v1/refunds", slow)
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        upstream.wait_for(1)
        vienna.control.kill()
        call.result()
    vienna.start_control()
    intent = vienna.intents()[0]
    vienna.settled(intent["intent_id"], "executed")
    assert len(upstream.received) == 1
    laws.check(vienna)


def test_a_gate_killed_while_holding(vienna: Vienna, upstream: Upstream) -> None:
    with in_background(lambda: _swallow(vienna)):
        (approval,) = vienna.pending()
        vienna.gate.kill()
    vienna.approve(approval, "alice", "bob")
    assert upstream.received == []

    vienna.start_gate()
    assert vienna.call("POST", REFUNDS, json=REFUND).status_code == 200
    assert len(upstream.received) == 1
    laws.check(vienna)


def test_a_gate_killed_after_the_request_left(vienna: Vienna, upstream: Upstream) -> None:
    upstream.answer("POST", "/v1/refunds", Answer.json({}, delay=20.0))
    with in_background(lambda: _swallow(vienna)):
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        upstream.wait_for(1)
        vienna.gate.kill()
    vienna.start_gate()
    vienna.settled(
        vienna.intents()[0]["intent_id"], "executing", "unknown"
    )  # unknown once a minute has passed
    assert len(upstream.received) == 1
    laws.check(vienna)


def _swallow(vienna: Vienna) -> None:
    with pytest.raises(httpx.TransportError):
        vienna.call("POST", REFUNDS, json=REFUND)


def test_an_upstream_that_breaks_off_leaves_a_recorded_outcome(vienna: Vienna, upstream: Upstream) -> None:
    upstream.answer("POST", "/v1/refunds", Answer.json(REFUND, abort_after=5))
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        answer = call.result()
    assert answer.status_code >= 500
    vienna.settled(vienna.intents()[0]["intent_id"], "unknown", "failed")
    assert len(upstream.received) == 1  # what is not idempotent is never sent again by us
    laws.check(vienna)


def test_an_upstream_that_is_not_there(vienna: Vienna, upstream: Upstream) -> None:
    upstream.close()
    answer = vienna.call("GET", ORDER)
    assert answer.status_code >= 500
    assert answer.headers["vienna-reason"] == "upstream_unreachable"


def test_both_stop_when_they_are_told_to(vienna: Vienna) -> None:
    assert vienna.call("GET", ORDER).status_code == 200
    assert vienna.gate.stop() == 0
    assert vienna.control.stop() == 0
