"""A request as its bytes came: a call or a refusal; a call's own bytes are the same call, to us and to others.

The first line names the road (scheme, CONNECT target, SNI), the rest is the request as on the wire.
"""

from __future__ import annotations

import gzip
import zlib

import h11

from fuzz import law
from vienna_kernel.call.framing import read_framing
from vienna_kernel.call.request import Call, RawRequest, canonicalise, canonicalise_head
from vienna_kernel.decode.coding import CODINGS
from vienna_kernel.verdict import Refused

_HTTPS = b"https api.example.com:443 api.example.com\n"
_HOST = b"Host: api.example.com\r\n"
SEEDS = (
    _HTTPS + b"GET /v1/a%20b?q=a+b&x[]=%7E HTTP/1.1\r\n" + _HOST + b"Accept: */*\r\n\r\n",
    _HTTPS + b"POST /v1/refunds HTTP/1.1\r\nHost: API.example.com.:443\r\nContent-Length: 11\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n"
    b"Connection: close, x-a\r\nX-A: 1\r\nVienna-Warrant: x\r\n\r\ncharge=ch_1",
    _HTTPS + b"PUT /a HTTP/1.1\r\n" + _HOST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n{}",
    b"http - -\nGET http://a.example:8080/ HTTP/1.1\r\nHost: a.example:8080\r\n\r\n",
    b"https [2001:db8::1]:8443 -\nDELETE /@a%2Fb HTTP/1.1\r\nHost: [2001:db8::1]:8443\r\nX: \xfc\r\n\r\n",
    "https bücher.example:443 bücher.example\n".encode() + b"GET / HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n\r\n",
    _HTTPS + b"POST /a HTTP/1.1\r\n" + _HOST + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    + gzip.compress(b"{}", mtime=0) + gzip.compress(b"[]", mtime=0),
    _HTTPS + b"POST /a HTTP/1.1\r\n" + _HOST + b"Content-Encoding: deflate, gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    + gzip.compress(zlib.compress(b"x" * 99), mtime=0),
    b"https 127.0.0.1:443 -\nGET /..%2f;/%2e HTTP/1.1\r\nHost: 0x7f.1\r\nHost : x\r\n folded\r\n\r\n",
)  # fmt: skip


_MOST_DECODED = 100_000
_CODED = read_framing(((b"Content-Encoding", b"gzip"),))


def as_request(data: bytes) -> RawRequest:
    """The input as the gate would have it; anything at all is some request."""
    road, _, wire = data.partition(b"\n")
    scheme, connect, sni, *_ = [*road.decode("utf-8", "surrogateescape").split(" "), "-", "-"]
    name, _, port = connect.rpartition(":")
    head, _, body = wire.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    method, target, version, *_ = [*start.split(b" ", 2), b"", b""]
    pairs = [line.partition(b":") for line in lines]
    return RawRequest(
        scheme=scheme,
        connect=None if connect == "-" else (name, int(port) if port.isdecimal() and len(port) < 9 else -1),
        sni=None if sni == "-" else sni,
        method=method,
        target=target,
        http_version=version,
        headers=tuple((name_, value) for name_, _, value in pairs),
        body=body,
    )


def _again(call: Call) -> RawRequest:
    """The call's own bytes, as they would come."""
    address = ":" in call.host or call.host.rpartition(".")[2].isdigit()
    return RawRequest(
        scheme=call.scheme,
        connect=(call.host, call.port) if call.scheme == "https" else None,
        sni=call.host if call.scheme == "https" and not address else None,
        method=call.method.encode(),
        target=call.target.encode(),
        http_version=b"HTTP/1.1",
        headers=call.wire_headers(),
        body=call.body,
    )


def _as_h11_reads(call: Call) -> tuple[object, ...]:
    lines = b"".join(b"%b: %b\r\n" % line for line in call.wire_headers())
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(
        b"%b %b HTTP/1.1\r\n%b\r\n%b" % (call.method.encode(), call.target.encode(), lines, call.body)
    )
    request, body = connection.next_event(), b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += bytes(event.data)
    law(isinstance(request, h11.Request), "h11 reads a request")
    law(isinstance(event, h11.EndOfMessage), "h11 reads its end")
    law(connection.trailing_data == (b"", False), "h11 reads nothing after it")
    return request.method, request.target, tuple(request.headers), body


def _any_literal(host: str, port: int) -> bool:
    return True


def one_input(data: bytes) -> None:
    raw = as_request(data)
    found = canonicalise(raw, ip_literals_allowed=_any_literal, codings=CODINGS, max_decoded=_MOST_DECODED)
    head = canonicalise_head(raw, ip_literals_allowed=_any_literal, codings=CODINGS)
    law(
        isinstance(head, Call) or head == found,
        "what its head alone refuses, the whole request is refused for",
    )
    if isinstance(found, Refused):
        law(bool(found.detail), "a refusal says why")
        return
    law(len(found.body) <= _MOST_DECODED or found.body == raw.body, "a coded body is bounded")
    plain = canonicalise(raw, ip_literals_allowed=_any_literal)
    law(plain in (found, _CODED), "a coding that nobody asked for is refused")
    law(canonicalise(_again(found), ip_literals_allowed=_any_literal) == found, "idempotent")
    seen = _as_h11_reads(found)
    law(
        seen == (found.method.encode(), found.target.encode(), found.wire_headers(), found.body),
        "one reading",
    )
