"""A call has one meaning or is refused, whatever bytes came."""

from __future__ import annotations

import functools
import gzip
import hashlib
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.value import digest
from vienna_kernel.verdict import Reason, Refused

compressed = functools.partial(gzip.compress, mtime=0)  # a clock in it would name each test anew

HOST = b"api.example.com"


def raw(
    *headers: tuple[bytes, bytes], method: bytes = b"GET", target: bytes = b"/", body: bytes = b""
) -> RawRequest:
    return RawRequest(
        scheme="https",
        connect=("api.example.com", 443),
        sni="api.example.com",
        method=method,
        target=target,
        http_version=b"HTTP/1.1",
        headers=((b"Host", HOST), *headers),
        body=body,
    )


def call(request: RawRequest) -> Call:
    found = canonicalise(request)
    assert isinstance(found, Call), found
    return found


def reason(request: RawRequest) -> Reason:
    found = canonicalise(request)
    assert isinstance(found, Refused), found
    return found.reason


def again(found: Call) -> RawRequest:
    """A call's own bytes, as they would come over the wire."""
    named = not (":" in found.host or found.host.replace(".", "").isdigit())
    return RawRequest(
        scheme=found.scheme,
        connect=(found.host, found.port),
        sni=found.host if found.scheme == "https" and named else None,
        method=found.method.encode(),
        target=found.target.encode(),
        http_version=b"HTTP/1.1",
        headers=found.wire_headers(),
        body=found.body,
    )


def test_a_call_is_read() -> None:
    found = call(
        raw(
            (b"Content-Type", b"Application/JSON; charset=utf-8"),
            (b"Content-Length", b"2"),
            (b"X-One", b" a "),
            method=b"POST",
            target=b"/v1/things?b=2&a=1",
            body=b"{}",
        )
    )
    assert (found.method, found.scheme, found.host, found.port) == ("POST", "https", "api.example.com", 443)
    assert (found.path, found.query, found.target) == ("/v1/things", "b=2&a=1", "/v1/things?b=2&a=1")
    assert found.origin == "https://api.example.com"
    assert found.url == "https://api.example.com/v1/things?b=2&a=1"
    assert found.content_type == "application/json"
    assert found.headers == (("content-type", "Application/JSON; charset=utf-8"), ("x-one", "a"))
    assert found.header("X-ONE") == "a"
    assert found.header("absent") is None


def test_digests_are_of_the_exact_bytes() -> None:
    request = raw((b"Content-Length", b"5"), method=b"PUT", body=b"hello")
    found = call(request)
    # RFC 9530, Appendix A uses the same form: sha-256=:base64:
    assert found.body_digest == "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:"
    assert found.request_digest == digest(
        {
            "method": "PUT",
            "url": "https://api.example.com/",
            "content_type": None,
            "body_digest": found.body_digest,
        }
    )
    assert hashlib.sha256(b"hello").hexdigest().startswith("2cf24dba")
    other = call(replace(request, headers=(*request.headers, (b"Content-Type", b"text/plain"))))
    assert other.request_digest != found.request_digest


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"http_version": b"HTTP/1.0"}, Reason.UNSUPPORTED_PROTOCOL),
        ({"http_version": b"HTTP/2.0"}, Reason.UNSUPPORTED_PROTOCOL),
        ({"scheme": "ftp"}, Reason.UNSUPPORTED_PROTOCOL),
        ({"method": b"CONNECT"}, Reason.UNSUPPORTED_PROTOCOL),
        ({"method": b"TRACE"}, Reason.UNSUPPORTED_PROTOCOL),
        ({"method": b"PRI"}, Reason.UNSUPPORTED_PROTOCOL),
        ({"method": b"get"}, Reason.MALFORMED_REQUEST),
        ({"method": b""}, Reason.MALFORMED_REQUEST),
        ({"method": b"GE T"}, Reason.MALFORMED_REQUEST),
        ({"method": b"GET\n"}, Reason.MALFORMED_REQUEST),
        ({"sni": None}, Reason.TARGET_MISMATCH),
        ({"sni": "other.example.com"}, Reason.TARGET_MISMATCH),
        ({"connect": ("other.example.com", 443)}, Reason.TARGET_MISMATCH),
        ({"connect": ("api.example.com", 8443)}, Reason.TARGET_MISMATCH),
        ({"target": b"https://api.example.com/"}, Reason.TARGET_MISMATCH),
        ({"target": b"*"}, Reason.TARGET_NOT_CANONICAL),
        ({"target": b"/a/../b"}, Reason.TARGET_NOT_CANONICAL),
        ({"body": b"x"}, Reason.MALFORMED_REQUEST),
        ({"headers": ()}, Reason.AMBIGUOUS_REQUEST),
        ({"headers": ((b"Host", HOST), (b"host", HOST))}, Reason.AMBIGUOUS_REQUEST),
    ],
)
def test_a_request_without_one_reading_is_refused(change: dict[str, object], expected: Reason) -> None:
    assert reason(replace(raw(), **change)) is expected  # type: ignore[arg-type]


