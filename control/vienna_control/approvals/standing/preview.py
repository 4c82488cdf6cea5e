"""What terms would have covered in recorded traffic: how many calls, which, and which only just not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals.standing.terms import Terms
from vienna_control.clock import iso
from vienna_control.intake.recorded import meaning_of
from vienna_control.store.tables import intents
from vienna_kernel.approval.standing import covers
from vienna_kernel.intent import Tier
from vienna_kernel.verdict import Granted

_AT_MOST = 20_000
_SHOWN = 5
_NEAR = 10


def preview(conn: Connection, terms: Terms, *, now: datetime, days: int) -> dict[str, Any]:
    """Calls of this action by these agents within the last ``days``, held against the terms.

    Of those that are covered, ``held`` were (or, observed, would have been) put before people: what it would have
    saved them. Near misses are calls that people were asked about, each with why it is not covered.
    """
    times = max(terms.count, _AT_MOST)
    standing = replace(terms, count=times, not_before=None).standing("preview")
    query = (
        select(intents)
        .where(
            intents.c.agent_id.in_([agent.id for agent in terms.agents]),
            intents.c.action == terms.action,
            intents.c.created_at >= iso(now - timedelta(days=days)),
            intents.c.simulation.is_(False),
        )
        .order_by(intents.c.created_at.desc(), intents.c.id.desc())
        .limit(_AT_MOST)
    )
    covered: list[rows.Row] = []
    missed: list[dict[str, Any]] = []
    held = calls = 0
    for row in rows.every(conn, query):
        calls += 1
        was_held = (rows.load(row["decision"]) or {}).get("outcome") == "hold"
        verdict = covers(standing, meaning_of(row), agent_id=row["agent_id"], tier=Tier(row["tier"]), now=now)
        if isinstance(verdict, Granted):
            covered.append(row)
            held += was_held
        elif was_held:
            missed.append({**_line(row), "why": verdict.detail.partition(": ")[2]})
    return {
        "days": days,
        "calls": calls,
        "covered": len(covered),
        "held": held,
        "count_is_enough": len(covered) <= terms.count,
        "examples": [_line(row) for row in covered[:_SHOWN]],
        "near_misses": missed[:_NEAR],
        "missed": len(missed),
    }


def _line(row: rows.Row) -> dict[str, Any]:
    return {
        "intent_id": row["id"],
        "agent_id": row["agent_id"],
        "summary": row["summary"],
        "risk_tier": row["tier"],
        "status": row["status"],
        "created_at": row["created_at"],
    }
