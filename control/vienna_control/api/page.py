"""Lists: ``{<noun>: […], total, has_more, next_cursor}``, newest first, by cursor (or by offset, as published)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, Select, func, select

from vienna_control.api.problems import Code, Problem
from vienna_control.clock import from_iso, iso
from vienna_control.rows import Row


def _instant(text: str) -> str:
    return iso(from_iso(text))


Instant = Annotated[
    str, Field(max_length=40, json_schema_extra={"format": "date-time"}), AfterValidator(_instant)
]
"""An ISO 8601 instant with a zone, in a query; as tables have it."""


class PageQuery(BaseModel):
    """Query of a list; subclass it to add filters. Unknown parameters are refused.

    Attributes:
        limit: Items per page.
        cursor: ``next_cursor`` of the page before.
        offset: Items to skip, instead of a cursor.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=500)] = 50
    cursor: Annotated[str, Field(max_length=400)] | None = None
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def fetch_page(
    connection: Connection,
    statement: Select[Any],
    query: PageQuery,
    *,
    key: ColumnElement[Any],
    noun: str,
    shape: Callable[[Row], dict[str, Any]],
) -> dict[str, Any]:
    """One page of a select without order, limit or offset, newest (greatest ``key``) first.

    ``key``: a unique column that grows with time (ids do). ``shape``: a row as the API shows it.
    """
    total = connection.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
    paged = statement.order_by(key.desc()).limit(query.limit + 1)
    if query.cursor is not None:
        paged = paged.where(key < read_cursor(query.cursor, key.type.python_type))
    elif query.offset:
        paged = paged.offset(query.offset)
    rows = connection.execute(paged.add_columns(key.label("page_key"))).mappings().all()
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    return {
        noun: [shape(dict(row)) for row in shown],
        "total": total,
        "has_more": more,
        "next_cursor": write_cursor(shown[-1]["page_key"]) if more else None,
    }


def pick_page(
    ids: Sequence[str], query: PageQuery, *, noun: str, shape: Callable[[Sequence[str]], list[dict[str, Any]]]
) -> dict[str, Any]:
    """One page of ids that are in memory, greatest first. ``shape``: the ids of a page as the API shows them."""
    if query.cursor is not None:
        before = str(read_cursor(query.cursor, str))
        rest = [one for one in ids if one < before]
    else:
        rest = list(ids[query.offset :])
    shown, more = rest[: query.limit], len(rest) > query.limit
    return {
        noun: shape(shown),
        "total": len(ids),
        "has_more": more,
        "next_cursor": write_cursor(shown[-1]) if more else None,
    }


def slice_page(
    items: Sequence[Any], query: PageQuery, *, noun: str, shape: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """One page of what is in memory, in the order it stands there."""
    start = int(str(read_cursor(query.cursor, int))) if query.cursor is not None else query.offset
    start = max(0, start)
    more = start + query.limit < len(items)
    return {
        noun: [shape(item) for item in items[start : start + query.limit]],
        "total": len(items),
        "has_more": more,
        "next_cursor": write_cursor(start + query.limit) if more else None,
    }


def write_cursor(key: object) -> str:
    return base64.urlsafe_b64encode(str(key).encode()).rstrip(b"=").decode()


def read_cursor(cursor: str, kind: type) -> object:
    """The key that a cursor stands for. Raises 400 for one that no list gave out."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        return kind(text)
    except (binascii.Error, ValueError):
        raise Problem(Code.INVALID_REQUEST, "the cursor is not one that a list gave out") from None