def test_a_body_is_as_long_as_it_says() -> None:
    assert reason(raw((b"Content-Length", b"3"), method=b"POST", body=b"{}")) is Reason.MALFORMED_REQUEST
    assert reason(raw((b"Content-Length", b"0"), method=b"POST", body=b"{}")) is Reason.MALFORMED_REQUEST
    assert reason(raw(method=b"POST", body=b"{}")) is Reason.MALFORMED_REQUEST
    assert call(raw((b"Transfer-Encoding", b"Chunked"), method=b"POST", body=b"{}")).body == b"{}"
    assert call(raw((b"Content-Length", b"0"), method=b"POST")).body == b""


def test_the_head_is_judged_before_the_body_is_there() -> None:
    head = raw((b"Content-Length", b"1000"), method=b"POST")
    assert isinstance(canonicalise_head(head), Call)
    refused = canonicalise_head(raw((b"Content-Encoding", b"gzip"), method=b"POST"))
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.UNSUPPORTED_ENCODING


def coded(body: bytes, coding: bytes = b"gzip") -> RawRequest:
    length = (b"Content-Length", str(len(body)).encode())
    return raw((b"Content-Encoding", coding), length, method=b"POST", body=body)


def test_a_coded_body_is_undone_where_that_is_asked_for() -> None:
    plain = call(raw((b"Content-Length", b"5"), method=b"POST", body=b"hello"))
    both = frozenset({"gzip", "deflate"})
    for request in (
        coded(compressed(b"hello")),
        coded(compressed(b"hel") + compressed(b"lo"), b"X-GZIP"),
        coded(zlib.compress(b"hello"), b"deflate"),
        coded(compressed(zlib.compress(b"hello")), b"deflate, gzip"),
    ):
        assert reason(request) is Reason.UNSUPPORTED_ENCODING
        found = canonicalise(request, codings=both)
        assert found == plain
        assert isinstance(found, Call)
        assert found.request_digest == plain.request_digest
        assert found.wire_headers() == plain.wire_headers()
        assert call(again(found)) == found


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (coded(compressed(bytes(101))), Reason.BODY_TOO_LARGE),
        (coded(compressed(bytes(50_000_000))), Reason.BODY_TOO_LARGE),
        (coded(compressed(compressed(bytes(101))), b"gzip, gzip"), Reason.BODY_TOO_LARGE),
        (coded(compressed(b"hello") + b"\0"), Reason.UNDECODABLE_BODY),
        (coded(compressed(b"hello")[:-1]), Reason.UNDECODABLE_BODY),
        (coded(b"hello"), Reason.UNDECODABLE_BODY),
        (coded(b""), Reason.UNDECODABLE_BODY),
        (raw((b"Content-Encoding", b"gzip")), Reason.UNDECODABLE_BODY),
        (coded(b"hello", b"br"), Reason.UNSUPPORTED_ENCODING),
        (
            replace(coded(compressed(b"hello")), body=compressed(b"hello, you")),
            Reason.MALFORMED_REQUEST,
        ),
    ],
)
def test_a_coded_body_that_is_not_whole_or_too_large_is_refused(
    request_: RawRequest, expected: Reason
) -> None:
    found = canonicalise(request_, codings=frozenset({"gzip", "deflate"}), max_decoded=100)
    assert isinstance(found, Refused)
    assert found.reason is expected


def test_the_head_of_a_coded_call_is_judged_too() -> None:
    head = raw((b"Content-Encoding", b"gzip"), (b"Content-Length", b"1000"), method=b"POST")
    found = canonicalise_head(head, codings=frozenset({"gzip"}))
    assert isinstance(found, Call)
    assert found.header("content-encoding") is None
    assert found.body == b""


def test_plain_http_names_its_target_in_full() -> None:
    plain = RawRequest(
        scheme="http",
        connect=None,
        sni=None,
        method=b"GET",
        target=b"http://API.example.com:8080/a",
        http_version=b"HTTP/1.1",
        headers=((b"Host", b"api.example.com:8080"),),
        body=b"",
    )
    found = call(plain)
    assert found.url == "http://api.example.com:8080/a"
    assert reason(replace(plain, target=b"http://other.example.com:8080/a")) is Reason.TARGET_MISMATCH
    assert reason(replace(plain, target=b"https://api.example.com:8080/a")) is Reason.TARGET_MISMATCH
    assert reason(replace(plain, target=b"http://api.example.com/a")) is Reason.TARGET_MISMATCH
    assert reason(replace(plain, target=b"http://u:p@api.example.com:8080/a")) is Reason.TARGET_NOT_CANONICAL


