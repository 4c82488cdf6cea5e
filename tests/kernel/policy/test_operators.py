"""The 14 operators: what each answers, and what it refuses to be given."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.operators import OPERATORS, misfit

NAMES = [
    "equals", "not_equals", "contains", "gt", "lt", "gte", "lte", "in", "not_in", "matches", "between",
    "time_between", "exists", "not_exists",
]  # fmt: skip


def ask(name: str, wanted: Any, value: Any) -> bool | None:
    return OPERATORS[name].build(wanted, UTC)(value)


def test_there_are_fourteen() -> None:
    assert list(OPERATORS) == NAMES


@pytest.mark.parametrize(
    ("name", "wanted", "value", "answer"),
    [
        ("equals", "deploy", "deploy", True),
        ("equals", "deploy", "Deploy", False),  # no silent case folding
        ("equals", 5, Decimal("5.00"), True),
        ("equals", Decimal("5.5"), 5, False),
        ("equals", True, True, True),
        ("equals", 1, True, None),  # a boolean is no number
        ("equals", True, 1, None),
        ("equals", "5", 5, None),
        ("equals", 5, "5", None),
        ("equals", "a", ["a"], None),
        ("not_equals", "a", "b", True),
        ("not_equals", "a", "a", False),
        ("not_equals", "a", 1, None),
        ("contains", "min", "admin", True),
        ("contains", "x", "admin", False),
        ("contains", "a", ["a", "b"], True),
        ("contains", 1, [True], None),  # an item that cannot be compared leaves it open
        ("contains", 1, [True, Decimal(1)], True),
        ("contains", "a", [], False),
        ("contains", "a", ["b", None], None),
        ("contains", 5, [Decimal(5)], True),
        ("contains", 5, "5", None),
        ("contains", "a", {"a": 1}, None),
        ("gt", 10, 11, True),
        ("gt", 10, 10, False),
        ("gt", 10, Decimal("10.01"), True),
        ("gt", 10, "11", None),
        ("gt", 0, True, None),
        ("lt", 10, 9, True),
        ("lt", 10, 10, False),
        ("gte", 10, 10, True),
        ("lte", 10, 10, True),
        ("lte", 10, Decimal("10.01"), False),
        ("in", ["eu", "us"], "eu", True),
        ("in", ["eu", "us"], "EU", False),
        ("in", [1, 2], Decimal(2), True),
        ("in", [1, 2], True, None),
        ("in", ["1"], 1, None),
        ("in", ["a"], ["a"], None),
        ("not_in", ["eu"], "us", True),
        ("not_in", ["eu"], "eu", False),
        ("not_in", ["eu"], 1, None),
        ("matches", "^prod-.*", "prod-1", True),
        ("matches", "prod", "a prod b", True),
        ("matches", "^prod$", "a prod b", False),
        ("matches", "1", 1, None),
        ("matches", "a", "a\0", True),
        ("matches", "a", "\ud800a", None),  # no text
        ("gt", 5, Decimal("NaN"), None),
        ("lte", 5, Decimal("-Infinity"), None),
        ("between", [1, 2], Decimal("sNaN"), None),
        ("equals", 1, Decimal("sNaN"), None),
        ("in", [1], Decimal("sNaN"), None),
        ("between", [100, 5000], 100, True),
        ("between", [100, 5000], 5000, True),
        ("between", [100, 5000], Decimal("5000.01"), False),
        ("between", [100, 5000], "200", None),
        ("time_between", ["09:00", "17:00"], "09:00", True),
        ("time_between", ["09:00", "17:00"], "17:00", True),
        ("time_between", ["09:00", "17:00"], "17:01", False),
        ("time_between", ["18:00", "08:00"], "23:59", True),  # past midnight
        ("time_between", ["18:00", "08:00"], "08:00", True),
        ("time_between", ["18:00", "08:00"], "12:00", False),
        ("time_between", ["18:00", "08:00"], "2026-03-25T21:30:00Z", True),
        ("time_between", ["18:00", "08:00"], "later", None),
        ("time_between", ["18:00", "08:00"], 20, None),
        ("exists", None, True, True),
        ("exists", True, False, False),
        ("not_exists", None, False, True),
        ("not_exists", True, True, False),
    ],
)
def test_answers(name: str, wanted: Any, value: Any, answer: bool | None) -> None:
    assert ask(name, wanted, value) is answer


def test_times_are_of_the_policys_zone() -> None:
    evening = OPERATORS["time_between"].build(["18:00", "23:00"], zone("Europe/Vienna"))
    assert evening("2026-03-25T17:30:00Z") is True
    assert evening("2026-03-25T16:30:00Z") is False


@pytest.mark.parametrize(
    ("name", "wanted", "complaint"),
    [
        ("equals", ["a"], "expected one string, number or boolean"),
        ("equals", None, "expected one string"),
        ("equals", Decimal("NaN"), "expected one string"),
        ("gt", "10", "expected a number, got '10'"),
        ("gt", True, "expected a number"),
        ("gt", 2**53 + 1, "expected a number"),
        ("in", "a", "expected a list"),
        ("in", [], "at least one value"),
        ("in", ["a", 1], "values of one type"),
        ("in", [["a"]], "values of one type"),
        ("in", list(range(1001)), "at most 1000"),
        ("matches", 5, "expected a regular expression"),
        ("matches", r"(a)\1", "linear-time"),
        ("matches", r"a(?=b)", "linear-time"),
        ("matches", "(", "linear-time"),
        ("matches", "\ud800", "surrogate"),
        ("matches", "a" * 1001, "longer than 1000"),
        ("between", [1], "two numbers"),
        ("between", [5, 1], "the lowest is above the highest"),
        ("between", ["a", "b"], "two numbers"),
        ("time_between", ["18:00"], "two times of day"),
        ("time_between", ["18:00", "8:00"], "HH:MM"),
        ("exists", False, "takes no value, or true"),
    ],
)
def test_operands_that_do_not_fit(name: str, wanted: Any, complaint: str) -> None:
    found = misfit(OPERATORS[name], Kind.ANY, wanted)
    assert found is not None
    assert complaint in found


OPERANDS = {
    "text": "a",
    "number": 5,
    "bool": True,
    "texts": ["a", "b"],
    "numbers": [5, Decimal("7.5")],
    "bools": [True],
    "hours": ["09:00", "17:00"],
    "mixed": ["a", 5],
    "nothing": None,
    "object": {"a": 1},
}
SCALAR = {
    "text": "text", "time": "text", "number": "number", "money": "number", "bool": "bool", "any": "text number bool",
}  # fmt: skip
LISTED = {kind: " ".join(f"{word}s" for word in words.split()) for kind, words in SCALAR.items()}
LISTED |= {kind: f"{LISTED[kind]} hours" for kind in ("text", "time", "any")}  # two texts, as any other two
ORDERED = {"number": "number", "money": "number", "any": "number"}
ACCEPTED: dict[str, dict[str, str]] = {
    "equals": SCALAR,
    "not_equals": SCALAR,
    "contains": {"text": "text", "list": "text number bool", "any": "text number bool"},
    **dict.fromkeys(("gt", "lt", "gte", "lte"), ORDERED),
    "in": LISTED,
    "not_in": LISTED,
    "matches": {"text": "text", "any": "text"},
    "between": dict.fromkeys(("number", "money", "any"), "numbers"),
    "time_between": dict.fromkeys(("time", "text", "any"), "hours"),
    **dict.fromkeys(("exists", "not_exists"), dict.fromkeys(Kind, "nothing bool")),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_field_with_every_kind_of_operand(name: str) -> None:
    """What is not in the table is an error when the rule is read."""
    for kind in Kind:
        accepted = ACCEPTED[name].get(kind, "").split()
        found = [word for word, wanted in OPERANDS.items() if misfit(OPERATORS[name], kind, wanted) is None]
        assert sorted(found) == sorted(accepted), kind


def test_a_hostile_pattern_is_linear() -> None:
    assert ask("matches", "^(a+)+$", "a" * 50_000 + "b") is False


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False, places=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(st.sampled_from(NAMES), VALUES, VALUES)
def test_what_is_accepted_is_answered_whatever_comes(name: str, wanted: Any, value: Any) -> None:
    if misfit(OPERATORS[name], Kind.ANY, wanted) is None:
        assert ask(name, wanted, value) in (True, False, None)
        OPERATORS[name].show(wanted)


@given(VALUES, VALUES)
def test_opposites_agree_on_what_they_cannot_tell(wanted: Any, value: Any) -> None:
    if misfit(OPERATORS["equals"], Kind.ANY, wanted) is not None:
        return
    yes, no = ask("equals", wanted, value), ask("not_equals", wanted, value)
    assert (yes is None and no is None) or (yes is not None and no is (not yes))


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


EDGES = (0, 1, 719, 720, 1438, 1439)


@pytest.mark.parametrize(("start", "end"), list(product(EDGES, repeat=2)))
def test_hours_run_from_their_start_to_their_end_over_midnight_too(start: int, end: int) -> None:
    inside = {(start + more) % 1440 for more in range((end - start) % 1440 + 1)}
    test = OPERATORS["time_between"].build([clock(start), clock(end)], UTC)
    near = {(edge + step) % 1440 for edge in EDGES for step in (-1, 0, 1)}
    assert {minute for minute in near if test(clock(minute))} == inside & near


@pytest.mark.parametrize(
    ("name", "wanted", "shown"),
    [
        ("equals", Decimal("5.50"), "5.5"),
        ("not_equals", "a", "not a"),
        ("contains", "a", "contains a"),
        ("gt", 5, "> 5"),
        ("lt", 5, "< 5"),
        ("gte", 5, ">= 5"),
        ("lte", Decimal("5.0"), "<= 5"),
        ("in", ["a", Decimal("2.50"), True], "one of a, 2.5, True"),
        ("not_in", [1, 2], "none of 1, 2"),
        ("matches", "^a", "/^a/"),
        ("between", [1, Decimal("2.50")], "1 to 2.5"),
        ("time_between", ["22:00", "06:00"], "22:00-06:00"),
        ("exists", None, "present"),
        ("not_exists", None, "absent"),
    ],
)
def test_how_a_test_is_shown(name: str, wanted: Any, shown: str) -> None:
    assert OPERATORS[name].show(wanted) == shown
