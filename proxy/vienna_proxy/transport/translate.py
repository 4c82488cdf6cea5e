"""A mitmproxy flow as a kernel call, and a judged call as the bytes that leave. Nothing here decides.

What leaves is built from the call alone, in new objects: mitmproxy reads the old ones for the agent's connection.
"""

from __future__ import annotations

import base64
import hashlib
import time
import zlib
from collections.abc import Iterable, Iterator

from mitmproxy import http

from vienna_kernel.call.framing import is_ours
from vienna_kernel.call.request import Call, RawRequest
from vienna_kernel.verification import ResponseView
from vienna_proxy.transport.aim import Fields, aim
from vienna_proxy.transport.heads import GateRequest

_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"te", b"trailer", b"upgrade"}
    | {b"transfer-encoding", b"alt-svc", b"proxy-authentication-info"}
)
_H2C = frozenset({b"upgrade", b"http2-settings"})
_CODINGS = "gzip, deflate"


def headers_of(request: http.Request) -> Fields:
    """Header lines as they came."""
    return request.raw_headers if isinstance(request, GateRequest) else tuple(request.headers.fields)


def _without_h2c(fields: Fields) -> Fields:
    """An offer to upgrade to HTTP/2 in the clear is not taken up (RFC 9110 7.8 leaves that to the server)."""
    if not any(name.lower() == b"upgrade" and value.lower() == b"h2c" for name, value in fields):
        return fields
    kept = []
    for name, value in fields:
        if name.lower() == b"connection":
            tokens = [token.strip() for token in value.split(b",")]
            value = b", ".join(token for token in tokens if token.lower() not in _H2C)
            if not value:
                continue
        if name.lower() not in _H2C:
            kept.append((name, value))
    return tuple(kept)


def raw_request(flow: http.HTTPFlow, *, body: bytes = b"") -> RawRequest:
    """What came over the wire, with what its connection tells of its place."""
    request = flow.request
    aimed = aim(flow, headers_of(request))
    return RawRequest(
        scheme=aimed.scheme,
        connect=aimed.connect,
        sni=aimed.sni,
        method=request.data.method,
        target=request.raw_target if isinstance(request, GateRequest) else request.data.path,
        http_version=request.data.http_version,
        headers=_without_h2c(aimed.fields),
        body=body,
    )


def presented_warrants(request: http.Request) -> list[str]:
    """Values of ``Vienna-Warrant``, in any spelling, that the agent sent."""
    return [
        value.decode("latin-1")
        for name, value in headers_of(request)
        if name.lower().replace(b"_", b"-") == b"vienna-warrant"
    ]


def header_of(request: http.Request, name: bytes) -> str:
    """The first line of that name (lower case), empty when there is none."""
    found = next((value for key, value in headers_of(request) if key.lower() == name), b"")
    return found.decode("latin-1")


def outgoing(
    call: Call, *, idempotency: tuple[str, str] | None = None, decodable: bool = False
) -> http.Request:
    """The request that leaves: the judged call, framed anew, and nothing else.

    Args:
        idempotency: Header and value to add.
        decodable: The answer will be read: only codings that we decode may be asked for.
    """
    fields = list(call.wire_headers())
    if decodable:
        offered = any(name == b"accept-encoding" and b"gzip" in value.lower() for name, value in fields)
        fields = [field for field in fields if field[0] != b"accept-encoding"]
        fields.append((b"accept-encoding", _CODINGS.encode() if offered else b"identity"))
    if idempotency is not None:
        fields.append((idempotency[0].lower().encode("latin-1"), idempotency[1].encode("latin-1")))
    now = time.time()
    return http.Request(
        call.host,
        call.port,
        call.wire_method.encode("ascii"),
        call.scheme.encode("ascii"),
        b"",
        call.target.encode("ascii"),
        b"HTTP/1.1",
        http.Headers(fields),
        call.body,
        None,
        now,
        now,
    )


def _kept(fields: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    rows = list(fields)
    named = {
        token.strip().lower()
        for name, value in rows
        if name.lower() == b"connection"
        for token in value.split(b",")
    }
    for name, value in rows:
        low = name.lower()
        if low not in _HOP and low not in named and not is_ours(low.decode("latin-1")):
            yield name, value


def incoming(
    response: http.Response,
    ours: Iterable[tuple[str, str]],
    *,
    content: bytes | None,
    method: str,
    http10: bool = False,
) -> http.Response:
    """The upstream's answer as the agent gets it: the hop's and forged lines off, ours on, framed anew.

    Args:
        content: The whole body; None: it will be streamed.
    """
    fields = list(_kept(response.headers.fields))
    bodiless = method == "HEAD" or response.status_code in (204, 304)
    length = [value for name, value in fields if name.lower() == b"content-length"]
    if not bodiless:
        fields = [field for field in fields if field[0].lower() != b"content-length"]
        if content is not None:
            fields.append((b"Content-Length", str(len(content)).encode()))
        elif length:
            fields.append((b"Content-Length", length[0]))
        elif not http10:
            fields.append((b"Transfer-Encoding", b"chunked"))
    fields += [(name.encode(), value.encode()) for name, value in ours]
    return http.Response(
        b"HTTP/1.1",
        response.status_code,
        response.data.reason,
        http.Headers(fields),
        b"" if content is None else content,
        None,
        response.timestamp_start,
        time.time(),
    )


def digest_text(digest: bytes) -> str:
    """RFC 9530 ``sha-256=:…:`` of a SHA-256 digest."""
    return f"sha-256=:{base64.b64encode(digest).decode()}:"


def view(response: http.Response, content: bytes, *, most: int) -> ResponseView:
    """A buffered answer for verification; its body None when its coding is not one that we decode, up to ``most``."""
    return ResponseView(
        status=response.status_code,
        content_type=essence(response),
        body=decoded(content, response.headers.get("content-encoding", ""), most=most),
        digest=digest_text(hashlib.sha256(content).digest()),
        size=len(content),
        headers=lines(response),
    )


def lines(response: http.Response) -> tuple[tuple[str, str], ...]:
    """Header lines of an answer, names in lower case."""
    return tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.headers.fields
    )


def essence(response: http.Response) -> str | None:
    """Media type of an answer, lower-case, without parameters."""
    text = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return text or None


def decoded(content: bytes, coding: str, *, most: int) -> bytes | None:
    """The body out of its content coding; None for one we do not decode, a broken one, or more than ``most``."""
    name = coding.strip().lower()
    if name in ("", "identity"):
        return content
    if name not in ("gzip", "x-gzip", "deflate"):
        return None
    for window in (47, -15) if name == "deflate" else (31,):
        found = _inflated(content, window, most)
        if found is not None:
            return found
    return None


def _inflated(content: bytes, window: int, most: int) -> bytes | None:
    """All members, one after the other; None when broken, cut off or larger than ``most``."""
    out = b""
    try:
        while content:
            member = zlib.decompressobj(window)
            out += member.decompress(content, most + 1 - len(out))
            if len(out) > most or not member.eof:
                return None
            content = member.unused_data
    except zlib.error:
        return None
    return out
