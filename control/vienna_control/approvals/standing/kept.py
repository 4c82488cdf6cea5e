"""Standing warrants as they are kept: rows, their agents, and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from vienna_control import rows
from vienna_control.approvals.standing import terms as terms_
from vienna_control.approvals.standing.terms import Terms
from vienna_control.fleet.registry import Agent, of_row
from vienna_control.store import Tx
from vienna_control.store.tables import agents, approvals, standing_holders, standing_warrants, warrants

ACTION = "grant_standing_warrant"
"""What the request for one is called among intents."""


def listed() -> Select[Any]:
    """Standing warrants with their approval's status and intent."""
    return select(
        standing_warrants,
        approvals.c.status.label("asked"),
        approvals.c.intent_id,
        approvals.c.decided_at,
    ).join(approvals, approvals.c.id == standing_warrants.c.approval_id)


def one(conn: Connection, tenant: str, standing_id: str) -> rows.Row | None:
    """One of a tenant."""
    mine = (standing_warrants.c.id == standing_id, standing_warrants.c.tenant == tenant)
    return rows.first(conn, listed().where(*mine))


def of_approval(conn: Connection, approval_id: str) -> rows.Row | None:
    """The one that an approval is about."""
    return rows.first(conn, listed().where(standing_warrants.c.approval_id == approval_id))


def agents_of(conn: Connection, standing_id: str) -> list[Agent]:
    """The agents that it was asked for, by name."""
    query = (
        select(agents)
        .join(standing_holders, standing_holders.c.agent_id == agents.c.id)
        .where(standing_holders.c.standing_id == standing_id)
        .order_by(agents.c.name)
    )
    return [of_row(row) for row in rows.every(conn, query)]


def agents_of_approval(conn: Connection, approval_id: str) -> list[str]:
    """Ids of the agents that it is asked for in this approval."""
    query = (
        select(standing_holders.c.agent_id)
        .join(standing_warrants, standing_warrants.c.id == standing_holders.c.standing_id)
        .where(standing_warrants.c.approval_id == approval_id)
        .order_by(standing_holders.c.agent_id)
    )
    return [row["agent_id"] for row in rows.every(conn, query)]


def terms(conn: Connection, row: rows.Row) -> Terms:
    """Its terms."""
    return terms_.of_row(row, agents_of(conn, row["id"]))


def holders(conn: Connection, standing_id: str) -> Sequence[rows.Row]:
    """The signed warrants of it, rows of ``warrants``; none before it is granted."""
    query = (
        select(warrants)
        .join(standing_holders, standing_holders.c.warrant_id == warrants.c.id)
        .where(standing_holders.c.standing_id == standing_id)
        .order_by(warrants.c.id)
    )
    return rows.every(conn, query)


def status(conn: Connection, row: rows.Row, at: str) -> str:
    """``pending denied expired cancelled``; once granted ``active used_up expired revoked``.

    ``row``: of ``listed``.
    """
    if row["asked"] != "approved":
        return str(row["asked"])
    if row["used"] >= row["count"]:
        return "used_up"
    if row["expires_at"] <= at:
        return "expired"
    held = holders(conn, row["id"])
    return "active" if any(one["status"] == "issued" for one in held) else "revoked"


def tell(tx: Tx, row: rows.Row, what: str) -> None:
    """Say what became of it: ``asked granted used used_up expired revoked denied cancelled``."""
    told = {"standing_id": row["id"], "action": row["action"], "change": what}
    left = max(0, row["count"] - row["used"])
    tx.publish(
        "standing_changed", {**told, "left": left, "approval_id": row["approval_id"]}, tenant=row["tenant"]
    )
