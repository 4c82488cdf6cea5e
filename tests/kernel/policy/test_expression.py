"""Expressions: the same data that a file would spell out."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.policy.expression import ExpressionError, parse


def leaf(field: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, **({} if value is None else {"value": value}), **more}


A, B, C = leaf("a", "equals", 1), leaf("b", "equals", 2), leaf("c", "equals", 3)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("action == 'deploy'", leaf("action", "equals", "deploy")),
        ('action != "deploy"', leaf("action", "not_equals", "deploy")),
        ("cost_impact > 5000", leaf("cost_impact", "gt", 5000)),
        ("a >= -1.50", leaf("a", "gte", Decimal("-1.50"))),
        ("a < 1", leaf("a", "lt", 1)),
        ("a <= 1", leaf("a", "lte", 1)),
        ("parameters.amount > 1000 EUR", leaf("parameters.amount", "gt", 1000, currency="EUR")),
        ("a in ['x', 'y']", leaf("a", "in", ["x", "y"])),
        ("a NOT IN [1, 2]", leaf("a", "not_in", [1, 2])),
        ("a matches '^prod-.*'", leaf("a", "matches", "^prod-.*")),
        ("a contains 'x'", leaf("a", "contains", "x")),
        ("a between [1, 5] EUR", leaf("a", "between", [1, 5], currency="EUR")),
        ("a time_between ['18:00', '08:00']", leaf("a", "time_between", ["18:00", "08:00"])),
        ("a exists", leaf("a", "exists")),
        ("a not exists", leaf("a", "not_exists")),
        ("a == true", leaf("a", "equals", True)),
        ("a == 1 AND b == 2", {"all": [A, B]}),
        ("a == 1 or b == 2", {"any": [A, B]}),
        ("a == 1 OR b == 2 AND c == 3", {"any": [A, {"all": [B, C]}]}),
        ("(a == 1 OR b == 2) AND c == 3", {"all": [{"any": [A, B]}, C]}),
        ("NOT a == 1 AND b == 2", {"all": [{"not": A}, B]}),
        ("not (a == 1 and b == 2)", {"not": {"all": [A, B]}}),
        ("amount > 1000 AND b == 2", {"all": [leaf("amount", "gt", 1000), B]}),  # AND is no currency
        ("android == 1", leaf("android", "equals", 1)),  # and no keyword
        ("inbox == 1 AND order-id exists", {"all": [leaf("inbox", "equals", 1), leaf("order-id", "exists")]}),
    ],
)
def test_reads(text: str, data: dict[str, Any]) -> None:
    assert parse(text) == data


@pytest.mark.parametrize(
    ("text", "column", "complaint"),
    [
        ("", 1, "a field"),
        ("a", 2, "got 'the end'"),
        ("a ==", 5, "a number"),
        ("a = 1", 3, "=="),
        ("a == b", 6, "'text'"),
        ("a == 1 b == 2", 8, "and"),
        ("(a == 1", 8, ")"),
        ("a == 1)", 7, "the end"),
        ("a > 5 eur", 7, "a currency such as EUR"),
        ("a == 'it", 6, "'text'"),
        ("a in []", 7, "'text'"),
        ("a == 1; drop", 7, "and"),
        ("a == 0x10", 7, "and"),
        ("a == 01", 7, "and"),
        ("__import__('os') == 1", 11, "=="),
    ],
)
def test_has_no_reading(text: str, column: int, complaint: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(text)
    assert raised.value.column == column
    assert complaint in str(raised.value)


def test_length_is_bounded_and_depth_does_no_harm() -> None:
    with pytest.raises(ExpressionError, match="longer than"):
        parse("a == 1 OR " * 500 + "a == 1")
    parse("NOT " * 900 + "a == 1")
    parse("(" * 1900 + "a == 1" + ")" * 1900)


@given(st.text(alphabet="ab.=!<>()[]'\" ANDORTinexstmch0159-,EUR\n", max_size=60))
def test_any_text_has_a_reading_or_an_error(text: str) -> None:
    with suppress(ExpressionError):
        assert isinstance(parse(text), dict)
