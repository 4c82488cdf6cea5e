"""What an answer of events says it used, read while it passes: out of its content coding, bounded, or not at all."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from mitmproxy import http

from vienna_kernel.value import Value
from vienna_kernel.verification.stream import Gathered
from vienna_proxy.transport.translate import essence

_STREAM = "text/event-stream"
_ANY_ZLIB = 47  # gzip or zlib, told by the head
_MAX_INFLATED = 4 * 1024 * 1024  # of one piece; more is no text that a model made


class Events:
    """The fields of one stream. Without names it reads nothing."""

    def __init__(self, names: Sequence[str] = (), *, coding: str = "") -> None:
        self._fields = Gathered(names)
        self._inflate = zlib.decompressobj(_ANY_ZLIB) if coding else None
        self._reads = bool(names)

    @classmethod
    def of(cls, response: http.Response, names: Sequence[str]) -> Events:
        """``names``: pointers of the fields that may be kept."""
        coding = response.headers.get("content-encoding", "identity").strip().lower()
        known = coding in ("", "identity", "gzip", "x-gzip", "deflate")
        if essence(response) != _STREAM or not known:
            return cls()
        return cls(names, coding="" if coding == "identity" else coding)

    @property
    def values(self) -> Mapping[str, Value]:
        return self._fields.values

    def feed(self, data: bytes) -> None:
        """Take what passes next. What cannot be read ends the reading, never the stream."""
        if not self._reads:
            return
        if self._inflate is not None:
            try:
                data = self._inflate.decompress(data, _MAX_INFLATED)
            except zlib.error:
                self._reads = False
                return
            self._reads = not self._inflate.unconsumed_tail
        self._fields.feed(data)
