"""The gate's doors over real sockets: what is malformed, ambiguous or another protocol reaches nobody."""

from __future__ import annotations

import ssl
import time

import pytest

from harness.answers import answer_to
from harness.upstream import Answer, Upstream
from vienna_kernel.wire import Outcome

HEAD = b"POST http://payments.example/v1/tickets HTTP/1.1\r\nHost: payments.example\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        pytest.param(HEAD + b"X-A: 1\r\n two\r\n\r\n", 400, id="a folded header"),
        pytest.param(HEAD + b"X-A: 1\n\r\n", 400, id="a lone LF"),
        pytest.param(HEAD + b"X-A: a\rb\r\n\r\n", 400, id="a bare CR"),
        pytest.param(HEAD + b"X-A: a\0b\r\n\r\n", 400, id="a NUL"),
        pytest.param(HEAD + b"X-A : 1\r\n\r\n", 400, id="a blank before the colon"),
        pytest.param(HEAD + b"X_A: 1\r\n\r\n", 400, id="an underscore"),
        pytest.param(HEAD + b": 1\r\n\r\n", 400, id="no header name"),
        pytest.param(HEAD + b"X-A: 1\r\n" * 120 + b"\r\n", 400, id="too many lines"),
        pytest.param(HEAD + b"X-A: " + b"a" * 70000 + b"\r\n\r\n", 400, id="too large a head"),
        pytest.param(HEAD + b"Host: other.example\r\n\r\n", 400, id="two hosts"),
        pytest.param(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, id="two lengths"),
        pytest.param(HEAD + b"Content-Length: +1\r\n\r\na", 400, id="a signed length"),
        pytest.param(
            HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, id="CL and TE"
        ),
        pytest.param(
            HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 415, id="a transfer coding"
        ),
        pytest.param(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n", 400, id="trailers"
        ),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, id="a chunk size that is none"),
        pytest.param(HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 400, id="a WebSocket"),
        pytest.param(HEAD + b"X-HTTP-Method-Override: DELETE\r\n\r\n", 400, id="a method override"),
        pytest.param(HEAD + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", 415, id="a coded body"),
        pytest.param(b"GET  http://payments.example/ HTTP/1.1\r\n\r\n", 400, id="two blanks"),
        pytest.param(
            b"GET http://payments.example/ HTTP/1.0\r\nHost: payments.example\r\n\r\n", 400, id="HTTP/1.0"
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2"),
        pytest.param(
            b"get http://payments.example/ HTTP/1.1\r\nHost: payments.example\r\n\r\n", 400, id="get"
        ),
        pytest.param(
            b"GET http://payments.example/a/../b HTTP/1.1\r\nHost: payments.example\r\n\r\n", 400, id="dots"
        ),
        pytest.param(
            b"GET http://payments.example/ HTTP/1.1\r\nHost: other.example\r\n\r\n", 400, id="another host"
        ),
        pytest.param(
            b"GET http://u:p@payments.example/ HTTP/1.1\r\nHost: payments.example\r\n\r\n", 400, id="userinfo"
        ),
        pytest.param(
            b"GET ftp://payments.example/ HTTP/1.1\r\nHost: payments.example\r\n\r\n", 400, id="ftp"
        ),
        pytest.param(b"\x16\x03\x01\x00\x05hello", 400, id="TLS towards the proxy"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", 400, id="SSH"),
    ],
)
def test_what_has_no_single_reading_is_refused(
    gate, control, upstream: Upstream, data: bytes, status: int
) -> None:
    said = gate.raw(data, seconds=1.5)  # what is no head for whoever reads HTTP is waited for

    assert said == b"" or said.startswith(f"HTTP/1.1 {status} ".encode()), said[:200]
    assert b"vienna" in said.lower() or said == b""
    assert control.frames == [] or all(frame.t == "report" for frame in control.frames)
    assert upstream.connections == 0


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:80",
        "[::1]:443",
        "169.254.169.254:80",
        "2130706433:80",
        "0x7f.1:80",
        "metadata.google.internal:80",
        "canary.invalid:443",
        "localhost:8080",
        "a.LocalHost.:443",
        "payments.example",
        "u@payments.example:443",
        "[::ffff:127.0.0.1]:443",
    ],
)
def test_connect_is_judged_before_anything_else(gate, upstream: Upstream, target: str) -> None:
    said = gate.raw(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())

    assert said.startswith((b"HTTP/1.1 403 Denied by Vienna", b"HTTP/1.1 400 Denied by Vienna")), said[:200]
    assert upstream.connections == 0


