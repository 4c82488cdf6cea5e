"""Orders to stop at a running gate: what they refuse, what they cut off, without a word of the control plane."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from uuid import uuid4

import httpx
import pytest

from harness.upstream import Answer, Upstream
from harness.vienna import in_background, until
from vienna_kernel import wire
from vienna_kernel.verdict import Reason

ORDER = "https://payments.example/v1/orders/O-1"
REFUND = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"
STREAM = "https://payments.example/v1/stream"
BODY = {"order": "O-1", "amount": "5.00", "currency": "EUR"}
DONE = {"id": "re_1", **BODY}

type Say = Callable[..., None]


@pytest.fixture
def freeze(control) -> Iterator[Say]:
    """Say that something is stopped, ahead of the bundle that says so; at the end it is over."""

    def say(level: str = "freeze", **scope: str) -> None:
        n = control.stops["last"] + 1
        row = wire.StopRow(n=n, kind="freeze", level=level, **scope)
        control.freeze = [*control.freeze, row]
        control.stops = {"last": n, "count": n}
        control.digest = f"sha256:{uuid4().hex}"
        control.say(wire.BundleChanged(digest="", stops=[row]))

    yield say
    lift(control)


def lift(control) -> None:
    control.freeze = []
    control.digest = f"sha256:{uuid4().hex}"
    control.say(wire.BundleChanged(digest=control.digest))


def reason(answer: httpx.Response) -> str:
    return answer.headers["vienna-reason"]


def test_what_is_stopped_is_refused_whoever_says_yes(gate, control, upstream: Upstream, freeze: Say) -> None:
    with gate.client() as client:
        assert client.post(REFUND, json=BODY).status_code == 200
        freeze(host="payments.example")
        refused = until("the freeze", lambda: (a := client.post(REFUND, json=BODY)).status_code == 403 and a)
        assert reason(refused) == "frozen"
        left = len(upstream.received)
        assert client.get(ORDER).status_code == 200, "reads go on"
        assert len(upstream.received) == left + 1
        lift(control)
        until("the end of it", lambda: client.post(REFUND, json=BODY).status_code == 200)


def test_without_the_control_plane_it_is_refused_all_the_same_and_told_later(
    own_gate, control, freeze: Say
) -> None:
    gate = own_gate()
    freeze()
    until("the freeze", lambda: "gate.stopped" in gate.log() or None)
    control.shut()
    try:
        with gate.client() as client:
            assert reason(client.post(REFUND, json=BODY)) == "frozen"
    finally:
        control.open()
    told = until("its report", lambda: control.heard(wire.Report) or None)
    assert {event.reason for report in told for event in report.events} >= {Reason.FROZEN}


def test_a_held_call_is_told_at_once(gate, control, freeze: Say) -> None:
    control.script = lambda fake, frame: (
        fake.held(frame)
        if isinstance(frame, wire.Consult) and not fake.freeze
        else fake.refused(frame, reason="frozen")
        if isinstance(frame, wire.Consult)
        else fake.grants(frame)
    )
    with in_background(lambda: gate.call("POST", REFUND, json=BODY)) as call:
        control.wait_for(wire.Consult)
        freeze()
        assert reason(call.result()) == "frozen"


@pytest.fixture
def held_up(upstream: Upstream) -> Iterator[threading.Event]:
    """An upstream that answers a refund when this is set."""
    answering = threading.Event()

    def late(_: object) -> Answer:
        answering.wait(30)
        return Answer.json(DONE)

    upstream.answer("POST", "/v1/refunds", late)
    yield answering
    answering.set()


def test_quarantine_withholds_the_answer_of_a_call_under_way(
    gate, control, upstream: Upstream, freeze: Say, held_up: threading.Event
) -> None:
    with in_background(lambda: gate.call("POST", REFUND, json=BODY)) as call:
        upstream.wait_for(1)
        known = gate.log().count("gate.stopped")
        freeze("quarantine")
        until("the freeze", lambda: gate.log().count("gate.stopped") > known)
        held_up.set()
        answer = call.result()
    assert (reason(answer), "re_1" in answer.text) == ("frozen", False)
    assert "withheld" in answer.text
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.status, outcome.response_bytes > 0) == (200, True), "it is recorded as it came"


def test_a_freeze_lets_a_call_under_way_end(
    gate, control, upstream: Upstream, freeze: Say, held_up: threading.Event
) -> None:
    with in_background(lambda: gate.call("POST", REFUND, json=BODY)) as call:
        upstream.wait_for(1)
        freeze()
        until("the freeze", lambda: gate.call("POST", TICKETS, json={"subject": "x"}).status_code == 403)
        held_up.set()
        assert call.result().json() == DONE


def test_kill_cuts_a_call_under_way_off(
    gate, control, upstream: Upstream, freeze: Say, held_up: threading.Event
) -> None:
    with in_background(lambda: gate.call("POST", REFUND, json=BODY)) as call:
        upstream.wait_for(1)
        freeze("kill")
        answer = call.result()
    assert reason(answer) == "frozen"
    assert "may have acted" in answer.text
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.status, outcome.unknown) == (None, True)


def test_what_was_granted_and_has_not_left_does_not_leave(
    own_gate, control, upstream: Upstream, freeze: Say
) -> None:
    """The upstream's TLS is not up yet when the freeze comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        there = "{}:{}".format(*listening.getsockname())
        gate = own_gate(resolve={**upstream.resolve, "payments.example": there})
        with in_background(lambda: gate.call("POST", REFUND, json=BODY)) as call:
            plain, _ = listening.accept()
            freeze()
            until("the freeze", lambda: "gate.stopped" in gate.log())
            trust = upstream.authority.server_context(["payments.example"])
            with trust.wrap_socket(plain, server_side=True) as inside:
                assert inside.recv(1) == b""
            assert reason(call.result()) == "frozen"
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.status, outcome.unknown) == (None, False)


def test_a_stop_of_another_host_cuts_nothing_off(
    gate, control, upstream: Upstream, freeze: Say, held_up: threading.Event
) -> None:
    with in_background(lambda: gate.call("POST", REFUND, json=BODY)) as call:
        upstream.wait_for(1)
        known = gate.log().count("gate.stopped")
        freeze("kill", host="*.payments.example")
        until("the freeze", lambda: gate.log().count("gate.stopped") > known)
        held_up.set()
        assert call.result().status_code == 200


def test_what_began_and_ended_between_two_bundles_still_ends_a_stream(
    gate, control, upstream: Upstream, freeze: Say
) -> None:
    over = threading.Event()

    def events() -> Iterator[bytes]:
        yield b"data: one\n\n"
        over.wait(30)

    upstream.answer(
        "GET", "/v1/stream", Answer(headers={"Content-Type": "text/event-stream"}, chunks=events())
    )
    try:
        with gate.client() as client, client.stream("GET", STREAM) as answer:
            came = answer.iter_raw()
            assert next(came) == b"data: one\n\n"
            n = control.stops["last"] + 1
            control.stops = {"last": n, "count": n}
            lift(control)
            with pytest.raises(httpx.RemoteProtocolError):
                next(came)
    finally:
        over.set()
