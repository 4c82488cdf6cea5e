"""Who is who in a chat: one user of Slack is one operator, and what either decides goes the way of every vote."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, delete, select

from vienna_control import rows
from vienna_control.identity import operators
from vienna_control.identity.operators import Operator
from vienna_control.store import Tx
from vienna_control.store.tables import chat_users
from vienna_kernel.ledger.trail import EntryType


def operator_of(conn: Connection, tenant: str, user_id: str) -> Operator | None:
    """Whom a chat user stands for, if they are of this tenant and not disabled."""
    row = _row(conn, tenant, user_id)
    found = operators.of_tenant(conn, tenant, row["operator_id"]) if row else None
    return found if found is not None and not found.disabled else None


def holder(conn: Connection, tenant: str, user_id: str) -> str | None:
    """Id of the operator that a chat user is entered for."""
    row = _row(conn, tenant, user_id)
    return row["operator_id"] if row else None


def enter(tx: Tx, tenant: str, user_id: str, operator_id: str, *, by: str) -> None:
    """Enter who a chat user is; the entry before it, if any, ends."""
    _remove(tx, tenant, user_id)
    key = {"tenant": tenant, "user_id": user_id}
    rows.add(tx.conn, chat_users, **key, operator_id=operator_id, set_by=by, set_at=tx.at)
    _recorded(tx, tenant, by, chat_user=user_id, operator=operator_id)


def remove(tx: Tx, tenant: str, user_id: str, *, by: str) -> None:
    """Nobody is this chat user any more."""
    _remove(tx, tenant, user_id)
    _recorded(tx, tenant, by, chat_user=user_id, operator=None)


def listed(tenant: str, operator_id: str | None) -> Select[Any]:
    """The entries of a tenant, or of one operator in it."""
    query = select(chat_users).where(chat_users.c.tenant == tenant)
    return query if operator_id is None else query.where(chat_users.c.operator_id == operator_id)


def _row(conn: Connection, tenant: str, user_id: str) -> rows.Row | None:
    return rows.first(conn, listed(tenant, None).where(chat_users.c.user_id == user_id))


def _remove(tx: Tx, tenant: str, user_id: str) -> None:
    tx.conn.execute(delete(chat_users).where(chat_users.c.tenant == tenant, chat_users.c.user_id == user_id))


def _recorded(tx: Tx, tenant: str, by: str, **what: Any) -> None:
    data = {"what": "chat_user", **what}
    tx.record(EntryType.CONFIG_CHANGED, tenant=tenant, actor=f"operator:{by}", data=data)
