"""How an approval ends, and what follows: its intent moves, the trail says so, whoever holds the call is woken.

A deadline that passed leads where ``on_timeout`` says; every chain of them ends in no.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from vienna_control import rows
from vienna_control.approvals import duty
from vienna_control.approvals.groups import groups_order
from vienna_control.clock import iso
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, intents, operators, votes
from vienna_kernel import lifecycle
from vienna_kernel.approval.deadline import lapse as after_deadline
from vienna_kernel.approval.moves import Event, Requirements, Status, Vote, advance
from vienna_kernel.consent.statement import Proof
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason
from vienna_kernel.warrant.consents import ProofClaims, proof_of

_INTENT_EVENT = {
    Status.APPROVED: lifecycle.Event.APPROVE,
    Status.DENIED: lifecycle.Event.DENY,
    Status.EXPIRED: lifecycle.Event.LAPSE,
    Status.CANCELLED: lifecycle.Event.CANCEL,
}
_INTENT_REASON = {
    Status.DENIED: Reason.APPROVAL_DENIED,
    Status.EXPIRED: Reason.APPROVAL_EXPIRED,
    Status.CANCELLED: Reason.APPROVAL_CANCELLED,
}


def conclude(tx: Tx, row: rows.Row, status: Status, *, reason: str, by: str, frozen: bool = False) -> str:
    """Decide an approval and its intent; whoever holds the call is woken. Returns the intent's status.

    ``row`` is one of ``open_row``. ``frozen``: it is cancelled because its intent is frozen.
    """
    requirements = Requirements.from_json(rows.load(row["requirements"]))
    redeem_until = (
        iso(tx.now + timedelta(seconds=requirements.redeem_seconds)) if status is Status.APPROVED else None
    )
    rows.change(
        tx.conn,
        approvals,
        row["id"],
        status=status.value,
        decided_at=tx.at,
        redeem_until=redeem_until,
        reason=reason,
    )
    event = lifecycle.Event.FREEZE if frozen else _INTENT_EVENT[status]
    moved = lifecycle.advance(lifecycle.Status(row["intent_status"]), event)
    because = Reason.FROZEN if frozen else _INTENT_REASON.get(status)
    rows.change(
        tx.conn,
        intents,
        row["intent_id"],
        status=moved.value,
        reason=because.value if because else None,
        updated_at=tx.at,
    )
    kind = EntryType.APPROVAL_EXPIRED if status is Status.EXPIRED else EntryType.APPROVAL_RESOLVED
    told = {
        "approval_id": row["id"],
        "status": status.value,
        "risk_tier": row["tier"],
        "reason": reason,
        "redeem_until": redeem_until,
    }
    tx.record(
        kind, tenant=row["tenant"], actor=by, agent_id=row["agent_id"], intent_id=row["intent_id"], data=told
    )
    name = "approval_expired" if status is Status.EXPIRED else "approval_resolved"
    tx.publish(
        name, {**told, "intent_id": row["intent_id"], "agent_id": row["agent_id"]}, tenant=row["tenant"]
    )
    tx.publish(
        "_wake",
        {"approval_id": row["id"], "intent_id": row["intent_id"], "agent_id": row["agent_id"]},
        tenant=row["tenant"],
    )
    return moved.value


def open_row(conn: Connection, approval_id: str) -> rows.Row | None:
    """An approval with its intent's status and source."""
    return rows.first(conn, _WITH_INTENT.where(approvals.c.id == approval_id))


_WITH_INTENT = select(
    approvals, intents.c.status.label("intent_status"), intents.c.source, intents.c.action
).join(intents, intents.c.id == approvals.c.intent_id)


def votes_of(conn: Connection, approval_id: str) -> list[tuple[Vote, str, str]]:
    """The votes of an approval that count, in order, each with its instant and the digest of what was shown.

    Those of an account that is disabled do not: whoever may act no more consents to nothing that is still to happen.
    """
    found = _VOTES.every(conn, approval=approval_id)
    return [(vote_of(row), row["at"], row["shown_digest"]) for row in found]


