"""What leaves is built from the judged call; what comes back is framed anew and speaks with no forged voice."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from vienna_kernel.call.request import Call, RawRequest, canonicalise
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verification import Equal, Promise, VerifySpec
from vienna_proxy.transport.heads import gate_request
from vienna_proxy.transport.streams import Bounds
from vienna_proxy.transport.translate import (
    decoded,
    incoming,
    outgoing,
    presented_warrants,
    raw_request,
    view,
)


def call(**rest: object) -> Call:
    given: dict[str, object] = {
        "method": "POST",
        "scheme": "https",
        "host": "a.example",
        "port": 443,
        "path": "/x",
        "query": "q=1",
        "headers": (("accept-encoding", "br, gzip"), ("x-a", "1")),
        "body": b"{}",
    }
    return Call(**{**given, **rest})  # type: ignore[arg-type]


def test_what_leaves() -> None:
    request = outgoing(call(), idempotency=("Idempotency-Key", "int-1"))
    assert (request.method, request.path, request.host, request.port) == ("POST", "/x?q=1", "a.example", 443)
    assert request.headers.fields == (
        (b"host", b"a.example"),
        (b"accept-encoding", b"br, gzip"),
        (b"x-a", b"1"),
        (b"content-length", b"2"),
        (b"idempotency-key", b"int-1"),
    )
    assert request.raw_content == b"{}"


def test_what_will_be_read_is_asked_for_in_codings_that_are_read() -> None:
    assert outgoing(call(), decodable=True).headers["accept-encoding"] == "gzip, deflate"
    assert outgoing(call(headers=()), decodable=True).headers["accept-encoding"] == "identity"


def test_the_wire_is_the_raw_bytes() -> None:
    flow = tflow.tflow()
    flow.request = gate_request(
        [b"GET http://A.example/%7Ex HTTP/1.1", b"Host:\tA.example ", b"VIENNA_WARRANT: t"]
    )
    flow.server_conn.address = None
    raw = raw_request(flow)
    assert raw.target == b"http://A.example/%7Ex"
    assert raw.headers == ((b"Host", b"A.example"), (b"VIENNA_WARRANT", b"t"))
    assert presented_warrants(flow.request) == ["t"]


def test_what_leaves_reads_as_what_was_judged() -> None:
    request = outgoing(call())
    again = canonicalise(
        RawRequest(
            scheme="https",
            connect=("a.example", 443),
            sni="a.example",
            method=request.data.method,
            target=request.data.path,
            http_version=b"HTTP/1.1",
            headers=request.headers.fields,
            body=b"{}",
        )
    )
    assert isinstance(again, Call)
    assert again.request_digest == call().request_digest


def upstream(*fields: tuple[bytes, bytes], status: int = 200) -> http.Response:
    return http.Response(b"HTTP/1.1", status, b"Fine", http.Headers(fields), b"", None, 0.0, 0.0)


def test_what_comes_back() -> None:
    response = incoming(
        upstream(
            (b"Connection", b"close, X-Hop"),
            (b"X-Hop", b"1"),
            (b"Transfer-Encoding", b"chunked"),
            (b"VIENNA_Decision", b"granted"),
            (b"Signature", b"x"),
            (b"Set-Cookie", b"a=1"),
            (b"Set-Cookie", b"b=2"),
        ),
        [("Vienna-Decision", "observed")],
        content=b"hello",
        method="GET",
    )
    assert response.headers.fields == (
        (b"Set-Cookie", b"a=1"),
        (b"Set-Cookie", b"b=2"),
        (b"Content-Length", b"5"),
        (b"Vienna-Decision", b"observed"),
    )


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 304), ("GET", 204)])
def test_bodiless_answers_keep_their_length(method: str, status: int) -> None:
    response = incoming(upstream((b"Content-Length", b"99"), status=status), [], content=b"", method=method)
    assert response.headers["content-length"] == "99"


def test_codings() -> None:
    text = b"x" * 1000
    raw = zlib.compressobj(wbits=-15)
    assert decoded(text, "", most=10) == text
    assert decoded(gzip.compress(text), "gzip", most=1000) == text
    assert decoded(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", most=10) == b"ab"
    assert decoded(zlib.compress(text), "deflate", most=1000) == text
    assert decoded(raw.compress(text) + raw.flush(), "deflate", most=1000) == text
    assert decoded(gzip.compress(text), "gzip", most=999) is None
    assert decoded(gzip.compress(b"\0" * 50_000_000), "gzip", most=1000) is None
    assert decoded(gzip.compress(text)[:-4], "gzip", most=1000) is None
    assert decoded(b"junk", "gzip", most=1000) is None
    assert decoded(text, "br", most=1000) is None


def test_what_is_verified_of_an_answer() -> None:
    text = b'{"a": 1}'
    coded = upstream(
        (b"Content-Encoding", b"gzip"),
        (b"X-Rows", b"\xe4"),
        (b"x-rows", b"2"),
        (b"Content-Type", b"A/B; c=d"),
    )
    seen = view(coded, gzip.compress(text), most=100)
    assert (seen.body, seen.size, seen.content_type) == (text, len(gzip.compress(text)), "a/b")
    assert [value for name, value in seen.headers if name == "x-rows"] == ["ä", "2"]
    assert view(coded, gzip.compress(text), most=2).body is None


def promising(**spec: Any) -> Mapped:
    promise = Promise((), VerifySpec(**spec))
    return Mapped(intents=(), fingerprint="", mapped=True, shown_url="", promises=(promise,))


def test_what_streams() -> None:
    plain = Mapped(intents=(), fingerprint="", mapped=False, shown_url="")
    events = upstream((b"content-type", b"Text/Event-Stream; charset=utf-8"))
    anything = Bounds.of(plain, {})
    assert anything.streams(events)
    assert anything.streams(upstream((b"content-length", b"99999999")))
    assert not anything.streams(upstream((b"content-length", b"99")))
    assert anything.streams(upstream(), kept=99)
    assert not Bounds.of(promising(equal=(Equal(("/a",), "a"),)), {}).streams(events)
    assert not Bounds.of(plain, {"max_items": 5}).streams(events)


def test_what_is_bounded_streams_as_far_as_its_size_can_be_told() -> None:
    events = (b"content-type", b"text/event-stream")
    for bounds in (Bounds.of(promising(max_body=100), {}), Bounds.of(promising(), {"max_body_bytes": 100})):
        assert bounds.most == 100
        assert bounds.streams(upstream(events))
        assert bounds.streams(upstream(events, (b"content-length", b"100")))
        assert not bounds.streams(upstream(events, (b"content-length", b"101")))
        assert not bounds.streams(upstream(events, (b"content-encoding", b"gzip")))
        assert not bounds.streams(upstream(events), kept=100)
        assert bounds.streams(upstream(events), kept=99)
    assert Bounds.of(promising(max_body=100), {"max_body_bytes": 50}).most == 50


def test_how_much_is_kept() -> None:
    plain, large = Bounds.of(promising(), {}), 10**7
    assert plain.keep_limit(large) < large
    assert Bounds.of(promising(equal=(Equal(("/a",), "a"),)), {}).keep_limit(large) == large
    assert Bounds.of(promising(max_body=100), {}).keep_limit(large) == plain.keep_limit(large)
