"""Framing: one request has one end and one set of header lines, for whoever reads it next."""

from __future__ import annotations

import contextlib
import threading
import time

from harness.doors import Door, Scene, laws
from vienna_kernel import wire

POST = b"POST http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\n"
JSON = b"Content-Type: application/json\r\n"
STRICT = ("heads are read strictly", "header values")
LENGTHS = ("mitmproxy's body length", "lines that tell", "mitmproxy's check of headers")


def lines(text: bytes, body: bytes = b"") -> Door:
    return Door(lambda scene: scene.passed(POST + text + b"\r\n" + body), STRICT)


def sent(*parts: bytes, by: tuple[str, ...]) -> Door:
    return Door(lambda scene: scene.passed(*parts), by)


def _coded_at_the_upstream(scene: Scene) -> bool:
    """Chunks arrive as chunks."""
    scene.say(POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    return any(b"transfer-encoding" in heard.lower() for heard in scene.tap.heard)


def _welcomed(scene: Scene) -> bool:
    """``100 Continue`` is said to what its head alone refuses."""
    head = POST + b"Expect: 100-continue\r\nContent-Length: 70000\r\n\r\n"
    with scene.gate.connect() as plain:
        plain.sendall(head)
        return plain.recv(4096).startswith(b"HTTP/1.1 100 ")


def _judged_before(scene: Scene) -> bool:
    """A body is sent on before the whole of it was judged."""
    with scene.gate.connect() as plain:
        plain.sendall(POST + JSON + b"Content-Length: 20\r\n\r\n" + b'{"a": 1')
        plain.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            plain.recv(1)
        return scene.reached


def _open_after(scene: Scene, data: bytes) -> bool:
    """The connection is open although a head has been awaited for longer than there is time for one."""
    with scene.gate.connect() as plain:
        plain.settimeout(scene.patience(2.4))
        plain.sendall(data)
        try:
            while plain.recv(4096):
                pass
        except TimeoutError:
            return True
        except OSError:
            pass
        return False


def _sent_ahead(scene: Scene) -> bool:
    """What a caller sends behind a request that waits is kept, however much it is."""
    scene.control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    wait = b"1" if scene.is_open else b"5"
    told = scene.say(POST + b"Prefer: wait=" + wait + b"\r\nContent-Length: 0\r\n\r\n", b"x" * 1_500_000)
    return b"approval_pending" in told


def _sends_on(scene: Scene) -> bool:
    """A caller goes on sending long after the answer, and is listened to."""
    with scene.gate.connect() as plain:
        assert scene.ask(plain, POST + b"Content-Length: 99999999\r\n\r\n").startswith(b"HTTP/1.1 413 ")
        pause, ends = threading.Event(), time.monotonic() + scene.patience(2.5)
        while time.monotonic() < ends:
            try:
                plain.sendall(b"x" * 100)
            except OSError:
                return False
            pause.wait(0.02)
        return True


DOORS = {
    "HTTP/1.0": sent(
        b"GET http://tap.example/ HTTP/1.0\r\nHost: tap.example\r\n\r\n", by=("version and method",)
    ),
    "HTTP/1.2": sent(
        b"GET http://tap.example/ HTTP/1.2\r\nHost: tap.example\r\n\r\n", by=("version and method",)
    ),
    "a folded header line": lines(b"X-A: 1\r\n two\r\n"),
    "a bare CR in a value": lines(b"X-A: a\rb\r\n"),
    "a line that ends in LF alone": sent(POST + b"X-A: 1\nX-B: 2\r\n\r\n", by=("heads are read strictly",)),
    "a NUL in a value": lines(b"X-A: a\0b\r\n"),
    "a blank before the colon": sent(
        POST + b"X-A : 1\r\n\r\n", by=("header lines", "header names", "mitmproxy's check of headers")
    ),
    "a name with an underscore": sent(POST + b"X_A: 1\r\n\r\n", by=("header names",)),
    "a name that is no token": sent(
        POST + b"X(A): 1\r\n\r\n", by=("header names", "mitmproxy's check of headers")
    ),
    "Content-Length and Transfer-Encoding": sent(
        POST + JSON + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        by=("lines that tell", "mitmproxy's check of headers"),
    ),
    "two lengths": sent(POST + JSON + b"Content-Length: 2\r\nContent-Length: 1\r\n\r\n{}", by=LENGTHS),
    "a length with a sign": sent(
        POST + JSON + b"Content-Length: +2\r\n\r\n{}",
        by=("mitmproxy's body length", "a plain number", "mitmproxy's check of headers"),
    ),
    "a transfer coding that is not chunked": sent(
        POST + JSON + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        by=("transfer codings",),
    ),
    "Transfer-Encoding twice": sent(
        POST + JSON + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        by=LENGTHS,
    ),
    "trailers": sent(
        POST + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-T: 1\r\n\r\n", by=("no trailers",)
    ),
    "trailers that are announced": sent(
        POST + JSON + b"Trailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        by=("lines that tell",),
    ),
    "chunks that are sent on as chunks": Door(_coded_at_the_upstream, ("hop-by-hop lines",)),
    "a body on GET": sent(
        b"GET http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}",
        by=("no body that nothing declares",),
    ),
    "a body on DELETE": sent(
        b"DELETE http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\n"
        + JSON
        + b"Content-Length: 2\r\n\r\n{}",
        by=("no body that nothing declares",),
    ),
    "a body beyond its length as a second request": Door(
        lambda scene: scene.passed(POST + b"Content-Length: 0\r\n\r\nSMUGGLED") and len(scene.tap.heard) > 1
    ),
    "an expectation other than 100-continue": sent(
        POST + JSON + b"Expect: 200-ok\r\nContent-Length: 2\r\n\r\n{}", by=("lines that tell",)
    ),
    "a welcome for what its head alone refuses": Door(_welcomed, ("what heads alone refuse",)),
    "a body sent on before the whole of it is there": Door(
        _judged_before,
        ("options are watched", "bodies are kept whole"),
        options={"stream_large_bodies": "1"},
    ),
    "a head that takes too long": Door(
        lambda scene: _open_after(scene, b"GET http://tap.example/ HT"),
        ("a clock for heads", "a clock for silence"),
        timed=True,
    ),
    "a connection that says nothing": Door(
        lambda scene: _open_after(scene, b""), ("a clock for silence",), timed=True
    ),
    "more than a pipeline may hold": Door(_sent_ahead, ("a bound on what is sent ahead",)),
    "sending without end after the answer": Door(
        _sends_on, ("a clock for what comes after the answer",), timed=True
    ),
    "too many header lines": sent(
        POST + b"X-A: 1\r\n" * 120 + b"\r\n", by=("lines of a head", "lines of headers")
    ),
    "too large a head": sent(
        POST + b"X-A: " + b"1" * 70_000 + b"\r\n\r\n", by=("bytes of a head", "bytes of headers")
    ),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)
