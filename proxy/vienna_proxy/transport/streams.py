"""Which answers pass as a stream, and which are kept until they are verified.

1. What a mapping verifies in the body is never streamed; too large to be kept, it is withheld.
2. Events and other streams by their media type, and answers that are large, pass with a digest.
3. Everything else is kept whole, and becomes a stream when it turns out larger than what is kept.
"""

from __future__ import annotations

from mitmproxy import http

from vienna_kernel.mapping.reading import Mapped
from vienna_proxy.transport.translate import essence

_STREAMS = frozenset(
    {
        "text/event-stream",
        "application/x-ndjson",
        "application/jsonl",
        "application/stream+json",
        "application/vnd.amazon.eventstream",
        "multipart/x-mixed-replace",
    }
)
_LARGE_BYTES = 1024 * 1024


def may_stream(mapped: Mapped, *, limited: bool) -> bool:
    """Whether nothing is promised about the body. ``limited``: the warrant bounds the answer."""
    return not (limited or mapped.needs_body)


def should_stream(mapped: Mapped, response: http.Response) -> bool:
    """Whether this answer is handed on as it comes, going by its head."""
    if essence(response) in _STREAMS:
        return True
    length = response.headers.get("content-length", "")
    if length.isascii() and length.isdigit():
        return int(length) > _LARGE_BYTES
    return mapped.stream and "chunked" in response.headers.get("transfer-encoding", "").lower()


def keep_limit(mapped: Mapped, inspect_max_bytes: int, *, limited: bool) -> int:
    """How much of an answer of unknown length is kept before it is streamed or withheld."""
    return min(inspect_max_bytes, _LARGE_BYTES) if may_stream(mapped, limited=limited) else inspect_max_bytes
