"""What other readers make of the bytes that leave is the call, and nothing but the call.

The bytes are those of ``wire_headers``; the readers are h11, aiohttp's parser in C and the standard library's server,
each by itself an upstream that agents call. A second request hidden in the first would show as bytes left over.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import h11
import pytest
from aiohttp import base_protocol
from aiohttp.http_parser import HttpRequestParser, HttpRequestParserPy
from aiohttp.streams import EMPTY_PAYLOAD
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.call.request import Call, RawRequest, canonicalise
from vienna_kernel.verdict import Refused

LONGEST_LINE = 70_000

type Reading = tuple[str, str, list[tuple[bytes, bytes]], bytes]


def wire(call: Call) -> bytes:
    """The request as it leaves."""
    lines = b"".join(b"%b: %b\r\n" % line for line in call.wire_headers())
    return f"{call.method} {call.target} HTTP/1.1\r\n".encode() + lines + b"\r\n" + call.body


def by_h11(data: bytes) -> Reading:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_LINE)
    connection.receive_data(data)
    request, body = connection.next_event(), b""
    assert isinstance(request, h11.Request)
    while isinstance(event := connection.next_event(), h11.Data):
        body += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert connection.trailing_data == (b"", False)
    return request.method.decode(), request.target.decode(), list(request.headers), body


def _by_aiohttp(parser: Any, data: bytes) -> Reading:
    loop = asyncio.new_event_loop()
    try:
        reader = parser(
            base_protocol.BaseProtocol(loop),
            loop,
            2**16,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
        )
        messages, upgraded, tail = reader.feed_data(data)
        assert not upgraded
        assert tail == b""
        ((message, payload),) = messages
        assert payload.is_eof()
        return message.method, message.path, list(message.raw_headers), _drained(payload)
    finally:
        loop.close()


def _drained(payload: Any) -> bytes:
    return b"" if payload is EMPTY_PAYLOAD else bytes(payload.read_nowait(-1))


def by_aiohttp(data: bytes) -> Reading:
    assert HttpRequestParser is not HttpRequestParserPy, "aiohttp was built without its parser in C"
    return _by_aiohttp(HttpRequestParser, data)


def by_aiohttp_in_python(data: bytes) -> Reading:
    return _by_aiohttp(HttpRequestParserPy, data)


class _Handler(BaseHTTPRequestHandler):
    """The standard library's reading of one request, without a socket."""

    def __init__(self, data: bytes) -> None:
        self.rfile = io.BytesIO(data)
        self.wfile = io.BytesIO()
        self.client_address = ("127.0.0.1", 0)
        self.raw_requestline = self.rfile.readline(LONGEST_LINE)
        self.told = self.parse_request()

    def log_message(self, *_: Any) -> None:
        pass


def by_standard_library(data: bytes) -> Reading:
    handler = _Handler(data)
    assert handler.told, handler.wfile.getvalue()
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in handler.headers.items()]
    body = handler.rfile.read(int(handler.headers.get("content-length", 0)))
    assert handler.rfile.read() == b""
    return handler.command, handler.path, lines, body


READERS = [by_h11, by_aiohttp, by_aiohttp_in_python, by_standard_library]

tchars = st.text("!#$%&'*+-.^`|~09azAZ", min_size=1, max_size=12).map(str.encode)
names = tchars | st.sampled_from(
    [
        b"Accept",
        b"Cookie",
        b"Authorization",
        b"Connection",
        b"TE",
        b"Keep-Alive",
        b"Proxy-Connection",
        b"Expect",
        b"X-Amz-Date",
        b"From",
        b"Subject",
        b"MIME-Version",
        b"Content-Transfer-Encoding",
        b"If-Match",
        b"Date",
    ]
)
octets = st.binary(max_size=20).map(lambda data: bytes(b for b in data if b == 9 or 32 <= b != 127))
values = octets | st.sampled_from(
    [b"", b"close", b"100-continue", b"a, b", b"=?utf-8?b?YQ==?=", b"\x85x", b"\xa0"]
)
paths = st.text("abz09._~!$&'()*+,=:@-/%CB2F", max_size=20).map(lambda text: b"/" + text.encode())
queries = st.text("abz09._~!$&'()*+,=:@-/?[]{}|^`%C3B", max_size=20).map(str.encode)
kinds = st.sampled_from([b"application/json", b"text/plain; charset=utf-8", b"multipart/mixed; boundary=x"])
hidden = st.sampled_from(
    [b"0\r\n\r\nGET /x HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)


@st.composite
def requests(draw: st.DrawFn) -> RawRequest:
    """Requests that mostly pass, drawn from all that may stand in one."""
    query = draw(queries)
    body = draw(st.just(b"") | st.binary(max_size=30) | hidden)
    lines = draw(st.lists(st.tuples(names, values), max_size=8))
    framing = (
        (b"Transfer-Encoding", b"chunked") if draw(st.booleans()) else (b"Content-Length", b"%d" % len(body))
    )
    port = draw(st.sampled_from(["", ":443", ":8443"]))
    return RawRequest(
        scheme="https",
        connect=("api.example.com", 8443 if port == ":8443" else 443),
        sni="api.example.com",
        method=draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"M-SEARCH"])),
        target=draw(paths) + (b"?" + query if query else b""),
        http_version=b"HTTP/1.1",
        headers=(
            (b"Host", b"API.example.com" + port.encode()),
            *lines,
            framing,
            (b"Content-Type", draw(kinds)),
        ),
        body=body,
    )


def expected(call: Call) -> Reading:
    return call.method, call.target, list(call.wire_headers()), call.body


@given(requests())
def test_every_reader_reads_the_call(request: RawRequest) -> None:
    call = canonicalise(request)
    if isinstance(call, Refused):
        return
    data = wire(call)
    for read in READERS:
        assert read(data) == expected(call), read.__name__


@given(requests())
def test_most_of_what_is_drawn_passes(request: RawRequest) -> None:
    """A law over refusals alone would be empty: the same request with a plain target and no odd lines is a call."""
    plain = [line for line in request.headers if line[0] in (b"Host", b"Content-Type", b"Content-Length")]
    chunked = not any(name == b"Content-Length" for name, _ in plain)
    if chunked:
        plain.append((b"Transfer-Encoding", b"chunked"))
    found = canonicalise(
        RawRequest(
            scheme=request.scheme,
            connect=request.connect,
            sni=request.sni,
            method=request.method,
            target=b"/a?b=c",
            http_version=request.http_version,
            headers=tuple(plain),
            body=request.body,
        )
    )
    assert isinstance(found, Call)
    for read in READERS:
        assert read(wire(found)) == expected(found), read.__name__


def smuggled() -> Iterator[bytes]:
    """Requests that two readers read in two ways, as they would leave if nobody had judged them."""
    hidden = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    yield b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n" + hidden
    yield b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" + hidden


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("data", list(smuggled()))
def test_the_readers_would_see_a_hidden_request(read: Any, data: bytes) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011  # each says it in its own way
        assert read(data)[0] == "neither"
