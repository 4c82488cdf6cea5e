"""Laws of limits over a whole small space, so that none of them can hold by never being asked; and mutants."""

from __future__ import annotations

from decimal import Decimal
from itertools import combinations, product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value
from vienna_kernel.warrant import limit as limits_module
from vienna_kernel.warrant.limit import Limit, limits_from_json, limits_to_json, same

NAMED: tuple[Value, ...] = (1, Decimal("2.5"), "3", True)
BOUNDS = (None, Decimal(1), Decimal("2.5"))
ABSENT = object()
# What tells any two limits over these apart: each named value and bound, a number between, below and above them
# (two above, so that no list of the named holds them all), another text, and absence.
WITNESSES: tuple[Any, ...] = (*NAMED, 0, Decimal(1), Decimal("1.5"), 3, 4, "x", None, [1], ABSENT)


def every(m: ModuleType) -> list[Any]:
    """Each limit over the named values and bounds."""
    lists = [None, *(some for size in range(len(NAMED) + 1) for some in combinations(NAMED, size))]
    return [
        m.Limit(one_of=values, least=least, most=most, required=required)
        for values, least, most, required in product(lists, BOUNDS, BOUNDS, (True, False))
    ]


def met(limit: Any) -> int:
    """The witnesses that meet a limit, as bits."""
    held = (not limit.required if value is ABSENT else limit.allows(value) for value in WITNESSES)
    return sum(bit << at for at, bit in enumerate(held))


def law_allows(m: ModuleType) -> int:
    """``allows`` is what its words say, by a reading of its own."""
    numbers = {id(value): value for value in WITNESSES if type(value) in (int, Decimal)}
    asked = 0
    for limit, value in product(every(m), WITNESSES):
        if value is ABSENT:
            continue
        number = numbers.get(id(value))
        named = limit.one_of is None or any(type(v) is not bool and v == number for v in limit.one_of)
        if number is None:
            named = limit.one_of is None or any(type(v) is type(value) and v == value for v in limit.one_of)
        low = limit.least is None or (number is not None and number >= limit.least)
        high = limit.most is None or (number is not None and number <= limit.most)
        assert limit.allows(value) == (named and low and high), (limit, value)
        asked += 1
    return asked


def law_within(m: ModuleType) -> int:
    """``within`` says yes exactly where every witness that meets the inner meets the outer."""
    rows = [(limit, met(limit)) for limit in every(m)]
    yes = 0
    for (inner, mine), (outer, theirs) in product(rows, rows):
        assert inner.within(outer) == (mine & ~theirs == 0), (inner, outer)
        yes += mine & ~theirs == 0
    return yes


def law_order(m: ModuleType) -> int:
    """Reflexive; transitive over every triple; what lies within each other is met by the same."""
    rows = every(m)[::3]
    above = [sum(one.within(two) << at for at, two in enumerate(rows)) for one in rows]
    triples = 0
    for one, up in enumerate(above):
        assert up >> one & 1
        for two in range(len(rows)):
            if up >> two & 1:
                assert above[two] & ~up == 0, (rows[one], rows[two])
                assert not above[two] >> one & 1 or met(rows[one]) == met(rows[two])
                triples += above[two].bit_count()
    return triples


def law_meet(m: ModuleType) -> int:
    """``meet`` is met by exactly what meets both; it lies within both, and whatever lies within both lies in it."""
    rows, some = [(limit, met(limit)) for limit in every(m)], every(m)[::9]
    known: dict[str, int] = {}  # by what a limit shows: 1 and true are one key to a dictionary
    asked = 0
    for (one, mine), (two, theirs) in product(rows, rows):
        both = one.meet(two)
        if (shown := repr(both)) not in known:
            known[shown] = met(both)
        assert known[shown] == mine & theirs, (one, two)
        asked += 1
    for one, two in product(some, some):
        both = one.meet(two)
        assert both.within(one)
        assert both.within(two)
        for three in some:
            assert three.within(both) == (three.within(one) and three.within(two)), (one, two, three)
            asked += 1
    return asked


def law_impossible(m: ModuleType) -> int:
    """``impossible`` is said exactly where no witness meets it."""
    found = [limit.impossible for limit in every(m)]
    assert found == [met(limit) == 0 for limit in every(m)]
    return sum(found)