_VOTES = rows.Prepared(
    select(votes)
    .join(operators, operators.c.id == votes.c.operator_id)
    .where(votes.c.approval_id == bindparam("approval"), operators.c.disabled.is_(False))
    .order_by(votes.c.at, votes.c.id)
)


def votes_among(conn: Connection, ids: Select[Any] | Sequence[str]) -> Mapping[str, list[Vote]]:
    """The votes that count of many approvals, by approval, each in order."""
    query = (
        select(votes)
        .join(operators, operators.c.id == votes.c.operator_id)
        .where(votes.c.approval_id.in_(ids), operators.c.disabled.is_(False))
        .order_by(votes.c.at, votes.c.id)
    )
    found: dict[str, list[Vote]] = defaultdict(list)
    for row in rows.every(conn, query):
        found[row["approval_id"]].append(vote_of(row))
    return found


def vote_of(row: rows.Row) -> Vote:
    """A row of ``votes`` as a vote."""
    return Vote(
        operator_id=row["operator_id"],
        verdict=row["verdict"],
        mfa=row["mfa"],
        justification=row["justification"],
        rollback_plan=row["rollback_plan"],
        groups=tuple(rows.load(row["groups"])),
        role=row["role"],
        email=row["email"],
        **_lent(row["stands_for"]),
    )


def _lent(kept: str | None) -> dict[str, Any]:
    """What another had lent to a voter, as ``Vote`` has it."""
    if kept is None:
        return {}
    said = rows.load(kept)
    return {"stands_for": said["id"], "lent": tuple(said["groups"]), "covers": tuple(said["covers"])}


def proofs_of(conn: Connection, approval_id: str) -> dict[str, Proof]:
    """What passkeys signed to agree to this approval, by operator."""
    query = select(votes).where(votes.c.approval_id == approval_id, votes.c.proof.is_not(None))
    return {
        row["operator_id"]: proof_of(ProofClaims(**rows.load(row["proof"])), shown=row["shown_digest"])
        for row in rows.every(conn, query)
    }


def lapse(tx: Tx, approval_id: str) -> Status | None:
    """Draw the consequence of a deadline that has passed: the next level is asked, or it has expired.

    None: there was nothing to do (decided meanwhile, or the deadline was moved).
    """
    row = open_row(tx.conn, approval_id)
    if row is None or row["status"] != Status.PENDING or row["expires_at"] > tx.at:
        return None
    requirements = Requirements.from_json(rows.load(row["requirements"]))
    outcome = after_deadline(requirements, groups_order(tx.conn, row["tenant"]), row["level"])
    status = advance(Status.PENDING, outcome.event)
    if outcome.event is Event.LAPSE:
        conclude(tx, row, status, reason="nobody decided in time", by="system")
        return status
    given = [vote for vote, _, _ in votes_of(tx.conn, approval_id)]
    step = duty.next_level(
        tx.conn, row["tenant"], requirements, outcome.requirements, row["level"], now=tx.now
    )
    wider, level = step.requirements, step.number
    expires_at = iso(tx.now + timedelta(seconds=wider.timeout_seconds))
    rows.change(
        tx.conn,
        approvals,
        approval_id,
        requirements=rows.dump(wider.to_json()),
        level=level,
        expires_at=expires_at,
    )
    told = {
        "approval_id": approval_id,
        "level": level,
        "asked": [group for group in wider.groups if group not in requirements.groups],
        "notify": list(outcome.notify),
        "expires_at": expires_at,
    }
    tx.record(
        EntryType.APPROVAL_ESCALATED,
        tenant=row["tenant"],
        actor="system",
        agent_id=row["agent_id"],
        intent_id=row["intent_id"],
        data=told,
    )
    people = duty.to_notify(tx.conn, row["tenant"], wider, given, now=tx.now)
    tx.publish(
        "approval_escalated",
        {**told, "intent_id": row["intent_id"], "people": people},
        tenant=row["tenant"],
    )
    return status
