"""The gate's clock: the control plane's instant, moved on by a clock that nobody sets.

A step of this machine's wall clock neither revives an expired warrant nor kills a fresh one; a machine whose clock
is wrong judges warrants by the time of the authority that issues them. What the authority says takes time to come,
so the clock is set a second ahead of it: a warrant that it has just issued is never *not yet valid* here, and ends a
second early.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def _elapsed_seconds() -> float:
    boot = getattr(time, "CLOCK_BOOTTIME", None)  # counts time spent suspended, where the kernel tells it
    return time.monotonic() if boot is None else time.clock_gettime(boot)


_LEAD = timedelta(seconds=1)


class Clock:
    """Aware UTC instants."""

    def __init__(self) -> None:
        self._anchor = datetime.now(UTC)
        self._origin = _elapsed_seconds()

    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        return self._anchor + timedelta(seconds=_elapsed_seconds() - self._origin)

    def anchor(self, at: datetime) -> float:
        """Take the authority's instant; how far off we were, in seconds. Raises ``ValueError`` without a zone."""
        if at.tzinfo is None:
            raise ValueError("an instant needs a zone")
        ahead = at.astimezone(UTC) + _LEAD
        off = (ahead - self.now()).total_seconds()
        self._anchor, self._origin = ahead, _elapsed_seconds()
        return off


def iso(instant: datetime) -> str:
    """ISO 8601 UTC text with milliseconds and ``Z``."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
