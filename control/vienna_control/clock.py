"""The one clock of the process: wall time at start, moved on by a clock that nobody sets.

A step of the system's clock (an hour forward, an hour back) neither lets an expired warrant live nor ends a hold
early. Time spent suspended counts where the kernel tells it (``CLOCK_BOOTTIME``).
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta


def _elapsed_seconds() -> float:
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Clock:
    """Aware UTC instants that never go back.

    Attributes:
        start: When it was made, which is when the process started.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self.start = start or datetime.now(UTC)
        self._origin = _elapsed_seconds()

    def now(self) -> datetime:
        """The current instant, aware, UTC."""
        return self.start + timedelta(seconds=_elapsed_seconds() - self._origin)

    async def sleep(self, seconds: float) -> None:
        """Return so much later: what looks every so often for what fell due by this clock waits by it too."""
        await asyncio.sleep(seconds)


class FixedClock(Clock):
    """A clock that moves only when told; for tests, trials and simulations.

    Whoever sleeps by it sleeps on: what falls due is seen to by whoever moves the clock.
    """

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move on. Raises ``ValueError`` for a step back."""
        if by < timedelta(0):
            raise ValueError("a clock does not go back")
        self._now += by

    async def sleep(self, seconds: float) -> None:
        """Never return."""
        await asyncio.Event().wait()


def iso(instant: datetime) -> str:
    """ISO 8601 UTC text with milliseconds and ``Z``: sortable, as every timestamp here is written.

    Raises ``ValueError`` for an instant without a zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    utc = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return f"{utc.isoformat(timespec='milliseconds')[:-6]}Z"


def from_iso(text: str) -> datetime:
    """Inverse of ``iso``; also reads other ISO 8601 instants with a zone. Raises ``ValueError``."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant needs a year from 1 to 9999 in UTC") from None
