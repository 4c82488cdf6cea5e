"""The time that a filter is about: what its conditions that must all hold say of it, and what they say besides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vienna_kernel import duration
from vienna_kernel.filter.term import Filter, Is, conditions, every


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time.

    Attributes:
        start: Its first instant (aware, inclusive); None: nothing says when it begins.
        end: The first one behind it (aware, exclusive); None: nothing says when it ends.
    """

    start: datetime | None = None
    end: datetime | None = None


def span(what: Filter, now: datetime) -> Span:
    """What ``after:``, ``before:`` and ``since:`` leave of time. It may be empty: its end before its start."""
    starts, ends = [], []
    for part in conditions(what):
        match part:
            case Is("after", value):
                starts.append(datetime.fromisoformat(value))
            case Is("since", value):
                starts.append(now - timedelta(seconds=duration.seconds(value)))
            case Is("before", value):
                ends.append(datetime.fromisoformat(value))
    return Span(max(starts, default=None), min(ends, default=None))


def timeless(what: Filter) -> Filter:
    """The rest of it: a filter is this within its span."""
    return every(part for part in conditions(what) if not _of_time(part))


def _of_time(part: Filter) -> bool:
    return isinstance(part, Is) and part.key in ("after", "before", "since")
