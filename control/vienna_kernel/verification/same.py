"""When two typed values are one: 5 equals 5.00; the text "5", true and 1 do not equal one another."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeGuard

from vienna_kernel.value import Value


def same(one: Value, other: Value) -> bool:
    """Whether two values are the same, all the way down."""
    if isinstance(one, str):
        return isinstance(other, str) and one == other
    if isinstance(one, Mapping):
        return (
            isinstance(other, Mapping)
            and one.keys() == other.keys()
            and all(same(item, other[key]) for key, item in one.items())
        )
    if _is_list(one):
        return _is_list(other) and len(one) == len(other) and all(map(same, one, other))
    return not isinstance(other, Mapping) and not _is_list(other) and _key(one) == _key(other)


def _is_list(value: Value) -> TypeGuard[Sequence[Value]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _key(leaf: Value) -> Hashable:
    kind = "number" if isinstance(leaf, (int, Decimal)) and not isinstance(leaf, bool) else type(leaf)
    return kind, leaf


class Approved:
    """A set of values, asked many times: as fast for a leaf as a set is."""

    def __init__(self, values: Iterable[Value]) -> None:
        rows = list(values)
        self._leaves = {
            _key(value) for value in rows if not isinstance(value, Mapping) and not _is_list(value)
        }
        self._others = [value for value in rows if isinstance(value, Mapping) or _is_list(value)]

    def __contains__(self, value: Value) -> bool:
        if isinstance(value, Mapping) or _is_list(value):
            return any(same(value, other) for other in self._others)
        return _key(value) in self._leaves
