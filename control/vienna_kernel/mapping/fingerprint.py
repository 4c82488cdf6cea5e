"""The fingerprint of a call: what must be the same for a retry to be the same call.

All of it, mapped or not, so that nothing unseen can change after consent: agent, method, URL, whose credential it
carries (``principal``), content type, headers, body. Left out is what clients change from try to try: the lines in
``VOLATILE``, and what a mapping lists.
JSON counts without the order of its keys, a form without the order of its fields, multipart without its boundary; any
other body counts by its bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from vienna_kernel.call.request import Call
from vienna_kernel.decode import pointer
from vienna_kernel.decode.boundary import boundary_of
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.header import parameters
from vienna_kernel.decode.pointer import MISSING, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.principal import principal
from vienna_kernel.value import Value, plain_decimal

# Access tokens (``principal`` keeps whose), clocks, retry counters, tracing, and what only describes the client. A
# cookie counts: it can choose whose account is acted on; so do ``Prefer`` and ``Accept-Profile``, by which PostgREST
# does another thing.
VOLATILE = frozenset(
    {"authorization", "x-amz-security-token", "user-agent", "date", "x-amz-date", "idempotency-key"}
    | {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "content-type",
        "content-length",
        "content-md5",
        "host",
        "traceparent",
        "tracestate",
        "baggage",
    }
    | {"sec-websocket-key"}  # made anew for each connection
    | {"sentry-trace", "b3", "x-request-id", "request-id", "x-correlation-id", "x-client-request-id"}
    | {"x-amzn-trace-id", "x-cloud-trace-context", "x-goog-api-client"}
    | {"x-stripe-client-telemetry", "x-stripe-client-user-agent", "kubectl-command", "kubectl-session"}
)
_VOLATILE_PREFIXES = ("x-stainless-", "amz-sdk-", "x-b3-", "x-datadog-")


@dataclass(frozen=True, slots=True)
class Volatile:
    """What a mapping declares to change between tries of one call.

    Attributes:
        headers: Lower-case names.
        fields: Form keys.
    """

    headers: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    pointers: tuple[Pointer, ...] = ()


def together(parts: Sequence[Volatile]) -> Volatile:
    """What all of them hold volatile: in a call of several parts, what one of them reads counts; of none, nothing."""
    if len(parts) < 2:
        return parts[0] if parts else Volatile()
    first, *rest = parts
    return Volatile(
        first.headers.intersection(*(part.headers for part in rest)),
        first.query.intersection(*(part.query for part in rest)),
        first.fields.intersection(*(part.fields for part in rest)),
        tuple(at for at in first.pointers if all(at in part.pointers for part in rest)),
    )


def parse_volatile(rows: Sequence[str]) -> Volatile:
    """``header:X-Id``, ``query:ts``, ``form:ts``, ``/client_ts``. Errors: ``MalformedError``."""
    kinds: dict[str, list[str]] = {"header": [], "query": [], "form": [], "": []}
    for row in rows:
        kind, colon, name = ("", ":", row) if row.startswith("/") else row.partition(":")
        if kind not in kinds or not colon or not name:
            raise MalformedError("volatile", f"{row!r} is none of header:…, query:…, form:…, /pointer")
        kinds[kind].append(name)
    return Volatile(
        frozenset(name.lower() for name in kinds["header"]),
        frozenset(kinds["query"]),
        frozenset(kinds["form"]),
        tuple(pointer.parse(text) for text in kinds[""]),
    )


def _is_volatile(name: str, more: frozenset[str]) -> bool:
    return name in VOLATILE or name in more or name.startswith(_VOLATILE_PREFIXES)


def _tagged(value: Value) -> Any:
    """A value with decimals as JSON data in which nothing else looks like a decimal."""
    if isinstance(value, Decimal):
        return ["decimal", plain_decimal(value)]
    if isinstance(value, dict):
        return {key: _tagged(item) for key, item in value.items()}
    if isinstance(value, list):
        return ["list", *(_tagged(item) for item in value)]
    return value


def _packed(value: Value) -> tuple[bytes, ...]:
    try:
        return b"json:", orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return b"tagged:", orjson.dumps(_tagged(value), option=orjson.OPT_SORT_KEYS)


def _body_bytes(call: Call, content: Content, volatile: Volatile) -> tuple[bytes, ...]:
    """What counts of the body, in pieces: a body of 50 MiB is not copied to be hashed."""
    if content.kind == "json" and content.value is not MISSING:
        return _packed(pointer.without(content.value, volatile.pointers))
    if content.pairs is not None:
        kept = [pair for pair in content.pairs if pair[0] not in volatile.fields]
        return b"form:", orjson.dumps(sorted(kept, key=lambda pair: pair[0]))
    boundary = _boundary(call)
    pieces = _pieces(call.body, boundary) if boundary else []
    if pieces:
        return b"multipart:", *[hashlib.sha256(piece).digest() for piece in pieces]
    return b"raw:", call.body_digest.encode("ascii")


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """What stands between the delimiters, which clients draw anew for every try; nothing where the boundary stands
    elsewhere too: taken out of there, it would make two bodies one.
    """
    before, *pieces = body.split(boundary)
    starts = [before, *pieces[:-1]]
    delimits = all([text == b"--" or text.endswith(b"\n--") for text in starts])
    return [before, *pieces] if pieces and delimits else []


def _type_parameters(call: Call) -> str | list[list[str]]:
    """What stands behind the media type, but for what only says how to read it: SOAP 1.2 names its operation there."""
    line = call.header("content-type") or ""
    if ";" not in line:
        return []
    try:
        told = parameters(line)[1]
    except MalformedError:
        return line
    return sorted([name, value] for name, value in told.items() if name not in ("boundary", "charset"))


def _boundary(call: Call) -> bytes:
    if call.content_type is None or not call.content_type.startswith("multipart/"):
        return b""
    try:
        return boundary_of(parameters(call.header("content-type") or "")[1]).encode("latin-1")
    except MalformedError:
        return b""


def fingerprint(call: Call, content: Content, query: Pairs, volatile: Volatile) -> str:
    """``sha256:<hex>`` of a call without its agent (see ``of_agent``)."""
    asked: Any = call.query
    if volatile.query:
        asked = [pair for pair in query if pair[0] not in volatile.query]
    # lines of one name in their order: a server reads the first of them, or the last
    lines = sorted(
        [line for line in call.headers if not _is_volatile(line[0], volatile.headers)],
        key=lambda line: line[0],
    )
    whose, kind = principal(call), [call.content_type, _type_parameters(call)]
    head = orjson.dumps([call.method, call.origin, call.path, asked, kind, lines, whose])
    hashed = hashlib.sha256(len(head).to_bytes(8, "big") + head)
    for piece in _body_bytes(call, content, volatile):
        hashed.update(piece)
    return "sha256:" + hashed.hexdigest()


def of_agent(call_fingerprint: str, agent: str) -> str:
    """The fingerprint of one agent's call: no agent rejoins or redeems what another was granted."""
    return "sha256:" + hashlib.sha256(orjson.dumps([agent, call_fingerprint])).hexdigest()