@pytest.mark.parametrize("host", [b"", b"Host: payments.example:443\r\n"])
def test_a_tunnel_is_opened_for_http_1_0_too(gate, upstream: Upstream, host: bytes) -> None:
    """As Python's http.client asked for tunnels up to 3.11; what goes through is judged as ever."""
    for inner, status in ((b"1.1", b"200"), (b"1.0", b"400")):
        plain = gate.connect()
        plain.sendall(b"CONNECT payments.example:443 HTTP/1.0\r\n" + host + b"\r\n")
        assert plain.recv(4096).split(b" ")[1] == b"200"
        trust = ssl.create_default_context(cafile=gate.process.ready["ca"])
        with trust.wrap_socket(plain, server_hostname="payments.example") as inside:
            inside.sendall(
                b"GET /v1/orders/O-1 HTTP/"
                + inner
                + b"\r\nHost: payments.example\r\nConnection: close\r\n\r\n"
            )
            assert inside.recv(4096).split(b" ")[1] == status
    assert len(upstream.received) == 1


def test_a_tunnel_with_two_hosts_is_refused(gate, upstream: Upstream) -> None:
    for version in ("1.0", "1.1"):
        head = f"CONNECT payments.example:443 HTTP/{version}\r\nHost: payments.example\r\nHost: b.example\r\n\r\n"
        assert b"ambiguous_request" in gate.raw(head.encode())
    assert gate.raw(b"CONNECT 127.0.0.1:443 HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403 ")
    assert b"unsupported_protocol" in gate.raw(b"CONNECT payments.example:443 HTTP/2.0\r\n\r\n")
    assert upstream.connections == 0


def test_the_control_plane_and_the_gate_itself_are_never_reached(gate, control, upstream: Upstream) -> None:
    for port in (control.port, gate.address[1]):
        answer = gate.call("GET", f"http://localhost:{port}/api/v1/health")
        assert answer.status_code in (403, 502)
        assert answer.headers["vienna-reason"] == "address_refused"
    assert control.internal == []


def test_a_server_name_that_is_not_the_tunnels_is_refused(gate, upstream: Upstream) -> None:
    with gate.tunnel("payments.example", sni="api.stripe.com") as inside:
        inside.sendall(b"GET / HTTP/1.1\r\nHost: payments.example\r\n\r\n")
        assert b"target_mismatch" in inside.recv(4096)
    assert upstream.connections == 0


def test_a_host_that_is_not_the_tunnels_is_refused(gate, upstream: Upstream) -> None:
    with gate.tunnel("payments.example") as inside:
        inside.sendall(b"GET / HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n")
        assert b"target_mismatch" in inside.recv(4096)
    assert upstream.connections == 0


def test_nothing_but_http_passes_through_a_tunnel(gate, upstream: Upstream) -> None:
    with gate.connect() as plain:
        head = b"CONNECT payments.example:443 HTTP/1.1\r\nHost: payments.example:443\r\n\r\n"
        assert answer_to(plain, head).startswith(b"HTTP/1.1 200")
        answer_to(plain, b"\x00\x01\x02\x03\r\n\r\n")
    assert upstream.connections == 0


def test_a_tunnel_inside_a_tunnel_is_refused(gate, upstream: Upstream) -> None:
    with gate.tunnel("payments.example") as inside:
        inside.sendall(b"CONNECT api.stripe.com:443 HTTP/1.1\r\nHost: api.stripe.com:443\r\n\r\n")
        assert inside.recv(4096).startswith(b"HTTP/1.1 4")
    assert upstream.connections == 0


def test_http2_is_not_offered(gate) -> None:
    plain = gate.connect()
    plain.sendall(b"CONNECT payments.example:443 HTTP/1.1\r\nHost: payments.example:443\r\n\r\n")
    plain.recv(4096)
    trust = ssl.create_default_context(cafile=gate.process.ready["ca"])
    trust.set_alpn_protocols(["h2", "http/1.1"])
    with trust.wrap_socket(plain, server_hostname="payments.example") as inside:
        assert inside.selected_alpn_protocol() == "http/1.1"


