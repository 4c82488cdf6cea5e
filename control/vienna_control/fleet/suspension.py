"""Suspension: an agent is stopped, and with it everything of it that has not left yet.

Pending intents are cancelled (whoever holds their calls is woken and refuses them), unconsumed warrants are revoked,
and nothing of the agent is listened to until an operator resumes it, or its time is over where one was given.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from vienna_control import custody, rows
from vienna_control.approvals import ending
from vienna_control.clock import iso
from vienna_control.fleet.alerts import raise_alert
from vienna_control.fleet.registry import Agent, of_row
from vienna_control.fleet.trust import move
from vienna_control.store import Tx
from vienna_control.store.tables import agents, approvals, intents, warrants
from vienna_kernel import trust as arithmetic
from vienna_kernel.approval.moves import Status
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Event, advance
from vienna_kernel.lifecycle import Status as IntentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """What a suspension stopped."""

    resume_at: str | None
    pending_intents_cancelled: int
    warrants_revoked: int


def suspend(tx: Tx, agent: Agent, *, reason: str, actor: str, resume_at: str | None = None) -> Suspended:
    """Stop an agent now. Asked again, it only sets reason and end anew."""
    rows.change(tx.conn, agents, agent.id, status="suspended", resume_at=resume_at)
    cancelled = _cancel_pending(tx, agent, actor)
    revoked = revoke_unused(tx, agent, reason="the agent was suspended", actor=actor)
    told = {
        "reason": reason,
        "resume_at": resume_at,
        "pending_intents_cancelled": cancelled,
        "warrants_revoked": len(revoked),
    }
    tx.record(EntryType.AGENT_SUSPENDED, tenant=agent.tenant, actor=actor, agent_id=agent.id, data=told)
    tx.publish("agent_suspended", {"agent_id": agent.id, "name": agent.name, **told}, tenant=agent.tenant)
    tx.publish("_bundle", {"agent_id": agent.id}, tenant=agent.tenant)
    return Suspended(resume_at=resume_at, pending_intents_cancelled=cancelled, warrants_revoked=len(revoked))


def _cancel_pending(tx: Tx, agent: Agent, actor: str) -> int:
    query = select(approvals.c.id).where(
        approvals.c.agent_id == agent.id, approvals.c.status == Status.PENDING.value
    )
    pending = [row["id"] for row in rows.every(tx.conn, query)]
    for approval_id in pending:
        row = ending.open_row(tx.conn, approval_id)
        assert row is not None  # noqa: S101  # read two lines above, in this transaction
        ending.conclude(tx, row, Status.CANCELLED, reason="the agent was suspended", by=actor)
    consented = select(intents.c.id, intents.c.status).where(
        intents.c.agent_id == agent.id, intents.c.status == IntentStatus.APPROVED.value
    )
    waiting = rows.every(tx.conn, consented)
    for row in waiting:
        moved = advance(IntentStatus(row["status"]), Event.CANCEL)
        rows.change(
            tx.conn, intents, row["id"], status=moved.value, reason="agent_suspended", updated_at=tx.at
        )
    return len(pending) + len(waiting)


def revoke_unused(tx: Tx, agent: Agent, *, reason: str, actor: str) -> list[str]:
    """Revoke every warrant of the agent that was not used yet; returns their ids."""
    query = select(warrants).where(
        warrants.c.agent_id == agent.id, warrants.c.status == "issued", warrants.c.expires_at > tx.at
    )
    ended: list[str] = []
    for row in rows.every(tx.conn, query):
        if row["id"] not in ended:
            ended += custody.revoke(tx, row, reason=reason, actor=actor)
    return ended


def resume(tx: Tx, agent: Agent, *, reason: str, actor: str) -> None:
    """Listen to an agent again."""
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
