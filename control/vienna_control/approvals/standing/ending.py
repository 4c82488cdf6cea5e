"""The end of a standing warrant: revoked with the children nobody has used yet; or used up, or over. Each is told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select

from vienna_control import custody, rows
from vienna_control.approvals import ending
from vienna_control.approvals.standing import kept
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, standing_holders, standing_warrants, warrants
from vienna_kernel.approval.moves import Status


def revoke(tx: Tx, row: rows.Row, *, reason: str, actor: str, agent_id: str | None = None) -> list[str]:
    """End it now, for one of its agents or for all; the ids of the warrants that this ended.

    One that people have not decided about is withdrawn. ``row``: of ``kept.listed``.
    """
    if row["asked"] == Status.PENDING:
        asked = there(ending.open_row(tx.conn, row["approval_id"]), "foreign key")
        ending.conclude(tx, asked, Status.CANCELLED, reason=reason, by=actor)
        return []
    ended: list[str] = []
    for warrant in kept.holders(tx.conn, row["id"]):
        if agent_id in (None, warrant["agent_id"]):
            ended += custody.revoke(tx, warrant, reason=reason, actor=actor)
    return ended


def revoke_all(
    tx: Tx, tenant: str, *, reason: str, actor: str, agent_id: str | None = None, action: str | None = None
) -> list[str]:
    """End the standing warrants of a tenant, or those of an agent, of an action, or of both; ids of warrants ended.

    Those that people have not decided about are withdrawn.
    """
    query = kept.listed().where(standing_warrants.c.tenant == tenant, standing_warrants.c.ended_at.is_(None))
    if action is not None:
        query = query.where(standing_warrants.c.action == action)
    if agent_id is not None:
        query = query.where(
            select(standing_holders.c.agent_id)
            .where(
                standing_holders.c.standing_id == standing_warrants.c.id,
                standing_holders.c.agent_id == agent_id,
            )
            .exists()
        )
    ended: list[str] = []
    for row in rows.every(tx.conn, query):
        ended += revoke(tx, row, reason=reason, actor=actor, agent_id=agent_id)
    return ended


def due(at: str) -> Select[Any]:
    """Those whose end has come, and was not told."""
    held = select(warrants.c.id).join(standing_holders, standing_holders.c.warrant_id == warrants.c.id)
    usable = held.where(
        standing_holders.c.standing_id == standing_warrants.c.id, warrants.c.status == "issued"
    ).correlate(standing_warrants)
    over = or_(
        standing_warrants.c.expires_at <= at,
        approvals.c.status.in_([Status.DENIED.value, Status.EXPIRED.value, Status.CANCELLED.value]),
        (approvals.c.status == Status.APPROVED.value) & ~usable.exists(),
    )
    return (
        select(standing_warrants.c.id)
        .join(approvals, approvals.c.id == standing_warrants.c.approval_id)
        .where(standing_warrants.c.ended_at.is_(None), over)
    )


def end_due(tx: Tx) -> int:
    """Tell the end of those whose end has come; one that is asked about still is withdrawn. Returns how many."""
    found = rows.every(tx.conn, kept.listed().where(standing_warrants.c.id.in_(due(tx.at))))
    for row in found:
        if row["asked"] == Status.PENDING:
            revoke(tx, row, reason="what was asked for is over", actor="system")
        now = there(kept.one(tx.conn, row["tenant"], row["id"]), "read above, in this transaction")
        rows.change(tx.conn, standing_warrants, row["id"], ended_at=tx.at)
        kept.tell(tx, now, kept.status(tx.conn, now, tx.at))
    return len(found)
