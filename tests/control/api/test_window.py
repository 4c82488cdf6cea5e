"""A page of a filtered list: whoever follows the cursors sees all that matches, once, in order, at a bounded cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, MetaData, String, Table, create_engine, insert, select

from vienna_control.api import window
from vienna_control.api.page import PageQuery
from vienna_control.api.window import Listed

THINGS = Table("things", MetaData(), Column("id", String, primary_key=True), Column("kind", String))
ROWS = 30


@pytest.fixture(scope="module")
def conn() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    THINGS.metadata.create_all(engine)
    with engine.begin() as connection:
        values = [{"id": f"{n:03}", "kind": "seven" if n % 7 == 0 else "other"} for n in range(ROWS)]
        connection.execute(insert(THINGS), values)
        yield connection
    engine.dispose()


def listed(kind: str | None, rows: int) -> Listed:
    test = None if kind is None else THINGS.c.kind == kind
    return Listed(ids=select(THINGS.c.id), key=THINGS.c.id, test=test, rows=rows)


def page(conn: Connection, what: Listed, **query: object) -> dict[str, Any]:
    asked = PageQuery.model_validate(query)
    return window.page(conn, what, asked, noun="things", shape=lambda ids: [{"id": one} for one in ids])


@given(large=st.integers(0, 40))
def test_many_looks_into_a_row_cost_no_more_than_a_few(large: int) -> None:
    rows = window.rows_for(large)
    assert 0 < rows <= window.LOOKED_AT
    assert not large or rows * large <= window.LOOKED_INTO * 4


@given(
    kind=st.sampled_from([None, "seven", "other", "none"]),
    rows=st.integers(1, ROWS + 2),
    limit=st.integers(1, ROWS + 2),
)
def test_the_cursors_lead_over_all_that_matches_once(
    conn: Connection, kind: str | None, rows: int, limit: int
) -> None:
    wanted = [
        f"{n:03}"
        for n in reversed(range(ROWS))
        if kind is None or ((kind == "seven") == (n % 7 == 0) and kind != "none")
    ]
    seen: list[str] = []
    cursor: str | None = None
    for _ in range(2 * ROWS):
        told = page(conn, listed(kind, rows), limit=limit, **({"cursor": cursor} if cursor else {}))
        things = told["things"]
        assert len(things) <= limit
        seen += [one["id"] for one in things]
        assert told["has_more"] == (told["next_cursor"] is not None)
        cursor = told["next_cursor"]
        if cursor is None:
            break
    assert seen == wanted


@pytest.mark.parametrize(
    ("kind", "rows", "total", "at_least"),
    [
        (None, 5, ROWS, False),
        ("seven", ROWS, 5, False),
        ("seven", ROWS - 1, 5, True),
        ("seven", 9, 2, True),
        ("none", 9, 0, True),
    ],
)
def test_what_was_not_looked_at_is_not_counted(
    conn: Connection, kind: str | None, rows: int, total: int, at_least: bool
) -> None:
    told = page(conn, listed(kind, rows))
    assert (told["total"], told["total_at_least"]) == (total, at_least)


def test_counting_ends(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "COUNTED", 10)
    told = page(conn, listed(None, 5), limit=2)
    assert (told["total"], told["total_at_least"]) == (10, True)


def test_a_page_by_offset(conn: Connection) -> None:
    assert page(conn, listed("seven", ROWS), limit=2, offset=1)["things"] == [{"id": "021"}, {"id": "014"}]