@pytest.mark.parametrize(
    ("law", "least"),
    [
        (law_allows, 3000),
        (law_within, 20_000),
        (law_order, 100_000),
        (law_meet, 120_000),
        (law_impossible, 20),
    ],
    ids=lambda law: getattr(law, "__name__", None),
)
def test_law(law: Any, least: int) -> None:
    assert law(limits_module) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_allows, "all(not same(value, other)", "all(same(value, other)"),
        (law_allows, "number >= self.least)", "number > self.least)"),
        (law_allows, "number <= self.most)", "number < self.most)"),
        (law_allows, "if number is None:\n            return False", "if number is None:\n            return True"),
        (law_within, "if outer.required and not self.required:\n            return False", "pass"),
        (law_within, "if outer.required and not self.required", "if outer.required and self.required"),
        (law_within, "for value in self.one_of if self.allows(value))", "for value in self.one_of)"),
        (law_within, "return all(outer.allows(value)", "return any(outer.allows(value)"),
        (law_within, "return outer.one_of is None and not outer._bounded", "return outer.one_of is None"),
        (law_within, "return outer.one_of is None and not outer._bounded", "return not outer._bounded"),
        (law_within, "self.least >= self.most:", "self.least > self.most:"),
        (law_within, "return self.least > self.most or outer", "return outer"),
        (law_within, "return self.least > self.most or outer.allows(self.least)", "return True"),
        (law_within, "if outer.one_of is not None:\n            return False", "pass"),
        (law_within, "self.least >= outer.least)", "self.least > outer.least)"),
        (law_within, "self.least >= outer.least)", "self.least <= outer.least)"),
        (law_within, "self.most <= outer.most)", "self.most < outer.most)"),
        (law_within, "outer.least is None or (self", "(self"),
        (law_within, "return low and high", "return low or high"),
        (law_within, "return low and high", "return low"),
        (law_within, "return low and high", "return high"),
        (law_order, "if outer.required and not self.required", "if outer.required and self.required"),
        (law_order, "return low and high", "return low or high"),
        (law_meet, "if other.allows(value)) if lists", "if self.allows(value)) if lists"),
        (law_meet, "least=max(lows", "least=min(lows"),
        (law_meet, "most=min(highs", "most=max(highs"),
        (law_meet, "self.required or other.required,", "self.required and other.required,"),
        (law_meet, "tuple(both) if lists else None", "None"),
        (law_impossible, "return self.required and self._within", "return self._within"),
        (law_impossible, "self._within(Limit(one_of=()))", "(self.one_of == ())"),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, limits_module, old, new)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (5, Decimal("5.00"), True),
        ("5", 5, False),
        (True, 1, False),
        (None, False, False),
        ([1, 2], [1, 2], True),
        ([1, 2], [Decimal("1.0"), 2], True),
        ([Decimal(5)], ["5"], False),
        ([True], [1], False),
        ({"a": 1}, {"a": 2}, False),
        ({"a": [Decimal(1)]}, {"a": [1]}, True),
        ({"a": {"b": Decimal("1.0")}}, {"a": {"b": 1}}, True),
        ({"$decimal": "5"}, 5, False),  # what looks as a number does when it travels is an object
        ([{"$decimal": "5"}], [5], False),
        ({"a": {"$decimal": "5"}}, {"a": Decimal(5)}, False),
        ({"a": {"$decimal": "5"}}, {"a": {"$decimal": "5"}}, True),
        ({"a": {"object": {}}}, {"a": {}}, False),
        ([], {}, False),
        ([None], [False], False),
        ([""], [None], False),
        (Decimal("NaN"), Decimal("NaN"), True),
        (Decimal("NaN"), 1, False),
    ],
)
def test_same(one: Value, other: Value, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


def test_a_bound_is_met_by_numbers_only() -> None:
    bounded = Limit(most=Decimal(10))
    assert not any(
        bounded.allows(value)
        for value in ("5", True, None, [1], {"a": 1}, Decimal("NaN"), Decimal("-Infinity"))
    )


def test_limits_round_trip_as_json() -> None:
    limits = {str(at): limit for at, limit in enumerate(every(limits_module))}
    assert limits_from_json(limits_to_json(limits)) == limits


@pytest.mark.parametrize(
    "data",
    [
        7,
        {"max": "10"},
        {"max": True},
        {"min": None},
        {"one_of": 7},
        {"one_of": "ab"},
        {"one_of": {"a": 1}},
        {"one_of": [{"$decimal": "x"}]},
        {"min": {"$decimal": "NaN"}},
        {"min": [1]},
        {"optional": 1},
        {"most": 10},
        {"max": {"$decimal": "1e9"}},
        {"one_of": [{"$decimal": 7}]},
    ],
)
def test_a_constraint_that_is_none_is_malformed(data: Any) -> None:
    with pytest.raises(MalformedError, match=r"^constraint: "):
        Limit.from_json(data)
