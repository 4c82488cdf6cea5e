"""A retry of a write that left is answered as the call it repeats, and the upstream sees it once.

The control plane of these tests says which call a retry repeats, as the real one does.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from harness.upstream import Answer, Upstream
from proxy.telemetry.conftest import until_sample
from vienna_kernel import wire
from vienna_kernel.value import digest
from vienna_kernel.verdict import Reason

TICKETS = "https://payments.example/v1/tickets"
SUBJECT = {"subject": "s"}
RETRY = {"x-stainless-retry-count": "1"}


@dataclass
class Remembers:
    """Says yes once to a call, and to its retries that it happened already."""

    left: dict[str, wire.Decision] = field(default_factory=dict)

    def __call__(self, fake: Any, frame: Any) -> Any:
        if not isinstance(frame, wire.Consult):
            return fake.grants(frame)
        first = self.left.get(frame.fingerprint)
        if first is None or not frame.retry:
            return self.left.setdefault(frame.fingerprint, fake.granted(frame))
        return fake.refused(
            frame,
            reason=Reason.ALREADY_EXECUTED,
            warrant_id=first.warrant_id,
            hint="This very request was sent at noon.",
        )


def later(work: Any) -> Future[httpx.Response]:
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future


def test_a_retry_gets_the_answer_that_there_was(gate, control, upstream: Upstream) -> None:
    control.script = Remembers()
    upstream.answer("POST", "/v1/tickets", Answer.json({"id": "T-77", **SUBJECT}, 201))
    first = gate.call("POST", TICKETS, json=SUBJECT)
    again = gate.call("POST", TICKETS, json=SUBJECT, headers=RETRY)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["vienna-decision"] == "granted"
    assert again.headers["vienna-reason"] == "already_executed"
    assert again.headers["vienna-warrant-id"] == first.headers["vienna-warrant-id"]
    assert "vienna-reason" not in first.headers
    assert len(upstream.received) == 1
    assert len(control.heard(wire.Outcome)) == 1  # an answer told again is no execution


def test_a_retry_while_the_first_is_under_way_waits_for_its_answer(gate, control, upstream: Upstream) -> None:
    control.script = Remembers()
    with upstream.waits("POST", "/v1/tickets", Answer.json({"id": "T-78", **SUBJECT}, 201)):
        with gate.leaving("POST", TICKETS, json=SUBJECT):
            upstream.wait_for(1)
        gate.notices()
        # no mark: the gate has seen that nobody waits for the first any more
        again = later(lambda: gate.call("POST", TICKETS, json=SUBJECT))
        control.wait_for(wire.Consult, 2)
    answer = again.result(40)
    assert (answer.status_code, answer.json()["id"]) == (201, "T-78")
    assert len(upstream.received) == 1
    assert control.heard(wire.Consult)[1].retry


def test_a_retry_does_not_wait_for_ever(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(hold={"max_seconds": 1.0})
    control.script = Remembers()
    with upstream.waits("POST", "/v1/tickets", Answer.json({"id": "T-79", **SUBJECT}, 201)):
        first = later(lambda: gate.call("POST", TICKETS, json=SUBJECT))
        upstream.wait_for(1)
        told = gate.call("POST", TICKETS, json=SUBJECT, headers=RETRY)
    assert (told.status_code, told.headers["vienna-reason"]) == (403, "already_executed")
    assert first.result(40).status_code == 201
    assert len(upstream.received) == 1


def test_an_answer_that_was_not_kept_is_told_by_name(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate()
    control.script = Remembers()
    gate.call("POST", TICKETS, json=SUBJECT)
    gate.process.kill()
    gate.start()
    told = gate.call("POST", TICKETS, json=SUBJECT, headers=RETRY)

    assert (told.status_code, told.headers["vienna-reason"]) == (403, "already_executed")
    assert told.headers["vienna-decision"] == "granted"
    assert told.headers["x-should-retry"] == "false"
    assert "sent at noon" in told.text
    assert told.reason_phrase.startswith("Withheld by Vienna")
    assert told.json()["retryable"] is False
    assert len(upstream.received) == 1


def test_a_withheld_answer_stays_withheld(gate, control, upstream: Upstream) -> None:
    control.script = Remembers()
    upstream.answer("POST", "/v1/tickets", Answer.json({"id": "T", "subject": "another"}, 201))
    assert gate.call("POST", TICKETS, json=SUBJECT).headers["vienna-reason"] == "response_drift"
    again = gate.call("POST", TICKETS, json=SUBJECT, headers=RETRY)
    assert again.status_code == 403
    assert "another" not in again.text
    assert len(upstream.received) == 1


def test_when_the_first_ends_without_an_answer_the_retry_is_asked_about_again(
    own_gate, control, upstream: Upstream
) -> None:
    gate = own_gate(admin_listen="127.0.0.1:0")
    control.script = Remembers()
    with upstream.waits("POST", "/v1/tickets", Answer(201, b"x" * 100, abort_after=0)):
        first = later(lambda: gate.call("POST", TICKETS, json=SUBJECT))
        upstream.wait_for(1)
        retry = later(lambda: gate.call("POST", TICKETS, json=SUBJECT, headers=RETRY))
        until_sample(gate, "vienna_gate_held_calls", 1)
    told = retry.result(40)
    assert first.result(40).status_code == 502
    assert told.headers["vienna-reason"] == "already_executed"
    assert len(control.heard(wire.Consult)) == 3
    assert len(upstream.received) == 1


MARKS = {
    "x-stainless-retry-count": ("2", "0"),
    "amz-sdk-request": ("attempt=2; max=5", "attempt=1; max=5"),
    "x-goog-api-client": ("gl-python/3.13 gccl-attempt-count/3", "gl-python/3.13 gccl-attempt-count/1"),
}


@pytest.mark.parametrize("name", MARKS)
def test_the_control_plane_hears_what_a_client_says_of_its_try(gate, control, name: str) -> None:
    for value in MARKS[name]:
        gate.call("POST", TICKETS, json=SUBJECT, headers={name: value, "Idempotency-Key": "k-1"})
    again, first = control.heard(wire.Consult)
    assert (again.retry, first.retry) == (True, False)
    assert again.key == first.key == digest("k-1")
    assert again.fingerprint == first.fingerprint
    assert again.replay_seconds == 600


def test_the_key_that_came_first_is_sent(gate, control, upstream: Upstream) -> None:
    def script(fake, frame):
        if not isinstance(frame, wire.Consult):
            return fake.grants(frame)
        return fake.granted(frame).model_copy(update={"first_key": "k-first"})

    control.script = script
    gate.call("POST", TICKETS, json=SUBJECT, headers={"Idempotency-Key": "k-second"})
    signed = {
        "Idempotency-Key": "k-second",
        "Authorization": "AWS4-HMAC-SHA256 SignedHeaders=idempotency-key",
    }
    gate.call("POST", TICKETS, json=SUBJECT, headers=signed)
    gate.call("POST", TICKETS, json=SUBJECT)
    assert [one.header("idempotency-key") for one in upstream.received] == ["k-first", "k-second", None]


@pytest.mark.parametrize("told", ["k\r\nX-HTTP-Method-Override: DELETE", "k\n", "k\0", "k\u0100"])
def test_a_first_key_that_is_no_header_value_sends_nothing(
    gate, control, upstream: Upstream, told: str
) -> None:
    """What leaves is what was judged: the control plane cannot write more lines into it."""

    def script(fake, frame):
        if not isinstance(frame, wire.Consult):
            return fake.grants(frame)
        return fake.granted(frame).model_copy(update={"first_key": told})

    control.script = script
    answer = gate.call("POST", TICKETS, json=SUBJECT, headers={"Idempotency-Key": "k-second"})
    assert (answer.status_code >= 400, upstream.received) == (True, [])
