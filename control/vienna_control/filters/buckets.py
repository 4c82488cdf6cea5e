"""Time cut into stretches of one length, for counting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_WIDTHS = (
    *(1, 2, 5, 10, 15, 30),
    *(minutes * _MINUTE for minutes in (1, 2, 5, 10, 15, 30)),
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Buckets:
    """Stretches beside each other, the first of them at a whole multiple of their length since 1970.

    Attributes:
        first: Second since 1970 at which they begin.
        width: Of each, in seconds.
        count: How many there are.
    """

    first: int
    width: int
    count: int

    @property
    def start(self) -> datetime:
        return self.edge(0)

    @property
    def end(self) -> datetime:
        return self.edge(self.count)

    def edge(self, at: int) -> datetime:
        """Where the bucket of this number begins."""
        return datetime.fromtimestamp(self.first + at * self.width, UTC)


def covering(start: datetime, end: datetime, most: int) -> Buckets:
    """The narrowest that hold all from ``start`` up to before ``end``, at most so many (2 or more); else none.

    Their length is one that people count in, and does not change while a span of one length moves on.
    """
    if end <= start:
        return Buckets(int(start.timestamp()), 1, 0)
    width = _width(ceil((end - start) / _SECOND), most)
    first = int(start.timestamp()) // width * width
    return Buckets(first, width, ceil((end.timestamp() - first) / width))


def _width(seconds: int, most: int) -> int:
    """A span that begins within one bucket may end within one more than it is long."""
    needed = ceil(seconds / (most - 1))
    return next((width for width in _WIDTHS if width >= needed), ceil(needed / _DAY) * _DAY)
