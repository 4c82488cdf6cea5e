"""Responses: the upstream is not trusted either; what it says is one answer, bounded, recorded before it is told."""

from __future__ import annotations

import gzip
import json
import threading

import pytest

from harness.doors import Door, Scene, Unguarded, laws
from harness.upstream import Answer
from vienna_kernel import wire

GET = b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n"
REFUND = {"order": "ORD-1", "amount": "5.00", "currency": "EUR"}


def answered(answer: bytes, through: bytes, *by: str) -> Door:
    """What the upstream says, and what of it must not reach the agent."""

    def attack(scene: Scene) -> bool:
        scene.tap.answer = answer
        return through in scene.say(GET, seconds=scene.patience(3))

    return Door(attack, by)


def silent(answer: bytes, *by: str) -> Door:
    """An upstream that stops talking; the agent is still without an answer long after its time is up."""

    def attack(scene: Scene) -> bool:
        ended = threading.Event()
        scene.tap.answer = lambda one: (one.sendall(answer) if answer else None, ended.wait(30), None)[-1]
        try:
            return scene.say(GET, seconds=scene.patience(3.5)) == b""
        finally:
            ended.set()

    return Door(attack, by)


def _stalling(scene: Scene) -> bool:
    """An upstream that takes the connection and never says anything to the TLS hello."""
    with scene.inside("public.example") as tunnel:
        head = b"GET / HTTP/1.1\r\nHost: public.example\r\n\r\n"
        return scene.ask(tunnel, head, seconds=scene.patience(3.5)) == b""


def _hanging(scene: Scene) -> bool:
    """Trailers, after which the agent waits for ever."""
    scene.tap.answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"
    said = scene.say(GET, seconds=scene.patience(2))
    return said == b"" or b"X-T" in said


def _undone(scene: Scene) -> bool:
    """An answer that is to be verified is undone, however much it holds; within the cap it would be no match either."""
    body = gzip.compress(
        json.dumps({**REFUND, "id": "R", "status": "succeeded", "x": "0" * 9_000_000}).encode()
    )
    head = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    scene.upstream.answer("POST", "/v1/refunds", Answer(201, body, head))
    sent = json.dumps(REFUND).encode()
    with scene.inside() as tunnel:
        told = scene.ask(
            tunnel,
            b"POST /v1/refunds HTTP/1.1\r\nHost: payments.example\r\nContent-Type: application/json\r\n"
            b"Accept-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(sent), sent),
        )
    (outcome,) = scene.control.wait_for(wire.Outcome)
    return not told.startswith(b"HTTP/1.1 201") or outcome.result != "unverifiable"


def _followed(scene: Scene) -> bool:
    """A redirect is followed by the gate itself."""
    scene.tap.answer = (
        b"HTTP/1.1 302 Found\r\nLocation: http://unmapped.example/elsewhere\r\nContent-Length: 0\r\n\r\n"
    )
    scene.say(GET)
    return len(scene.tap.heard) != 1


def _unjudged(scene: Scene) -> bool:
    """The agent's next request, to where a redirect led it, is not judged."""
    scene.say(GET.replace(b"tap.example", b"169.254.10.20"))
    return scene.reached


READS = "answers are read strictly"

DOORS = {
    "an interim answer for the answer": answered(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\nok",
        b"103",
        READS,
    ),
    "interim answers without end": answered(b"HTTP/1.1 102 Processing\r\n\r\n" * 200, b"102 Processing"),
    "a folded line": answered(HEAD + b"X-A: 1\r\n two\r\nContent-Length: 0\r\n\r\n", b"\r\n two", READS),
    "a control byte": answered(HEAD + b"X-A: \x1b[2J\r\nContent-Length: 0\r\n\r\n", b"\x1b", READS),
    "Content-Length and Transfer-Encoding": answered(
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b" 200 OK"
    ),
    "two lengths": answered(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok", b" 200 OK"),
    "trailers": Door(_hanging, ("answers end as they must", "a clock for upstreams")),
    "a second answer behind the first": answered(
        HEAD + b"Content-Length: 2\r\n\r\nok" + HEAD + b"Content-Length: 6\r\n\r\nsecond", b"second"
    ),
    "too large a head": answered(
        HEAD + b"X-A: " + b"1" * 300_000 + b"\r\nContent-Length: 0\r\n\r\n", b"111", READS
    ),
    "too many lines": answered(HEAD + b"X-A: 1\r\n" * 600 + b"Content-Length: 0\r\n\r\n", b" 200 OK", READS),
    "silence before the answer": silent(b"", "a clock for upstreams"),
    "silence in the head": silent(HEAD, "a clock for upstreams"),
    "silence in the body": silent(HEAD + b"Content-Length: 10\r\n\r\nhalf", "a clock for upstreams"),
    "silence in the TLS handshake": Door(_stalling, ("a clock for connecting",), timed=True),
    "a bomb that must be verified": Door(_undone, ("a bound on what is verified",)),
    "a redirect that the gate follows": Door(_followed),
    "a redirect to where nobody may": Door(_unjudged, ("one place", "addresses are judged")),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)

HALF = {
    "cut off": (lambda one: one.sendall(HEAD + b"Content-Length: 10\r\n\r\nhalf"), "outcome_unknown"),
    "cut off in its head": (lambda one: one.sendall(HEAD + b"Content-Le"), "outcome_unknown"),
    "cut off before it": (lambda one: None, "outcome_unknown"),
    "cut off in a chunk": (
        lambda one: one.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\na\r\nhalf"),
        "outcome_unknown",
    ),
    "without a reading": (lambda one: one.sendall(b"HTTP/9 hello\r\n\r\n"), "response_invalid"),
}


@pytest.mark.parametrize("half", HALF)
def test_half_an_answer_is_an_outcome(scene: Scene, half: str) -> None:
    """The call may have had its effect: that nobody knows is what is recorded, and told."""
    scene.tap.answer, reason = HALF[half]
    told = scene.say(b"POST http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\nContent-Length: 0\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 502 ")
    assert f"\r\nVienna-Reason: {reason}\r\n".encode() in told
    (outcome,) = scene.control.wait_for(wire.Outcome)
    assert (outcome.unknown, outcome.error.value) == (True, reason)


def test_silence_is_an_outcome(unguarded: Unguarded) -> None:
    """The deadline that ended it is told, and what became of the call stays unknown."""
    unguarded.hatch()
    unguarded.reset()
    unguarded.tap.answer = lambda one: threading.Event().wait(3)
    told = unguarded.say(
        b"POST http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\nContent-Length: 0\r\n\r\n"
    )
    assert b"\r\nVienna-Reason: outcome_unknown\r\n" in told
    (outcome,) = unguarded.control.wait_for(wire.Outcome)
    assert outcome.unknown


def test_a_stream_that_falls_silent_is_cut_off_and_is_an_outcome(scene: Scene) -> None:
    """What came of it was handed on already; that it is not the whole is seen by the agent, and recorded."""
    head = HEAD + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    scene.tap.answer = lambda one: (one.sendall(head + b"9\r\ndata: 1\n\n\r\n"), threading.Event().wait(4))
    with scene.gate.connect() as plain:
        plain.sendall(GET)
        said = b""
        while more := plain.recv(4096):
            said += more
    assert b"data: 1" in said
    assert not said.endswith(b"0\r\n\r\n")
    (outcome,) = scene.control.wait_for(wire.Outcome)
    assert (outcome.status, outcome.result) == (200, "ambiguous")
