"""A company proxy between the gate and the world, over real sockets."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.company_proxy import CompanyProxy
from harness.upstream import Answer, Upstream
from vienna_kernel import wire

ORDER = "https://payments.example/v1/orders/O-1"


@pytest.fixture
def company(upstream: Upstream) -> Iterator[CompanyProxy]:
    with CompanyProxy(upstream.address) as proxy:
        yield proxy


@pytest.fixture
def start(own_gate, company: CompanyProxy):
    """A gate whose calls leave by the company's proxy."""
    return lambda **settings: own_gate(resolve={}, upstream_proxy=company.url, **settings)


def nowhere(gate, control, *more: bytes) -> bool:
    """Whether the credentials stand in nothing that is kept or told."""
    state = b"".join(path.read_bytes() for path in Path(gate.folder, "state").rglob("*") if path.is_file())
    said = gate.log().encode() + repr(control.frames).encode() + state + b"".join(more)
    return not any(
        secret in said
        for secret in (company_secret.encode(), CompanyProxy.CREDENTIALS.split()[1], b"hop-s3c")
    )


company_secret = CompanyProxy.PASSWORD


def test_https_leaves_by_a_tunnel(start, control, company: CompanyProxy, upstream: Upstream) -> None:
    gate = start()
    with gate.client() as client:
        answers = [client.get(ORDER, headers={"Proxy-Authorization": "Basic bWluZQ=="}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    (head,) = company.heads  # both calls by one tunnel
    assert head.startswith(b"CONNECT payments.example:443 HTTP/1.1\r\n")
    assert [one.sni for one in upstream.received] == ["payments.example"] * 2
    assert all(one.header("proxy-authorization") is None for one in upstream.received)
    control.wait_for(wire.Outcome, 2)
    assert nowhere(gate, control, *(repr(answer.headers).encode() + answer.content for answer in answers))


def test_http_leaves_with_an_absolute_target(own_gate, control, tmp_path: Path) -> None:
    with Upstream(tmp_path, tls=False) as plain, CompanyProxy(plain.address) as company:
        gate = own_gate(resolve={}, upstream_proxy=company.url)
        answer = gate.call("GET", "http://payments.example:8080/v1/orders/O-1")

        assert answer.status_code == 200
        (head,) = company.heads
        assert head.startswith(b"GET http://payments.example:8080/v1/orders/O-1 HTTP/1.1\r\n")
        assert head.lower().count(b"proxy-authorization") == 1
        assert [one.header("host") for one in plain.received] == ["payments.example:8080"]
        control.wait_for(wire.Outcome)
        assert nowhere(gate, control, answer.content)


def test_every_mode_leaves_by_it(start, company: CompanyProxy, upstream: Upstream) -> None:
    gate = start(mode="reverse:https://payments.example")
    with gate.connect() as plain:
        plain.sendall(b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: payments.example\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert [head.split(b"\r\n")[0] for head in company.heads] == [b"CONNECT payments.example:443 HTTP/1.1"]
    assert len(upstream.received) == 1


def test_an_unopened_tunnel_leaves_by_it(start, control, company: CompanyProxy, upstream: Upstream) -> None:
    gate = start(passthrough=["payments.example"])
    with gate.connect() as plain:
        plain.sendall(b"CONNECT payments.example:443 HTTP/1.1\r\nHost: payments.example:443\r\n\r\n")
        assert plain.recv(4096).startswith(b"HTTP/1.1 200")
        trust = ssl.create_default_context(cafile=upstream.authority.path)  # the upstream's own certificate
        with trust.wrap_socket(plain, server_hostname="payments.example") as inside:
            inside.sendall(b"GET /v1/orders/O-1 HTTP/1.1\r\nHost: payments.example\r\n\r\n")
            assert inside.recv(4096).startswith(b"HTTP/1.1 200")
    (head,) = company.heads
    assert head.startswith(b"CONNECT payments.example:443 ")


def test_a_lookup_leaves_by_it(own_gate, control, tmp_path: Path, upstream: Upstream) -> None:
    answer = Answer.json({"id": "O-1", "amount": 5}, 201)
    with Upstream(tmp_path, tls=False) as plain:
        for scheme, server in (("https", upstream), ("http", plain)):
            server.answer("POST", "/v1/awaited", answer)
            server.answer("GET", "/v1/orders/O-1", Answer.json({"amount": 5}))
            with CompanyProxy(server.address) as company:
                gate = own_gate(resolve={}, upstream_proxy=company.url)
                said = gate.call("POST", f"{scheme}://shop.example/v1/awaited", json={"amount": 5})
                assert said.status_code == 201
                assert [one.method for one in server.received] == ["POST", "GET"]
                assert len(company.heads) == 2
                assert nowhere(gate, control)


def test_the_proxy_itself_is_no_place_to_call(start, company: CompanyProxy, upstream: Upstream) -> None:
    gate = start(private_networks=["127.0.0.0/8"])
    for host in ("127.0.0.1", "localhost"):
        answer = gate.call("GET", f"http://{host}:{company.port}/")
        assert answer.headers["vienna-reason"] == "address_refused", host
    assert company.heads == []


@pytest.mark.parametrize(
    "url", ["http://control.test/api/v1/health", "http://metadata.google.internal/", "https://a.invalid/"]
)
def test_names_that_are_never_called_are_not_called_by_it(start, company: CompanyProxy, url: str) -> None:
    """The control plane under its public name among them."""
    gate = start()
    if url.startswith("https"):
        assert b"address_refused" in gate.raw(
            b"CONNECT a.invalid:443 HTTP/1.1\r\nHost: a.invalid:443\r\n\r\n"
        )
    else:
        assert gate.call("GET", url).headers["vienna-reason"] == "address_refused"
    assert company.heads == []


def test_nothing_else_is_connected_to(start, control, company: CompanyProxy, upstream: Upstream) -> None:
    """Not even what may be called by its address."""
    host, _, port = upstream.address.rpartition(":")
    gate = start(private_networks=[upstream.address])
    company.__exit__()
    answer = gate.call("GET", f"http://{host}:{port}/")
    assert answer.headers["vienna-reason"] == "upstream_unreachable"
    assert upstream.connections == 0


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"HTTP/1.1 407 hop-s3cr3t\r\nContent-Length: 0\r\n\r\n", id="refused"),
        pytest.param(b"HTTP/1.1 200 ok\r\nX: " + b"x" * 300_000, id="a head without end"),
        pytest.param(b"\x16\x03\x03\x00\x00\r\n\r\n", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 ok\r\n\r\nHTTP/1.1 200 forged\r\n\r\n", id="more than asked for"),
        pytest.param(None, id="nothing"),
    ],
)
def test_a_tunnel_that_is_not_opened(
    start, control, company: CompanyProxy, upstream: Upstream, said: bytes | None
) -> None:
    company.connect = said
    gate = start(upstream={"connect_seconds": 2})
    answer = gate.call("GET", ORDER)
    assert answer.headers["vienna-reason"] == "upstream_unreachable"
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "failed"
    assert upstream.connections == 0
    assert nowhere(gate, control, answer.content, repr(answer.headers).encode())


def test_an_upstream_behind_it_shows_its_own_certificate(
    own_gate, control, upstream: Upstream, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with Upstream(other) as liar, CompanyProxy(liar.address) as company:
        gate = own_gate(resolve={}, upstream_proxy=company.url)
        assert gate.call("GET", ORDER).headers["vienna-reason"] == "upstream_unreachable"
        assert liar.received == []


def test_the_control_plane_is_reached_without_it(start, company: CompanyProxy) -> None:
    gate = start()
    assert gate.call("GET", "http://vienna.internal/api/v1/intents").status_code == 200
    assert company.heads == []