def test_what_leaves_is_framed_anew() -> None:
    posted = call(raw((b"Transfer-Encoding", b"chunked"), (b"A", b"b"), method=b"POST", body=b"{}"))
    assert posted.wire_headers() == ((b"host", HOST), (b"a", b"b"), (b"content-length", b"2"))
    assert call(raw(method=b"POST")).wire_headers() == ((b"host", HOST), (b"content-length", b"0"))
    assert call(raw()).wire_headers() == ((b"host", HOST),)


def test_an_address_needs_leave() -> None:
    request = replace(raw(), connect=("192.0.2.7", 443), sni=None, headers=((b"Host", b"192.0.2.7"),))
    assert reason(request) is Reason.ADDRESS_REFUSED
    asked: list[tuple[str, int]] = []

    def judge(host: str, port: int) -> bool:
        asked.append((host, port))
        return True

    found = canonicalise(request, ip_literals_allowed=judge)
    assert isinstance(found, Call)
    assert found.origin == "https://192.0.2.7"
    assert asked == [("192.0.2.7", 443)]
    six = replace(raw(), connect=("2001:db8::1", 8443), sni=None, headers=((b"Host", b"[2001:db8::1]:8443"),))
    found = canonicalise(six, ip_literals_allowed=judge)
    assert isinstance(found, Call)
    assert found.origin == "https://[2001:db8::1]:8443"


# What unmodified clients put on the wire, seen with curl 8, requests 2.34, httpx 0.28, aiohttp 3.14, stripe 16.
CLIENTS = [
    raw((b"User-Agent", b"curl/8.14.1"), (b"Accept", b"*/*"), target=b"/v1/a%20b?q=a%20b&x=%7E1"),
    raw(
        (b"Connection", b"keep-alive"),
        (b"Accept-Encoding", b"gzip, deflate"),
        target=b"/?q=a+b&u=https%3A%2F%2Fx",
    ),
    raw((b"Expect", b"100-continue"), (b"Content-Length", b"3"), method=b"POST", body=b"a=1"),
    raw(
        (b"Content-Type", b"multipart/form-data; boundary=------------------------d74496d66958873e"),
        (b"Content-Length", b"2"),
        method=b"POST",
        body=b"ab",
    ),
    raw(
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Idempotency-Key", b"6d1a4c4e"),
        (b"X-Stripe-Client-User-Agent", b'{"lang": "python", "uname": "Linux (x) \xc3\xbc"}'),
        (b"Content-Length", b"32"),
        method=b"POST",
        target=b"/v1/refunds",
        body=b"charge=ch_1&metadata[a]=b%20c+de",
    ),
    raw(target=b"/v1/charges?expand[]=data.customer&created[gte]=1"),
    raw(target=b"/v1/charges?expand%5B0%5D=data.customer"),
    raw(target=b"/v1beta/models/gemini-3-pro:generateContent?$alt=json"),
    raw(target=b"/repos/a/b/issues?labels=a,b&q=is:open+%22x%22"),
    raw(target=b"/search?q=%E2%82%AC&from=10&fields=a(b,c)&x={1|2}"),
    raw(target=b"/@scope%2Fname"),
    raw((b"TE", b"trailers"), (b"Connection", b"TE, close")),
    raw((b"Content-Length", b"0"), method=b"DELETE"),
    raw((b"Content-Type", b"application/json"), target=b"/no-body"),
]


@pytest.mark.parametrize("request_", CLIENTS)
def test_what_real_clients_send_passes(request_: RawRequest) -> None:
    found = call(request_)
    assert found.target.encode() == request_.target


names = st.sampled_from(
    [
        b"Host",
        b"Content-Length",
        b"Transfer-Encoding",
        b"Connection",
        b"Content-Type",
        b"Vienna-Warrant",
        b"X-A",
        b"Expect",
    ]
) | st.binary(min_size=1, max_size=8)
values = st.sampled_from(
    [HOST, b"0", b"2", b"chunked", b"close", b"application/json", b"100-continue"]
) | st.binary(max_size=12)
targets = st.sampled_from([b"/", b"/a/b?x=1", b"/a%2Fb", b"/%2e", b"http://api.example.com/"]) | st.binary(
    max_size=20
)
anything = st.builds(
    RawRequest,
    scheme=st.sampled_from(["http", "https", "ws", ""]),
    connect=st.none()
    | st.tuples(st.sampled_from(["api.example.com", "127.1", "::1"]) | st.text(max_size=8), st.integers()),
    sni=st.none() | st.just("api.example.com") | st.text(max_size=8),
    method=st.sampled_from([b"GET", b"POST", b"DELETE"]) | st.binary(max_size=6),
    target=targets,
    http_version=st.just(b"HTTP/1.1") | st.binary(max_size=8),
    headers=st.lists(st.tuples(names, values), max_size=6).map(lambda rows: ((b"Host", HOST), *rows))
    | st.lists(st.tuples(names, values), max_size=6).map(tuple),
    body=st.sampled_from([b"", b"{}"]) | st.binary(max_size=10),
)


