"""A page of a list that is filtered, newest first, at a cost that does not grow with the list.

1. A page looks at so many rows and no more. Where they do not fill it, it comes short, and its cursor goes on behind
   them: whoever asks on sees everything.
2. What matches is counted up to ``COUNTED``, within as many rows as one page looks at; ``total_at_least`` says that
   there may be more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select

from vienna_control.api.page import PageQuery, read_cursor, write_cursor

COUNTED = 1000
LOOKED_AT = 30_000
"""Rows of which a page reads what an index has."""
LOOKED_INTO = 4_000
"""Rows that a page reads themselves, a few times each."""
_FEW = 4


def rows_for(large: int) -> int:
    """How many rows a page may look at with so many conditions on what is large in each: in all, it costs the same."""
    return LOOKED_INTO * _FEW // max(_FEW, large) if large else LOOKED_AT


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What is listed.

    Attributes:
        ids: A select of ``key``, without order.
        key: A unique column that grows with time.
        test: Of a filter; None: all of them match.
        rows: How many rows one page may look at.
    """

    ids: Select[Any]
    key: ColumnElement[Any]
    test: ColumnElement[bool] | None = None
    rows: int = LOOKED_AT

    @property
    def all(self) -> Select[Any]:
        """Every id that matches, for lists that are short by their nature."""
        return self.ids if self.test is None else self.ids.where(self.test)


@dataclass(frozen=True, slots=True)
class _Found:
    """Ids, newest first; ``floor``: the last row that was looked at where there are more behind it."""

    ids: Sequence[Any]
    floor: Any


def page(
    conn: Connection,
    listed: Listed,
    query: PageQuery,
    *,
    noun: str,
    shape: Callable[[Sequence[Any]], list[dict[str, Any]]],
) -> dict[str, Any]:
    """One page. ``shape``: the ids of a page as the API shows them."""
    top = _newest(conn, listed, None, COUNTED + 1)
    found = top
    if query.cursor is not None:
        before = read_cursor(query.cursor, listed.key.type.python_type)
        found = _newest(conn, listed, before, query.limit + 1)
    elif query.offset:
        found = _newest(conn, listed, None, query.limit + 1, skip=query.offset)
    shown = found.ids[: query.limit]
    last = shown[-1] if len(found.ids) > query.limit else found.floor
    return {
        noun: shape(shown),
        "total": min(len(top.ids), COUNTED),
        "total_at_least": len(top.ids) > COUNTED or top.floor is not None,
        "has_more": last is not None,
        "next_cursor": None if last is None else write_cursor(last),
    }


def _newest(conn: Connection, listed: Listed, before: object, most: int, *, skip: int = 0) -> _Found:
    ids, floor = looked_at(conn, listed, before)
    found = list(conn.scalars(ids.order_by(listed.key.desc()).limit(most).offset(skip)))
    return _Found(found, floor)


def looked_at(conn: Connection, listed: Listed, before: object = None) -> tuple[Select[Any], Any]:
    """What matches among as many rows as may be looked at, without order; and the last of those where there are more.

    Without a test all of them match: nothing bounds it but whoever reads it.
    """
    ids = listed.ids if before is None else listed.ids.where(listed.key < before)
    if listed.test is None:
        return ids, None
    floor = conn.scalar(ids.order_by(listed.key.desc()).limit(1).offset(listed.rows))
    found = ids.where(listed.test)
    return (found if floor is None else found.where(listed.key >= floor)), floor
