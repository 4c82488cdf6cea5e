"""Which of many rules can hold at all, told from a few fields before any rule is asked.

1. Tests that must all hold demand something of a field: text that it equals or is one of, bounds of a number. For a
   field on which many rules make such a demand, a table has for every value the rules it leaves, as bits of an integer.
2. A table rules out only rules whose own test would answer False. A value that cannot be told, of another type or in
   another currency rules out none.
3. What is left is asked in full, so the answer is the same with a sieve and without.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from vienna_kernel.policy.condition import Leaf, Node, conjuncts
from vienna_kernel.policy.field import ABSENT, UNDETERMINED, Field, Read
from vienna_kernel.policy.operand import is_number
from vienna_kernel.policy.subject import Subject
from vienna_kernel.policy.vocabulary import ACTION_NAMES

type Number = int | Decimal
type Mask = Callable[[Subject], int]

_EVERY = -1  # all bits
_MOST_TABLES = 3
_LEAST_SHARE = 8  # a table pays when one rule of eight makes a demand on its field
_MOST_CUTS = 512
_MOST_BITS = 1 << 27  # of one table: 16 MiB
_NEVER = ACTION_NAMES | {"rate", "time_of_day", "day_of_week"}
"""The index knows the action; reading a rate counts the call; the others are read in each rule's own time zone."""


class Key(NamedTuple):
    """What a table is for: a field, compared with text or with numbers, in a currency or in none."""

    field: str
    text: bool
    currency: str | None


class Demand(NamedTuple):
    """What one rule asks of one field: one of ``values``, or a number from ``low`` to ``high`` (None: unbounded)."""

    field: Field
    values: frozenset[str]
    low: Number | None = None
    high: Number | None = None

    def apart(self, other: Demand) -> bool:
        """Whether no value is as both ask; both are about the same key."""
        if self.values or other.values:
            return not self.values & other.values
        return _above(self.low, other.high) or _above(other.low, self.high)


def _above(low: Number | None, high: Number | None) -> bool:
    return low is not None and high is not None and low > high


class Sieve:
    """Built once for a list of rules, each as its tree; bit ``i`` stands for the rule at place ``i``."""

    __slots__ = ("_masks",)

    def __init__(self, trees: Sequence[Node]) -> None:
        asked: dict[Key, dict[int, Demand]] = {}
        for at, tree in enumerate(trees):
            for key, demand in demands(tree):
                asked.setdefault(key, {}).setdefault(at, demand)
        worth = [key for key, rows in asked.items() if len(rows) * _LEAST_SHARE >= len(trees)]
        worth.sort(key=lambda key: -len(asked[key]))
        tables = (_table(key, asked[key], len(trees)) for key in worth[:_MOST_TABLES])
        self._masks = tuple(table for table in tables if table is not None)

    def __bool__(self) -> bool:
        """Whether it rules anything out."""
        return bool(self._masks)

    def left(self, subject: Subject) -> int:
        """The rules that can hold, as bits; negative: all of them."""
        found = _EVERY
        for mask in self._masks:
            found &= mask(subject)
            if not found:
                break
        return found


def places(bits: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    if bits.bit_count() * 8 > bits.bit_length():
        yield from (at for at, bit in enumerate(reversed(f"{bits:b}")) if bit == "1")
        return
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def demands(tree: Node) -> Iterator[tuple[Key, Demand]]:
    """Each that a tree makes by a test that must hold."""
    for part in conjuncts(tree):
        if not isinstance(part, Leaf) or part.field.name in _NEVER or part.field.budget is not None:
            continue
        name, operand = part.field.name, part.operand
        listed = operand if isinstance(operand, list) else [operand]
        if part.operator.name in ("equals", "in") and all(isinstance(item, str) for item in listed):
            yield Key(name, True, None), Demand(part.field, frozenset(listed))
        elif (bounds := _bounds(part.operator.name, listed)) is not None:
            yield Key(name, False, part.currency), Demand(part.field, frozenset(), *bounds)


def _bounds(word: str, listed: Sequence[Any]) -> tuple[Number | None, Number | None] | None:
    if word in ("equals", "in", "between") and all(is_number(item) for item in listed):
        return min(listed), max(listed)
    if word in ("gt", "gte"):
        return listed[0], None
    return (None, listed[0]) if word in ("lt", "lte") else None


def _table(key: Key, rows: Mapping[int, Demand], count: int) -> Mask | None:
    """Reads the field and answers which rules it leaves; None when the table would be too large."""
    others = (1 << count) - 1
    for at in rows:
        others &= ~(1 << at)
    some = next(iter(rows.values())).field
    read = _comparable(some, key.currency)
    if not key.text:
        return _numbers(rows, others, read)
    table: dict[str, int] = {}
    for at, demand in rows.items():
        for value in demand.values:
            table[value] = table.get(value, others) | 1 << at
    return None if len(table) * count > _MOST_BITS else _texts(table, others, read)


def _comparable(field: Field, currency: str | None) -> Read:
    """The value as tests in this currency see it: money in another, or compared with a bare number, is open."""
    read, code_of, name = field.read, field.currency, field.parameter
    if code_of is None:
        return read
    if currency is None:

        def bare(subject: Subject) -> Any:
            money = subject.intent.money
            return UNDETERMINED if money and name in money and name in subject.parameters else read(subject)

        return bare

    def in_currency(subject: Subject) -> Any:
        value = read(subject)
        return value if value is ABSENT or code_of(subject) == currency else UNDETERMINED

    return in_currency


def _texts(table: Mapping[str, int], others: int, read: Read) -> Mask:
    def mask(subject: Subject) -> int:
        value = read(subject)
        if isinstance(value, str):
            return table.get(value, others)
        return others if value is ABSENT else _EVERY

    return mask


def _numbers(rows: Mapping[int, Demand], others: int, read: Read) -> Mask:
    """The number line in at most 513 stretches; a rule is left in every stretch that its bounds touch."""
    ends = sorted({end for row in rows.values() for end in (row.low, row.high) if end is not None})
    cuts = ends[:: len(ends) // _MOST_CUTS + 1]
    enter, leave = [0] * (len(cuts) + 1), [0] * (len(cuts) + 1)
    for at, row in rows.items():
        enter[0 if row.low is None else bisect_right(cuts, row.low)] |= 1 << at
        leave[len(cuts) if row.high is None else bisect_right(cuts, row.high)] |= 1 << at
    masks, here = [], others
    for entering, leaving in zip(enter, leave, strict=True):
        here |= entering
        masks.append(here)
        here &= ~leaving

    def mask(subject: Subject) -> int:
        value = read(subject)
        if is_number(value):
            return masks[bisect_right(cuts, value)]
        return others if value is ABSENT else _EVERY

    return mask
