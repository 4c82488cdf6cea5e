"""What a stricter rung would have done to an agent's recorded traffic: counted, not decided again.

Each intent keeps what policy said of it when it came. For a rung it would be refused or held if policy said so at a
tier that the rung enforces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.fleet.registry import Enforcement
from vienna_control.intake.judgement import enforced
from vienna_control.store.tables import approvals, intents
from vienna_kernel.intent import Tier

_AT_MOST = 50_000
_SHOWN = 20


@dataclass(slots=True)
class _Counts:
    calls: int = 0
    held: int = 0
    refused: int = 0
    by_reason: Counter[str] = field(default_factory=Counter)
    by_action: Counter[str] = field(default_factory=Counter)
    by_group: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)


def forecast(conn: Connection, agent_id: str, to: Enforcement, *, now: datetime, days: int) -> dict[str, Any]:
    """Denied, approvals per hour and to whom, and hosts without a mapping, over the last ``days``."""
    query = (
        select(intents, approvals.c.requirements)
        .outerjoin(approvals, approvals.c.id == intents.c.approval_id)
        .where(
            intents.c.agent_id == agent_id,
            intents.c.created_at >= iso(now - timedelta(days=days)),
            intents.c.simulation.is_(False),
        )
        .order_by(intents.c.created_at.desc())
        .limit(_AT_MOST)
    )
    found = rows.every(conn, query)
    counts = _count(found, to)
    hours = _hours(found, now)
    return {
        "to": to,
        "since": found[-1]["created_at"] if found else None,
        "hours": round(hours, 2),
        "calls": counts.calls,
        "would_hold": counts.held,
        "would_deny": counts.refused,
        "approvals_per_hour": round(counts.held / hours, 2) if hours else 0.0,
        "approvals_per_thousand_calls": round(1000 * counts.held / counts.calls, 2) if counts.calls else 0.0,
        "asked": _top(counts.by_group),
        "held_actions": _top(counts.by_action),
        "denied_reasons": _top(counts.by_reason),
        "unmapped_hosts": _top(counts.unmapped),
    }


def _count(found: Iterable[rows.Row], to: Enforcement) -> _Counts:
    counts = _Counts()
    for row in found:
        counts.calls += 1
        told = rows.load(row["decision"]) or {}
        if any(part.get("mapping") is None for part in rows.load(row["meaning"])):
            counts.unmapped[row["host"] or "-"] += 1
        if told.get("by") == "gate" or not enforced(to, Tier(row["tier"])):
            continue
        if told.get("outcome") == "hold":
            counts.held += 1
            counts.by_action[row["action"]] += 1
            for group in _groups(told, row["requirements"]):
                counts.by_group[group] += 1
        elif told.get("outcome") in ("denied", "rate_limited"):
            counts.refused += 1
            counts.by_reason[str(told.get("reason"))] += 1
    return counts


def _groups(told: dict[str, Any], requirements: str | None) -> list[str]:
    asked = rows.load(requirements) or told.get("requirements") or {}
    return list(asked.get("groups") or ["any approver"])


def _hours(found: Iterable[rows.Row], now: datetime) -> float:
    """Time that the recorded traffic spans, at least one hour, so that a burst is not made into a flood."""
    first = min((from_iso(row["created_at"]) for row in found), default=now)
    return max(1.0, (now - first).total_seconds() / 3600)


def _top(counter: Counter[str]) -> list[dict[str, Any]]:
    return [{"name": name, "count": count} for name, count in counter.most_common(_SHOWN)]
