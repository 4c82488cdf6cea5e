"""A write that left is never sent a second time for a retry, whatever happened to its answer."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from harness import laws
from harness.upstream import Answer, Upstream
from harness.vienna import Vienna, in_background, until

pytestmark = pytest.mark.journey

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}
DONE = {**REFUND, "id": "REF-1", "status": "succeeded"}


def refund(vienna: Vienna, **headers: str) -> httpx.Response:
    return vienna.call("POST", REFUNDS, json=REFUND, headers=headers)


def agreed(vienna: Vienna) -> None:
    (approval,) = vienna.pending()
    vienna.approve(approval, "alice", "bob")


def approvals(vienna: Vienna) -> int:
    return len(vienna.get("/approvals", "alice")["approvals"])


def gone(vienna: Vienna, upstream: Upstream, answer: Answer) -> None:
    """A refund that people agree to, and whose caller hangs up while the upstream thinks."""
    upstream.answer("POST", "/v1/refunds", answer)
    with vienna.leaving("POST", REFUNDS, json=REFUND):
        agreed(vienna)
        upstream.wait_for(1)


def test_a_caller_that_hung_up_gets_the_answer_when_it_comes_back(vienna: Vienna, upstream: Upstream) -> None:
    gone(vienna, upstream, Answer.json(DONE, delay=2.0))
    answer = refund(vienna)  # while it is under way
    assert (answer.status_code, answer.json()) == (200, DONE)
    again = refund(vienna)  # and once it is over: nobody had been there to be answered
    assert again.json() == DONE
    assert again.headers["vienna-reason"] == "already_executed"
    assert again.headers["vienna-intent"] == answer.headers["vienna-intent"]
    assert (len(upstream.received), approvals(vienna)) == (1, 1)
    laws.check(vienna)


def test_the_same_key_is_the_same_refund(vienna: Vienna, upstream: Upstream) -> None:
    upstream.answer("POST", "/v1/refunds", Answer.json(DONE))
    with in_background(lambda: refund(vienna, **{"Idempotency-Key": "k-1"})) as call:
        agreed(vienna)
        assert call.result().json() == DONE
    assert refund(vienna, **{"Idempotency-Key": "k-1"}).json() == DONE
    with in_background(lambda: refund(vienna, **{"Idempotency-Key": "k-2"})) as other:
        (approval,) = vienna.pending()
        vienna.deny(approval, "alice", "once is enough")
        assert other.result().status_code == 403
    assert [seen.header("idempotency-key") for seen in upstream.received] == ["k-1"]
    laws.check(vienna)


def test_the_key_of_the_call_that_people_were_asked_about_is_sent(vienna: Vienna, upstream: Upstream) -> None:
    upstream.answer("POST", "/v1/refunds", Answer.json(DONE))

    def ask(key: str) -> httpx.Response:
        return refund(vienna, **{"Idempotency-Key": key, "Prefer": "respond-async"})

    assert [ask("k-1").status_code, ask("k-2").status_code] == [202, 202]
    assert approvals(vienna) == 1
    agreed(vienna)
    assert [ask("k-3").json(), ask("k-3").json(), ask("k-1").json()] == [DONE] * 3
    assert [seen.header("idempotency-key") for seen in upstream.received] == ["k-1"]


def test_a_gate_that_was_killed_in_mid_flight_does_not_send_it_again(
    vienna: Vienna, upstream: Upstream
) -> None:
    upstream.answer("POST", "/v1/refunds", Answer.json(DONE, delay=20.0))

    def cut() -> Any:
        with pytest.raises(httpx.HTTPError):
            refund(vienna)

    with in_background(cut) as call:
        agreed(vienna)
        upstream.wait_for(1)
        vienna.gate.kill()
        call.result()
    vienna.start_gate()
    told = refund(vienna)

    assert (told.status_code, told.headers["vienna-reason"]) == (403, "already_executed")
    assert told.json()["retryable"] is False
    assert len(upstream.received) == 1
    laws.check(vienna)


def test_a_control_plane_that_was_killed_remembers_what_left(vienna: Vienna, upstream: Upstream) -> None:
    gone(vienna, upstream, Answer.json(DONE, delay=2.0))
    vienna.control.kill()
    vienna.start_control()
    until("the gate to be connected again", lambda: refund(vienna).status_code != 503)
    assert refund(vienna).json() == DONE
    assert (len(upstream.received), approvals(vienna)) == (1, 1)
    laws.check(vienna)


def test_a_denial_is_remembered_and_pages_nobody_twice(vienna: Vienna, upstream: Upstream) -> None:
    with in_background(lambda: refund(vienna)) as call:
        (approval,) = vienna.pending()
        vienna.deny(approval, "alice", "wrong customer")
        assert call.result().status_code == 403
    with vienna.agent() as client:
        for _ in range(20):
            told = client.post(REFUNDS, json=REFUND)
            assert told.headers["vienna-reason"] == "approval_denied"
            assert "wrong customer" in told.text
    assert (approvals(vienna), upstream.received) == (1, [])
