"""Warrants that an agent presents itself: used twice, with another amount, forged."""

from __future__ import annotations

import pytest

from harness import laws
from harness.upstream import Upstream
from harness.vienna import Vienna, in_background

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


def used_warrant(vienna: Vienna) -> str:
    """The token of a refund that was approved and made."""
    with in_background(lambda: vienna.call("POST", REFUNDS, json=REFUND)) as call:
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        answer = call.result()
    warrant = vienna.get(f"/warrants/{answer.headers['vienna-warrant-id']}")
    assert warrant["status"] == "consumed"
    return str(warrant["token"])


def test_a_warrant_presented_with_another_amount_is_refused_and_costs_trust(
    vienna: Vienna, upstream: Upstream
) -> None:
    token = used_warrant(vienna)
    answer = vienna.call(
        "POST", REFUNDS, json={**REFUND, "amount": "9000.00"}, headers={"Vienna-Warrant": token}
    )

    assert answer.status_code == 403
    assert answer.headers["vienna-reason"] in ("warrant_request", "warrant_consumed", "warrant_scope")
    assert len(upstream.received) == 1
    agent = vienna.get(f"/fleet/{vienna.AGENT}")
    assert agent["trust_score"] == pytest.approx(20, abs=1)
    assert agent["status"] == "suspended"
    assert (
        vienna.call("GET", "https://payments.example/v1/orders/O-1").headers["vienna-reason"]
        == "agent_suspended"
    )
    laws.check(vienna)


def test_the_same_warrant_for_the_same_request_is_refused_without_penalty(
    vienna: Vienna, upstream: Upstream
) -> None:
    token = used_warrant(vienna)
    answer = vienna.call("POST", REFUNDS, json=REFUND, headers={"Vienna-Warrant": token})

    assert answer.status_code == 403
    assert answer.headers["vienna-reason"] == "warrant_consumed"
    assert vienna.get(f"/fleet/{vienna.AGENT}")["status"] == "active"
    assert len(upstream.received) == 1


def test_a_forged_warrant_suspends(vienna: Vienna, upstream: Upstream) -> None:
    head, payload, signature = used_warrant(vienna).split(".")
    forged = f"{head}.{payload}.{signature[:-4]}AAAA"
    answer = vienna.call("POST", REFUNDS, json=REFUND, headers={"Vienna-Warrant": forged})

    assert answer.status_code == 403
    assert answer.headers["vienna-reason"].startswith("warrant_")
    assert vienna.get(f"/fleet/{vienna.AGENT}")["status"] == "suspended"
    assert len(upstream.received) == 1
    laws.check(vienna)


def test_anybody_can_ask_whether_a_warrant_holds(vienna: Vienna) -> None:
    token = used_warrant(vienna)
    said = vienna.post("/warrants/verify", token=token)
    assert said["valid"] is False
    assert said["consumed"] is True
