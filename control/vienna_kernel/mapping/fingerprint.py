"""The fingerprint of a call: what must be the same for a retry to be the same call.

All of it, mapped or not, so that nothing unseen can change after consent: agent, method, URL, content type, headers,
body. Left out is what clients change from try to try: the lines in ``VOLATILE``, and what a mapping lists.
JSON counts without the order of its keys, a form without the order of its fields; any other body counts by its bytes.
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
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value, plain_decimal

# Access tokens that rotate, clocks, retry counters, tracing, and what only describes the client. A cookie counts: it
# can choose whose account is acted on.
VOLATILE = frozenset(
    {"authorization", "user-agent", "date", "x-amz-date", "idempotency-key", "prefer"}
    | {
        "accept",
        "content-type",
        "content-length",
        "content-md5",
        "host",
        "traceparent",
        "tracestate",
        "baggage",
    }
    | {"sentry-trace", "b3", "x-request-id", "request-id", "x-correlation-id", "x-client-request-id"}
    | {"x-amzn-trace-id", "x-cloud-trace-context", "x-goog-api-client"}
    | {"x-stripe-client-telemetry", "x-stripe-client-user-agent"}
)
_VOLATILE_PREFIXES = ("x-stainless-", "amz-sdk-", "x-b3-", "x-datadog-", "accept-")


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


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it was decoded: at most one of the two, neither when only its bytes count."""

    json: Found = MISSING
    form: Pairs | None = None


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


def _packed(value: Value) -> bytes:
    try:
        return b"json:" + orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return b"tagged:" + orjson.dumps(_tagged(value), option=orjson.OPT_SORT_KEYS)


def _body_bytes(call: Call, body: Body, volatile: Volatile) -> bytes:
    if body.json is not MISSING:
        return _packed(pointer.without(body.json, volatile.pointers))
    if body.form is not None:
        kept = [pair for pair in body.form if pair[0] not in volatile.fields]
        return b"form:" + orjson.dumps(sorted(kept, key=lambda pair: pair[0]))
    return b"raw:" + call.body_digest.encode("ascii")


def fingerprint(call: Call, body: Body, query: Pairs, volatile: Volatile) -> str:
    """``sha256:<hex>`` of a call without its agent (see ``of_agent``)."""
    asked: Any = call.query
    if volatile.query:
        asked = [pair for pair in query if pair[0] not in volatile.query]
    lines = sorted(line for line in call.headers if not _is_volatile(line[0], volatile.headers))
    head = orjson.dumps([call.method, call.origin, call.path, asked, call.content_type, lines])
    hashed = hashlib.sha256(len(head).to_bytes(8, "big") + head)
    hashed.update(_body_bytes(call, body, volatile))
    return "sha256:" + hashed.hexdigest()


def of_agent(call_fingerprint: str, agent: str) -> str:
    """The fingerprint of one agent's call: no agent rejoins or redeems what another was granted."""
    return "sha256:" + hashlib.sha256(orjson.dumps([agent, call_fingerprint])).hexdigest()