@given(anything, st.sampled_from([b"gzip", b"deflate", b"gzip, gzip", b"identity", b""]))
def test_any_bytes_give_a_call_or_a_refusal(request_: RawRequest, coding: bytes) -> None:
    coded_too = replace(request_, headers=(*request_.headers, (b"Content-Encoding", coding)))
    for judge in (canonicalise, canonicalise_head):
        assert isinstance(judge(request_), Call | Refused)
        assert isinstance(judge(coded_too, codings=frozenset({"gzip", "deflate"})), Call | Refused)


segments = st.text("abcXYZ019._~!$&'()*+,=:@-", min_size=1, max_size=6).filter(
    lambda text: text not in (".", "..")
)
encoded = st.sampled_from(["%20", "%C3%BC", "%2F", "%25", "%22", "%5B"])
paths = st.lists(segments | encoded, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
queries = st.lists(segments | encoded, max_size=3).map("&".join)
plain_headers = st.lists(
    st.tuples(
        st.sampled_from([b"Accept", b"X-A", b"vienna-x", b"Keep-Alive", b"Connection", b"Authorization"]),
        st.sampled_from([b"a", b" b ", b"x-a, close", b"\xfc", b""]),
    ),
    max_size=4,
    unique_by=lambda line: line[0],
)


@given(paths, queries, plain_headers, st.binary(max_size=20), st.sampled_from([b"POST", b"PATCH", b"GET"]))
def test_a_calls_own_bytes_are_the_same_call(
    path: str, query: str, headers: list[tuple[bytes, bytes]], body: bytes, method: bytes
) -> None:
    target = (path + ("?" + query if query else "")).encode()
    length = (b"Content-Length", str(len(body)).encode())
    found = canonicalise(raw(*headers, length, method=method, target=target, body=body))
    if isinstance(found, Refused):
        assert (
            found.reason is Reason.TARGET_NOT_CANONICAL
        )  # such as "%2F" beside "/", which makes an empty segment
        return
    assert call(again(found)) == found


def framed(body: bytes, *more: tuple[bytes, bytes], coding: bytes = b"aws-chunked") -> RawRequest:
    lines = [(b"Content-Encoding", coding), (b"X-Amz-Decoded-Content-Length", b"5"), *more]
    return raw(*lines, (b"Transfer-Encoding", b"chunked"), method=b"PUT", body=body)


FRAMED = b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"
AWS = frozenset({"aws-chunked", "gzip"})


@pytest.mark.parametrize("coding", [b"aws-chunked", b"gzip,aws-chunked", b"br, aws-chunked"])
def test_what_is_signed_as_it_is_coded_stays_so(coding: bytes) -> None:
    found = canonicalise(framed(FRAMED, coding=coding), codings=AWS)
    assert isinstance(found, Call)
    assert (found.body, found.payload) == (FRAMED, b"hello")
    assert (found.as_read().body, found.as_read().payload) == (b"hello", None)
    lines = dict(found.wire_headers())
    assert lines[b"content-encoding"] == coding
    assert lines[b"content-length"] == str(len(FRAMED)).encode()
    assert canonicalise(again(found), codings=AWS) == found
    plain = call(raw((b"Content-Length", b"5"), method=b"PUT", body=b"hello"))
    assert plain.as_read() is plain


@pytest.mark.parametrize(
    ("request_", "codings", "expected"),
    [
        (framed(FRAMED), frozenset({"gzip"}), Reason.UNSUPPORTED_ENCODING),
        (framed(FRAMED, coding=b"aws-chunked,gzip"), AWS, Reason.UNSUPPORTED_ENCODING),
        (framed(FRAMED, coding=b"other,aws-chunked"), AWS, Reason.UNSUPPORTED_ENCODING),
        (framed(FRAMED, coding=b"aws-chunked,aws-chunked"), AWS, Reason.UNSUPPORTED_ENCODING),
        (framed(FRAMED + b"x"), AWS, Reason.UNDECODABLE_BODY),
        (framed(b"4\r\nhell\r\n0\r\n\r\n"), AWS, Reason.UNDECODABLE_BODY),
        (framed(FRAMED, (b"X-Amz-Decoded-Content-Length", b"5")), AWS, Reason.AMBIGUOUS_REQUEST),
    ],
)
def test_a_payload_that_is_not_whole_is_refused(
    request_: RawRequest, codings: frozenset[str], expected: Reason
) -> None:
    found = canonicalise(request_, codings=codings)
    assert isinstance(found, Refused)
    assert found.reason == expected
