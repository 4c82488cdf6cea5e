"""What waits for one person: judged over the whole queue before it is cut into pages, so that no page comes short.

What people are shown is large and is read for the page alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, select

from vienna_control import rows
from vienna_control.approvals import ending
from vienna_control.approvals.seats import Desk
from vienna_control.store.tables import approvals, intents
from vienna_kernel.approval.moves import Voter


def mine(conn: Connection, desk: Desk, statement: Select[Any]) -> list[str]:
    """Ids of the approvals that wait and that this person may decide, newest first.

    ``statement``: of ids of approvals.
    """
    waiting = statement.where(approvals.c.status == "pending")
    query = (
        select(
            approvals.c.id,
            approvals.c.status,
            approvals.c.requirements,
            approvals.c.agent_id,
            intents.c.source,
            intents.c.action,
        )
        .join(intents, intents.c.id == approvals.c.intent_id)
        .where(approvals.c.id.in_(waiting))
        .order_by(approvals.c.id.desc())
    )
    cast = ending.votes_among(conn, waiting)
    known: dict[tuple[str, ...], bool] = {}

    def may(row: rows.Row) -> bool:
        """Of requests that ask the same, and that nobody voted on, one is judged for all."""
        if row["id"] in cast or row["source"].startswith("operator:"):
            return isinstance(desk.seat(row, cast.get(row["id"], ())), Voter)
        key = (row["requirements"], row["agent_id"], row["source"], row["action"])
        if key not in known:
            known[key] = isinstance(desk.seat(row, ()), Voter)
        return known[key]

    return [row["id"] for row in rows.every(conn, query) if may(row)]
