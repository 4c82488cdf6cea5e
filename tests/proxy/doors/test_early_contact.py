"""Early contact: nobody is asked for a name, connected to or greeted before the decision."""

from __future__ import annotations

import contextlib

import pytest

from harness.doors import Door, Scene, Unguarded, laws
from vienna_kernel import wire

WATCH = ("options are watched",)


def _tunnel(scene: Scene) -> bool:
    """A tunnel and TLS inside it; not one request."""
    with scene.inside() as tunnel:
        tunnel.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            tunnel.recv(1)
        return scene.reached


def _before_the_head(scene: Scene) -> bool:
    """A tunnel, and half a request inside it."""
    with scene.inside() as tunnel:
        tunnel.sendall(b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: payments.ex")
        tunnel.settimeout(0.2)
        with contextlib.suppress(TimeoutError):
            tunnel.recv(1)
        return scene.reached


def _refused(scene: Scene) -> bool:
    """What the control plane refuses."""
    scene.control.script = lambda fake, frame: (
        fake.refused(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    return scene.passed(b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n\r\n")


def _held(scene: Scene) -> bool:
    """What people are asked about, meanwhile."""
    scene.control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    return scene.passed(b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\nPrefer: wait=1\r\n\r\n")


DOORS = {
    "a tunnel alone": Door(_tunnel, WATCH, options={"connection_strategy": "eager"}),
    "half a request in a tunnel": Door(_before_the_head, WATCH, options={"connection_strategy": "eager"}),
    "a call that is refused": Door(_refused, ("the judge's word",)),
    "a call that is held": Door(_held, ("the judge's word",)),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


@pytest.mark.parametrize("target", ["public.example:443", "private.example:443"])
def test_no_name_is_resolved_for_a_tunnel(unguarded: Unguarded, target: str) -> None:
    """The resolver hears of a name only when its call was granted: names alone can carry data out."""
    unguarded.hatch()
    unguarded.reset()
    head = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()
    assert unguarded.say(head).startswith(b"HTTP/1.1 200")
    unguarded.control.script = lambda fake, frame: (
        fake.refused(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    host = target.partition(":")[0]
    told = unguarded.say(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert told.startswith(b"HTTP/1.1 403")
    assert unguarded.hatch() == []
