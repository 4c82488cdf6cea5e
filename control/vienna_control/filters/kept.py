"""Filters that people keep: their own, and those that operators share with everybody of the tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import operators, saved_filters
from vienna_kernel.filter.key import Screen
from vienna_kernel.ledger.trail import EntryType

MOST = 100
"""Filters that one person keeps."""


class TakenError(ValueError):
    """They have one of this name on this screen."""


class FullError(ValueError):
    """They have ``MOST``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a filter is to be. ``q`` has been read for the screen."""

    screen: Screen
    name: str
    q: str
    shared: bool


def listed(tenant: str, operator_id: str) -> Select[Any]:
    """What this person can use, each with its owner's e-mail address."""
    usable = or_(saved_filters.c.operator_id == operator_id, saved_filters.c.shared.is_(True))
    return _OWNED.where(saved_filters.c.tenant == tenant, usable)


_OWNED = select(saved_filters, operators.c.email).join(
    operators, operators.c.id == saved_filters.c.operator_id
)


def find(conn: Connection, tenant: str, operator_id: str, filter_id: str) -> rows.Row | None:
    """One that this person can use."""
    return rows.first(conn, listed(tenant, operator_id).where(saved_filters.c.id == filter_id))


def by_id(conn: Connection, filter_id: str) -> rows.Row | None:
    """One of anybody's."""
    return rows.first(conn, _OWNED.where(saved_filters.c.id == filter_id))


def add(tx: Tx, tenant: str, operator_id: str, wanted: Wanted) -> str:
    """Keep one; returns its id. Raises ``TakenError``, ``FullError``."""
    own = select(func.count()).where(saved_filters.c.operator_id == operator_id)
    if (tx.conn.scalar(own) or 0) >= MOST:
        raise FullError
    filter_id = tx.id("flt")
    values = {"id": filter_id, "tenant": tenant, "operator_id": operator_id, "created_at": tx.at}
    try:
        rows.add(tx.conn, saved_filters, **values, **_values(tx, wanted))
    except IntegrityError:
        raise TakenError from None
    _recorded(tx, tenant, operator_id, filter_id, wanted, "added")
    return filter_id


def change(tx: Tx, row: rows.Row, wanted: Wanted, *, by: str) -> None:
    """Make it otherwise. Raises ``TakenError``."""
    try:
        rows.change(tx.conn, saved_filters, row["id"], **_values(tx, wanted))
    except IntegrityError:
        raise TakenError from None
    _recorded(tx, row["tenant"], by, row["id"], wanted, "changed")


def remove(tx: Tx, row: rows.Row, *, by: str) -> None:
    """Take it away."""
    tx.conn.execute(delete(saved_filters).where(saved_filters.c.id == row["id"]))
    _recorded(tx, row["tenant"], by, row["id"], wanted_of(row), "removed")


def wanted_of(row: rows.Row) -> Wanted:
    """What it is."""
    return Wanted(screen=row["screen"], name=row["name"], q=row["q"], shared=bool(row["shared"]))


def _values(tx: Tx, wanted: Wanted) -> dict[str, Any]:
    return {
        "screen": wanted.screen,
        "name": wanted.name,
        "q": wanted.q,
        "shared": wanted.shared,
        "updated_at": tx.at,
    }


def _recorded(tx: Tx, tenant: str, by: str, filter_id: str, wanted: Wanted, deed: str) -> None:
    """Not what is searched for: that may be a name."""
    data = {
        "what": "filter",
        "filter": filter_id,
        "screen": wanted.screen,
        "shared": wanted.shared,
        deed: True,
    }
    tx.record(EntryType.CONFIG_CHANGED, tenant=tenant, actor=f"operator:{by}", data=data)
