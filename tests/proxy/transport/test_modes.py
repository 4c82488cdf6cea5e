"""Modes over real sockets: the API itself as far as the agent knows, or nothing at all, and a company proxy behind.

Where nothing redirects a connection, the port that was dialled at a transparent listener is the listener's own; what
redirected ones do is seen in ``tests/journeys/test_transparent.py``.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from harness.answers import answer_to
from harness.ports import kept_place
from harness.upstream import Upstream
from vienna_kernel import wire

REVERSE = "reverse:https://payments.example"
ORDER = b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"


@pytest.fixture
def free_port() -> Iterator[Callable[[], int]]:
    """A port that only this test's gates are given."""
    with ExitStack() as stack:
        yield lambda: int(stack.enter_context(kept_place()).getsockname()[1])


def place(gate: Any) -> tuple[str, int]:
    host, _, port = gate.process.ready["listeners"][0]["address"].rpartition(":")
    return host, int(port)


def plain(gate: Any, data: bytes, *, seconds: float = 40.0) -> bytes:
    with socket.create_connection(place(gate), timeout=40) as connection:
        return answer_to(connection, data, seconds=seconds)


def in_tls(gate: Any, data: bytes, sni: str | None) -> bytes:
    trust = ssl.create_default_context(cafile=gate.process.ready["ca"])
    trust.check_hostname = False
    with (
        socket.create_connection(place(gate), timeout=40) as connection,
        trust.wrap_socket(connection, server_hostname=sni) as inside,
    ):
        return answer_to(inside, data)


# A listener that stands for one API.


def test_a_reverse_listener_is_the_api(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(mode=REVERSE)
    host, port = place(gate)
    for said in (
        plain(gate, ORDER % b"payments.example"),
        plain(gate, ORDER % b"payments.example:443"),
        plain(gate, ORDER % f"{host}:{port}".encode()),
        plain(gate, ORDER % f"LocalHost:{port}".encode()),
        in_tls(gate, ORDER % b"payments.example", "payments.example"),
    ):
        assert said.startswith(b"HTTP/1.1 200 "), said
    assert [(one.scheme, one.sni, one.header("host")) for one in upstream.received] == [
        ("https", "payments.example", "payments.example")
    ] * 5
    assert {frame.call.url for frame in control.heard(wire.Consult)} == {
        "https://payments.example/v1/orders/O-1"
    }
    assert len(control.wait_for(wire.Outcome, 5)) == 5


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(ORDER % b"api.stripe.com", b"target_mismatch", id="another host"),
        pytest.param(ORDER % b"payments.example:80", b"target_mismatch", id="another port"),
        pytest.param(ORDER % b"localhost", b"target_mismatch", id="the listener without its port"),
        pytest.param(ORDER % b"169.254.169.254", b"target_mismatch", id="an address"),
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", b"ambiguous_request", id="no host"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: payments.example\r\nHost: payments.example\r\n\r\n",
            b"ambiguous_request",
            id="two hosts",
        ),
        pytest.param(
            b"GET http://payments.example/ HTTP/1.1\r\nHost: payments.example\r\n\r\n",
            b"target_mismatch",
            id="an absolute target",
        ),
        pytest.param(
            b"CONNECT payments.example:443 HTTP/1.1\r\nHost: payments.example:443\r\n\r\n",
            b"malformed_request",
            id="a tunnel",
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"unsupported_protocol", id="HTTP/2"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", b"malformed_request", id="a folded header"),
    ],
)
@pytest.mark.parametrize("mode", [REVERSE, "transparent"])
def test_what_names_another_place_is_refused(
    gates: dict[str, Any], control, upstream: Upstream, mode: str, data: bytes, reason: bytes
) -> None:
    said = plain(gates[mode], data)

    assert said.startswith(b"HTTP/1.1 4"), said[:200]
    assert (b"\r\nVienna-Reason: " + reason + b"\r\n") in said
    assert control.heard(wire.Consult) == []
    assert upstream.connections == 0


HEAD = b"POST /v1/tickets HTTP/1.1\r\nHost: payments.example:PORT\r\n"


