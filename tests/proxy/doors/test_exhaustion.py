"""Exhaustion: what is meant to use the gate up is refused, and others' calls go on meanwhile."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from harness.doors import Scene
from harness.vienna import in_background

GET = b"GET http://tap.example/other HTTP/1.1\r\nHost: tap.example\r\n\r\n"
POST = b"POST http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n"
ENOUGH_SECONDS = 30.0  # far beyond what is promised, on a machine that is busy with other tests


def post(body: bytes, kind: bytes = b"application/json", more: bytes = b"") -> bytes:
    return POST % (kind, more, len(body)) + body


NESTED = b"[" * 30_000 + b"]" * 30_000
KEYS = b"{" + b",".join(b'"k%d": 1' % n for n in range(3000)) + b', "k1": 2}'
FIELDS = b"&".join(b"a%d=1" % n for n in range(10_001))
ITEMS = (
    b"PUT http://shop.example/v1/items HTTP/1.1\r\nHost: shop.example\r\nContent-Type: application/json\r\n"
)
BOMB = gzip.compress(b'{"items": [' + b"1, " * 4_000_000 + b"1]}")
MEMBERS = b"".join([gzip.compress(b"")] * 3000)


def coded(body: bytes) -> bytes:
    return ITEMS + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body


ATTACKS = {
    "deep nesting": post(NESTED),
    "an object of many keys, one twice": post(KEYS),
    "a form of many fields": post(FIELDS, b"application/x-www-form-urlencoded"),
    "a bomb": coded(BOMB),
    "a bomb in a bomb": coded(gzip.compress(BOMB)),
    "many empty members": coded(MEMBERS),
    "thousands of header lines": b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n"
    + b"A: 1\r\n" * 5000
    + b"\r\n",
    "a header without end": b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\nA: " + b"1" * 200_000,
    "a chunk extension without end": b"POST http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 200_000,
    "more than a body may be": post(b"x" * 300_000, b"text/plain"),
    "a path of many percent signs": b"GET http://tap.example/"
    + b"%25" * 2500
    + b" HTTP/1.1\r\nHost: tap.example\r\n\r\n",
    "a long number": post(b'{"a": ' + b"9" * 60_000 + b"}"),
}


@contextlib.contextmanager
def others(scene: Scene) -> Iterator[Callable[[], int]]:
    """Another agent's calls, one after the other; how many were answered."""
    stop, count = threading.Event(), [0]

    def go_on() -> None:
        with scene.gate.connect() as plain:
            while not stop.is_set():
                assert scene.ask(plain, GET, seconds=ENOUGH_SECONDS).startswith(b"HTTP/1.1 200"), count
                count[0] += 1

    with in_background(go_on) as work:
        try:
            yield lambda: count[0]
        finally:
            stop.set()
        work.result(ENOUGH_SECONDS)


def _some_more(count: Callable[[], int]) -> None:
    """Another call of theirs is answered, begun after now."""
    before, pause, deadline = count(), threading.Event(), time.monotonic() + ENOUGH_SECONDS
    while count() < before + 2:
        assert time.monotonic() < deadline, "others' calls stand still"
        pause.wait(0.01)


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_refused_and_others_go_on(scene: Scene, attack: str) -> None:
    with others(scene) as count:
        _some_more(count)
        for _ in range(3):
            told = scene.say(ATTACKS[attack], seconds=ENOUGH_SECONDS)
            assert told.startswith(b"HTTP/1.1 4") or told == b"", told[:300]
        _some_more(count)
    assert all(heard == scene.tap.heard[0] for heard in scene.tap.heard)
    assert scene.upstream.connections == 0


def test_connections_that_say_little_are_nobody_elses_trouble(scene: Scene) -> None:
    """A hundred heads that trickle in, a hundred connections that are silent, a hundred bodies that never end."""
    with contextlib.ExitStack() as stack:
        for words in (b"GET http://tap.example/ HT", b"", post(b"x" * 100, b"text/plain")[:-50]):
            for _ in range(100):
                one: socket.socket = stack.enter_context(scene.gate.connect())
                one.sendall(words)
        with others(scene) as count:
            _some_more(count)
