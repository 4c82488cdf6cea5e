"""How often one may guess: so many failures within a window, then nothing for a while.

Counted in memory, bounded; ``guesses`` keeps what a restart must not forget.
"""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vienna_control.clock import Clock

_MOST_KEYS = 20_000


def network_of(address: str) -> str:
    """What a guesser has one of: an IPv4 address, or the /64 of an IPv6 address; any other text as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found.packed[:8] + bytes(8), 64)))


@dataclass(slots=True)
class Count:
    """Failures of one key within the window, oldest first, and until when it is locked."""

    failures: list[datetime] = field(default_factory=list)
    locked_until: datetime | None = None


class Throttle:
    """Counts failures by key; thread-safe.

    Attributes:
        name: Tells its keys from those of others, where they are kept together.
        memory: For how long a failure means anything.
    """

    def __init__(
        self, clock: Clock, *, failures: int, window_seconds: int, lock_seconds: int, name: str = ""
    ) -> None:
        self.name = name
        self.memory = timedelta(seconds=max(window_seconds, lock_seconds))
        self._clock = clock
        self._most = failures
        self._window = timedelta(seconds=window_seconds)
        self._lock_for = timedelta(seconds=lock_seconds)
        self._counts: OrderedDict[str, Count] = OrderedDict()
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
            count = self._counts.setdefault(key, Count())
            self._counts.move_to_end(key)
            count.failures = [at for at in count.failures if now - at < self._window] + [now]
            if len(count.failures) >= self._most:
                count.locked_until = now + self._lock_for
            self._trim()

    def clear(self, key: str) -> None:
        """Forget the failures of a key that succeeded."""
        with self._mutex:
            self._counts.pop(key, None)

    def standing(self, key: str) -> Count | None:
        """A copy of what is counted of a key; None: nothing."""
        with self._mutex:
            count = self._counts.get(key)
            return Count(list(count.failures), count.locked_until) if count else None

    def restore(self, key: str, failures: Sequence[datetime], locked_until: datetime | None) -> None:
        """Count again what was counted before a restart."""
        with self._mutex:
            self._counts[key] = Count(list(failures), locked_until)
            self._trim()

    def _trim(self) -> None:
        while len(self._counts) > _MOST_KEYS:
            self._counts.popitem(last=False)
