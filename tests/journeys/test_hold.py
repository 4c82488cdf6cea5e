"""A held call outlives its connection: the identical retry rejoins, an approval stays redeemable, once."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from harness import laws
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


def test_the_identical_retry_rejoins(vienna: Vienna, upstream: Upstream) -> None:
    first = vienna.hung_up("POST", REFUNDS, json=REFUND)
    reordered = dict(reversed(REFUND.items()))
    with in_background(lambda: vienna.call("POST", REFUNDS, json=reordered)) as call:
        vienna.approve(first, "alice", "bob")
        assert call.result().status_code == 200
    assert len(vienna.get("/approvals", "alice")["approvals"]) == 1
    assert len(upstream.received) == 1
    laws.check(vienna)


def test_an_approval_is_redeemed_after_the_connection_is_gone(vienna: Vienna, upstream: Upstream) -> None:
    approval = vienna.hung_up("POST", REFUNDS, json=REFUND)
    vienna.approve(approval, "alice", "bob")
    assert upstream.received == []

    assert vienna.call("POST", REFUNDS, json=REFUND).status_code == 200
    assert len(upstream.received) == 1
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (second,) = vienna.pending()  # redeemable once: the next one asks again
        assert second["approval_id"] != approval["approval_id"]
        vienna.deny(second, "alice", "enough")
        assert call.result().status_code == 403
    assert len(upstream.received) == 1
    laws.check(vienna)


def test_another_amount_does_not_rejoin(vienna: Vienna, upstream: Upstream) -> None:
    approval = vienna.hung_up("POST", REFUNDS, json=REFUND)
    vienna.approve(approval, "alice", "bob")
    with in_background(lambda: vienna.call("POST", REFUNDS, json={**REFUND, "amount": "9000.00"})) as call:
        (other,) = vienna.pending()
        assert other["approval_id"] != approval["approval_id"]
        vienna.deny(other, "bob", "not this one")
        assert call.result().status_code == 403
    assert upstream.received == []
    laws.check(vienna)


def test_two_identical_calls_held_together_leave_once_each_approval(
    start: Callable[..., Vienna], upstream: Upstream
) -> None:
    vienna = start(gate={"admin_listen": "127.0.0.1:0"})

    def ask() -> httpx.Response:
        return vienna.call("POST", REFUNDS, json=REFUND)

    def both_are_held() -> bool:
        metrics = httpx.get(f"{vienna.gate.ready['admin']}/metrics", timeout=60, trust_env=False)
        return "vienna_gate_held_calls 2.0" in metrics.text

    with in_background(ask) as one, in_background(ask) as two:

        def both_are_answered() -> bool:
            for again in vienna.get("/approvals", "alice", status="pending")["approvals"]:
                vienna.deny(again, "alice", "once is enough")
            return one.finished and two.finished

        until("both to be held", both_are_held)
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        until("both to be answered", both_are_answered)
        codes = sorted([one.result().status_code, two.result().status_code])
    assert codes[0] == 200
    assert len(upstream.received) == codes.count(200)
    laws.check(vienna)


def test_a_budget_of_waiting_ends_in_a_retryable_answer(vienna: Vienna, upstream: Upstream) -> None:
    answer = vienna.call("POST", REFUNDS, json=REFUND, headers={"Prefer": "wait=1"})

    assert answer.status_code == 403
    assert answer.headers["vienna-decision"] == "pending"
    assert answer.headers["location"].startswith("http://vienna.internal/intents/int-")
    assert "retry-after" in answer.headers
    assert answer.json()["retryable"] is True
    assert upstream.received == []


def test_a_client_with_a_short_timeout_is_kept_alive_by_heartbeats(
    vienna: Vienna, upstream: Upstream
) -> None:
    upstream.answer("POST", "/v1/refunds", Answer.json({**REFUND, "id": "REF-1", "status": "succeeded"}))
    patience = httpx.Timeout(60, read=4.5)  # three signs of life

    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND, timeout=patience)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice")
        call.join(5)
        assert not call.finished, "the client gave up although heartbeats came"
        vienna.approve(approval, "bob")
        assert call.result().status_code == 200
