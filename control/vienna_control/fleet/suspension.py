"""Suspension: an agent is stopped, and with it everything of it that has not left yet.

Pending intents are cancelled (whoever holds their calls is woken and refuses them), unconsumed warrants are revoked,
and nothing of the agent is listened to until an operator resumes it, or its time is over where one was given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.fleet.alerts import raise_alert
from vienna_control.fleet.registry import Agent, of_row
from vienna_control.fleet.trust import move
from vienna_control.freeze import reset, stops
from vienna_control.freeze.stops import Order
from vienna_control.store import Tx
from vienna_control.store.tables import agents
from vienna_control.store.tables import stops as table
from vienna_kernel import trust as arithmetic
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.stop import Kind, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """What a suspension stopped."""

    resume_at: str | None
    pending_intents_cancelled: int
    warrants_revoked: int


def suspend(
    tx: Tx,
    agent: Agent,
    *,
    reason: str,
    actor: str,
    resume_at: str | None = None,
    level: Level = Level.SUSPEND,
) -> Suspended:
    """Stop an agent now. Asked again, it sets reason, end and level anew.

    ``level``: ``suspend``, or ``quarantine``, which keeps the answers of calls under way from it as well.
    """
    for row in rows.every(tx.conn, _in_force(agent.id)):
        stops.end(tx, row, by=actor, reason="suspended anew")
    rows.change(tx.conn, agents, agent.id, status="suspended", resume_at=resume_at)
    order = Order(
        tenant=agent.tenant,
        kind=Kind.SUSPENSION,
        level=level,
        agent_id=agent.id,
        reason=reason,
        by=actor,
        until=resume_at,
    )
    _, stop = stops.begin(tx, order)
    reach = reset.Reach(tenant=agent.tenant, agent_id=agent.id, stop=stop)
    ended = reset.reset(tx, reach, reason="the agent was suspended", actor=actor)
    told = {
        "reason": reason,
        "level": level.value,
        "resume_at": resume_at,
        "pending_intents_cancelled": ended.intents,
        "warrants_revoked": ended.warrants,
    }
    tx.record(EntryType.AGENT_SUSPENDED, tenant=agent.tenant, actor=actor, agent_id=agent.id, data=told)
    tx.publish("agent_suspended", {"agent_id": agent.id, "name": agent.name, **told}, tenant=agent.tenant)
    return Suspended(
        resume_at=resume_at, pending_intents_cancelled=ended.intents, warrants_revoked=ended.warrants
    )


def _in_force(agent_id: str) -> Select[Any]:
    return select(table).where(
        table.c.agent_id == agent_id, table.c.kind == Kind.SUSPENSION.value, table.c.ended_at.is_(None)
    )


def current(conn: Connection, agent_id: str) -> dict[str, Any] | None:
    """How an agent is suspended, and why; None when it is not."""
    row = rows.first(conn, _in_force(agent_id))
    return None if row is None else {name: row[name] for name in ("level", "reason", "by", "at")}


def resume(tx: Tx, agent: Agent, *, reason: str, actor: str) -> None:
    """Listen to an agent again."""
    for row in rows.every(tx.conn, _in_force(agent.id)):
        stops.end(tx, row, by=actor, reason=reason)
    rows.change(tx.conn, agents, agent.id, status="active", resume_at=None)
    tx.record(
        EntryType.AGENT_RESUMED,
        tenant=agent.tenant,
        actor=actor,
        agent_id=agent.id,
        data={"reason": reason},
    )
    tx.publish("agent_resumed", {"agent_id": agent.id, "name": agent.name}, tenant=agent.tenant)
    tx.publish("_bundle", {"agent_id": agent.id}, tenant=agent.tenant)


def resume_due(tx: Tx) -> int:
    """Resume the agents whose suspension had an end that has come; returns how many."""
    query = select(agents).where(agents.c.status == "suspended", agents.c.resume_at <= iso(tx.now))
    due = rows.every(tx.conn, query)
    for row in due:
        resume(tx, of_row(row), reason="the suspension's time is over", actor="system")
    return len(due)


def offence(
    tx: Tx, agent: Agent, event: arithmetic.Event, *, text: str, intent_id: str | None = None
) -> bool:
    """Draw the consequence of something an honest agent does not do; returns whether it was suspended for it."""
    move(tx, agent, arithmetic.after(event, agent.trust), reason=event.value)
    stops = arithmetic.suspends(event)
    raise_alert(
        tx,
        tenant=agent.tenant,
        severity="critical" if stops else "warning",
        kind=event.value,
        text=text,
        agent_id=agent.id,
        intent_id=intent_id,
    )
    if stops and agent.status != "suspended":
        suspend(tx, agent, reason=f"{event.value}: {text}"[:300], actor="system")
    return stops
