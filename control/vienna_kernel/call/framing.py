"""Header lines of a call: what refuses it, what is ours or the hop's and goes, what stays.

1. A name is an RFC 9110 token without ``_`` (servers that map headers to variables read ``a_b`` and ``a-b`` as
   one); a value has no control byte but a tab, so neither obs-fold nor NUL nor a bare CR.
2. What decides how the bytes are read stands once: ``Content-Length``, ``Content-Type``, ``Authorization``, …
3. Lines that make a server read another method, path or host than the judged one are refused.
4. A content coding stays out unless it is asked for by name, and goes with the line that names it: whoever asks
   undoes it. ``aws-chunked``, the last, is left as it is, and its line stays.
5. Ours and the hop's are taken off, those named in ``Connection`` too; ``Connection`` may not name a line that
   decides how the bytes are read.
6. The one upgrade that is read on is the one to a WebSocket (``handshake``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from vienna_kernel.decode.coding import AS_SENT, MAX_LAYERS, STORED, layers
from vienna_kernel.verdict import Reason, Refused

MAX_HEADER_BYTES = 65536
MAX_HEADER_LINES = 100

type Lines = tuple[tuple[bytes, bytes], ...]

_NAME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^`|~-]+\Z")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_LENGTH = re.compile(rb"(?:0|[1-9][0-9]{0,14})\Z")
# possessive throughout: one reading, in linear time
_CONTENT_TYPE = re.compile(
    r"(?P<essence>[A-Za-z0-9!#$&^.+-]++/[A-Za-z0-9!#$&^.+-]++)"
    r"(?P<rest>(?:[ \t]*+;[ \t]*+"
    r"(?:[A-Za-z0-9!#$&^.+*-]++=(?:[A-Za-z0-9!#$%&'*+.^`|~_/:=?,()@-]++|\"[^\"\\]*+\"))?+)*+)\Z"
)
_CHARSET = re.compile(r"charset=\"?([^\";]*)", re.IGNORECASE)

# RFC 9110 5.3: a field that is no list stands once, or two readers take two values. Those that decide how the
# request is read, who asks, or what is asked for; then what APIs choose an operation or its one execution by.
_ONCE = frozenset(
    {"content-length", "content-type", "content-encoding", "content-range", "content-disposition"}
    | {"content-location", "transfer-encoding", "authorization", "expect", "cookie", "range", "if-range"}
    | {"if-modified-since", "if-unmodified-since", "idempotency-key", "soapaction", "x-amz-target"}
    | {
        "x-amz-copy-source",
        "x-amz-content-sha256",
        "x-amz-decoded-content-length",
        "x-amz-date",
        "x-amz-security-token",
    }
    | {"mcp-method", "mcp-name", "mcp-protocol-version", "mcp-session-id"}
    | {"sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol"}
)
_HOP = frozenset(
    {"connection", "keep-alive", "te", "transfer-encoding", "upgrade", "http2-settings", "expect"}
    | {"sec-websocket-extensions", "sec-websocket-accept"}
)
_DERIVED = frozenset({"host", "content-length"})  # written anew from the judged call
_NOT_STRIPPABLE = frozenset(
    {"host", "content-length", "content-type", "content-encoding", "expect", "authorization"}
)
_OVERRIDES = frozenset(
    {"x-http-method-override", "x-http-method", "x-method-override", "x-original-method"}
    | {"x-forwarded-method", "x-original-url", "x-original-uri", "x-original-host", "x-rewrite-url"}
    | {"x-rewrite-uri", "x-override-url", "x-proxy-url", "x-http-path-override", "x-http-destinationurl"}
    | {"x-http-host-override", "x-host", "x-host-override", "x-envoy-original-path", "x-envoy-original-host"}
    | {"request-uri", "base-url", "http-url", "forwarded", "x-forwarded-uri", "x-forwarded-path"}
    | {"x-forwarded-prefix", "x-forwarded-host", "x-forwarded-server", "x-forwarded-port"}
    | {"x-forwarded-proto", "x-forwarded-scheme", "x-forwarded-ssl"}
)


_TELLING = _ONCE | _OVERRIDES | {"upgrade", "trailer"}
_GONE = _HOP | _DERIVED | {"content-encoding"}
_MAX_KEPT = 64  # bytes of a name that is kept


@dataclass(frozen=True, slots=True)
class Framing:
    """What the header lines say.

    Attributes:
        hosts: All ``Host`` values.
        headers: End-to-end lines that stay, names in lower case, in order; values as latin-1 text.
        length: ``Content-Length``, None when there is none.
        chunked: Whether ``Transfer-Encoding: chunked`` framed the body.
        content_type: Essence, lower-case, None when there is none.
        codings: Of the body as it came, in the order they were applied.
        upgrade: Whether an upgrade to a WebSocket is asked for.
        upgrade_named: Whether ``Connection`` says so too.
    """

    hosts: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    length: int | None
    chunked: bool
    content_type: str | None
    codings: tuple[str, ...] = ()
    upgrade: bool = False
    upgrade_named: bool = False


def is_ours(name: str) -> bool:
    """Whether a header name, in any case and with ``_`` for ``-``, is one that only we may speak."""
    name = name.lower().replace("_", "-")
    return name.startswith(("vienna-", "x-vienna-", "signature")) or name == "content-digest"


def _refused(detail: str, reason: Reason = Reason.MALFORMED_REQUEST) -> Refused:
    return Refused(reason, detail)


def _lines(raw: Lines) -> list[tuple[str, str]] | Refused:
    """All lines but ours, names in lower case, values without surrounding blanks."""
    if (
        len(raw) > MAX_HEADER_LINES
        or sum([len(name) + len(value) + 4 for name, value in raw]) > MAX_HEADER_BYTES
    ):
        return _refused(f"more than {MAX_HEADER_LINES} header lines or {MAX_HEADER_BYTES} bytes of them")
    if not _VALUE.match(b"".join([value for _, value in raw])):
        return _refused("a control byte or a folded line in a header value")
    found: list[tuple[str, str]] = []
    for raw_name, raw_value in raw:
        name = _name(raw_name) if len(raw_name) <= _MAX_KEPT else _name.__wrapped__(raw_name)
        if isinstance(name, Refused):
            return name
        if name:
            found.append((name, raw_value.decode("latin-1").strip(" \t")))
    return found


@lru_cache(maxsize=4096)
def _name(raw: bytes) -> str | Refused:
    """A header name in lower case, empty when it is ours. Kept: clients send the same few names over and over."""
    name = raw.decode("latin-1").lower()
    if is_ours(name):
        return ""
    if b"_" in raw:
        return _refused("a header name with an underscore", Reason.AMBIGUOUS_REQUEST)
    return name if _NAME.match(raw) else _refused("a header name that is not a token")


def _judge_lines(lines: list[tuple[str, str]]) -> Refused | None:
    seen: set[str] = set()
    for name, value in lines:
        if name not in _TELLING:
            continue
        if name in _OVERRIDES:
            return _refused(f"{name} would make the server read another request", Reason.METHOD_OVERRIDE)
        if name in seen:
            return _refused(f"{name} stands there twice", Reason.AMBIGUOUS_REQUEST)
        if name == "upgrade" and value.lower() != "websocket":
            return _refused("an upgrade to another protocol", Reason.UNSUPPORTED_PROTOCOL)
        if name == "trailer":
            return _refused("trailers are announced", Reason.AMBIGUOUS_REQUEST)
        if name == "expect" and value.lower() != "100-continue":
            return _refused("an expectation other than 100-continue")
        seen.add(name)
    if "content-length" in seen and "transfer-encoding" in seen:
        return _refused("both Content-Length and Transfer-Encoding", Reason.AMBIGUOUS_REQUEST)
    return None


def _codings(value: str, allowed: frozenset[str]) -> tuple[str, ...] | Refused:
    codings = layers(value)
    if codings[-1:] == (AS_SENT,) and STORED.issuperset(codings[:-1]):
        codings = (AS_SENT,)
    mixed = AS_SENT in codings and len(codings) > 1
    if mixed or len(codings) > MAX_LAYERS or not allowed.issuperset(codings):
        return _refused("the body is coded in a way that is not read here", Reason.UNSUPPORTED_ENCODING)
    return codings


def _content_type(value: str | None) -> str | None | Refused:
    if value is None:
        return None
    found = _CONTENT_TYPE.match(value)
    if not found:
        return _refused("Content-Type is not a media type")
    charsets = {text.strip().lower() for text in _CHARSET.findall(found["rest"])}
    if charsets - {"utf-8", "utf8", "us-ascii"} and not found["essence"].lower().startswith("multipart/"):
        return _refused("a charset other than UTF-8", Reason.UNSUPPORTED_ENCODING)
    return found["essence"].lower()


def _stripped(lines: list[tuple[str, str]]) -> set[str] | Refused:
    """Names that are the hop's."""
    named: set[str] = set()
    for name, value in lines:
        if name == "connection":
            named |= {token.strip(" \t").lower() for token in value.split(",")}
    if named & _NOT_STRIPPABLE:
        return _refused(
            "Connection names a line that decides how the request is read", Reason.AMBIGUOUS_REQUEST
        )
    return named


