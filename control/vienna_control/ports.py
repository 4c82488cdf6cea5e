"""What the control plane needs from the world, and the one fault of it.

A shell that cannot reach its port raises ``UnavailableError``; the API's edge turns it into 503. Whoever asked is
refused: nothing is ever let through because something of ours is away.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class UnavailableError(RuntimeError):
    """The world did not answer as it must.

    Attributes:
        port: Which part: ``store``, ``audit``, ``authority``, ``policies``.
        why: One sentence for operators, without secrets.
    """

    def __init__(self, port: str, why: str) -> None:
        super().__init__(f"{port}: {why}")
        self.port = port
        self.why = why


class StaleBundleError(RuntimeError):
    """A gate goes by a bundle that is no longer true in what matters here: it must fetch the new one and ask again."""


class StartError(RuntimeError):
    """The process cannot start, and what to do about it, in one line for a person."""


class Background(Protocol):
    """Work that goes on beside requests, from start to stop; ended by cancellation."""

    async def run(self) -> None:
        """Work until cancelled."""
        ...


class Hasher(Protocol):
    """Keyed hashing under a key of the installation; what is stored tells nothing without it."""

    def keyed_hash(self, data: bytes) -> str:
        """Lower-case hex HMAC-SHA256, 64 characters."""
        ...


class Sealer(Protocol):
    """Authenticated encryption under a key of the installation."""

    def seal(self, data: bytes, context: str) -> bytes:
        """Ciphertext that only opens with the same ``context`` (e.g. ``totp:op-…``)."""
        ...

    def unseal(self, data: bytes, context: str) -> bytes:
        """Plain bytes. Raises ``UnavailableError("authority", …)`` when the key or the context is another."""
        ...


class PushSigner(Protocol):
    """What shows push services who sends (RFC 8292)."""

    def authorization(self, audience: str, *, subject: str, now: datetime) -> str:
        """The ``Authorization`` header for the push service of this origin."""
        ...
