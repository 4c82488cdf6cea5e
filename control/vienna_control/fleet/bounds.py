"""Bounds of what was seen again and again: what each parameter may be, and which targets.

1. A number may be from the least to a quarter more than the most that was seen, an amount of money whatever is less;
   what is more than four times what three of four stay under is a stranger, and counts for nothing.
2. A value that takes few forms may take those that came back, a counterparty only such; what varies freely may.
3. A step of a target that takes few values, each of them often, stays as it is; any other may be anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from vienna_control.fleet.profile import PARTIES
from vienna_kernel.intent import Intent
from vienna_kernel.value import Value, canonical
from vienna_kernel.warrant.limit import FREE, Limit

LEAST = 5
"""Calls that make something repetitive."""

_FEW = 10
_STRANGER = Decimal(4)  # times what three of four stay under
_HEADROOM = Decimal("1.25")  # a day has not seen the largest yet


def limits_of(parts: Sequence[Intent], currency: str | None) -> dict[str, Limit] | None:
    """Of each parameter; None: one of them cannot be bounded, and has to be.

    What these calls leave open may turn out to be anything, and so it may be: but not an amount, nor a counterparty.
    """
    left = frozenset(name for part in parts for name in part.undetermined)
    if any(name in PARTIES or name in part.money for part in parts for name in left):
        return None
    names = list(dict.fromkeys(name for part in parts for name in part.parameters))
    limits: dict[str, Limit] = dict.fromkeys(left, FREE)
    for name in names:
        values = [part.parameters[name] for part in parts if name in part.parameters]
        required = len(values) == len(parts)
        limit = _limit(name, values, required=required, money=any(name in part.money for part in parts))
        if limit is None:
            return None
        limits[name] = FREE if name in left else limit
    money = {name for part in parts for name in part.money if name in part.parameters}
    return None if money and currency is None else limits


def _limit(name: str, values: Sequence[Value], *, required: bool, money: bool) -> Limit | None:
    numbers = [value for value in values if isinstance(value, int | Decimal) and not isinstance(value, bool)]
    if len(numbers) == len(values):
        least, most = _bounds([Decimal(number) for number in numbers])
        if all(isinstance(number, int) for number in numbers):
            most = most.to_integral_value(ROUND_FLOOR)
        return Limit(least=Decimal(0) if money else least, most=most, required=required)
    usual = _usual(values)
    covered = sum(value in usual for value in values)
    if name in PARTIES:
        return Limit(one_of=tuple(usual), required=required) if usual and len(usual) <= 5 * _FEW else None
    few = len(usual) <= _FEW and 10 * covered >= 9 * len(values)
    return Limit(one_of=tuple(usual) if few else None, required=required)


def _usual(values: Sequence[Value]) -> list[Value]:
    """Values that came back, the most frequent first."""
    counts = Counter(canonical(value) for value in values)
    known = {canonical(value): value for value in values}
    least = max(2, len(values) // 20)
    return [known[key] for key, count in counts.most_common() if count >= least]


def _bounds(values: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """From the least to a quarter more than the most, strangers apart; the upper one in two digits."""
    ranked = sorted(values)
    last = len(ranked) - 1
    low, high = ranked[last // 4], ranked[last * 3 // 4]
    most = max(value for value in ranked if value <= max(high * _STRANGER, high))
    least = min(value for value in ranked if value * _STRANGER >= low or low <= 0)
    return least, max(most, _rounded(most * _HEADROOM))


def _rounded(value: Decimal) -> Decimal:
    """Up, to two digits."""
    if not value:
        return value
    unit = Decimal(1).scaleb(value.adjusted() - 1)
    return Decimal(format((value / unit).to_integral_value(ROUND_CEILING) * unit, "f"))


def patterns(targets: Sequence[str]) -> list[str]:
    """Patterns of the targets: a step that takes few values, each of them often, stays; any other is ``*``."""
    found: list[str] = []
    by_length: dict[int, list[list[str]]] = {}
    for target in targets:
        steps = target.split("/")
        if "*" in target:  # in a pattern it would stand for any
            continue
        by_length.setdefault(len(steps), []).append(steps)
    for rows in by_length.values():
        columns = list(zip(*rows, strict=True))
        kept = [_literals(column) for column in columns]
        made = Counter(tuple(map(_pattern_step, row, kept)) for row in rows)
        found += [
            "/".join(steps) for steps, count in made.most_common() if count >= LEAST and steps[0] != "*"
        ]
    return found


def _pattern_step(step: str, names: frozenset[str]) -> str:
    return "*" if names is _ANY else step


_ANY: frozenset[str] = frozenset({""})


def _literals(column: Sequence[str]) -> frozenset[str]:
    """The values that a step may be named by; ``_ANY``: it varies."""
    counts = Counter(column)
    often = frozenset(step for step, count in counts.items() if count >= LEAST)
    covered = sum(counts[step] for step in often)
    return often if len(often) <= _FEW and 10 * covered >= 9 * len(column) else _ANY
