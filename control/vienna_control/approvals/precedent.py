"""What people decided about calls of this kind before: the last one they agreed to, and in what this one differs.

Of one kind are calls of the same agent with the same action. What is compared is what people were shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.approvals import alike, ending
from vienna_control.clock import iso
from vienna_control.store.tables import approvals, intents

DAYS = 30
_MOST_ROWS = 200


def told(conn: Connection, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """``decided``: how many by status within 30 days; ``last``: the one before this that people agreed to, or None;
    ``differs``: ``{name, before, after, kind}`` for each of its parameters. ``row``: of ``view.one``.
    """
    last = _last(conn, row)
    return {
        "approval_id": row["id"],
        "days": DAYS,
        "decided": _decided(conn, row, now),
        "last": _brief(conn, last) if last else None,
        "differs": _differing(rows.load(last["shown"]), rows.load(row["shown"])) if last else [],
    }


def _last(conn: Connection, row: Mapping[str, Any]) -> rows.Row | None:
    query = (
        select(approvals, intents.c.status.label("intent_status"))
        .join(intents, intents.c.id == approvals.c.intent_id)
        .where(
            approvals.c.tenant == row["tenant"],
            approvals.c.agent_id == row["agent_id"],
            approvals.c.status == "approved",
            approvals.c.id < row["id"],
            intents.c.action == row["action"],
        )
        .order_by(approvals.c.id.desc())
        .limit(1)
    )
    return rows.first(conn, query)


def _decided(conn: Connection, row: Mapping[str, Any], now: datetime) -> dict[str, int]:
    query = (
        select(approvals.c.status, func.count().label("times"))
        .join(intents, intents.c.id == approvals.c.intent_id)
        .where(
            approvals.c.agent_id == row["agent_id"],
            approvals.c.id != row["id"],
            approvals.c.created_at >= iso(now - timedelta(days=DAYS)),
            intents.c.action == row["action"],
        )
        .group_by(approvals.c.status)
        .order_by(approvals.c.status)
    )
    return {one["status"]: one["times"] for one in rows.every(conn, query)}


def _brief(conn: Connection, last: rows.Row) -> dict[str, Any]:
    voted = [vote.email for vote, _, _ in ending.votes_of(conn, last["id"])]
    return {
        "approval_id": last["id"],
        "intent_id": last["intent_id"],
        "sentence": rows.load(last["shown"])["sentence"],
        "risk_tier": last["tier"],
        "decided_at": last["decided_at"],
        "by": voted,
        "intent_status": last["intent_status"],
    }


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    old, new = _facts(before), _facts(after)
    names = [*new, *(name for name in old if name not in new)]
    return [
        {"name": name, "before": old.get(name), "after": new.get(name), "kind": _kind(name, old, new)}
        for name in names[:_MOST_ROWS]
    ]


def _facts(shown: Mapping[str, Any]) -> dict[str, Any]:
    """Where it goes, on what, and each parameter."""
    request = shown.get("request") or {}
    targets = [str(effect.get("target")) for effect in shown.get("effect") or []]
    facts = {"target": ", ".join(targets), "method": request.get("method"), "url": request.get("url")}
    named = {name: value for name, value in facts.items() if value}
    return {**named, **{f"parameters.{name}": value for name, value in alike.parameters(shown).items()}}


def _kind(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if name not in old:
        return "added"
    if name not in new:
        return "removed"
    return "same" if old[name] == new[name] else "changed"
