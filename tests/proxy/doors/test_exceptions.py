"""Exceptions: whatever a hook raises, however it ends or does not end, the call it was about is refused.

mitmproxy logs what an addon raises and forwards the request all the same; so the refusal stands before anything else
happens, and that is the guard that is taken out here.
"""

from __future__ import annotations

import contextlib

import pytest

from harness.doors import Door, Scene, Unguarded, laws
from harness.guards import WAYS
from vienna_kernel import wire

GET = b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n\r\n"
STANDS = ("the refusal that stands first",)


def _call(scene: Scene) -> bool:
    return scene.passed(GET)


def _tunnel(scene: Scene) -> bool:
    """CONNECT is answered with anything but a refusal."""
    head = b"CONNECT payments.example:443 HTTP/1.1\r\nHost: payments.example:443\r\n\r\n"
    return scene.say(head).startswith(b"HTTP/1.1 200")


def _body(scene: Scene) -> bool:
    """A head is there, and a body follows."""
    return scene.passed(
        b"POST http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\nContent-Length: 1\r\n\r\n", b"a"
    )


def _through_tls(scene: Scene) -> bool:
    with contextlib.suppress(OSError), scene.inside() as tunnel:
        scene.ask(tunnel, b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: payments.example\r\n\r\n")
    return scene.reached


def _answered(scene: Scene) -> bool:
    """What the upstream said arrives although nothing of it was recorded."""
    scene.tap.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nUPSTREAM"
    return b"UPSTREAM" in scene.say(GET)


def _streamed(scene: Scene) -> bool:
    """The same of a stream."""
    scene.tap.answer = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 8\r\n\r\nUPSTREAM"
    )
    return b"UPSTREAM" in scene.say(GET)


HOOKS = {
    "http_connect": (_tunnel, STANDS),
    "requestheaders": (_body, ("a head that stands refused",)),
    "request": (_call, STANDS),
    "request, while it waits": (_call, STANDS),
    "response": (_answered, ("the answer that stands first",)),
    "client_connected": (_call, ("a connection without a clock",)),
    "tls_established_client": (_through_tls, ("a tunnel without its TLS",)),
    "server_connect": (_call, ("an upstream without a clock",)),
    "next_layer": (_through_tls, ()),
}
SYNCHRONOUS = {"requestheaders", "request", "client_connected", "server_connect", "next_layer"} | {
    "tls_established_client"
}
ENDLESS = ("response", "hangs")  # without its guard it hangs for ever, and nothing arrives then either

DOORS = {
    f"{hook} {way}": Door(attack, () if (hook, way) == ENDLESS else guards, given=(f"{hook} {way}",))
    for hook, (attack, guards) in HOOKS.items()
    for way in WAYS
    if not (
        way == "hangs" and hook in SYNCHRONOUS
    )  # it would hang the whole process, which lets nothing through
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_that_cannot_be_recorded_does_not_begin(unguarded: Unguarded, way: str) -> None:
    """``responseheaders``: the answer is kept, and judged as a whole."""
    unguarded.hatch(given=(f"responseheaders {way}",))
    unguarded.reset()
    assert _streamed(unguarded)
    assert unguarded.control.wait_for(wire.Outcome)[0].status == 200
    unguarded.hatch()


@pytest.mark.parametrize("way", WAYS)
def test_an_upstream_that_fails_while_the_gate_does_is_told_in_our_words(
    unguarded: Unguarded, way: str
) -> None:
    """``error``: half an answer, and nobody to record it."""
    unguarded.hatch(given=(f"error {way}",))
    unguarded.reset()
    unguarded.tap.answer = lambda one: one.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nUP")
    told = unguarded.say(GET)
    assert told.startswith(b"HTTP/1.1 500 ")
    assert b"internal_error" in told
    unguarded.hatch()
