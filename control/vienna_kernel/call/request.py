"""A call: one outbound HTTP request with exactly one meaning, or a refusal.

The argument, in order; each step refuses by itself and none rewrites what it does not understand:

1. HTTP/1.1, a scheme we know, a method that is a plain token and opens no tunnel.
2. Header lines: names, values, framing, overrides, codings (``framing``).
3. The target splits into at most one authority and a path with query (``target``).
4. CONNECT, SNI, Host and the target's authority agree on one place (``authority``).
5. Path and query are canonical.
6. The body is as long as the headers say.
7. A request that opens a WebSocket is one of its own kind, with its own method (``handshake``).
8. A coded body is undone where its coding was asked for, up to a limit: the call has the identity body, and no more is
   known of the coding. Of ``aws-chunked`` both are kept: the body as it is signed, and what it holds.

What a mapping may allow is left to the mapping: ``%2F`` and ``%25`` in a path, a body on GET, HEAD or DELETE.
Nothing here raises: any bytes give a ``Call`` or a ``Refused``.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field, replace

from vienna_kernel.call.authority import DEFAULT_PORTS, Authority, Claims, LiteralJudge, identify, no_literals
from vienna_kernel.call.framing import Framing, read_framing
from vienna_kernel.call.handshake import MESSAGE, UPGRADE, judge_opening
from vienna_kernel.call.target import canonical_target, split_target
from vienna_kernel.decode import aws_chunked
from vienna_kernel.decode.coding import AS_SENT, TooLargeError, undo_all
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import digest
from vienna_kernel.verdict import Reason, Refused

MAX_DECODED_BYTES = 10 * 1024 * 1024

_METHOD = re.compile(rb"[A-Z](?:[A-Z-]{0,30}[A-Z])?\Z")
_TUNNELS = frozenset({b"CONNECT", b"TRACE", b"PRI"})
_UNSENT = frozenset({UPGRADE.encode(), MESSAGE.encode()})


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRequest:
    """What came over the wire, before anyone read anything into it.

    Attributes:
        scheme: ``http`` or ``https``: the scheme towards the upstream.
        connect: Target of the CONNECT, None for absolute-form plain http (and where there was no CONNECT).
        sni: Server name of the TLS hello inside the tunnel, None when there was none.
        headers: Lines in order, as they came, obs-folds included.
        body: De-chunked.
    """

    scheme: str
    connect: tuple[str, int] | None
    sni: str | None
    method: bytes
    target: bytes
    http_version: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One outbound request, canonical.

    Attributes:
        method: Upper-case token; ``UPGRADE`` for the opening of a WebSocket, ``MESSAGE`` for what is said over it.
        scheme: ``http`` or ``https``.
        host: Lower-case name, or an address without brackets.
        path: As sent, canonical percent-encoding.
        query: As sent, without ``?``; empty when there is none.
        headers: End-to-end lines, names in lower case, values as latin-1 text. Not among them: ours, the hop's,
            ``host`` and ``content-length`` (``wire_headers`` writes those anew).
        content_type: Essence, lower-case, None when there is none.
        payload: What the body holds where it is coded and sent as it came; None where it is what it holds.
        body_digest: RFC 9530 ``sha-256=:…:`` of the body.
    """

    method: str
    scheme: str
    host: str
    port: int
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    content_type: str | None = None
    payload: bytes | None = None
    body_digest: str = field(init=False)

    def __post_init__(self) -> None:
        packed = base64.b64encode(hashlib.sha256(self.body).digest()).decode("ascii")
        object.__setattr__(self, "body_digest", f"sha-256=:{packed}:")

    @property
    def authority(self) -> str:
        """``host`` or ``host:port``, the default port left out: the one ``Host`` value."""
        return Authority(self.host, self.port).shown(self.scheme)

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def url(self) -> str:
        return self.origin + self.target

    @property
    def wire_method(self) -> str:
        """The method as it is sent."""
        return "GET" if self.method == UPGRADE else self.method

    def message(self, data: bytes, *, binary: bool) -> Call:
        """One message over the WebSocket that this call opens; text is taken for JSON."""
        kind = "application/octet-stream" if binary else "application/json"
        return replace(self, method=MESSAGE, body=data, content_type=kind)

    @property
    def request_digest(self) -> str:
        """``sha256:<hex>`` of the JCS of method, url, content_type and body_digest: what a warrant binds."""
        return digest(
            {
                "method": self.method,
                "url": self.url,
                "content_type": self.content_type,
                "body_digest": self.body_digest,
            }
        )

    def as_read(self) -> Call:
        """The call with its payload for a body: to be judged, never to be sent."""
        return self if self.payload is None else replace(self, body=self.payload, payload=None)

    def header(self, name: str) -> str | None:
        """Value of the first line of that name (any case), None when there is none."""
        name = name.lower()
        return next((value for key, value in self.headers if key == name), None)

    def wire_headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """The lines to send: one ``Host``, those that stay, and a ``Content-Length`` of the judged body."""
        lines = [("host", self.authority), *self.headers]
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(("content-length", str(len(self.body))))
        if self.method == UPGRADE:
            lines += [("connection", "Upgrade"), ("upgrade", "websocket")]
        return tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in lines)


