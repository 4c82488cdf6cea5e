"""The control plane's metrics, in a registry of their own, and the page that Prometheus reads.

Every label is a word of ours: neither an agent nor an operator can make a series by what they send.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from vienna_control.clock import Clock
from vienna_control.store.unit import Told
from vienna_control.telemetry.counted import PREFIX, Counted
from vienna_control.version import VERSION

if TYPE_CHECKING:
    from vienna_control.telemetry.moment import Moment

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PAGE_SECONDS = 1.0  # whoever asks more often reads the same page
_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_SLOW = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_TIERS = ("T0", "T1", "T2", "T3")
_STANDINGS = ("active", "suspended", "inactive")


class Metrics:
    """All of them.

    Attributes:
        registry: Where they are.
        counted: Those that count entries of the trail.
        look: Asked before each page.
    """

    look: Callable[[], Awaitable[Moment]] | None = None

    def __init__(self, clock: Clock) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, and nobody asks when
        self.registry = registry = CollectorRegistry()
        ProcessCollector(namespace=PREFIX, registry=registry)
        self.counted = Counted(registry, clock)
        self._requests = Counter(
            f"{PREFIX}_requests", "Requests to the API", ["route", "method", "status"], registry=registry
        )
        self._request = self._histogram("request_seconds", "From a request to its answer", _SLOW)
        self._consults = self._histogram(
            "consult_seconds", "From a gate's question to its answer", _QUICK, "verdict"
        )
        self._deliveries = Counter(
            f"{PREFIX}_deliveries", "Attempts to deliver to a channel", ["type", "result"], registry=registry
        )
        self._commit = self._histogram("commit_seconds", "What the database took for one commit", _QUICK)
        self._units = Counter(f"{PREFIX}_units", "Units of work that were committed", registry=registry)
        self._pending = self._gauge("approvals_pending", "Approvals that wait for people", "tier")
        self._agents = self._gauge("agents", "Agents, by standing", "status")
        self._gates = self._gauge("sidecars", "Gates", "state")
        self._gauges = {
            "oldest_pending_seconds": self._gauge(
                "approval_oldest_seconds", "Age of the oldest open approval"
            ),
            "checkpoint_age_seconds": self._gauge(
                "checkpoint_age_seconds", "Since the newest signed checkpoint"
            ),
            "unsequenced": self._gauge("entries_unsequenced", "Entries that have no place in the trail yet"),
            "signed": self._gauge("entries_signed", "Entries under the newest checkpoint"),
            "queued": self._gauge("units_queued", "Units of work that wait for the writer"),
            "streams": self._gauge("streams", "Streams of gates that are open"),
            "bundle_version": self._gauge("bundle_version", "Version of the policies and mappings in force"),
            "policies_refused": self._gauge(
                "policies_refused", "1 while changed policy files are not in force"
            ),
        }
        info = Gauge(f"{PREFIX}_info", "Which control plane this is", ["version"], registry=registry)
        info.labels(VERSION).set(1)
        self._page: tuple[float, bytes] | None = None
        self._paging = asyncio.Lock()

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, labels, registry=self.registry, buckets=buckets)

    def answered(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """One request is over. ``route``: its pattern, None where there is none."""
        verb = method if method in _METHODS else "other"
        self._requests.labels(route or "none", verb, str(status)).inc()
        if status != 101:  # a stream is no answer
            self._request.observe(seconds)

    def consulted(self, verdict: str, seconds: float) -> None:
        """A gate's question was answered; ``verdict``: of a decision, or ``fault``."""
        self._consults.labels(verdict).observe(seconds)

    def delivered(self, type: str, result: str) -> None:
        """One attempt of a channel: ``sent``, ``failed`` (it is tried again), ``dead`` or ``gone``."""
        self._deliveries.labels(type, result).inc()

    def committed(self, units: Sequence[Sequence[Told]], seconds: float) -> None:
        """One commit: what each of its units entered into the trail."""
        self._commit.observe(seconds)
        self._units.inc(len(units))
        for unit in units:
            for told in unit:
                self.counted.count(told.type, told.data)

    async def page(self) -> bytes:
        """The text exposition format, at most a second old. Raises ``UnavailableError``."""
        async with self._paging:
            if self._page is None or time.monotonic() - self._page[0] > _PAGE_SECONDS:
                if self.look is not None:
                    self._show(await self.look())
                self._page = time.monotonic(), generate_latest(self.registry)
            return self._page[1]

    def _show(self, moment: Moment) -> None:
        for name, gauge in self._gauges.items():
            value = getattr(moment, name)
            gauge.set(float("nan") if value is None else value)
        for tier in _TIERS:
            self._pending.labels(tier).set(moment.pending.get(tier, 0))
        for status in _STANDINGS:
            self._agents.labels(status).set(moment.agents.get(status, 0))
        self._gates.labels("connected").set(moment.gates_connected)
        self._gates.labels("silent").set(moment.gates_silent)
