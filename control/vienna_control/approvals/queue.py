"""Asking people: the row that waits for them, and everyone told that it does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, func, select, update

from vienna_control import rows
from vienna_control.approvals import duty
from vienna_control.approvals.shown import shown_digest
from vienna_control.approvals.words import LABEL
from vienna_control.clock import iso
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_control.store.tables import approvals
from vienna_kernel.approval.moves import Requirements, Status
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType

_MOST_NAMED = 50
"""People that the trail names as those who were told."""

MOST_PENDING = 500
"""Approvals of one agent that may wait at once; above it a call is refused and nobody is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An approval that waits for people."""

    approval_id: str
    intent_id: str
    expires_at: str
    required: int


def ask_people(
    tx: Tx,
    ask: Ask,
    intent_id: str,
    *,
    tier: Tier,
    requirements: Requirements,
    shown: dict[str, Any],
    level: int = 0,
    narrowed: str | None = None,
    practice: bool = False,
) -> Asked:
    """Put one ask before people: ``approval_requested`` in the trail, ``approval_required`` to the listeners.

    ``level``: how often it was escalated already, since nobody was on duty. ``narrowed``: its ``Less`` as it is kept,
    where people made less of it before. ``practice``: nothing waits for the answer.
    """
    approval_id = tx.id("apr")
    expires_at = iso(tx.now + timedelta(seconds=requirements.timeout_seconds))
    rows.add(
        tx.conn,
        approvals,
        id=approval_id,
        tenant=ask.caller.tenant,
        intent_id=intent_id,
        agent_id=ask.caller.agent_id,
        status=Status.PENDING.value,
        tier=tier.value,
        fingerprint=ask.fingerprint,
        shown_digest=shown_digest(shown),
        requirements=rows.dump(requirements.to_json()),
        shown=rows.dump(shown),
        narrowed=narrowed,
        level=level,
        agent_waiting=ask.wait,
        created_at=tx.at,
        expires_at=expires_at,
        reason="",
    )
    asked = Asked(
        approval_id=approval_id,
        intent_id=intent_id,
        expires_at=expires_at,
        required=requirements.people_needed,
    )
    more = {"practice": True} if practice else {}
    announce(tx, ask, asked, tier=tier, requirements=requirements, shown=shown, **more)
    if level:
        _escalated(tx, ask, asked, requirements, level)
    return asked


def announce(
    tx: Tx,
    ask: Ask,
    asked: Asked,
    *,
    tier: Tier,
    requirements: Requirements,
    shown: dict[str, Any],
    **more: Any,
) -> None:
    """Say what is asked of people now. ``more``: further facts for the trail and the listeners."""
    people = duty.to_notify(tx.conn, ask.caller.tenant, requirements, (), now=tx.now)
    tx.record(
        EntryType.APPROVAL_REQUESTED,
        tenant=ask.caller.tenant,
        actor="system",
        agent_id=ask.caller.agent_id,
        intent_id=asked.intent_id,
        data={
            "approval_id": asked.approval_id,
            "action": ask.action,
            "risk_tier": tier.value,
            "shown_digest": shown_digest(shown),
            "required_approvers": requirements.people_needed,
            "groups": list(requirements.groups),
            "mfa": any(part.mfa for part in requirements.parts()),
            "expires_at": asked.expires_at,
            "notified": people[:_MOST_NAMED],
            **more,
        },
    )
    tx.publish(
        "approval_required",
        {
            "approval_id": asked.approval_id,
            "intent_id": asked.intent_id,
            "agent_id": ask.caller.agent_id,
            "risk_tier": tier.value,
            "sentence": shown["sentence"],
            "unusual": shown["unusual"][:1],
            "agent_words": f"between ‹ and ›: {LABEL}",
            "required_approvers": requirements.people_needed,
            "groups": list(requirements.groups),
            "page": duty.page_of(tx.conn, ask.caller.tenant, requirements),
            "expires_at": asked.expires_at,
            "people": people,
            **more,
        },
        tenant=ask.caller.tenant,
    )


def _escalated(tx: Tx, ask: Ask, asked: Asked, requirements: Requirements, level: int) -> None:
    told = {
        "approval_id": asked.approval_id,
        "level": level,
        "asked": list(requirements.groups),
        "notify": list(requirements.notify),
        "expires_at": asked.expires_at,
        "why": "nobody is on duty of those who are asked before",
    }
    tx.record(
        EntryType.APPROVAL_ESCALATED,
        tenant=ask.caller.tenant,
        actor="system",
        agent_id=ask.caller.agent_id,
        intent_id=asked.intent_id,
        data=told,
    )
    tx.publish("approval_escalated", {**told, "intent_id": asked.intent_id}, tenant=ask.caller.tenant)


def full(conn: Connection, agent_id: str) -> bool:
    """Whether as many approvals of this agent wait as may."""
    waiting = select(func.count()).where(
        approvals.c.agent_id == agent_id, approvals.c.status == Status.PENDING.value
    )
    return (conn.scalar(waiting) or 0) >= MOST_PENDING


def waiting(tx: Tx, approval_id: str, *, on_the_line: bool) -> None:
    """Note whether the agent is still waiting for this approval."""
    changed = tx.conn.execute(
        update(approvals)
        .where(
            approvals.c.id == approval_id,
            approvals.c.agent_waiting != on_the_line,
            approvals.c.status == Status.PENDING.value,
        )
        .values(agent_waiting=on_the_line)
        .returning(approvals.c.tenant, approvals.c.intent_id)
    ).first()
    if changed is not None:
        tx.publish(
            "approval_changed",
            {"approval_id": approval_id, "intent_id": changed.intent_id, "agent_waiting": on_the_line},
            tenant=changed.tenant,
        )


def hung_up(tx: Tx, agent_id: str, approval_id: str) -> None:
    """The caller of a held call of this agent hung up; the approval stays open."""
    owner = tx.conn.scalar(select(approvals.c.agent_id).where(approvals.c.id == approval_id))
    if owner == agent_id:
        waiting(tx, approval_id, on_the_line=False)
