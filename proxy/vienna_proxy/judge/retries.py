"""What a call says of itself as a try: that it is a further one, and by which key its tries are known."""

from __future__ import annotations

import re
from dataclasses import replace

from vienna_kernel.call.request import Call
from vienna_kernel.mapping.mapped import Mapped
from vienna_kernel.value import digest

KEY = "idempotency-key"

# How clients mark what they send again by themselves. Each of these lines is volatile in a fingerprint.
_MARKS = (
    (
        "x-stainless-retry-count",
        re.compile(r"\s*0*[1-9][0-9]*\s*\Z"),
    ),  # openai, anthropic; the first try is 0
    ("amz-sdk-request", re.compile(r"\s*attempt=(?!0*1\b)[0-9]+")),  # AWS; the first try is 1
    (
        "x-goog-api-client",
        re.compile(r".*\bgccl-attempt-count/(?!0*1\b)[0-9]+"),
    ),  # Google; the first try is 1
)


def is_retry(call: Call) -> bool:
    """Whether the client says that it has tried this before."""
    return any(mark.match(call.header(name) or "") for name, mark in _MARKS)


def key_digest(call: Call, mapped: Mapped) -> str | None:
    """``sha256:<hex>`` of the idempotency key that the agent sent, under its API's name or the common one."""
    key = call.header(mapped.idempotency_header or KEY) or call.header(KEY)
    return digest(key) if key else None


def with_key(call: Call, key: str | None) -> Call:
    """The call with the key that it came with first; as it is where it has none, or its signature covers it."""
    if key is None or call.header(KEY) in (None, key) or KEY in (call.header("authorization") or "").lower():
        return call
    return replace(call, headers=tuple((name, key if name == KEY else value) for name, value in call.headers))
