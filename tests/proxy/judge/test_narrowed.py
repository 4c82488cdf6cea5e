"""People agreed to less: the gate writes it into the call, asks again for those bytes, and says so in the answer."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from harness.upstream import Answer, Upstream
from vienna_kernel import wire
from vienna_kernel.value import pack

REFUNDS = "https://api.stripe.com/v1/refunds"
CHARGE = {"id": "ch_1", "amount": 500000, "amount_refunded": 0, "currency": "eur", "object": "charge"}
REFUND = {"charge": "ch_1", "amount": "500000"}


def narrows(wanted: dict[str, Any]) -> Any:
    """People agreed to ``wanted``, and to nothing else."""

    def script(fake: Any, frame: Any) -> Any:
        if isinstance(frame, wire.Consult) and frame.call.method == "POST":
            amount = frame.intents[0]["parameters"]["amount"]
            if amount != pack(wanted.get("amount")):
                told = {name: pack(value) for name, value in wanted.items()}
                return wire.Decision(id=0, verdict="granted", intent_id="int-7", narrowed=told)
        return fake.grants(frame)

    return script


@pytest.fixture(autouse=True)
def charge(upstream: Upstream) -> None:
    upstream.answer("GET", "/v1/charges/*", Answer.json(CHARGE))
    answer = {"id": "re_1", "amount": 300000, "currency": "eur", "charge": "ch_1", "status": "succeeded"}
    upstream.answer("POST", "/v1/refunds", Answer.json(answer))


def test_the_narrowed_bytes_leave_under_a_warrant_of_their_own(gate, control, upstream: Upstream) -> None:
    control.script = narrows({"amount": Decimal(3000)})
    answer = gate.call("POST", REFUNDS, data=REFUND)

    assert answer.status_code == 200, answer.text
    assert answer.headers["vienna-narrowed"] == "amount 5000→3000"
    (sent,) = upstream.to("POST", "/v1/refunds")
    assert sent.body == b"charge=ch_1&amount=300000"
    whole, less = [frame for frame in control.heard(wire.Consult) if frame.call.method == "POST"]
    assert less.call.request_digest != whole.call.request_digest
    assert (less.fingerprint, less.attempt != whole.attempt) == (whole.fingerprint, True)
    assert less.call.body_bytes == len(sent.body)


def test_a_warrant_for_the_whole_does_not_let_the_less_go(gate, control, upstream: Upstream) -> None:
    asked: list[wire.Consult] = []

    def script(fake, frame):
        if not isinstance(frame, wire.Consult) or frame.call.method != "POST":
            return fake.grants(frame)
        asked.append(frame)
        if len(asked) == 1:
            return wire.Decision(
                id=0, verdict="granted", intent_id="int-7", narrowed={"amount": pack(Decimal(3000))}
            )
        return fake.granted(frame, request_digest=asked[0].call.request_digest)

    control.script = script
    answer = gate.call("POST", REFUNDS, data=REFUND)
    assert (answer.status_code, answer.headers["vienna-reason"]) == (403, "warrant_request")
    assert upstream.to("POST", "/v1/refunds") == []


@pytest.mark.parametrize(
    "wanted", [{"amount": Decimal(6000)}, {"charge": "ch_2"}, {"amount": Decimal(5000)}], ids=repr
)
def test_what_does_not_narrow_refuses(gate, control, upstream: Upstream, wanted: dict[str, Any]) -> None:
    def script(fake, frame):
        if not isinstance(frame, wire.Consult) or frame.call.method != "POST":
            return fake.grants(frame)
        told = {name: pack(value) for name, value in wanted.items()}
        return wire.Decision(id=0, verdict="granted", intent_id="int-7", narrowed=told)

    control.script = script
    answer = gate.call("POST", REFUNDS, data=REFUND)
    assert (answer.status_code, answer.headers["vienna-reason"]) == (400, "invalid_parameter")
    assert upstream.to("POST", "/v1/refunds") == []


def test_a_control_plane_that_narrows_for_ever_is_not_followed(gate, control, upstream: Upstream) -> None:
    amounts = iter(range(4000, 0, -1))

    def script(fake, frame):
        if not isinstance(frame, wire.Consult) or frame.call.method != "POST":
            return fake.grants(frame)
        told = {"amount": pack(Decimal(next(amounts)))}
        return wire.Decision(id=0, verdict="granted", intent_id="int-7", narrowed=told)

    control.script = script
    answer = gate.call("POST", REFUNDS, data=REFUND)
    assert answer.headers["vienna-reason"] == "warrant_malformed"  # a yes without one
    assert len([frame for frame in control.heard(wire.Consult) if frame.call.method == "POST"]) == 2
    assert upstream.to("POST", "/v1/refunds") == []
