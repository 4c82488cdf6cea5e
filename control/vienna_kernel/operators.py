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
from enum import StrEnum
from typing import Any

import re2

from vienna_kernel.clock_time import minute_of_day, minutes_of
from vienna_kernel.value import plain

type Test = Callable[[Any], bool | None]

_MOST_PATTERN = 1000
_MOST_VALUES = 1000


class Kind(StrEnum):
    """What a field holds, as far as it is known when the rule is read."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    BOOL = "bool"
    TIME = "time"
    LIST = "list"
    OBJECT = "object"
    ANY = "any"


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


def kind_of(value: Any) -> Kind | None:
    """The kind of a scalar operand; None when it is no scalar."""
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, Decimal):
        return Kind.NUMBER if value.is_finite() else None
    if isinstance(value, int):
        return Kind.NUMBER if abs(value) <= 2**53 else None
    return Kind.TEXT if isinstance(value, str) else None


def _is_number(value: Any) -> bool:
    return kind_of(value) is Kind.NUMBER


def _same_type(operand: Any) -> Callable[[Any], bool]:
    """Whether a value can be compared with the operand; a ``bool`` is no number."""
    kind = kind_of(operand)
    if kind is Kind.TEXT:
        return lambda value: isinstance(value, str)
    if kind is Kind.BOOL:
        return lambda value: isinstance(value, bool)
    return lambda value: type(value) is int or type(value) is Decimal


# what an operand must be


def _scalar(operand: Any) -> str | None:
    return None if kind_of(operand) else f"expected one string, number or boolean, got {_short(operand)}"


def _number(operand: Any) -> str | None:
    return None if _is_number(operand) else f"expected a number, got {_short(operand)}"


def _set(operand: Any) -> str | None:
    if not isinstance(operand, list) or not operand:
        return f"expected a list of at least one value, got {_short(operand)}"
    if len(operand) > _MOST_VALUES:
        return f"expected at most {_MOST_VALUES} values, got {len(operand)}"
    kinds = {kind_of(item) for item in operand}
    return None if len(kinds) == 1 and None not in kinds else "expected values of one type"


def _range(operand: Any) -> str | None:
    if not isinstance(operand, list) or len(operand) != 2 or not all(_is_number(item) for item in operand):
        return f"expected two numbers [lowest, highest], got {_short(operand)}"
    return None if operand[0] <= operand[1] else "the lowest is above the highest"


def _pattern(operand: Any) -> str | None:
    if not isinstance(operand, str):
        return f"expected a regular expression, got {_short(operand)}"
    if len(operand) > _MOST_PATTERN:
        return f"longer than {_MOST_PATTERN} characters"
    try:
        _regex(operand)
    except re2.error as error:
        why = error.args[0] if error.args else "unreadable"
        why = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        return f"not a linear-time regular expression (RE2): {why}"
    return None


def _hours(operand: Any) -> str | None:
    if (
        not isinstance(operand, list)
        or len(operand) != 2
        or not all(isinstance(item, str) for item in operand)
    ):
        return f'expected two times of day ["HH:MM", "HH:MM"], got {_short(operand)}'
    try:
        for item in operand:
            minutes_of(item)
    except ValueError as error:
        return str(error)
    return None


def _presence(operand: Any) -> str | None:
    return None if operand is None or operand is True else "takes no value, or true"


def _short(value: Any) -> str:
    text = repr(plain(value)) if isinstance(value, (Decimal, list)) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _regex(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


# the tests


def _equals(operand: Any, _: tzinfo) -> Test:
    fits = _same_type(operand)
    return lambda value: value == operand if fits(value) else None


def _not_equals(operand: Any, _: tzinfo) -> Test:
    fits = _same_type(operand)
    return lambda value: value != operand if fits(value) else None


def _contains(operand: Any, _: tzinfo) -> Test:
    fits = _same_type(operand)

    def test(value: Any) -> bool | None:
        if isinstance(value, str):
            return operand in value if isinstance(operand, str) else None
        if isinstance(value, (list, tuple)):
            return any(fits(item) and item == operand for item in value)
        return None

    return test


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[[Any, tzinfo], Test]:
    def build(operand: Any, _: tzinfo) -> Test:
        return lambda value: holds(value, operand) if type(value) is int or type(value) is Decimal else None

    return build


def _in(operand: Any, _: tzinfo) -> Test:
    fits, values = _same_type(operand[0]), frozenset(operand)
    return lambda value: value in values if fits(value) else None


def _not_in(operand: Any, _: tzinfo) -> Test:
    fits, values = _same_type(operand[0]), frozenset(operand)
    return lambda value: value not in values if fits(value) else None


def _matches(operand: Any, _: tzinfo) -> Test:
    search = _regex(operand).search
    return lambda value: search(value) is not None if isinstance(value, str) else None


def _between(operand: Any, _: tzinfo) -> Test:
    low, high = operand
    return lambda value: low <= value <= high if type(value) is int or type(value) is Decimal else None


def _time_between(operand: Any, tz: tzinfo) -> Test:
    start, end = (minutes_of(item) for item in operand)

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


def _listed(operand: Any) -> str:
    return ", ".join(str(plain(item)) for item in operand)


def _sign(sign: str) -> Callable[[Any], str]:
    return lambda operand: f"{sign} {plain(operand)}"


_ROWS = (
    Operator("equals", _SCALARS, _scalar, _equals, lambda v: f"{plain(v)}", takes_currency=True),
    Operator("not_equals", _SCALARS, _scalar, _not_equals, lambda v: f"not {plain(v)}", takes_currency=True),
    Operator(
        "contains",
        frozenset({Kind.TEXT, Kind.LIST, Kind.ANY}),
        _scalar,
        _contains,
        lambda v: f"contains {plain(v)}",
    ),
    Operator("gt", _NUMBERS, _number, _compare(lambda a, b: a > b), _sign(">"), takes_currency=True),
    Operator("lt", _NUMBERS, _number, _compare(lambda a, b: a < b), _sign("<"), takes_currency=True),
    Operator("gte", _NUMBERS, _number, _compare(lambda a, b: a >= b), _sign(">="), takes_currency=True),
    Operator("lte", _NUMBERS, _number, _compare(lambda a, b: a <= b), _sign("<="), takes_currency=True),
    Operator("in", _SCALARS, _set, _in, lambda v: f"one of {_listed(v)}", takes_currency=True),
    Operator("not_in", _SCALARS, _set, _not_in, lambda v: f"none of {_listed(v)}", takes_currency=True),
    Operator("matches", frozenset({Kind.TEXT, Kind.ANY}), _pattern, _matches, lambda v: f"/{v}/"),
    Operator(
        "between",
        _NUMBERS,
        _range,
        _between,
        lambda v: f"{plain(v[0])} to {plain(v[1])}",
        takes_currency=True,
    ),
    Operator(
        "time_between",
        frozenset({Kind.TIME, Kind.TEXT, Kind.ANY}),
        _hours,
        _time_between,
        lambda v: f"{v[0]}-{v[1]}",
    ),
    Operator("exists", frozenset(Kind), _presence, _present, lambda _: "present"),
    Operator("not_exists", frozenset(Kind), _presence, _absent, lambda _: "absent"),
)

OPERATORS: Mapping[str, Operator] = {row.name: row for row in _ROWS}
PRESENCE = frozenset({"exists", "not_exists"})
"""These ask whether the request has a value, which is always known."""


def misfit(operator: Operator, kind: Kind, operand: Any) -> str | None:
    """What is wrong with an operator on a field of this kind with this operand, or None."""
    if kind not in operator.kinds:
        return f"{operator.name} does not fit a field that holds {_HOLDS[kind]}"
    wrong = operator.check(operand)
    if wrong:
        return f"{operator.name}: {wrong}"
    if operator.name in ("equals", "not_equals", "in", "not_in") and kind in _EXACT:
        sample = operand[0] if isinstance(operand, list) else operand
        if kind_of(sample) is not _EXACT[kind]:
            return f"{operator.name}: the field holds {_HOLDS[kind]}, got {_short(sample)}"
    return None


_EXACT = {
    Kind.TEXT: Kind.TEXT,
    Kind.NUMBER: Kind.NUMBER,
    Kind.MONEY: Kind.NUMBER,
    Kind.BOOL: Kind.BOOL,
    Kind.TIME: Kind.TEXT,
}
_HOLDS = {
    Kind.TEXT: "text",
    Kind.NUMBER: "a number",
    Kind.MONEY: "money",
    Kind.BOOL: "true or false",
    Kind.TIME: "a time",
    Kind.LIST: "a list",
    Kind.OBJECT: "an object",
    Kind.ANY: "anything",
}
