"""What is counted of committed units: each entry of the trail once, when it is durable. Practice approvals count as
entries, and as nothing else.

Labels are words of ours; where a word comes from data it is held against its closed list, or bounded in number.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from vienna_control.clock import Clock
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason

PREFIX = "vienna_control"
_WAITED = (1.0, 5.0, 15.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
_MOST_WORDS = 64
_MOST_REMEMBERED = 20_000
_WORD = re.compile(r"[a-z][a-z0-9_]{0,47}\Z")
_TIERS = frozenset({"T0", "T1", "T2", "T3"})
_REASONS = frozenset(reason.value for reason in Reason)


class Words:
    """A label's values: words of a form, and no more than ``_MOST_WORDS`` of them."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def __call__(self, value: object) -> str:
        """The word itself, ``none`` for nothing, ``other`` for what is none or comes too late."""
        if value is None or value == "":
            return "none"
        if not isinstance(value, str) or not _WORD.match(value):
            return "other"
        if value not in self._known and len(self._known) >= _MOST_WORDS:
            return "other"
        self._known.add(value)
        return value


class Series:
    """The series of one counter, each looked up once: what is counted for every call must cost it next to nothing."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._known: dict[tuple[str, ...], Counter] = {}

    def __call__(self, *labels: str) -> None:
        """Count one; ``labels`` are bounded in number."""
        found = self._known.get(labels)
        if found is None:
            found = self._known[labels] = self._counter.labels(*labels) if labels else self._counter
        found.inc()


def _tier(value: object) -> str:
    return value if isinstance(value, str) and value in _TIERS else "none"


def _reason(value: object) -> str:
    if value is None:
        return "none"
    return value if isinstance(value, str) and value in _REASONS else "other"


class Counted:
    """Counters over the entries of the trail."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        def counter(name: str, text: str, *labels: str) -> Series:
            return Series(Counter(f"{PREFIX}_{name}", text, labels, registry=registry))

        self._clock = clock
        self._asked: OrderedDict[str, datetime | None] = OrderedDict()  # None: for practice
        self._word = {name: Words() for name in ("decision", "status", "verdict", "result", "kind", "what")}
        self._entries = counter("entries", "Entries of the trail", "type")
        self._decisions = counter("decisions", "Decisions of policy", "decision", "tier", "reason")
        self._refusals = counter("gate_refusals", "What gates refused by themselves", "reason")
        self._asks = counter("approvals_requested", "Approvals that people were asked for", "tier")
        self._resolved = counter("approvals_resolved", "Approvals that ended", "status", "tier")
        self._votes = counter("votes", "What people said", "verdict")
        self._waited = Histogram(
            f"{PREFIX}_approval_seconds",
            "From the question to people to its end",
            ["status"],
            registry=registry,
            buckets=_WAITED,
        )
        self._warrants = counter("warrants", "What happened to warrants", "event")
        self._executions = counter("executions", "Calls that came to an end", "status")
        self._verified = counter("verifications", "Outcomes held against what was approved", "result")
        self._budget = counter("budget_refusals", "Calls that a budget had no room for")
        self._alerts = counter("alerts", "Alerts", "kind", "severity")
        self._reloads = counter("policy_reload_failures", "Changed policy files that were not taken")
        self._gaps = counter("sidecar_gaps", "Heartbeats that did not follow", "what")
        self._by_type: dict[EntryType, Callable[[Mapping[str, Any]], None]] = {
            EntryType.POLICY_EVALUATED: self._evaluated,
            EntryType.CALL_REFUSED: lambda data: self._refusals(_reason(data.get("reason"))),
            EntryType.APPROVAL_REQUESTED: self._requested,
            EntryType.APPROVAL_RESOLVED: self._ended,
            EntryType.APPROVAL_EXPIRED: self._ended,
            EntryType.APPROVAL_VOTE: self._voted,
            EntryType.WARRANT_ISSUED: lambda data: self._warrants("issued"),
            EntryType.WARRANT_CONSUMED: lambda data: self._warrants("consumed"),
            EntryType.WARRANT_REVOKED: lambda data: self._warrants("revoked"),
            EntryType.WARRANT_REFUSED: self._warrant_refused,
            EntryType.EXECUTION_FINISHED: self._by(self._executions, "status"),
            EntryType.EXECUTION_UNKNOWN: lambda data: self._executions("unknown"),
            EntryType.VERIFICATION_COMPLETE: self._by(self._verified, "result"),
            EntryType.ALERT: self._alerted,
            EntryType.SIDECAR_GAP: self._by(self._gaps, "what"),
        }

    def count(self, kind: EntryType, data: Mapping[str, Any]) -> None:
        """One entry that is durable now."""
        self._entries(kind.value)
        counting = self._by_type.get(kind)
        if counting is not None:
            counting(data)

    def recall(self, asked: Mapping[str, datetime | None]) -> None:
        """Approvals that were open when the process began, and since when; None: for practice."""
        self._asked.update(asked)

    def _by(self, counter: Series, name: str) -> Callable[[Mapping[str, Any]], None]:
        word = self._word[name]
        return lambda data: counter(word(data.get(name)))

    def _evaluated(self, data: Mapping[str, Any]) -> None:
        reason = _reason(data.get("reason"))
        decision = self._word["decision"](data.get("decision"))
        self._decisions(decision, _tier(data.get("risk_tier")), reason)
        if reason == Reason.BUDGET_EXCEEDED.value:
            self._budget()

    def _requested(self, data: Mapping[str, Any]) -> None:
        practice = bool(data.get("practice"))
        if not practice:
            self._asks(_tier(data.get("risk_tier")))
        self._asked[str(data.get("approval_id"))] = None if practice else self._clock.now()
        if len(self._asked) > _MOST_REMEMBERED:
            self._asked.popitem(last=False)

    def _practised(self, data: Mapping[str, Any]) -> bool:
        approval_id = str(data.get("approval_id"))
        return approval_id in self._asked and self._asked[approval_id] is None

    def _voted(self, data: Mapping[str, Any]) -> None:
        if not self._practised(data):
            self._votes(self._word["verdict"](data.get("verdict")))

    def _ended(self, data: Mapping[str, Any]) -> None:
        practised = self._practised(data)
        since = self._asked.pop(str(data.get("approval_id")), None)
        if practised:
            return
        status = self._word["status"](data.get("status"))
        self._resolved(status, _tier(data.get("risk_tier")))
        if since is not None:
            self._waited.labels(status).observe((self._clock.now() - since).total_seconds())

    def _warrant_refused(self, data: Mapping[str, Any]) -> None:
        self._warrants("refused")
        self._refusals(_reason(data.get("reason")))

    def _alerted(self, data: Mapping[str, Any]) -> None:
        kind = self._word["kind"](data.get("kind"))
        severity = data.get("severity")
        known = severity if severity in ("info", "warning", "critical") else "other"
        self._alerts(kind, known)
        if kind == "policy_refused":
            self._reloads()
