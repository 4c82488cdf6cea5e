"""What stands beside each agent of a list: its gates, the last day's traffic, what waits, how its trust came to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.store.tables import approvals, intents, sidecars, trust_events

_POINTS = 20
"""Changes of trust that are told of each, the latest."""

_NO_GATES: dict[str, Any] = {
    "enrolled": 0,
    "silent": 0,
    "versions": [],
    "last_seen": None,
    "ca_expires_at": None,
    "bypass": 0,
}


def of(conn: Connection, agent_ids: Sequence[str], now: datetime) -> dict[str, dict[str, Any]]:
    """Figures by agent.

    ``gates``: those that are enrolled and did not leave: how many, how many of them silent, their versions, the latest
    sign of life, the first end of a CA, tries of a way around. ``pending``: approvals. ``trust_history``:
    the latest changes, oldest first.
    """
    gates, trust = _gates(conn, agent_ids), _trust(conn, agent_ids)
    lately = intents.c.created_at >= iso(now - timedelta(hours=24))
    calls = _counted(conn, _count(intents.c.agent_id).where(intents.c.agent_id.in_(agent_ids), lately))
    waits = approvals.c.status == "pending"
    pending = _counted(conn, _count(approvals.c.agent_id).where(approvals.c.agent_id.in_(agent_ids), waits))
    return {
        agent_id: {
            "gates": gates.get(agent_id, _NO_GATES),
            "calls_24h": calls.get(agent_id, 0),
            "pending": pending.get(agent_id, 0),
            "trust_history": trust.get(agent_id, []),
        }
        for agent_id in agent_ids
    }


def _count(column: Any) -> Select[Any]:
    return select(column, func.count()).group_by(column)


def _counted(conn: Connection, query: Select[Any]) -> dict[str, int]:
    return {agent_id: count for agent_id, count in conn.execute(query)}


def _gates(conn: Connection, agent_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    columns = [
        sidecars.c[name]
        for name in ("agent_id", "version", "seen_at", "silent_at", "ca_expires_at", "counts")
    ]
    there = (sidecars.c.revoked_at.is_(None), sidecars.c.left_at.is_(None))
    query = select(*columns).where(sidecars.c.agent_id.in_(agent_ids), *there)
    found: dict[str, list[rows.Row]] = {}
    for row in rows.every(conn, query):
        found.setdefault(row["agent_id"], []).append(row)
    return {agent_id: _together(gates) for agent_id, gates in found.items()}


def _together(gates: Iterable[rows.Row]) -> dict[str, Any]:
    every = list(gates)
    return {
        "enrolled": len(every),
        "silent": sum(row["silent_at"] is not None for row in every),
        "versions": sorted({row["version"] for row in every}),
        "last_seen": max((row["seen_at"] for row in every if row["seen_at"]), default=None),
        "ca_expires_at": min((row["ca_expires_at"] for row in every if row["ca_expires_at"]), default=None),
        "bypass": sum((rows.load(row["counts"]) or {}).get("bypass", 0) for row in every),
    }


def _trust(conn: Connection, agent_ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    latest = func.row_number().over(partition_by=trust_events.c.agent_id, order_by=trust_events.c.id.desc())
    numbered = select(trust_events, latest.label("place")).where(trust_events.c.agent_id.in_(agent_ids))
    inner = numbered.subquery()
    query = select(inner).where(inner.c.place <= _POINTS).order_by(inner.c.id)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.every(conn, query):
        point = {name: row[name] for name in ("at", "before", "after")}
        found.setdefault(row["agent_id"], []).append(point)
    return found
