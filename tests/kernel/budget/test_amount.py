"""What a call counts for, on whose account; what cannot be told is None."""

from __future__ import annotations

from decimal import Decimal, Inexact
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.budget.amount import amount_of, key_of, less, number, total
from vienna_kernel.budget.definition import HIGHEST, Budget
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier


def budget(**keys: Any) -> Budget:
    return Budget.model_validate(
        {"name": "b", "window": "1d", "max": 100, "over": "parameters.amount", **keys}
    )


def intent(parameters: dict[str, Any] | None = None, **keys: Any) -> Intent:
    return Intent(
        action="pay",
        target="bank:account/7",
        parameters=parameters or {},
        effect=Effect.SPEND,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T0,
        **keys,
    )


EUR = {"currency": "EUR"}
MONEY = {"amount": "currency"}


@pytest.mark.parametrize(
    ("keys", "parameters", "facts", "amount"),
    [
        ({}, {"amount": 5}, {}, 5),
        ({}, {"amount": Decimal("0.5")}, {}, Decimal("0.5")),
        ({}, {"amount": 0}, {}, 0),
        ({}, {}, {}, None),
        ({}, {"amount": None}, {"undetermined": frozenset({"amount"})}, None),
        ({}, {"amount": -1}, {}, None),
        ({}, {"amount": "5"}, {}, None),
        ({}, {"amount": True}, {}, None),
        ({}, {"amount": [5]}, {}, None),
        ({}, {"amount": Decimal("Infinity")}, {}, None),
        ({}, {"amount": Decimal("1E-31")}, {}, None),
        ({}, {"amount": int(HIGHEST) + 1}, {}, None),
        ({}, {"amount": 5}, {"redacted": frozenset({"amount"})}, None),
        ({}, {"amount": 5, "currency": "EUR"}, {"money": MONEY}, None),  # money, and no currency is named
        ({"when_missing": 7}, {}, {}, 7),
        ({"when_missing": 7}, {"amount": 5}, {}, 5),
        ({"when_missing": 7}, {"amount": -5}, {}, None),
        ({"when_missing": 7}, {"amount": "[redacted x]"}, {"redacted": frozenset({"amount"})}, None),
        (EUR, {"amount": 5, "currency": "EUR"}, {"money": MONEY}, 5),
        (EUR, {"amount": 5, "currency": "eur"}, {}, 5),
        (EUR, {"amount": 5, "currency": "USD"}, {"money": MONEY}, None),
        (EUR, {"amount": 5}, {"money": MONEY}, None),
        (EUR, {"amount": 5}, {"money": {"amount": "EUR"}}, 5),
        (EUR, {"amount": 5}, {"money": {"amount": "USD"}}, None),
        (EUR, {"amount": 5, "currency": 7}, {"money": MONEY}, None),
        ({**EUR, "over": "cost"}, {}, {"cost": Cost(Decimal(9), "EUR")}, 9),
        ({**EUR, "over": "cost"}, {}, {"cost": Cost(Decimal(9), "USD")}, None),
        ({**EUR, "over": "cost"}, {}, {"cost": Cost(Decimal(-9), "EUR")}, None),
        ({**EUR, "over": "cost"}, {"amount": 5, "currency": "EUR"}, {}, None),
        ({"over": "count"}, {}, {}, 1),
    ],
)
def test_how_much(
    keys: dict[str, Any], parameters: dict[str, Any], facts: dict[str, Any], amount: Any
) -> None:
    assert amount_of(budget(**keys), intent(parameters, **facts)) == amount


PARTY = {"per": "counterparty", "counterparty": "parameters.to"}


@pytest.mark.parametrize(
    ("keys", "parameters", "facts", "key"),
    [
        ({}, {}, {}, "agt-1"),
        ({"per": "tenant"}, {}, {}, ""),
        ({"per": "counterparty"}, {}, {}, "bank:account/7"),
        (PARTY, {"to": "AT61"}, {}, "AT61"),
        (PARTY, {"to": 7}, {}, "7"),
        (PARTY, {"to": Decimal("7.0")}, {}, "7"),
        (PARTY, {}, {}, None),
        (PARTY, {"to": ""}, {}, None),
        (PARTY, {"to": "x" * 501}, {}, None),
        (PARTY, {"to": True}, {}, None),
        (PARTY, {"to": -7}, {}, None),
        (PARTY, {"to": ["AT61"]}, {}, None),
        (PARTY, {"to": "AT61"}, {"redacted": frozenset({"to"})}, None),
    ],
)
def test_whose(keys: dict[str, Any], parameters: dict[str, Any], facts: dict[str, Any], key: Any) -> None:
    assert key_of(budget(**keys), intent(parameters, **facts), "agt-1") == key


@given(st.lists(st.decimals(0, HIGHEST, places=30), max_size=20))
def test_sums_are_exact(amounts: list[Decimal]) -> None:
    assert Fraction(total(*amounts)) == sum(Fraction(amount) for amount in amounts)
    assert less(total(*amounts), total(*amounts)) == 0


def test_a_sum_that_would_be_rounded_is_a_fault() -> None:
    with pytest.raises(Inexact):
        total(Decimal("1E+60"), Decimal("1E-30"))


@given(st.one_of(st.decimals(), st.integers(), st.booleans(), st.text(), st.none(), st.lists(st.integers())))
def test_every_value_has_an_answer(value: Any) -> None:
    found = number(value)
    assert found is None or 0 <= found <= HIGHEST