@pytest.mark.parametrize("mode", [REVERSE, "transparent"])
@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(HEAD + b"X-A: 1\n\r\n", 400, id="a lone LF"),
        pytest.param(HEAD + b"X-A: a\0b\r\n\r\n", 400, id="a NUL"),
        pytest.param(HEAD + b"X-A: 1\r\n" * 120 + b"\r\n", 400, id="too many lines"),
        pytest.param(HEAD + b"X-A: " + b"a" * 70000 + b"\r\n\r\n", 400, id="too large a head"),
        pytest.param(
            HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="CL and TE"
        ),
        pytest.param(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n", 400, id="trailers"
        ),
        pytest.param(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 70000,
            400,
            id="a chunk's head without end",
        ),
        pytest.param(HEAD + b"Content-Length: 99999999\r\n\r\nx", 413, id="too large a body"),
        pytest.param(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", 415, id="a coded body"),
        pytest.param(
            HEAD + b"X-HTTP-Method-Override: GET\r\nContent-Length: 0\r\n\r\n", 400, id="an override"
        ),
        pytest.param(
            HEAD + b"Upgrade: x\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n", 400, id="an upgrade"
        ),
        pytest.param(HEAD.replace(b"/v1/", b"/v1/../") + b"Content-Length: 0\r\n\r\n", 400, id="dots"),
    ],
)
def test_what_has_no_single_reading_is_refused(
    gates: dict[str, Any], control, upstream: Upstream, mode: str, data: bytes, status: int
) -> None:
    port = 443 if mode == REVERSE else place(gates[mode])[1]
    said = plain(gates[mode], data.replace(b"PORT", str(port).encode()))

    assert said.startswith(f"HTTP/1.1 {status} Denied by Vienna".encode()), said[:200]
    assert control.heard(wire.Consult) == []
    assert upstream.connections == 0


@pytest.mark.parametrize("mode", [REVERSE, "transparent"])
@pytest.mark.parametrize(
    ("sni", "host"),
    [
        pytest.param("api.stripe.com", b"payments.example", id="another name in TLS"),
        pytest.param("payments.example", b"api.stripe.com", id="another name in Host"),
        pytest.param(None, b"payments.example", id="none in TLS"),
    ],
)
def test_tls_names_what_the_request_names(
    gates: dict[str, Any], upstream: Upstream, mode: str, sni: str | None, host: bytes
) -> None:
    port = place(gates[mode])[1]
    said = in_tls(gates[mode], ORDER % (host if mode == REVERSE else b"%b:%d" % (host, port)), sni)
    assert b"\r\nVienna-Reason: target_mismatch\r\n" in said
    assert upstream.connections == 0


@pytest.mark.parametrize("mode", [REVERSE, "transparent"])
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            b"\x00\x1d\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x00\x00\x01\x00\x01",
            id="DNS",
        ),
        pytest.param(b"\x05\x01\x00", id="SOCKS"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", id="SSH"),
        pytest.param(b"\xc3\x00\x00\x00\x01" + b"\x00" * 40 + b"\r\n\r\n", id="QUIC"),
    ],
)
def test_other_protocols_get_nowhere(
    gates: dict[str, Any], upstream: Upstream, mode: str, data: bytes
) -> None:
    said = plain(gates[mode], data, seconds=1.5)  # a head is waited for
    assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
    assert upstream.connections == 0


def test_no_tls_where_the_api_has_none(own_gate, upstream: Upstream) -> None:
    gate = own_gate(mode="reverse:http://payments.example")
    with pytest.raises(OSError):  # noqa: PT011  # closed, in whichever words
        in_tls(gate, ORDER % b"payments.example", "payments.example")
    assert upstream.connections == 0


