"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

type Status = Literal["ok", "warn", "fail"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """What was found.

    Attributes:
        name: Of what was looked at; each check has its own.
        status: ``fail``: something does not work, or protects nobody. ``warn``: it will not, or people are missing.
        detail: What is so, in a few words.
        fix: What to do about it; empty when nothing.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def named(names: Iterable[str]) -> str:
    """The first few names, and how many more there are."""
    every: Sequence[str] = sorted(names)
    more = len(every) - _SHOWN
    return ", ".join(every[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
