"""Bounds of what was seen again and again: a stranger among it widens nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from vienna_control.fleet.bounds import limits_of, patterns
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.warrant.limit import Limit


def intents(name: str, values: Sequence[Any], *, money: bool = False) -> list[Intent]:
    """An intent for each value; None: it is left out."""
    return [
        Intent(
            action="a",
            target="t",
            parameters={} if value is None else {name: value},
            money={name: "EUR"} if money else {},
            effect=Effect.WRITE,
            reversibility=Reversibility.REVERSIBLE,
            default_tier=Tier.T1,
            mapping="m@1",
        )
        for value in values
    ]


def limit(name: str, values: Sequence[Any], *, money: bool = False) -> Limit | None:
    found = limits_of(intents(name, values, money=money), "EUR")
    return None if found is None else found[name]


def test_an_amount_is_what_was_seen_and_a_quarter_more() -> None:
    amounts = [Decimal(amount) for amount in ("5.10", "20", "99.99", "119.30", "80")]
    assert limit("amount", amounts, money=True) == Limit(least=Decimal(0), most=Decimal(150))


def test_a_stranger_among_amounts_widens_nothing() -> None:
    amounts = [Decimal(100)] * 10 + [Decimal(4800)]
    assert limit("amount", amounts, money=True) == Limit(least=Decimal(0), most=Decimal(130))


def test_a_number_is_not_below_what_was_seen_either() -> None:
    assert limit("replicas", [2, 8, 4, 6, 3, 400, 5, 2, 7, 3, 4]) == Limit(least=Decimal(2), most=Decimal(10))
    assert limit("replicas", [6, 8, 9, 6, 7, 0, 8, 9, 7, 6, 8]) == Limit(least=Decimal(6), most=Decimal(12))


def test_a_value_of_few_forms_may_take_those_that_came_back() -> None:
    assert limit("kind", ["a"] * 9 + ["b"] * 9 + ["z"]) == Limit(one_of=("a", "b"))
    assert limit("public", [True] * 19 + [False]) == Limit(one_of=(True,))


def test_a_value_that_varies_is_free_and_one_that_is_missing_may_be() -> None:
    assert limit("text", [f"text {number}" for number in range(9)] + [None]) == Limit(required=False)


def test_a_counterparty_has_to_be_one_that_came_back() -> None:
    assert limit("to", ["shop@example.com"] * 5 + ["eve@evil.example"]) == Limit(one_of=("shop@example.com",))
    assert limit("to", [f"{number}@example.com" for number in range(9)]) is None


def test_what_is_left_open_may_be_anything_but_an_amount_or_a_counterparty() -> None:
    parts = intents("text", [f"text {number}" for number in range(5)])
    open_ = [replace(part, undetermined=frozenset({"note"})) for part in parts]
    assert limits_of(open_, None) == {"note": Limit(required=False), "text": Limit()}
    for name in ("to", "amount"):
        unsaid = [replace(part, undetermined=frozenset({name}), money={"amount": "EUR"}) for part in parts]
        assert limits_of(unsaid, "EUR") is None


def test_money_of_no_one_currency_is_not_bounded() -> None:
    assert limits_of(intents("amount", [Decimal(1)] * 5, money=True), None) is None


@pytest.mark.parametrize(
    ("targets", "found"),
    [
        ([f"pay:order/{number}" for number in range(9)], ["pay:order/*"]),
        (["k8s:p/shop/web"] * 6 + ["k8s:p/shop/api"] * 5, ["k8s:p/shop/web", "k8s:p/shop/api"]),
        (["k8s:p/shop/web"] * 9 + ["k8s:p/kube-system/dns"], ["k8s:p/shop/web"]),
        (["one"] * 5, ["one"]),
        ([f"{number}/a" for number in range(9)], []),  # whatever it is of
        (["pay:order/*"] * 9, []),  # a target that is spelled like a pattern
    ],
    ids=["varies", "few", "rare", "alone", "anything", "spelled"],
)
def test_a_step_of_few_values_stays(targets: list[str], found: list[str]) -> None:
    assert patterns(targets) == found
