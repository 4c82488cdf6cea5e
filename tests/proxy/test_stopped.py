"""What a gate was allowed to begin goes on only as long as its bundle allows it; real sockets on both sides."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from harness.company_proxy import CompanyProxy
from harness.upstream import Answer, Upstream
from harness.vienna import in_background, until
from vienna_kernel import wire
from vienna_kernel.verdict import Reason

HOST = "payments.example"
STREAM = f"https://{HOST}/v1/stream"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
CONNECT = f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n".encode()


@pytest.fixture
def bundle(control) -> Iterator[object]:
    """A way to another bundle, and back to the first."""

    def change(**said: object) -> None:
        for name, value in said.items():
            setattr(control, name, value)
        control.digest = f"sha256:{uuid4().hex}"
        control.say(wire.BundleChanged(digest=control.digest))

    yield change
    change(status="active", passthrough=None)


def opened(gate, upstream: Upstream) -> ssl.SSLSocket:
    """A connection that the gate does not read, with one answer heard over it."""
    plain = gate.connect()
    plain.sendall(CONNECT)
    assert plain.recv(4096).startswith(b"HTTP/1.1 200")
    trust = ssl.create_default_context(cafile=upstream.authority.path)
    inside = trust.wrap_socket(plain, server_hostname=HOST, suppress_ragged_eofs=True)
    assert b"HTTP/1.1 200" in asked(inside)
    return inside


def asked(inside: ssl.SSLSocket) -> bytes:
    """An answer, whole."""
    inside.sendall(f"GET /v1/orders/O-1 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    said = b""
    while not said.endswith(b"}"):
        said += inside.recv(1)
    return said


@pytest.mark.parametrize("status", ["suspended", "frozen", "inactive", "a standing of tomorrow"])
def test_a_connection_that_nobody_reads_ends_with_its_agent(
    own_gate, upstream: Upstream, bundle, status: str
) -> None:
    with opened(own_gate(passthrough=[HOST]), upstream) as inside:
        bundle(status=status)
        assert inside.recv(1) == b""


def test_it_ends_when_its_host_is_to_be_read_again(own_gate, upstream: Upstream, bundle) -> None:
    bundle(passthrough=[HOST])
    with opened(own_gate(), upstream) as inside:
        bundle(passthrough=["other.example"])
        assert inside.recv(1) == b""


def test_another_bundle_that_allows_it_leaves_it_alone(own_gate, upstream: Upstream, bundle) -> None:
    gate = own_gate(passthrough=[HOST])
    with opened(gate, upstream) as inside, opened(gate, upstream) as other:
        bundle(passthrough=[HOST, "other.example"])
        bundle(passthrough=[HOST])
        assert b"HTTP/1.1 200" in asked(inside)
        bundle(status="suspended")
        assert (inside.recv(1), other.recv(1)) == (b"", b"")


def test_one_that_was_granted_before_is_not_opened_after(
    own_gate, control, upstream: Upstream, bundle
) -> None:
    """The agent is stopped between the grant and the record of it, which the tunnel waits for."""
    gate = own_gate(passthrough=[HOST])
    go_on = asyncio.Event()

    async def script(fake, frame):
        if isinstance(frame, wire.Outcome):
            await go_on.wait()
        return fake.grants(frame)

    control.script = script
    with gate.connect() as plain:
        plain.sendall(CONNECT)
        control.wait_for(wire.Outcome)
        bundle(status="suspended")
        until("the bundle", lambda: gate.log().count("bundle.loaded") == 2 or None)
        control.set(go_on)
        assert plain.recv(4096).startswith(b"HTTP/1.1 403 ")
    assert upstream.connections == 0


EVENTS = {"Content-Type": "text/event-stream"}


@pytest.fixture
def silence() -> Iterator[Iterator[bytes]]:
    """One event of a stream, and no further one before the test is over."""
    over = threading.Event()

    def events() -> Iterator[bytes]:
        yield b"data: one\n\n"
        over.wait(60)

    yield events()
    over.set()


def broken_off(outcome: wire.Outcome) -> bool:
    return (outcome.status, outcome.error, outcome.agent_gone) == (200, Reason.RESPONSE_INVALID, False)


def test_a_stream_is_ended_and_recorded_as_broken(gate, control, upstream, bundle, silence) -> None:
    upstream.answer("GET", "/v1/stream", Answer(headers=EVENTS, chunks=silence))
    with gate.client() as client, client.stream("GET", STREAM) as answer:
        came = answer.iter_raw()
        assert next(came) == b"data: one\n\n"
        bundle(status="suspended")
        with pytest.raises(httpx.RemoteProtocolError):
            next(came)
    (outcome,) = control.wait_for(wire.Outcome)
    assert broken_off(outcome)


def test_a_stream_by_a_company_proxy_is_ended_too(own_gate, control, upstream, bundle, silence) -> None:
    upstream.answer("GET", "/v1/stream", Answer(headers=EVENTS, chunks=silence))
    with CompanyProxy(upstream.address) as company:
        gate = own_gate(resolve={}, upstream_proxy=company.url)
        with gate.client() as client, client.stream("GET", STREAM) as answer:
            came = answer.iter_raw()
            assert next(came) == b"data: one\n\n"
            bundle(status="suspended")
            with pytest.raises(httpx.RemoteProtocolError):
                next(came)
    (outcome,) = control.wait_for(wire.Outcome)
    assert broken_off(outcome)


def test_a_stream_that_begins_after_it_was_stopped_is_ended(
    own_gate, control, upstream, bundle, silence
) -> None:
    """It was granted before; its answer comes after."""
    gate, answering = own_gate(), threading.Event()

    def late(request: object) -> Answer:
        answering.wait(30)
        return Answer(headers=EVENTS, chunks=silence)

    upstream.answer("GET", "/v1/stream", late)
    with in_background(lambda: gate.call("GET", STREAM)) as call:
        upstream.wait_for(1)
        bundle(status="suspended")
        until("the bundle", lambda: gate.log().count("bundle.loaded") == 2 or None)
        answering.set()
        with pytest.raises(httpx.RemoteProtocolError):
            call.result()
    (outcome,) = control.wait_for(wire.Outcome)
    assert broken_off(outcome)


def test_a_connect_that_waits_gets_no_interim_response(own_gate, control, upstream: Upstream) -> None:
    """Some clients, Python's own among them, take one for the answer, and that for a refusal."""
    gate = own_gate(passthrough=[HOST])
    seen: set[str] = set()

    def script(fake, frame):
        if isinstance(frame, wire.Consult) and frame.fingerprint not in seen:
            seen.add(frame.fingerprint)
            return fake.held(frame)
        return fake.grants(frame)

    control.script = script
    with gate.connect() as plain, gate.connect() as witness:
        plain.sendall(CONNECT)
        control.wait_for(wire.Consult)
        witness.sendall(
            b"GET http://payments.example/v1/orders/O-1 HTTP/1.1\r\nHost: payments.example\r\n\r\n"
        )
        for _ in range(2):  # signs of life are given in one go, to who has waited longest first
            assert witness.recv(len(CONTINUE), socket.MSG_WAITALL) == CONTINUE
        control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
        assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
