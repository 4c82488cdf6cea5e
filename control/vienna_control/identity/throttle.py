"""How often one may guess: so many failures within a window, then nothing for a while.

Kept in memory and bounded; a restart forgets it, which costs a guesser more than it gives.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vienna_control.clock import Clock

_MOST_KEYS = 20_000


@dataclass(slots=True)
class _Count:
    failures: list[datetime] = field(default_factory=list)
    locked_until: datetime | None = None


class Throttle:
    """Counts failures by key; thread-safe."""

    def __init__(self, clock: Clock, *, failures: int, window_seconds: int, lock_seconds: int) -> None:
        self._clock = clock
        self._most = failures
        self._window = timedelta(seconds=window_seconds)
        self._lock_for = timedelta(seconds=lock_seconds)
        self._counts: OrderedDict[str, _Count] = OrderedDict()
        self._mutex = threading.Lock()

    def wait_seconds(self, key: str) -> int:
        """How long this key must wait before it may try again; 0: now."""
        with self._mutex:
            count = self._counts.get(key)
            if count is None or count.locked_until is None:
                return 0
            left = (count.locked_until - self._clock.now()).total_seconds()
            if left <= 0:
                del self._counts[key]
                return 0
            return int(left) + 1

    def fail(self, key: str) -> None:
        """Count one failure; the last one allowed locks the key."""
        now = self._clock.now()
        with self._mutex:
            count = self._counts.setdefault(key, _Count())
            self._counts.move_to_end(key)
            count.failures = [at for at in count.failures if now - at < self._window] + [now]
            if len(count.failures) >= self._most:
                count.locked_until = now + self._lock_for
            while len(self._counts) > _MOST_KEYS:
                self._counts.popitem(last=False)

    def clear(self, key: str) -> None:
        """Forget the failures of a key that succeeded."""
        with self._mutex:
            self._counts.pop(key, None)
