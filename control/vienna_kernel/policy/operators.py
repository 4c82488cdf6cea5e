"""The 14 condition operators, one row each.

1. Typed: numbers compare as decimals, strings exactly, and never one with the other.
2. A test answers True, False, or None: this value cannot be compared (it is undetermined for the rule).
3. What does not fit is an error when the rule is read, never a silent False when it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Any

from vienna_kernel.policy import operand
from vienna_kernel.policy.clock_time import minute_of_day, minutes_of
from vienna_kernel.policy.operand import HOLDS, Kind, kind_of
from vienna_kernel.value import plain

type Test = Callable[[Any], bool | None]

_SCALARS = frozenset({Kind.TEXT, Kind.NUMBER, Kind.MONEY, Kind.BOOL, Kind.TIME, Kind.ANY})
_NUMBERS = frozenset({Kind.NUMBER, Kind.MONEY, Kind.ANY})


@dataclass(frozen=True, slots=True)
class Operator:
    """One row.

    Attributes:
        kinds: Kinds of field it can test.
        check: What is wrong with an operand, or None.
        build: The test for a checked operand, in the policy's time zone.
        show: The operand as people read it: ``> 1000``.
        takes_currency: Whether it compares amounts of money.
    """

    name: str
    kinds: frozenset[Kind]
    check: Callable[[Any], str | None]
    build: Callable[[Any, tzinfo], Test]
    show: Callable[[Any], str]
    takes_currency: bool = False


def _equals(wanted: Any, _: tzinfo) -> Test:
    fits = operand.same_type(wanted)
    return lambda value: value == wanted if fits(value) else None


def _not_equals(wanted: Any, _: tzinfo) -> Test:
    fits = operand.same_type(wanted)
    return lambda value: value != wanted if fits(value) else None


def _contains(wanted: Any, _: tzinfo) -> Test:
    fits = operand.same_type(wanted)

    def test(value: Any) -> bool | None:
        if isinstance(value, str):
            return wanted in value if isinstance(wanted, str) else None
        if not isinstance(value, (list, tuple)):
            return None
        answer: bool | None = False
        for item in value:  # "one of them equals it": an item of another type leaves that open
            if not fits(item):
                answer = None
            elif item == wanted:
                return True
        return answer

    return test


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[[Any, tzinfo], Test]:
    def build(wanted: Any, _: tzinfo) -> Test:
        def test(value: Any) -> bool | None:
            if type(value) is int or (type(value) is Decimal and value.is_finite()):  # operand.is_number
                return holds(value, wanted)
            return None

        return test

    return build


def _in(wanted: Any, _: tzinfo) -> Test:
    fits, values = operand.same_type(wanted[0]), frozenset(wanted)
    return lambda value: value in values if fits(value) else None


def _not_in(wanted: Any, _: tzinfo) -> Test:
    fits, values = operand.same_type(wanted[0]), frozenset(wanted)
    return lambda value: value not in values if fits(value) else None


def _matches(wanted: Any, _: tzinfo) -> Test:
    search = operand.regex(wanted).search

    def test(value: Any) -> bool | None:
        try:
            return search(value) is not None if isinstance(value, str) else None
        except UnicodeEncodeError:  # a lone surrogate: what it would match nobody can say
            return None

    return test


def _between(wanted: Any, _: tzinfo) -> Test:
    low, high = wanted
    return lambda value: low <= value <= high if operand.is_number(value) else None


def _time_between(wanted: Any, tz: tzinfo) -> Test:
    start, end = (minutes_of(item) for item in wanted)

    def test(value: Any) -> bool | None:
        minute = minute_of_day(value, tz)
        if minute is None:
            return None
        return start <= minute <= end if start <= end else minute >= start or minute <= end

    return test


def _present(_: Any, __: tzinfo) -> Test:
    return lambda value: bool(value)


def _absent(_: Any, __: tzinfo) -> Test:
    return lambda value: not value


def _listed(wanted: Any) -> str:
    return ", ".join(str(plain(item)) for item in wanted)


def _sign(sign: str) -> Callable[[Any], str]:
    return lambda wanted: f"{sign} {plain(wanted)}"


_ROWS = (
    Operator("equals", _SCALARS, operand.scalar, _equals, lambda v: f"{plain(v)}", takes_currency=True),
    Operator(
        "not_equals", _SCALARS, operand.scalar, _not_equals, lambda v: f"not {plain(v)}", takes_currency=True
    ),
    Operator(
        "contains",
        frozenset({Kind.TEXT, Kind.LIST, Kind.ANY}),
        operand.scalar,
        _contains,
        lambda v: f"contains {plain(v)}",
    ),
    Operator("gt", _NUMBERS, operand.number, _compare(gt), _sign(">"), takes_currency=True),
    Operator("lt", _NUMBERS, operand.number, _compare(lt), _sign("<"), takes_currency=True),
    Operator("gte", _NUMBERS, operand.number, _compare(ge), _sign(">="), takes_currency=True),
    Operator("lte", _NUMBERS, operand.number, _compare(le), _sign("<="), takes_currency=True),
    Operator("in", _SCALARS, operand.some, _in, lambda v: f"one of {_listed(v)}", takes_currency=True),
    Operator(
        "not_in", _SCALARS, operand.some, _not_in, lambda v: f"none of {_listed(v)}", takes_currency=True
    ),
    Operator("matches", frozenset({Kind.TEXT, Kind.ANY}), operand.pattern, _matches, lambda v: f"/{v}/"),
    Operator(
        "between",
        _NUMBERS,
        operand.span,
        _between,
        lambda v: f"{plain(v[0])} to {plain(v[1])}",
        takes_currency=True,
    ),
    Operator(
        "time_between",
        frozenset({Kind.TIME, Kind.TEXT, Kind.ANY}),
        operand.hours,
        _time_between,
        lambda v: f"{v[0]}-{v[1]}",
    ),
    Operator("exists", frozenset(Kind), operand.presence, _present, lambda _: "present"),
    Operator("not_exists", frozenset(Kind), operand.presence, _absent, lambda _: "absent"),
)

OPERATORS: Mapping[str, Operator] = {row.name: row for row in _ROWS}
PRESENCE = frozenset({"exists", "not_exists"})
"""These ask whether the request has a value, which is always known."""
EQUALITY = frozenset({"equals", "not_equals", "in", "not_in"})


def misfit(operator: Operator, kind: Kind, wanted: Any) -> str | None:
    """What is wrong with an operator on a field of this kind with this operand, or None."""
    if kind not in operator.kinds:
        return f"{operator.name} does not fit a field that holds {HOLDS[kind]}"
    wrong = operator.check(wanted)
    if wrong:
        return f"{operator.name}: {wrong}"
    sample = wanted[0] if isinstance(wanted, list) else wanted
    same = operator.name in EQUALITY or (operator.name == "contains" and kind is Kind.TEXT)
    if same and kind in _EXACT and kind_of(sample) is not _EXACT[kind]:
        return f"{operator.name}: the field holds {HOLDS[kind]}, got {operand.short(sample)}"
    return None


_EXACT = {
    Kind.TEXT: Kind.TEXT,
    Kind.NUMBER: Kind.NUMBER,
    Kind.MONEY: Kind.NUMBER,
    Kind.BOOL: Kind.BOOL,
    Kind.TIME: Kind.TEXT,
}
