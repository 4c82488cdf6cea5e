"""The body of an answer in one dialect, and what of the head goes with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """One body.

    Attributes:
        kind: ``Content-Type``.
        status: None: the answer's own.
        headers: Beside those that every answer of ours has.
    """

    kind: str
    content: bytes
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