def _judge_start(raw: RawRequest) -> Refused | None:  # (1)
    if raw.http_version != b"HTTP/1.1":
        return Refused(Reason.UNSUPPORTED_PROTOCOL, "not HTTP/1.1")
    if raw.scheme not in DEFAULT_PORTS:
        return Refused(Reason.UNSUPPORTED_PROTOCOL, "a scheme other than http and https")
    if raw.method in _TUNNELS:
        return Refused(Reason.UNSUPPORTED_PROTOCOL, "a method that opens a tunnel or echoes the request")
    if raw.method in _UNSENT:
        return Refused(Reason.UNSUPPORTED_PROTOCOL, "a method that is only a name here")
    if not _METHOD.match(raw.method):
        return Refused(Reason.MALFORMED_REQUEST, "the method is not an upper-case token")
    return None


def _judge_body(framing: Framing, body: bytes) -> Refused | None:  # (6)
    if framing.length is not None and framing.length != len(body):
        return Refused(Reason.MALFORMED_REQUEST, "the body is not as long as Content-Length says")
    if body and framing.length is None and not framing.chunked:
        return Refused(Reason.MALFORMED_REQUEST, "a body without Content-Length or chunks")
    return None


def _undone(call: Call, codings: tuple[str, ...], limit: int) -> Call | Refused:  # (8)
    if not codings:
        return call
    try:
        if codings == (AS_SENT,):
            told = call.header("x-amz-decoded-content-length")
            return replace(call, payload=aws_chunked.payload(call.body, told=told))
        return replace(call, body=undo_all(call.body, codings, limit=limit))
    except TooLargeError as error:
        return Refused(Reason.BODY_TOO_LARGE, error.why)
    except MalformedError as error:
        return Refused(Reason.UNDECODABLE_BODY, error.why)


def _read(
    raw: RawRequest, judge_literal: LiteralJudge, codings: frozenset[str]
) -> tuple[Call, Framing] | Refused:
    refused = _judge_start(raw)
    if refused is not None:
        return refused
    framing = read_framing(raw.headers, codings=codings)  # (2)
    if isinstance(framing, Refused):
        return framing
    parts = split_target(raw.target)  # (3)
    if isinstance(parts, Refused):
        return parts
    target_scheme, absolute, rest = parts
    if target_scheme not in (None, raw.scheme):
        return Refused(Reason.TARGET_MISMATCH, "the target has another scheme than the connection")
    place = identify(  # (4)
        Claims(scheme=raw.scheme, connect=raw.connect, sni=raw.sni, absolute=absolute, hosts=framing.hosts),
        ip_literals_allowed=judge_literal,
    )
    if isinstance(place, Refused):
        return place
    target = canonical_target(rest)  # (5)
    if isinstance(target, Refused):
        return target
    opening = judge_opening(raw.method, framing) if framing.upgrade else None  # (7)
    if opening is not None:
        return opening
    call = Call(
        method=UPGRADE if framing.upgrade else raw.method.decode("ascii"),
        scheme=raw.scheme,
        host=place.host,
        port=place.port,
        path=target[0],
        query=target[1],
        headers=framing.headers,
        body=raw.body,
        content_type=framing.content_type,
    )
    return call, framing


def canonicalise(
    raw: RawRequest,
    *,
    ip_literals_allowed: LiteralJudge = no_literals,
    codings: frozenset[str] = frozenset(),
    max_decoded: int = MAX_DECODED_BYTES,
) -> Call | Refused:
    """The one meaning of a request, or why it has none.

    Args:
        ip_literals_allowed: Whether an IP literal, given as (canonical address, port), may be called.
        codings: Those of ``decode.coding.CODINGS`` that the body may have, and that are undone.
        max_decoded: Most bytes that a coded body may become.
    """
    read = _read(raw, ip_literals_allowed, codings)
    if isinstance(read, Refused):
        return read
    call, framing = read
    refused = _judge_body(framing, raw.body)
    return _undone(call, framing.codings, max_decoded) if refused is None else refused


def canonicalise_head(
    raw: RawRequest,
    *,
    ip_literals_allowed: LiteralJudge = no_literals,
    codings: frozenset[str] = frozenset(),
) -> Call | Refused:
    """The same before the body is there: what headers alone refuse. The call's body is whatever ``raw`` has.

    With all ``CODINGS`` allowed it tells which call this is, and so which of them ``canonicalise`` may undo.
    """
    read = _read(raw, ip_literals_allowed, codings)
    return read if isinstance(read, Refused) else read[0]
