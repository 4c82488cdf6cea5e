"""What happened, told to whoever listens in this process: consoles over SSE, gates over their streams, our own tasks.

1. An event is published only after the transaction that made it true is committed.
2. Names that begin with ``_`` are internal: they reach only those who ask for them by name, and no console.
3. A listener that does not keep up with public events is cut off (its iteration ends), so that it resumes by
   ``Last-Event-ID`` instead of holding memory; internal listeners are never cut off.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

_RING = 2048
_BACKLOG = 4096
MOST_STREAMS = 32
"""At once, of one person: tabs, terminals and scripts."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        id: Grows by one within a process; a later process starts above every id of an earlier one.
        name: E.g. ``approval_required``; ``_wake`` and other names with ``_`` are internal.
        data: Plain JSON data, without secrets.
    """

    id: int
    name: str
    tenant: str
    data: dict[str, Any]


class Subscription:
    """Events in order, from the moment of subscribing. ``async for`` ends when closed or cut off."""

    def __init__(self, bus: Bus, names: frozenset[str] | None, tenant: str | None) -> None:
        self._bus = bus
        self._names = names
        self._tenant = tenant
        self._backlog: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._closed = False
        self.cut_off = False

    def _wants(self, event: Event) -> bool:
        if self._tenant is not None and event.tenant != self._tenant:
            return False
        return event.name in self._names if self._names is not None else not event.name.startswith("_")

    def _deliver(self, event: Event) -> None:
        if not self._wants(event):
            return
        if len(self._backlog) >= _BACKLOG and not event.name.startswith("_"):
            self.cut_off = True
            self.close()
            return
        self._backlog.append(event)
        self._arrived.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._backlog:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        return self._backlog.popleft()

    def close(self) -> None:
        """End the iteration, once what was already delivered is read."""
        self._closed = True
        self._bus._subscriptions.discard(self)
        self._arrived.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Bus:
    """Publish and subscribe within one process. Not thread-safe: call it in the event loop only."""

    def __init__(self, *, first_id: int | None = None) -> None:
        self._next_id = first_id if first_id is not None else int(time.time() * 1000)
        self._floor = self._next_id - 1
        self._ring: deque[Event] = deque(maxlen=_RING)
        self._subscriptions: set[Subscription] = set()
        self._of: dict[str, list[Subscription]] = {}

    @property
    def last_id(self) -> int:
        """Id of the newest event, or the number before the first."""
        return self._next_id - 1

    def publish(self, name: str, data: dict[str, Any], *, tenant: str) -> Event:
        """Hand an event to every listener that wants it; never waits."""
        event = Event(self._next_id, name, tenant, data)
        self._next_id += 1
        if not name.startswith("_"):
            if len(self._ring) == _RING:
                self._floor = self._ring[0].id
            self._ring.append(event)
        for subscription in list(self._subscriptions):
            subscription._deliver(event)
        return event

    def subscribe(
        self,
        names: Iterable[str] | None = None,
        *,
        after: int | None = None,
        tenant: str | None = None,
        who: str = "",
    ) -> Subscription:
        """Listen from now on; with ``after`` (a ``Last-Event-ID``) first what was missed, as far as it is kept.

        ``names``: None means every public event. ``tenant``: None means all tenants. ``who``: whoever has
        ``MOST_STREAMS`` already loses the oldest; nobody refuses a page that is opened once more.
        """
        wanted = None if names is None else frozenset(names)
        subscription = Subscription(self, wanted, tenant)
        if after is not None:
            for event in self._ring:
                if event.id > after:
                    subscription._deliver(event)
        self._subscriptions.add(subscription)
        if who:
            self._count(who, subscription)
        return subscription

    def _count(self, who: str, subscription: Subscription) -> None:
        open_ones = [one for one in self._of.pop(who, []) if one in self._subscriptions]
        if len(open_ones) >= MOST_STREAMS:
            open_ones.pop(0).close()
        self._of[who] = [*open_ones, subscription]

    def kept_since(self, after: int) -> bool:
        """Whether every public event after this id is still here; if not, a listener must reload its view."""
        return after >= self._floor

    def close(self) -> None:
        """End every subscription."""
        for subscription in list(self._subscriptions):
            subscription.close()
