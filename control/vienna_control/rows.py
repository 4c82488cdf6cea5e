"""Rows of the tables as plain data: JSON columns in and out, and the few statements that every noun needs.

JSON columns hold compact text with sorted keys; values of the law are packed (``value.pack``) before they come here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import orjson
from sqlalchemy import Connection, Select, Table, insert, update

type Row = Mapping[str, Any]


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is not JSON")


def dump(data: Any) -> str:
    """JSON text of plain data; a decimal becomes a string."""
    return orjson.dumps(data, default=_exact, option=orjson.OPT_SORT_KEYS).decode()


def load(text: str | None) -> Any:
    """Data of a JSON column; None for NULL."""
    return None if text is None else orjson.loads(text)


def first(conn: Connection, query: Select[Any]) -> Row | None:
    """The first row of a query, or None."""
    return cast(Row | None, conn.execute(query).mappings().first())


def every(conn: Connection, query: Select[Any]) -> Sequence[Row]:
    """All rows of a query."""
    return cast(Sequence[Row], conn.execute(query).mappings().all())


def add(conn: Connection, table: Table, **values: Any) -> None:
    """Insert one row."""
    conn.execute(insert(table), values)


def change(conn: Connection, table: Table, id: str, **values: Any) -> int:
    """Update the row with this ``id``; returns how many there were (0 or 1)."""
    return conn.execute(update(table).where(table.c.id == id).values(**values)).rowcount
