"""The gate's metrics, in a registry of their own, and the page that Prometheus reads.

Every label is a word of ours or of a mapping file: an agent cannot make a series by what it sends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from vienna_proxy.telemetry.account import Account, Ending, Times
from vienna_proxy.version import VERSION

PREFIX = "vienna_gate"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PAGE_SECONDS = (
    1.0  # whoever asks more often reads the same page: asking must not cost the gate its processor
)

_ADDED = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_CALL = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)
_HELD = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What is so at the moment when the page is read.

    Attributes:
        bundle_age_seconds: Since the control plane last gave or confirmed it; None: there is none yet.
        body_bytes: Of request bodies and WebSocket messages in memory.
    """

    control_up: bool = False
    active: int = 0
    held: int = 0
    bundle_age_seconds: float | None = None
    body_bytes: int = 0
    spool_frames: int = 0
    spool_bytes: int = 0
    spool_refused: int = 0


class Metrics:
    """All of them.

    Attributes:
        registry: Where they are.
        now: Asked before each page.
    """

    now: Callable[[], Awaitable[Now]] | None = None

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # twice the series, and nobody asks when
        self.registry = CollectorRegistry()
        ProcessCollector(namespace=PREFIX, registry=self.registry)
        self._calls = self._counter("calls", "Calls, by what became of them", "decision", "reason", "tier")
        self._actions = self._counter(
            "actions", "Actions of mapped calls; others are 'other'", "action", "decision"
        )
        self._refusals = self._counter(
            "transport_refusals", "Calls refused for their form or address", "reason"
        )
        self._verified = self._counter("verifications", "Answers held against what was approved", "result")
        self._unanswered = self._counter("control_unanswered", "Frames without an answer in time", "frame")
        self._call = self._histogram("call_seconds", "From a call's head to its end", _CALL, "streamed")
        self._added = self._histogram(
            "added_seconds", "Of a call that left: neither held nor upstream", _ADDED
        )
        self._held = self._histogram("held_seconds", "How long held calls were held", _HELD)
        self._control = self._histogram("control_seconds", "From a frame to its answer", _ADDED, "frame")
        self._gauges = {
            "control_up": self._gauge("control_up", "Whether the stream to the control plane is open"),
            "active": self._gauge("active_calls", "Calls that left and are not over"),
            "held": self._gauge("held_calls", "Calls that wait for people"),
            "bundle_age_seconds": self._gauge("bundle_age_seconds", "Since the bundle was last confirmed"),
            "body_bytes": self._gauge("body_bytes", "Request bodies in memory"),
            "spool_frames": self._gauge("spool_frames", "Frames that the control plane does not have yet"),
            "spool_bytes": self._gauge("spool_bytes", "Bytes of these frames"),
            "spool_refused": self._gauge(
                "spool_refused_frames", "Frames that the control plane will not take"
            ),
        }
        Gauge(f"{PREFIX}_info", "Which gate this is", ["version"], registry=self.registry).labels(
            VERSION
        ).set(1)
        self._page: tuple[float, bytes] | None = None
        self._paging = asyncio.Lock()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, labels, registry=self.registry, buckets=buckets)

    def count(self, account: Account, ending: Ending, times: Times) -> None:
        """One call is over."""
        reason = "none" if ending.reason is None else ending.reason.value
        self._calls.labels(ending.decision, reason, account.tier or "none").inc()
        for action in _named(account):
            self._actions.labels(action, ending.decision).inc()
        if ending.decision == "denied" and not account.judged:
            self._refusals.labels(reason).inc()
        if account.verified is not None:
            self._verified.labels(account.verified).inc()
        self._call.labels("true" if ending.streamed else "false").observe(times.all)
        if account.held_seconds:
            self._held.observe(times.held)
        if account.released_at is not None:
            self._added.observe(times.gate)

    def answered(self, frame: str, seconds: float | None) -> None:
        """The control plane answered a frame of this kind; ``seconds``: None, it did not in time."""
        if seconds is None:
            self._unanswered.labels(frame).inc()
        else:
            self._control.labels(frame).observe(seconds)

    async def page(self) -> bytes:
        """The text exposition format, at most a second old."""
        async with self._paging:
            if self._page is None or time.monotonic() - self._page[0] > _PAGE_SECONDS:
                self._show(await self.now() if self.now is not None else Now())
                self._page = time.monotonic(), generate_latest(self.registry)
            return self._page[1]

    def _show(self, now: Now) -> None:
        for name, gauge in self._gauges.items():
            value = getattr(now, name)
            gauge.set(float("nan") if value is None else value)


def _named(account: Account) -> list[str]:
    """Actions, as far as a mapping file names them."""
    if account.mapped is None:
        return []
    return [intent.action if intent.mapping is not None else "other" for intent in account.mapped.intents]
