"""A WHERE that keeps nothing out is none."""

from __future__ import annotations

import pytest

from vienna_kernel.protocol.sql_statement import statements
from vienna_kernel.protocol.sql_text import DIALECTS


def has_where(condition: str) -> bool:
    (told,) = statements(f"DELETE FROM t WHERE {condition}", DIALECTS["postgres"])
    assert told.does == "delete", told
    return told.has_where


@pytest.mark.parametrize(
    "condition",
    [
        "id = 5",
        "id = $1",
        "id IN (1, 2)",
        "id IN (SELECT id FROM u)",
        "id IS NULL",
        "NOT (id = 5)",
        "id = 5 AND TRUE",
        "TRUE AND (id = 5)",
        "id = 5 OR id = 6",
        "active",
        "name LIKE 'a%'",
        "a = b",
        "t.a = u.a",
        "id BETWEEN 1 AND 5",
        "created < now()",
    ],
)
def test_conditions(condition: str) -> None:
    assert has_where(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "TRUE",
        "true",
        "1 = 1",
        "1",
        "(1 = 1)",
        "NOT FALSE",
        "'a' = 'a'",
        "'a;b' = 'a;b'",
        "2 > 1",
        "now() > '2000-01-01'",
        "$1 = $1",
        "$1",
        "id = id",
        "ID = id",
        "t.id = t.id",
        "t.id = id",
        "(id) = (id)",
        "id >= id",
        "id IS NOT NULL",
        "NOT (id IS NULL)",
        "NOT id IS NULL",
        "id IS NOT DISTINCT FROM id",
        "name LIKE '%'",
        "name ILIKE '%%'",
        "id = 5 OR TRUE",
        "id = 5 OR 1 = 1",
        "id = 5 OR id = id",
        "TRUE AND 1 = 1",
        "EXISTS (SELECT 1)",
        "EXISTS (SELECT id FROM u)",
        "(SELECT TRUE)",
        "5 IN (SELECT id FROM u)",
        "NOT (id <> id)",
        "id = 5 OR (TRUE AND (TRUE OR id = 6))",
    ],
)
def test_conditions_that_are_none(condition: str) -> None:
    assert not has_where(condition)


def test_a_condition_too_deep_to_be_read_counts_for_none() -> None:
    assert not has_where(" OR ".join(["id = 5"] * 200))
