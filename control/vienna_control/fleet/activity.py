"""What an agent did and what happened to it, newest first; and its figures."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, and_, func, select

from vienna_control import rows
from vienna_control.approvals.practice import PRACTICE
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.store.tables import agents, entries, executions, intents, trust_events

_TRUST_SHOWN = 50


def timeline(agent_id: str) -> Select[Any]:
    """Entries of the trail about an agent."""
    return select(entries).where(entries.c.agent_id == agent_id)


def shown(row: rows.Row) -> dict[str, Any]:
    """One entry as an activity."""
    body = rows.load(bytes(row["body"]).decode())
    return {
        "id": row["id"],
        "type": row["type"],
        "at": row["at"],
        "intent_id": row["intent_id"],
        "actor": body["actor"],
        "data": body["data"],
    }


def trust(agent_id: str) -> Select[Any]:
    """Changes of an agent's trust."""
    return select(trust_events).where(trust_events.c.agent_id == agent_id)


def trust_event(row: rows.Row) -> dict[str, Any]:
    """One change."""
    return {name: row[name] for name in ("at", "before", "after", "reason", "actor")}


def trust_history(conn: Connection, agent_id: str) -> list[dict[str, Any]]:
    """The latest changes of trust, newest first."""
    query = trust(agent_id).order_by(trust_events.c.id.desc()).limit(_TRUST_SHOWN)
    return [trust_event(row) for row in rows.every(conn, query)]


def stats(conn: Connection, agent_id: str) -> dict[str, Any]:
    """Counts of an agent; the pass rate is None until something was verified."""
    by_status = _counts(conn, intents.c.status, intents.c.agent_id == agent_id)
    by_result = _counts(conn, executions.c.verification, executions.c.agent_id == agent_id)
    held = by_result.get("match", 0)
    judged = held + by_result.get("drift", 0)
    return {
        "total_intents": sum(by_status.values()),
        "total_executions": sum(by_result.values()),
        "total_denials": by_status.get("denied", 0),
        "pending": by_status.get("pending_approval", 0),
        "verification_pass_rate": round(held / judged, 4) if judged else None,
        "by_status": by_status,
        "by_verification": {name: count for name, count in by_result.items() if name},
    }


def _counts(conn: Connection, column: Column[Any], where: ColumnElement[bool]) -> dict[str, int]:
    """How many rows there are for each value of a column; an absent value is counted under an empty name."""
    query = select(column, func.count()).where(where).group_by(column)
    return {str(value or ""): count for value, count in conn.execute(query)}


def summary(conn: Connection, tenant: str, now: datetime) -> dict[str, Any]:
    """The fleet in figures, but for what people practise."""
    by_status = _counts(
        conn, agents.c.status, and_(agents.c.tenant == tenant, agents.c.name != registry.PRACTICE)
    )
    lately = select(func.count()).where(
        intents.c.tenant == tenant, intents.c.created_at >= iso(now - timedelta(hours=24)), ~PRACTICE
    )
    return {
        "active": by_status.get("active", 0),
        "suspended": by_status.get("suspended", 0),
        "inactive": by_status.get("inactive", 0),
        "total_intents_24h": conn.scalar(lately) or 0,
    }
