"""What another policy would have done to recorded traffic: what it decides otherwise, and whom it would ask how often.

1. Both bundles judge the same recorded intents (``rejudge``), so what differs is the policy and nothing else.
2. It is read page by page and judged in a thread that gives way after every few decisions: whoever waits for a decision
   of now waits no longer for it.
3. It speaks of what policy says. An agent in observe is not held by it yet.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from vienna_control.clock import from_iso, iso
from vienna_control.policies import rejudge
from vienna_control.policies.bundle import Bundle
from vienna_control.policies.rejudge import Recorded, Span
from vienna_control.policies.trial import WORDS
from vienna_control.store import Store
from vienna_kernel.approval.requirements import Requirements
from vienna_kernel.decision.decide import Decision, Outcome
from vienna_kernel.decision.facts import AgentFacts

_PAGE = 100
_WORK_SECONDS = 0.0005
_REST_SECONDS = 0.0005
_EXAMPLES = 50
_NAMED = 50
_ANYONE = "any approver"

type Progress = Callable[[int], None]


@dataclass(slots=True)
class Load:
    """What one of the bundles asks of people, and which of its rules held.

    Attributes:
        hours: Approvals by hour, ``2026-03-02T10``.
    """

    held: int = 0
    groups: Counter[str] = field(default_factory=Counter)
    hours: Counter[str] = field(default_factory=Counter)
    fired: set[str] = field(default_factory=set)

    def take(self, decision: Decision, hour: str) -> None:
        self.fired.update(flag.partition(":")[0] for flag in decision.flags)
        self.fired.update(str(row["rule"]) for row in decision.shadow)
        if decision.rule_id is not None:
            self.fired.add(decision.rule_id)
        if decision.outcome is Outcome.HOLD:
            self.held += 1
            self.hours[hour] += 1
            self.groups.update(groups_of(decision.requirements))

    def to_json(self, hours: float, judged: int) -> dict[str, Any]:
        return {
            "total": self.held,
            "per_hour": round(self.held / hours, 2) if hours else 0.0,
            "peak_hour": max(self.hours.values(), default=0),
            "per_thousand_calls": round(1000 * self.held / judged, 2) if judged else 0.0,
            "by_group": named(self.groups),
        }


def groups_of(requirements: Requirements | None) -> list[str]:
    """Groups that are asked, each once; ``any approver`` where none is named."""
    if requirements is None:
        return []
    every = (requirements, *requirements.also)
    return list(dict.fromkeys(group for one in every for group in one.groups)) or [_ANYONE]


def named(counter: Counter[str]) -> list[dict[str, Any]]:
    """The most frequent, as lists show them."""
    return [{"name": name, "count": count} for name, count in counter.most_common(_NAMED)]


@dataclass(slots=True)
class Tally:
    """What was found so far. ``was`` is in force, ``would`` is tried."""

    was: Bundle
    would: Bundle
    seen: int = 0
    judged: int = 0
    inexact: int = 0
    before: Load = field(default_factory=Load)
    after: Load = field(default_factory=Load)
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    denials: Counter[str] = field(default_factory=Counter)
    examples: list[dict[str, Any]] = field(default_factory=list)
    first: str = ""

    def take(self, found: Sequence[Recorded]) -> None:
        """Judge some more, giving way to others in between."""
        started = time.perf_counter()
        for one in found:
            self._one(one)
            if time.perf_counter() - started > _WORK_SECONDS:
                time.sleep(_REST_SECONDS)
                started = time.perf_counter()

    def _one(self, one: Recorded) -> None:
        self.seen += 1
        self.first = one.row["created_at"]
        before = rejudge.judged(one, self.was)
        after = rejudge.judged(one, self.would)
        if before is None or after is None:
            return
        self.judged += 1
        self.inexact += not one.exact
        hour = self.first[:13]
        self.before.take(before, hour)
        self.after.take(after, hour)
        if _key(before) != _key(after):
            self._changed(one, before, after)

    def _changed(self, one: Recorded, before: Decision, after: Decision) -> None:
        self.changes[_word(before), _word(after)] += 1
        if after.outcome is Outcome.DENIED and before.outcome is not Outcome.DENIED:
            self.denials[one.row["action"]] += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append({
                "intent_id": one.row["id"],
                "agent_id": one.row["agent_id"],
                "action": one.row["action"],
                "summary": one.row["summary"],
                "at": one.row["created_at"],
                "before": _told(before),
                "after": _told(after),
            })  # fmt: skip

    def to_json(self, span: Span) -> dict[str, Any]:
        hours = self._hours(span)
        return {
            "since": self.first or iso(span.since),
            "until": iso(span.until),
            "hours": round(hours, 2),
            "intents": self.seen,
            "judged": self.judged,
            "turned_away": self.seen - self.judged,
            "inexact": self.inexact,
            "cut": self.seen >= span.limit,
            "changed": sum(self.changes.values()),
            "changes": [
                {"from": was, "to": would, "count": count}
                for (was, would), count in self.changes.most_common()
            ],
            "examples": self.examples,
            "approvals": {
                "before": self.before.to_json(hours, self.judged),
                "after": self.after.to_json(hours, self.judged),
            },
            "by_hour": [
                {
                    "at": f"{hour}:00:00.000Z",
                    "before": self.before.hours[hour],
                    "after": self.after.hours[hour],
                }
                for hour in sorted({*self.before.hours, *self.after.hours})
            ],
            "never_fired": {
                "before": _never(self.was, self.before.fired),
                "after": _never(self.would, self.after.fired),
            },
            "new_denials": named(self.denials),
            "not_replayable": [
                {"rule": rule.id, "name": rule.name, "on": what}
                for rule, what in rejudge.not_replayable(self.would)
            ],
        }

    def _hours(self, span: Span) -> float:
        """Time that the recorded traffic spans, at least one hour: a burst is not made into a flood."""
        if not self.first:
            return 0.0
        return max(1.0, (span.until - from_iso(self.first)).total_seconds() / 3600)


def _key(decision: Decision) -> tuple[Any, ...]:
    return decision.outcome, decision.tier, decision.requirements


def _word(decision: Decision) -> str:
    word = WORDS[decision.outcome]
    return f"{word} {decision.tier.value}" if decision.outcome in (Outcome.PROCEED, Outcome.HOLD) else word


def _told(decision: Decision) -> dict[str, Any]:
    return {
        "decision": WORDS[decision.outcome],
        "risk_tier": decision.tier.value,
        "rule": decision.rule_id,
        "reason": decision.reason.value if decision.reason else None,
        "groups": groups_of(decision.requirements),
    }


def _never(bundle: Bundle, fired: set[str]) -> list[dict[str, Any]]:
    return [
        {"rule": rule.id, "name": rule.name, "source": rule.source}
        for rule in bundle.rules.rules
        if rule.shape.enabled and rule.id not in fired
    ]


async def run(
    store: Store, was: Bundle, would: Bundle, span: Span, *, progress: Progress | None = None
) -> dict[str, Any]:
    """The whole comparison as plain JSON data. ``progress`` is told how many were seen so far."""
    tally, last = Tally(was, would), None
    agents: dict[str, AgentFacts] = {}
    while tally.seen < span.limit:
        size = min(_PAGE, span.limit - tally.seen)
        found = await store.read(
            lambda conn, last=last, size=size: rejudge.page(conn, span, after=last, size=size, agents=agents)  # type: ignore[misc]
        )
        await asyncio.to_thread(tally.take, found)
        if progress is not None:
            progress(tally.seen)
        if len(found) < size:
            break
        last = found[-1]
    return tally.to_json(span)
