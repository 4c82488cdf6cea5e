"""Claims: who reads a request now, so that two people do not read the same one.

A claim keeps nobody from voting: it is a note to the others, and ends by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, update

from vienna_control import rows
from vienna_control.approvals import ending, seats
from vienna_control.clock import iso
from vienna_control.store import Tx
from vienna_control.store.tables import approvals
from vienna_kernel.approval.moves import Voter
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason, Refused

LASTS = timedelta(minutes=5)


class HeldError(ValueError):
    """Somebody else has claimed it."""


def claim(tx: Tx, tenant: str, approval_id: str, voter: Voter) -> str | Refused | None:
    """Claim a request, or renew one's claim; returns until when. None: there is no such approval.

    Only who could decide it may claim it. Raises ``HeldError`` while another holds it.
    """
    row = ending.open_row(tx.conn, approval_id)
    if row is None or row["tenant"] != tenant:
        return None
    given = [vote for vote, _, _ in ending.votes_of(tx.conn, approval_id)]
    seated = seats.seat(tx.conn, row, voter, given, now=tx.now)
    if isinstance(seated, Refused):
        return seated
    if row["expires_at"] <= tx.at:
        return Refused(Reason.APPROVAL_DECIDED, "its deadline has passed")
    until = iso(tx.now + LASTS)
    free = or_(
        approvals.c.claimed_by.is_(None),
        approvals.c.claimed_by == voter.id,
        approvals.c.claimed_until <= tx.at,
    )
    taken = tx.conn.execute(
        update(approvals)
        .where(approvals.c.id == approval_id, free)
        .values(claimed_by=voter.id, claimed_until=until)
    )
    if not taken.rowcount:
        raise HeldError(f"somebody else reads it until {row['claimed_until']}")
    _tell(tx, row, voter, claimed_until=until)
    return until


def release(tx: Tx, tenant: str, approval_id: str, voter: Voter) -> bool | None:
    """Give a claim back; whether there was one of one's own. None: there is no such approval."""
    row = ending.open_row(tx.conn, approval_id)
    if row is None or row["tenant"] != tenant:
        return None
    if row["claimed_by"] != voter.id or row["claimed_until"] <= tx.at:
        return False
    rows.change(tx.conn, approvals, approval_id, claimed_by=None, claimed_until=None)
    _tell(tx, row, voter, claimed_until=None)
    return True


def holder(row: Mapping[str, Any], at: str) -> str | None:
    """Id of who has claimed a request at an instant."""
    claimed = row["status"] == "pending" and row["claimed_by"] is not None and row["claimed_until"] > at
    return str(row["claimed_by"]) if claimed else None


def _tell(tx: Tx, row: rows.Row, voter: Voter, *, claimed_until: str | None) -> None:
    told = {"approval_id": row["id"], "claimed_until": claimed_until}
    tx.record(
        EntryType.APPROVAL_CLAIMED,
        tenant=row["tenant"],
        actor=f"operator:{voter.id}",
        agent_id=row["agent_id"],
        intent_id=row["intent_id"],
        data=told,
    )
    by = voter.email if claimed_until else None
    tx.publish("approval_changed", {**told, "claimed_by": by}, tenant=row["tenant"])
