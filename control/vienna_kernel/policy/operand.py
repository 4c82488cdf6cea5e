"""What may stand on the right of an operator; what is wrong with it is said in words."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

import re2

from vienna_kernel.policy.clock_time import minutes_of
from vienna_kernel.value import plain

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


HOLDS = {
    Kind.TEXT: "text",
    Kind.NUMBER: "a number",
    Kind.MONEY: "money",
    Kind.BOOL: "true or false",
    Kind.TIME: "a time",
    Kind.LIST: "a list",
    Kind.OBJECT: "an object",
    Kind.ANY: "anything",
}
"""Each kind in words, for complaints."""


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


def is_number(value: Any) -> bool:
    """Whether a value can be compared with a number; a ``bool`` and a NaN are none."""
    return type(value) is int or (type(value) is Decimal and value.is_finite())


def same_type(operand: Any) -> Callable[[Any], bool]:
    """Whether a value can be compared with the operand."""
    kind = kind_of(operand)
    if kind is Kind.TEXT:
        return lambda value: isinstance(value, str)
    if kind is Kind.BOOL:
        return lambda value: isinstance(value, bool)
    return is_number


def scalar(operand: Any) -> str | None:
    """One string, number or boolean."""
    return None if kind_of(operand) else f"expected one string, number or boolean, got {short(operand)}"


def number(operand: Any) -> str | None:
    """One number."""
    return None if _is_number(operand) else f"expected a number, got {short(operand)}"


def some(operand: Any) -> str | None:
    """A list of values of one type."""
    if not isinstance(operand, list) or not operand:
        return f"expected a list of at least one value, got {short(operand)}"
    if len(operand) > _MOST_VALUES:
        return f"expected at most {_MOST_VALUES} values, got {len(operand)}"
    kinds = {kind_of(item) for item in operand}
    return None if len(kinds) == 1 and None not in kinds else "expected values of one type"


def span(operand: Any) -> str | None:
    """``[lowest, highest]``."""
    if not isinstance(operand, list) or len(operand) != 2 or not all(_is_number(item) for item in operand):
        return f"expected two numbers [lowest, highest], got {short(operand)}"
    return None if operand[0] <= operand[1] else "the lowest is above the highest"


def pattern(operand: Any) -> str | None:
    """A regular expression in linear time (RE2)."""
    if not isinstance(operand, str):
        return f"expected a regular expression, got {short(operand)}"
    if len(operand) > _MOST_PATTERN:
        return f"longer than {_MOST_PATTERN} characters"
    try:
        regex(operand)
    except UnicodeEncodeError:
        return "a lone surrogate is no character"
    except re2.error as error:
        why = error.args[0] if error.args else "unreadable"
        why = why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)
        return f"not a linear-time regular expression (RE2): {why}"
    return None


def hours(operand: Any) -> str | None:
    """``["HH:MM", "HH:MM"]``."""
    if (
        not isinstance(operand, list)
        or len(operand) != 2
        or not all(isinstance(item, str) for item in operand)
    ):
        return f'expected two times of day ["HH:MM", "HH:MM"], got {short(operand)}'
    try:
        for item in operand:
            minutes_of(item)
    except ValueError as error:
        return str(error)
    return None


def presence(operand: Any) -> str | None:
    """Nothing, or true."""
    return None if operand is None or operand is True else "takes no value, or true"


def short(value: Any) -> str:
    """A value as a complaint shows it."""
    text = repr(plain(value)) if isinstance(value, (Decimal, list)) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def regex(pattern: str) -> Any:
    """A compiled pattern. Raises ``re2.error``, and ``UnicodeEncodeError`` on a lone surrogate."""
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)
