"""Which answers pass as a stream, and which are kept until they are verified.

1. What is compared in the body, counted in it, or read back by what stands there is never streamed; too large to be
   kept, it is withheld.
2. Events and other streams by their media type, and answers that are large, pass with a digest. Where the mapping or
   the warrant bounds their size they are cut there; one that says beforehand that it is longer, or whose size nobody
   can tell because it is coded, is kept, and withheld if it is.
3. Everything else is kept whole, and becomes a stream when it turns out larger than what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mitmproxy import http

from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.warrant.response import MAX_BODY_BYTES, MAX_ITEMS
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


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is agreed about one answer.

    Attributes:
        whole: It is looked into, so it must be kept.
        most: Bytes of body that it may have; None: any number.
        stream: The mapping lets it pass as it comes.
    """

    whole: bool
    most: int | None
    stream: bool = False

    @classmethod
    def of(cls, mapped: Mapped, limits: Mapping[str, int]) -> Bounds:
        """``limits``: ``response_limits`` of the warrant."""
        sizes = [size for size in (mapped.max_body, limits.get(MAX_BODY_BYTES)) if size is not None]
        return cls(mapped.needs_body or MAX_ITEMS in limits, min(sizes, default=None), mapped.stream)

    def keep_limit(self, inspect_max_bytes: int) -> int:
        """How much of an answer of unknown length is kept before it is streamed or withheld."""
        return inspect_max_bytes if self.whole else min(inspect_max_bytes, _LARGE_BYTES)

    def streams(self, response: http.Response, *, kept: int | None = None) -> bool:
        """Whether this answer is handed on as it comes. ``kept``: bytes that were kept, and more came."""
        length = _length(response)
        if self.whole or (self.most is not None and _is_longer(self.most, response, length, kept)):
            return False
        if kept is not None or essence(response) in _STREAMS:
            return True
        if length is not None:
            return length > _LARGE_BYTES
        return self.stream and "chunked" in response.headers.get("transfer-encoding", "").lower()


def _is_longer(most: int, response: http.Response, length: int | None, kept: int | None) -> bool:
    """Whether it has too many bytes, or may have where nobody can count them as they pass."""
    coded = response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")
    return coded or max(length or 0, 0 if kept is None else kept + 1) > most


def _length(response: http.Response) -> int | None:
    text = response.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() else None
