"""The end of a caller's patience: what it is told, and what people are."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from harness.upstream import Upstream
from harness.vienna import in_background
from vienna_kernel import wire

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}


def holds(fake: Any, frame: Any) -> Any:
    return fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)


def call(gate: Any, **headers: str) -> httpx.Response:
    answer: httpx.Response = gate.call("POST", REFUNDS, json=REFUND, headers=headers)
    return answer


def test_clients_that_retry_by_themselves_may_be_told_429(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(hold={"pending_status": 429})
    control.script = holds
    answer = call(gate, Prefer="wait=1")
    assert (answer.status_code, answer.headers["vienna-reason"]) == (429, "approval_pending")
    assert answer.headers["vienna-decision"] == "pending"
    assert answer.headers["retry-after"]
    assert "x-should-retry" not in answer.headers
    assert upstream.received == []


def test_people_see_that_nobody_waits_any_more(gate, control) -> None:
    control.script = holds
    assert call(gate, Prefer="wait=1").headers["vienna-decision"] == "pending"
    (gone,) = control.wait_for(wire.Gone)
    assert gone.approval_id == "apr-1"


def test_as_long_as_one_caller_waits_people_see_one(gate, control) -> None:
    control.script = holds
    with in_background(lambda: call(gate)) as patient:
        control.wait_for(wire.Consult)
        with gate.leaving("POST", REFUNDS, json=REFUND):
            control.wait_for(wire.Consult, 2)
        gate.notices()
        assert control.heard(wire.Gone) == []
        control.script = lambda fake, frame: fake.refused(frame)
        control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
        assert patient.result().headers["vienna-reason"] == "policy_denied"
    assert control.heard(wire.Gone) == []


def test_a_caller_that_hung_up_consumes_nothing(gate, control, upstream: Upstream) -> None:
    control.script = holds
    with gate.leaving("POST", REFUNDS, json=REFUND):
        control.wait_for(wire.Consult)
    control.wait_for(wire.Gone)
    control.script = type(control).grants
    asked = len(control.heard(wire.Consult))
    control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
    assert call(gate).status_code == 200  # the identical request redeems it
    assert len(control.heard(wire.Consult)) == asked + 1
    assert len([seen for seen in upstream.received if seen.method == "POST"]) == 1


def test_a_caller_that_hangs_up_while_people_are_asked_holds_nothing(gate, control) -> None:
    """What is asked is answered with *held* only when nobody is there any more."""
    gone = asyncio.Event()

    async def held_late(fake: Any, frame: Any) -> Any:
        await gone.wait()
        return fake.held(frame)

    control.script = lambda fake, frame: (
        held_late(fake, frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    with gate.leaving("POST", REFUNDS, json=REFUND):
        control.wait_for(wire.Consult)
    gate.notices()
    control.set(gone)
    (told,) = control.wait_for(wire.Gone)
    assert told.approval_id == "apr-1"


def test_a_held_call_may_be_one_too_many(own_gate, control) -> None:
    control.held_most = 1
    try:
        gate = own_gate()
    finally:
        control.held_most = 100
    control.script = lambda fake, frame: (
        fake.held(frame, f"apr-{frame.intents[0]['target']}")
        if isinstance(frame, wire.Consult)
        else fake.grants(frame)
    )
    with gate.leaving("POST", REFUNDS, json=REFUND):
        control.wait_for(wire.Consult)
        second = gate.call("POST", REFUNDS, json={**REFUND, "order": "ORD-2"})
        assert second.headers["vienna-reason"] == "too_many_held"
    assert {gone.approval_id for gone in control.wait_for(wire.Gone, 2)} == {
        "apr-payments:order/ORD-1",
        "apr-payments:order/ORD-2",
    }
