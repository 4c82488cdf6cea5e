"""The stand-in itself: it keeps what came, answers what its rows say, and is loud about the rest."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest
import requests

from harness.standin import Answer, Standin
from vienna_kernel.verdict import Reason
from wire_kit import called, expect_refused, raw, through

ANSWERS = [
    Answer("GET|HEAD", "/", body="hello"),
    Answer(
        "POST", "/echo/{name}", body=lambda asked: {"name": asked.vars["name"], "got": asked.body.decode()}
    ),
    Answer("GET", "/once", 503, times=1),
    Answer("GET", "/once", 200, chunked=True, body=b"abc"),
    Answer("DELETE", "/gone/{rest+}", 204),
    Answer("GET", "/socket", 403),
]


@pytest.fixture
def api() -> Iterator[Standin]:
    with Standin(["api.example.com", "*.s3.example.com"], ANSWERS) as standin:
        yield standin


def exchange(api: Standin, sent: bytes, *, ends: int = 1) -> bytes:
    """Send bytes on one plain connection; what came back until ``ends`` answers are there and the peer closed."""
    with socket.create_connection(("127.0.0.1", api.port)) as end:
        end.sendall(sent)
        answered = b""
        while more := end.recv(65536):
            answered += more
    assert answered.count(b"HTTP/1.1 ") == ends, answered
    return answered


def test_bytes_are_kept_as_they_came(api: Standin) -> None:
    head = (
        b"POST /echo/a%20b?x=1 HTTP/1.1\r\nhOsT: 127.0.0.1\r\nX-Fold: one\r\n two\r\nx_a:  1 \r\nX_a: 2\r\n"
        b"transfer-encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    answered = exchange(api, head + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: 1\r\n\r\n")
    assert answered.endswith(b'{"name": "a b", "got": "abc"}')
    asked = api.last.asked
    assert asked.head == head
    assert asked.body == b"abc"
    assert asked.headers[0] == (b"hOsT", b"api.example.com")
    assert asked.headers[1:4] == ((b"X-Fold", b"one\r\n two"), (b"x_a", b"1"), (b"X_a", b"2"))
    assert raw(api.last).connect == ("api.example.com", 443)
    expect_refused(api.last, Reason.MALFORMED_REQUEST)


def test_expectations_heads_and_kept_connections(api: Standin) -> None:
    first = b"POST /echo/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok"
    second = b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"
    third = b"DELETE /gone/a/b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answered = exchange(api, first + second + third, ends=4)
    assert answered.startswith(b"HTTP/1.1 100 ")
    assert b"Content-Length: 5\r\n\r\nHTTP/1.1 204 " in answered
    assert [called(call).method for call in api.calls] == ["POST", "HEAD", "DELETE"]


def test_an_upgrade_is_never_granted(api: Standin) -> None:
    lines = b"Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n"
    close = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert b"HTTP/1.1 101" not in exchange(api, b"GET /socket HTTP/1.1\r\n" + lines + close, ends=2)
    expect_refused(api.calls[0], Reason.UNSUPPORTED_PROTOCOL)


def test_a_proxied_client_calls_the_apis_own_host(api: Standin) -> None:
    with through(api), requests.Session() as session:
        assert session.get("https://api.example.com/once").status_code == 503
        assert session.get("https://Bucket.s3.example.com/once").text == "abc"
        assert session.get("http://api.example.com/").text == "hello"
        with pytest.raises(requests.exceptions.ProxyError):
            session.get("https://elsewhere.example.com/")
    assert [called(call).url for call in api.calls] == [
        "https://api.example.com/once",
        "https://bucket.s3.example.com/once",
        "http://api.example.com/",
    ]
    assert [call.asked.sni for call in api.calls] == ["api.example.com", "bucket.s3.example.com", None]


def test_a_base_url_is_recorded_as_the_api(api: Standin) -> None:
    assert requests.get(api.url, verify=str(api.ca), timeout=60).text == "hello"
    assert requests.get(api.plain_url, timeout=60).text == "hello"
    assert [called(call).url for call in api.calls] == ["https://api.example.com/"] * 2


def test_what_no_row_answers_is_loud() -> None:
    def ask() -> None:
        with Standin("api.example.com", ANSWERS) as api:
            assert requests.get(f"{api.plain_url}/unknown", timeout=60).status_code == 404
            assert not api.last.planned

    with pytest.raises(AssertionError, match=r"no row answers .*api\.example\.com/unknown"):
        ask()


def test_its_certificates_are_of_its_own_root(api: Standin) -> None:
    context = ssl.create_default_context(cafile=api.ca)
    with (
        socket.create_connection(("127.0.0.1", api.port)) as plain,
        context.wrap_socket(plain, server_hostname="any.example") as tls,
    ):
        assert tls.getpeercert()
