"""What became of a warrant: in force, used, expired, revoked; and the chain of custody that its document shows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.budgets import ending
from vienna_control.clock import from_iso
from vienna_control.store import Tx
from vienna_control.store.tables import consumptions, executions, intents, warrants
from vienna_kernel.keyring import unb64url
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.warrant.terms import Warrant
from vienna_kernel.warrant.token import parse_claims

_MAX_DEPTH = 5


def find(conn: Connection, tenant: str, warrant_id: str) -> rows.Row | None:
    """The row of a warrant of this tenant."""
    return rows.first(conn, select(warrants).where(warrants.c.id == warrant_id, warrants.c.tenant == tenant))


def terms_of(token: str) -> Warrant:
    """What a token of our own table says."""
    return parse_claims(unb64url(token.split(".")[1]))


def is_revoked(conn: Connection, warrant_id: str) -> bool:
    """Whether it was revoked. A warrant that is not in the table is none of ours: revoked as well."""
    status = conn.scalar(select(warrants.c.status).where(warrants.c.id == warrant_id))
    return status is None or status == "revoked"


def consumption(conn: Connection, warrant_id: str) -> rows.Row | None:
    """The row of its one use, if it was used."""
    return rows.first(conn, select(consumptions).where(consumptions.c.warrant_id == warrant_id))


def execution_of(conn: Connection, warrant_id: str) -> str | None:
    """Id of the execution that its use started."""
    found: str | None = conn.scalar(select(executions.c.id).where(executions.c.warrant_id == warrant_id))
    return found


def status_at(row: rows.Row, now: datetime) -> str:
    """``issued``, ``consumed``, ``expired`` or ``revoked``, at this instant."""
    if row["status"] == "issued" and now >= from_iso(row["expires_at"]):
        return "expired"
    return str(row["status"])


def history(conn: Connection, row: rows.Row) -> dict[str, Any]:
    """Chain of custody, as the published document shows it."""
    intent = rows.first(conn, select(intents).where(intents.c.id == row["intent_id"]))
    used = consumption(conn, row["id"])
    decision = rows.load(intent["decision"]) if intent and intent["decision"] else {}
    waited = None
    if intent is not None:
        waited = from_iso(row["issued_at"]) - from_iso(intent["created_at"])
    return {
        "intent_id": row["intent_id"],
        "policy_match": decision.get("rule_id") if isinstance(decision, dict) else None,
        "risk_tier": row["tier"],
        "approval_id": intent["approval_id"] if intent else None,
        "approval_time_ms": max(0, int(waited.total_seconds() * 1000)) if waited is not None else None,
        "consumed_at": used["at"] if used else None,
        "consumed_by": used["by"] if used else None,
    }


def revoke(tx: Tx, row: rows.Row, *, reason: str, actor: str) -> list[str]:
    """Revoke a warrant that was not used, and whatever was derived from it; returns the ids that this ended.

    Records ``warrant_revoked`` for each; gates are told after the commit.
    """
    ended: list[str] = []
    level = [row]
    for _ in range(_MAX_DEPTH + 1):
        for one in level:
            if one["status"] == "issued":
                _end(tx, one, reason=reason, actor=actor)
                ended.append(one["id"])
        parents = [one["id"] for one in level]
        level = (
            list(rows.every(tx.conn, select(warrants).where(warrants.c.parent.in_(parents))))
            if parents
            else []
        )
    if ended:
        tx.publish("_revoked", {"agent_id": row["agent_id"], "warrant_ids": ended}, tenant=row["tenant"])
    return ended


def _end(tx: Tx, row: rows.Row, *, reason: str, actor: str) -> None:
    rows.change(tx.conn, warrants, row["id"], status="revoked", revoked_at=tx.at, revoked_reason=reason)
    freed = ending.unused(tx, row["id"])
    tx.record(
        EntryType.WARRANT_REVOKED,
        tenant=row["tenant"],
        actor=actor,
        agent_id=row["agent_id"],
        intent_id=row["intent_id"],
        data={"warrant_id": row["id"], "reason": reason, **({"budgets": freed} if freed else {})},
    )
    tx.publish(
        "warrant_revoked", {"warrant_id": row["id"], "agent_id": row["agent_id"]}, tenant=row["tenant"]
    )
