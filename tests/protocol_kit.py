"""Requests for the readers of ``vienna_kernel.protocol``, as the mapping engine hands them over."""

from __future__ import annotations

import json as stdlib
from collections.abc import Sequence
from typing import Any

import pytest

from vienna_kernel.call.request import Call
from vienna_kernel.decode import form, json
from vienna_kernel.decode.content import Content
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.read import PROTOCOLS
from vienna_kernel.verdict import Refused

type Headers = Sequence[tuple[str, str]]

FORM = "application/x-www-form-urlencoded"


def request(
    method: str,
    target: str,
    body: bytes | str | object = b"",
    *,
    headers: Headers = (),
    content_type: str | None = "application/json",
) -> Call:
    """A call; a body that is neither bytes nor text is sent as JSON."""
    if not isinstance(body, bytes):
        body = (body if isinstance(body, str) else stdlib.dumps(body)).encode()
    path, _, query = target.partition("?")
    return Call(
        method=method,
        scheme="https",
        host="api.example.com",
        port=443,
        path=path,
        query=query,
        headers=tuple(headers),
        body=body,
        content_type=content_type if body else None,
    )


def content(call: Call, *, raw: bool = False) -> Content:
    """The body as its type says; ``raw``: whatever that says."""
    if not call.body:
        return Content()
    kind = "" if raw else call.content_type or ""
    if kind == FORM:
        pairs = form.loads(call.body)
        return Content("form", form.nest(pairs), pairs)
    if kind.endswith(("json", "json-1.0", "json-1.1")):
        return Content("json", json.loads(call.body))
    return Content("bytes", {"bytes": len(call.body), "digest": call.body_digest})


def parts(protocol: str, call: Call, options: dict[str, Any] | None = None) -> tuple[Part, ...]:
    """The parts that the reader gives. Errors: ``MalformedError``."""
    reader = PROTOCOLS[protocol]
    raw = reader.kinds(call.method, options or {}) == frozenset({"bytes"})
    query = form.pairs(call.query.encode())
    found = reader.parts(call, query, content(call, raw=raw), options or {})
    assert not isinstance(found, Refused)
    assert found
    assert all(isinstance(part, Part) for part in found)
    return found


def refused(protocol: str, call: Call, options: dict[str, Any] | None = None) -> str:
    """Why the reader does not read it."""
    with pytest.raises(MalformedError) as caught:
        parts(protocol, call, options)
    return caught.value.why
