"""Laws of scope over a whole small space, so that none of them can hold by never being asked."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value
from vienna_kernel.warrant.scope import Limit, Permit, Scope, exactly, limits_from_json, limits_to_json, same

VALUES: tuple[Value, ...] = (1, Decimal("2.5"), 3, "3", True, None)
BOUNDS = (None, Decimal(1), Decimal(3))
SETS: tuple[tuple[Value, ...] | None, ...] = (None, (), (1,), (1, Decimal("2.5")), ("3", True))
LIMITS = [
    Limit(one_of=values, least=least, most=most, required=required)
    for values, least, most, required in product(SETS, BOUNDS, BOUNDS, (True, False))
]
LITTLE = [Limit(one_of=(1,)), Limit(most=Decimal(3)), Limit(required=False), Limit()]
SOME_LIMITS = [{}, *({"n": limit} for limit in LITTLE), {"n": LITTLE[0], "m": LITTLE[2]}]
PERMITS = [
    Permit(action=action, target=target, limits=limits, open=open_)
    for action, target, limits, open_ in product(
        ("pay", "read"),
        (None, "a"),
        ({}, *({"n": limit} for limit in LITTLE), {"n": LITTLE[0], "m": LITTLE[2]}),
        (True, False),
    )
]
MEANINGS: list[tuple[str, str, dict[str, Value]]] = [
    (action, target, {name: value for name, value in (("n", n), ("m", m)) if value is not None})
    for action, target, n, m in product(("pay", "read"), ("a", "b"), (None, 1, 3, 4, "3"), (None, 1, "x"))
]


def _meets(limit: Limit, value: Value | object) -> bool:
    return not limit.required if value is ABSENT else limit.allows(value)  # type: ignore[arg-type]


ABSENT = object()
INPUTS = (*VALUES, 0, Decimal(2), 4, ABSENT)


def test_limit_within_never_widens() -> None:
    claimed = 0
    for inner, outer in product(LIMITS, LIMITS):
        if inner.within(outer):
            claimed += 1
            assert all(_meets(outer, value) for value in INPUTS if _meets(inner, value)), (inner, outer)
    assert claimed > len(LIMITS)


def test_limit_is_within_itself() -> None:
    assert all(limit.within(limit) for limit in LIMITS)


def test_limit_meet_allows_exactly_what_both_allow() -> None:
    for one, two in product(LIMITS, LIMITS):
        met = one.meet(two)
        for value in INPUTS:
            assert _meets(met, value) == (_meets(one, value) and _meets(two, value)), (one, two, value)


def test_permit_within_never_widens() -> None:
    claimed = 0
    for inner, outer in product(PERMITS, PERMITS):
        if inner.within(outer):
            claimed += 1
            assert all(outer.covers(*m) for m in MEANINGS if inner.covers(*m)), (inner, outer)
    assert claimed > len(PERMITS)


def test_permit_is_within_itself() -> None:
    assert all(permit.within(permit) for permit in PERMITS)


def test_permit_meet_covers_exactly_what_both_cover() -> None:
    for one, two in product(PERMITS, PERMITS):
        met = one.meet(two)
        for meaning in MEANINGS:
            both = one.covers(*meaning) and two.covers(*meaning)
            assert (met is not None and met.covers(*meaning)) == both, (one, two, meaning)


def test_scope_laws() -> None:
    scopes = [Scope(tuple(PERMITS[i::7])) for i in range(7)]
    for one, two in product(scopes, scopes):
        met = one.meet(two)
        for meaning in MEANINGS:
            assert met.covers(*meaning) == (one.covers(*meaning) and two.covers(*meaning))
        assert one.within(Scope((*two.permits, *one.permits)))


def test_an_empty_scope_covers_nothing() -> None:
    assert not any(Scope().covers(*meaning) for meaning in MEANINGS)
    assert Scope().within(Scope())


def test_exactly_covers_one_meaning_but_for_what_is_constrained() -> None:
    permit = exactly("pay", "a", {"n": 3, "m": "x"}, {"n": Limit(most=Decimal(3))})
    covered = [meaning for meaning in MEANINGS if permit.covers(*meaning)]
    assert covered == [("pay", "a", {"n": 1, "m": "x"}), ("pay", "a", {"n": 3, "m": "x"})]


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (5, Decimal("5.00"), True),
        ("5", 5, False),
        (True, 1, False),
        (None, False, False),
        ([1, 2], [1, 2], True),
        ({"a": 1}, {"a": 2}, False),
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


@given(st.sampled_from(LIMITS), st.sampled_from(LIMITS))
def test_limits_round_trip_as_json(one: Limit, other: Limit) -> None:
    limits = {"a": one, "b": other}
    assert limits_from_json(limits_to_json(limits)) == limits


@pytest.mark.parametrize(
    "data",
    [
        7,
        {"max": "10"},
        {"max": True},
        {"min": None},
        {"one_of": 7},
        {"optional": 1},
        {"most": 10},
        {"max": {"$decimal": "1e9"}},
        {"one_of": [{"$decimal": 7}]},
    ],
)
def test_a_constraint_that_is_none_is_malformed(data: Any) -> None:
    with pytest.raises(MalformedError):
        Limit.from_json(data)
