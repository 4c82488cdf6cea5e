"""Comments: what operators tell each other about a request. None of it ever reaches the agent, or the trail: that has
the digest.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.approvals import ending
from vienna_control.store import Tx
from vienna_control.store.tables import approval_comments as table
from vienna_kernel.decision.hint import clean
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.value import digest

LONGEST = 2000
MOST = 100
_MOST_LINES = 50


class FullError(ValueError):
    """A request has as many comments as it may."""


class EmptyError(ValueError):
    """Nothing is left of a comment that could be shown."""


def safe(text: str) -> str:
    """Plain text for a page or a terminal: lines kept, control and bidirectional characters gone."""
    lines = [clean(line, LONGEST) for line in text[:LONGEST].splitlines()[:_MOST_LINES]]
    return "\n".join(lines).strip()


def add(tx: Tx, tenant: str, approval_id: str, text: str, *, by: str, email: str) -> dict[str, Any] | None:
    """Keep a comment. None: there is no such approval. Raises ``EmptyError``, ``FullError``."""
    row = ending.open_row(tx.conn, approval_id)
    if row is None or row["tenant"] != tenant:
        return None
    kept = safe(text)
    if not kept:
        raise EmptyError("a comment has words in it")
    count = select(func.count()).select_from(table).where(table.c.approval_id == approval_id)
    if (tx.conn.scalar(count) or 0) >= MOST:
        raise FullError(f"a request has {MOST} comments at most")
    comment_id = tx.id("cmt")
    values = {"operator_id": by, "email": email, "text": kept, "at": tx.at}
    rows.add(tx.conn, table, id=comment_id, approval_id=approval_id, **values)
    tx.record(
        EntryType.APPROVAL_COMMENT,
        tenant=tenant,
        actor=f"operator:{by}",
        agent_id=row["agent_id"],
        intent_id=row["intent_id"],
        data={"approval_id": approval_id, "comment_id": comment_id, "digest": digest(kept)},
    )
    tx.publish("approval_changed", {"approval_id": approval_id, "comment_id": comment_id}, tenant=tenant)
    return _shown({"id": comment_id, **values})


def of(conn: Connection, approval_id: str) -> list[dict[str, Any]]:
    """The comments on a request, oldest first."""
    query = select(table).where(table.c.approval_id == approval_id).order_by(table.c.id)
    return [_shown(row) for row in rows.every(conn, query)]


def _shown(row: rows.Row) -> dict[str, Any]:
    return {
        "comment_id": row["id"],
        "operator_id": row["operator_id"],
        "operator": row["email"],
        "text": row["text"],
        "at": row["at"],
    }