def read_framing(raw: Lines, *, codings: frozenset[str] = frozenset()) -> Framing | Refused:
    """The header lines judged by themselves.

    Args:
        codings: Those of ``decode.coding.CODINGS`` that the body may have.

    Errors: ``Refused`` with ``malformed_request``, ``ambiguous_request``, ``method_override``,
    ``unsupported_protocol`` or ``unsupported_encoding``.
    """
    lines = _lines(raw)
    if isinstance(lines, Refused):
        return lines
    refused = _judge_lines(lines)
    if refused is not None:
        return refused
    first = dict(reversed(lines))
    if first.get("transfer-encoding", "chunked").lower() != "chunked":
        return _refused("a transfer coding other than chunked", Reason.UNSUPPORTED_ENCODING)
    length = first.get("content-length")
    if length is not None and not _LENGTH.match(length.encode("latin-1")):
        return _refused("Content-Length is not a plain number")
    content_type = _content_type(first.get("content-type"))
    if isinstance(content_type, Refused):
        return content_type
    coded = _codings(first.get("content-encoding", "identity"), codings)
    if isinstance(coded, Refused):
        return coded
    named = _stripped(lines)
    if isinstance(named, Refused):
        return named
    gone = _GONE | named if named else _GONE
    if AS_SENT in coded:
        gone -= {"content-encoding"}
    return Framing(
        hosts=tuple([value for name, value in lines if name == "host"]),
        headers=tuple([line for line in lines if line[0] not in gone and line[0][:6] != "proxy-"]),
        length=None if length is None else int(length),
        chunked="transfer-encoding" in first,
        content_type=content_type,
        codings=coded,
        upgrade="upgrade" in first,
        upgrade_named="upgrade" in named,
    )