def test_no_port_for_quic_is_opened(own_gate) -> None:
    gate = own_gate(mode=REVERSE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(place(gate))  # nobody else has it


# Redirected connections, as far as they can be had without a namespace.


def test_a_transparent_listener_believes_the_name_and_the_port(
    own_gate, control, upstream: Upstream, free_port
) -> None:
    port = free_port()
    there = f"payments.example:{port}"
    gate = own_gate(mode=f"transparent@127.0.0.1:{port}", resolve={there: upstream.address})
    assert in_tls(gate, ORDER % there.encode(), "payments.example").startswith(b"HTTP/1.1 200 ")
    (received,) = upstream.received
    assert (received.sni, received.header("host")) == ("payments.example", there)
    for other in (b"payments.example", b"payments.example:443"):
        assert b"target_mismatch" in in_tls(gate, ORDER % other, "payments.example")
        assert b"target_mismatch" in plain(gate, ORDER % other)
    assert len(upstream.received) == 1


@pytest.mark.parametrize(
    "host", [b"127.0.0.1", b"[::1]", b"169.254.169.254", b"localhost", b"metadata.google.internal"]
)
def test_a_transparent_listener_judges_addresses(
    gates: dict[str, Any], upstream: Upstream, host: bytes
) -> None:
    port = place(gates["transparent"])[1]
    said = plain(gates["transparent"], ORDER % (b"%b:%d" % (host, port)))
    assert b"\r\nVienna-Reason: address_refused\r\n" in said
    assert upstream.connections == 0


# Hosts whose TLS is not opened: without a CONNECT the hello is what is judged.


@pytest.fixture
def unopened(own_gate, upstream: Upstream, free_port):
    """Start a gate of that mode that does not open ``payments.example``, there at the gate's own port."""

    def start(mode: str, **settings: Any) -> Any:
        port = free_port()
        there = {"payments.example": upstream.address, f"payments.example:{port}": upstream.address}
        return own_gate(
            mode=f"{mode}@127.0.0.1:{port}", passthrough=["payments.example"], resolve=there, **settings
        )

    return start


def beyond(gate: Any, upstream: Upstream, sni: str) -> bytes:
    """What the upstream says in its own TLS; empty where the connection was closed."""
    trust = ssl.create_default_context(cafile=upstream.authority.path)
    try:
        with (
            socket.create_connection(place(gate), timeout=40) as connection,
            trust.wrap_socket(connection, server_hostname=sni) as inside,
        ):
            inside.sendall(ORDER % sni.encode())
            return inside.recv(4096)
    except OSError:
        return b""


@pytest.mark.parametrize("mode", [REVERSE, "transparent"])
def test_an_unopened_connection_needs_a_warrant(unopened, control, upstream: Upstream, mode: str) -> None:
    gate = unopened(mode)
    assert beyond(gate, upstream, "payments.example").startswith(b"HTTP/1.1 200 ")
    (consult,) = control.heard(wire.Consult)
    port = 443 if mode == REVERSE else place(gate)[1]
    assert (consult.call.method, consult.intents[0]["action"]) == ("CONNECT", "http.connect")
    assert (
        consult.call.url.removesuffix("/") == f"https://payments.example{'' if port == 443 else f':{port}'}"
    )
    assert control.wait_for(wire.Outcome)[0].result == "unverifiable"


@pytest.mark.parametrize("mode", [REVERSE, "transparent"])
@pytest.mark.parametrize("verdict", ["refused", "held"])
def test_without_one_it_is_not_made(unopened, control, upstream: Upstream, mode: str, verdict: str) -> None:
    gate = unopened(mode)
    control.script = lambda fake, frame: (
        getattr(fake, verdict)(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    assert beyond(gate, upstream, "payments.example") == b""
    assert upstream.connections == 0


def test_another_name_at_its_listener_is_opened_or_nothing(unopened, control, upstream: Upstream) -> None:
    gate = unopened("reverse:https://api.stripe.com")
    assert beyond(gate, upstream, "payments.example") == b""  # not opened, and not the listener's place
    assert b"target_mismatch" in in_tls(gate, ORDER % b"api.stripe.com", "tools.example")
    assert control.heard(wire.Consult) == []
    assert upstream.connections == 0


def test_several_listeners(own_gate, control, upstream: Upstream, free_port) -> None:
    one, two = free_port(), free_port()
    gate = own_gate(mode=[f"{REVERSE}@127.0.0.1:{one}", "regular", f"transparent@127.0.0.1:{two}"])
    shown = [(row["mode"], row["address"]) for row in gate.process.ready["listeners"]]
    assert shown == [
        (REVERSE, f"127.0.0.1:{one}"),
        ("regular", gate.proxy.removeprefix("http://")),
        ("transparent", f"127.0.0.1:{two}"),
    ]
    assert gate.call("GET", "https://payments.example/v1/orders/O-1").status_code == 200
    assert plain(gate, ORDER % b"payments.example").startswith(b"HTTP/1.1 200 ")
    for port in (one, two):  # none of them is to be had through another
        answer = gate.call("GET", f"http://localhost:{port}/")
        assert answer.headers["vienna-reason"] == "address_refused"


def test_a_busy_port_of_a_mode_is_named(own_gate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(AssertionError, match=f"cannot listen on {where}: Address already in use"):
            own_gate(mode=["regular", f"transparent@{where}"])


@pytest.fixture(scope="module")
def gates(world, tmp_path_factory: pytest.TempPathFactory):
    """A gate of each further mode."""
    control, upstream, first = world
    folder = tmp_path_factory.mktemp("modes")
    started = {
        mode: type(first)(folder / name, control, upstream, mode=mode)
        for mode, name in ((REVERSE, "reverse"), ("transparent", "transparent"))
    }
    yield started
    for one in started.values():
        one.process.close()
