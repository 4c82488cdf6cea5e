"""Answers to writes, kept for a while: a retry of a write gets the answer that there was, and has no second effect.

They are kept in memory, never on disk: an answer may hold whatever the upstream gives its agent. Which call a retry
repeats says the control plane, which knows it after a restart of the gate too; then the answer is gone, and the retry
is told that much. What streams, or is large, is not kept.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.connection import Client

from vienna_kernel.verdict import Reason
from vienna_proxy.evidence.outcome import is_read
from vienna_proxy.judge.consult import Grant

KEPT_SECONDS = 24 * 3600.0
MOST_BYTES = 256 * 1024
"""Of one answer's body."""

ALL_BYTES = 32 * 1024 * 1024
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """The answer of a call that left before, for one that repeats it."""

    response: http.Response
    intent_id: str | None
    warrant_id: str


@dataclass(frozen=True, slots=True)
class _Trip:
    """A write that is under way, and who waits for it."""

    fingerprint: str
    client: Client


class Replies:
    """Answers by warrant, the oldest first."""

    def __init__(self, *, ended: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        """``ended``: told the warrant of each write that is under way no more."""
        self._ended = ended
        self._now = now
        self._trips: dict[str, _Trip] = {}
        self._kept: OrderedDict[str, tuple[float, http.Response]] = OrderedDict()
        self._missed: OrderedDict[str, None] = OrderedDict()
        self._bytes = 0

    def begins(self, grant: Grant, client: Client) -> None:
        """A call leaves."""
        if grant.mapped.mapped and not grant.observed and not is_read(grant):
            self._trips[grant.warrant_id] = _Trip(grant.fingerprint, client)
            self._missed.pop(grant.fingerprint, None)

    def ends(self, grant: Grant, response: http.Response | None) -> None:
        """It is answered; None: with nothing that is kept. Harmless when repeated."""
        trip = self._trips.pop(grant.warrant_id, None)
        if trip is None:
            return
        if not trip.client.connected:
            self._missed[trip.fingerprint] = None
            if len(self._missed) > MOST_KEPT:
                self._missed.popitem(last=False)
        if response is not None and len(response.raw_content or b"") <= MOST_BYTES:
            self._keep(grant.warrant_id, response.copy())
        self._ended(grant.warrant_id)

    def _keep(self, warrant_id: str, response: http.Response) -> None:
        self._kept[warrant_id] = (self._now(), response)
        self._bytes += _size(response)
        while self._bytes > ALL_BYTES or len(self._kept) > MOST_KEPT or self._oldest_is_over():
            _, (_, gone) = self._kept.popitem(last=False)
            self._bytes -= _size(gone)

    def _oldest_is_over(self) -> bool:
        return next(iter(self._kept.values()))[0] + KEPT_SECONDS <= self._now()

    def under_way(self, warrant_id: str | None) -> bool:
        """Whether the call that left under this warrant is not answered yet."""
        return warrant_id in self._trips

    def unheard(self, fingerprint: str) -> bool:
        """Whether this very call left, and whoever sent it has hung up before it was answered."""
        return fingerprint in self._missed or any(
            trip.fingerprint == fingerprint and not trip.client.connected for trip in self._trips.values()
        )

    def find(self, warrant_id: str) -> http.Response | None:
        """What the call that left under this warrant was answered, marked as told again; None when it is not kept."""
        at, response = self._kept.get(warrant_id, (0.0, None))
        if response is None or at + KEPT_SECONDS <= self._now():
            return None
        again = response.copy()
        again.headers["Vienna-Reason"] = Reason.ALREADY_EXECUTED.value
        return again


def _size(response: http.Response) -> int:
    return len(response.raw_content or b"") + sum(len(k) + len(v) for k, v in response.headers.fields)