def test_an_offered_h2c_upgrade_is_not_taken_up(gate, upstream: Upstream) -> None:
    with gate.tunnel("payments.example") as inside:
        inside.sendall(
            b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: payments.example\r\n"
            b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
        )
        assert inside.recv(4096).startswith(b"HTTP/1.1 200")
    assert upstream.received[0].header("upgrade") is None


def test_a_slow_head_is_cut_off(gate) -> None:
    began = time.monotonic()
    with gate.connect() as slow:
        slow.sendall(b"GET http://payments.example/ HT")
        assert slow.recv(4096).startswith(b"HTTP/1.1 400")
        assert slow.recv(4096) == b""
    assert time.monotonic() - began > 5


def test_a_body_above_the_limit_is_refused_while_it_comes(own_gate, control, upstream: Upstream) -> None:
    small = own_gate(body={"inspect_max_bytes": 2048})
    head = b"POST http://payments.example/unmapped HTTP/1.1\r\nHost: payments.example\r\n"
    told = small.raw(head + b"Content-Length: 100000\r\n\r\n")  # before a byte of it
    assert told.startswith(b"HTTP/1.1 413 ")
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    told = small.raw(head + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, chunk)
    assert told.startswith(b"HTTP/1.1 413 ")
    assert upstream.connections == 0


def test_expect_is_answered_by_what_headers_alone_refuse(own_gate) -> None:
    small = own_gate(body={"inspect_max_bytes": 2048})
    head = b"POST http://payments.example/v1/tickets HTTP/1.1\r\nHost: payments.example\r\nExpect: 100-continue\r\n"
    refused = small.raw(head + b"Content-Length: 100000\r\n\r\n")
    assert refused.startswith(b"HTTP/1.1 413 ")
    with small.connect() as plain:
        plain.sendall(head + b"Content-Length: 10\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 100 Continue\r\n")


def test_a_connection_goes_on_after_a_refusal(gate, control) -> None:
    with gate.client() as client:
        assert client.get("http://169.254.169.254/latest").status_code == 403
        assert client.get("https://payments.example/v1/orders/O-1").status_code == 200


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(Answer(body=b"x" * 100, abort_after=10), "outcome_unknown", id="an answer cut off"),
        pytest.param(
            Answer(status=101, headers={"Upgrade": "x"}), "response_invalid", id="a switch of protocols"
        ),
        pytest.param(Answer(headers={"X-A": "a\x1b[2J"}), "response_invalid", id="a control byte"),
        pytest.param(Answer(headers={"Transfer-Encoding": "chunked"}), "response_invalid", id="CL and TE"),
        pytest.param(Answer(chunks=[b" "] * 40_000), "response_invalid", id="more framing than body"),
    ],
)
def test_a_broken_answer_is_an_outcome(
    gate, control, upstream: Upstream, answer: Answer, reason: str
) -> None:
    upstream.answer("POST", "/v1/tickets", answer)
    told = gate.call("POST", "https://payments.example/v1/tickets", json={"subject": "s"})

    assert (told.status_code, told.headers["vienna-reason"]) == (502, reason)
    (outcome,) = control.wait_for(Outcome)
    assert (outcome.unknown, outcome.result, outcome.error.value) == (True, "ambiguous", reason)


def test_interim_answers_of_the_upstream_stay_here(gate, upstream: Upstream) -> None:
    upstream.answer("GET", "/v1/orders/*", Answer.json({"id": "O-1"}, interim=(100, 102, 103)))
    assert gate.call("GET", "https://payments.example/v1/orders/O-1").json() == {"id": "O-1"}


def test_a_connection_that_says_nothing_is_closed(gate) -> None:
    began = time.monotonic()
    with gate.connect() as silent:
        assert silent.recv(1) == b""
    assert time.monotonic() - began > 9


def test_what_breaks_after_100_continue_is_told(gate, upstream: Upstream) -> None:
    head = b"POST http://payments.example/v1/tickets HTTP/1.1\r\nHost: payments.example\r\nExpect: 100-continue\r\n"
    with gate.connect() as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"1\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 400 Denied by Vienna")
    assert upstream.connections == 0


def test_a_body_of_tiny_chunks_is_refused(gate, upstream: Upstream) -> None:
    head = b"POST http://payments.example/v1/tickets HTTP/1.1\r\nHost: payments.example\r\n"
    told = gate.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 40_000)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert upstream.connections == 0
