"""The few values that stand for all values of one field, and what each answers to every test of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise, product
from typing import Any, NamedTuple

from vienna_kernel.policy.condition import Leaf
from vienna_kernel.policy.domain import Domain
from vienna_kernel.policy.operand import is_number
from vienna_kernel.policy.operators import EQUALITY, PRESENCE
from vienna_kernel.policy.spelling import short
from vienna_kernel.value import plain

type Answer = bool | None

_MOST_UNSETTLED = 5  # tests of one text that may come out either way: 2 or 3 ways each
_OTHER = "\x00any other text"


class TooManyError(Exception):
    """A question that has too many answers to look at."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One test of a field. Equal tests answer alike.

    Attributes:
        ask: Its answer to a value that is there.
    """

    operator: str
    operand: Any = field(compare=False)
    spelled: str
    currency: str | None
    takes_currency: bool
    say: str = field(compare=False)
    ask: Callable[[Any], Answer] = field(compare=False)

    @classmethod
    def of(cls, leaf: Leaf, tz: tzinfo) -> Probe:
        word, operand = leaf.operator.name, leaf.operand
        zone = str(tz) if word == "time_between" else ""
        ask = leaf.operator.build(operand, tz)
        spelled = f"{_alike(operand)!r} {zone}"
        return cls(word, operand, spelled, leaf.currency, leaf.operator.takes_currency, short(leaf), ask)

    @property
    def constants(self) -> Sequence[Any]:
        if self.operator in PRESENCE:
            return ()
        return self.operand if isinstance(self.operand, list) else (self.operand,)


class Row(NamedTuple):
    """What the tests of one field answer in one case; ``say`` is the case, in words."""

    answers: tuple[Answer, ...]
    say: str


class _Money(NamedTuple):
    """Which currency stands beside a value, if any of those that are asked for; whether it is an amount of it."""

    code: str | None = None
    is_amount: bool = False


def rows_of(name: str, tests: Sequence[Probe], domain: Domain) -> Sequence[Row]:
    """Every combination of answers that some case gives, each once. Raises ``TooManyError``."""
    seen: dict[tuple[Answer, ...], str] = {}
    for answers, say in _cases(name, tests, domain):
        seen.setdefault(answers, say)
    return [Row(answers, say) for answers, say in seen.items()]


def _cases(name: str, tests: Sequence[Probe], domain: Domain) -> Iterator[tuple[tuple[Answer, ...], str]]:
    moneys = list(_moneys(tests, domain))
    for value in _values(tests, domain):
        for money in moneys:
            code = f" {money.code}" if money.code else ""
            yield tuple(_answer(test, value, money) for test in tests), f"{name} {plain(value)}{code}"
    if domain.text and domain.closed is None:
        for money in moneys:
            for answers in _other_text(tests, money):
                yield answers, f"another {name}"
    if domain.shapes:
        unsettled = [(False, True, None) if test.operator == "contains" else (None,) for test in tests]
        for answers in product(*unsettled):
            yield _present(tests, answers, there=True), f"{name} a list"
    yield from _gaps(name, tests, domain)


def _gaps(name: str, tests: Sequence[Probe], domain: Domain) -> Iterator[tuple[tuple[Answer, ...], str]]:
    if domain.absent:
        yield _present(tests, [False] * len(tests), there=False), f"no {name}"
    if domain.absent and domain.parameter:  # declared as money, and null
        bare = [None if test.takes_currency and test.currency is None else False for test in tests]
        yield _present(tests, bare, there=False), f"no {name}"
    if domain.open:
        yield _present(tests, [None] * len(tests), there=False), f"{name} left open"
    if domain.hidden:
        yield _present(tests, [None] * len(tests), there=True), f"{name} hidden"
        if "." in name.removeprefix("parameters."):  # nor is it known whether a hidden object has that member
            yield (None,) * len(tests), f"{name} hidden"


def _present(tests: Sequence[Probe], answers: Sequence[Answer], *, there: bool) -> tuple[Answer, ...]:
    asked = {"exists": there, "not_exists": not there}
    return tuple(asked.get(test.operator, answer) for test, answer in zip(tests, answers, strict=True))


def _answer(test: Probe, value: Any, money: _Money) -> Answer:
    if test.operator in PRESENCE:
        return test.operator == "exists"
    if test.currency is not None:
        return test.ask(value) if test.currency == money.code else None
    return None if money.is_amount and test.takes_currency else test.ask(value)


def _moneys(tests: Sequence[Probe], domain: Domain) -> Iterator[_Money]:
    yield _Money()
    if not domain.priced:
        return
    codes: list[str | None] = [*sorted({test.currency for test in tests if test.currency}), None]
    for code in codes:
        yield _Money(code)
        if domain.parameter:
            yield _Money(code, True)


def _other_text(tests: Sequence[Probe], money: _Money) -> Iterator[tuple[Answer, ...]]:
    """A text that equals no constant: what patterns and times make of it may be anything, also that nobody can say."""
    ways: list[tuple[Answer, ...]] = []
    for test in tests:
        unsettled = test.operator in ("matches", "time_between") or (
            test.operator == "contains" and isinstance(test.operand, str)
        )
        free = (True, False) if test.operator == "contains" else (True, False, None)
        ways.append(free if unsettled else (_answer(test, _OTHER, money),))
    if sum(len(way) > 1 for way in ways) > _MOST_UNSETTLED:
        raise TooManyError
    yield from product(*ways)


def _values(tests: Sequence[Probe], domain: Domain) -> Iterator[Any]:
    if domain.closed is not None:
        yield from domain.closed
        return
    constants = [value for test in tests for value in test.constants]
    if domain.text:
        yield from {
            value
            for test in tests
            if test.operator in EQUALITY
            for value in test.constants
            if isinstance(value, str)
        }
    if domain.number:
        yield from _numbers({Decimal(value) for value in constants if is_number(value)}, domain)
    if domain.truth:
        yield from (True, False)


def _numbers(constants: set[Decimal], domain: Domain) -> Iterator[Decimal]:
    """Each constant, one number between each two, one beyond on either side; as far as the domain goes."""
    ends = {bound for bound in (domain.least, domain.most) if bound is not None}
    fixed = sorted(constants | ends) or [Decimal(0)]
    found = {*fixed, fixed[0] - 1, fixed[-1] + 1, *((low + high) / 2 for low, high in pairwise(fixed))}
    if domain.whole:  # where a whole number lies between two, the one next to their middle does
        found = {number.to_integral_value(way) for number in found for way in (ROUND_FLOOR, ROUND_CEILING)}
    for number in sorted(found):
        if (domain.least is None or number >= domain.least) and (
            domain.most is None or number <= domain.most
        ):
            yield number


def _alike(operand: Any) -> Any:
    """Equal operands spelled alike: 5 and 5.0, but not true."""
    if isinstance(operand, list):
        return [_alike(item) for item in operand]
    return Decimal(operand).normalize() if is_number(operand) else operand
