"""A stream, as it passes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from vienna_kernel.verification import ResponseView
from vienna_proxy.evidence.events import Events
from vienna_proxy.transport.translate import digest_text


@dataclass(slots=True, eq=False)
class Tap:
    """What passes in a stream: counted and digested, and but for the fields that may be kept forgotten."""

    status: int
    content_type: str | None
    headers: tuple[tuple[str, str], ...] = ()
    fields: Events = field(default_factory=Events)
    digest: Any = field(default_factory=hashlib.sha256)
    size: int = 0

    def __call__(self, data: bytes) -> bytes:
        self.digest.update(data)
        self.size += len(data)
        self.fields.feed(data)
        return data

    def view(self) -> ResponseView:
        """What was seen of it."""
        return ResponseView(
            status=self.status,
            content_type=self.content_type,
            body=None,
            digest=digest_text(self.digest.digest()),
            size=self.size,
            headers=self.headers,
        )
