"""The definition of a budget: what has a reading, and what makes two accounts different ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.budget.definition import HIGHEST, Budget, added
from vienna_kernel.document import DocumentError, parse, read

TOKENS = {"name": "tokens", "window": "1d", "max": 2_000_000, "over": "parameters.tokens"}
MONEY = {"name": "refunds", "window": "1d", "max": 10_000, "currency": "EUR", "over": "parameters.amount"}


def test_the_example_of_the_documentation() -> None:
    text = "{name: tokens, per: agent, window: 1d, max: 2000000, over: parameters.tokens}"
    budget = read(Budget, parse(text, name="b.yaml"))
    assert budget == Budget.model_validate(TOKENS)
    assert (budget.window, budget.limit, budget.parameter) == (86400, Decimal(2_000_000), "tokens")


def test_what_is_left_out() -> None:
    budget = Budget.model_validate({"name": "calls", "window": 60, "max": 5, "over": "count"})
    assert (budget.per, budget.currency, budget.parameter, budget.parameters) == ("agent", None, None, ())


@pytest.mark.parametrize(
    ("keys", "parameters", "other_side"),
    [
        ({}, ("amount",), "target"),
        ({"per": "counterparty"}, ("amount",), "target"),
        ({"per": "counterparty", "counterparty": "parameters.iban"}, ("amount", "iban"), "parameters.iban"),
        ({"per": "counterparty", "over": "cost"}, (), "target"),
    ],
)
def test_the_parameters_it_reads(keys: dict[str, Any], parameters: tuple[str, ...], other_side: str) -> None:
    budget = Budget.model_validate({**MONEY, **keys})
    assert (budget.parameters, budget.other_side) == (parameters, other_side)


@pytest.mark.parametrize(
    ("base", "keys", "why"),
    [
        (TOKENS, {"name": "Tokens"}, "name"),
        (TOKENS, {"name": "to.kens"}, "name"),
        (TOKENS, {"name": "x" * 51}, "name"),
        (TOKENS, {"per": "host"}, "per"),
        (TOKENS, {"window": "59s"}, "1m to 31d"),
        (TOKENS, {"window": 59}, "1m to 31d"),
        (TOKENS, {"window": "32d"}, "1m to 31d"),
        (TOKENS, {"max": -1}, "max"),
        (TOKENS, {"max": True}, "max"),
        (TOKENS, {"max": "5"}, "max"),
        (TOKENS, {"max": int(HIGHEST) + 1}, "max"),
        (TOKENS, {"max": Decimal("NaN")}, "max"),
        (TOKENS, {"over": "tokens"}, "over"),
        (TOKENS, {"over": "parameters.a.b"}, "over"),
        (TOKENS, {"over": "parameters."}, "over"),
        (TOKENS, {"when_missing": -1}, "when_missing"),
        (TOKENS, {"settle_on": "usage"}, "settle_on"),
        (TOKENS, {"settle_on": ["/a", "/b +"]}, "settle_on"),
        (TOKENS, {"settle_on": [""]}, "JSON pointers"),
        (TOKENS, {"settle_on": ["/a"] * 11}, "settle_on"),
        (TOKENS, {"counterparty": "target"}, "needs per: counterparty"),
        (TOKENS, {"mx": 5}, "unknown key 'mx'; did you mean 'max'?"),
        (MONEY, {"currency": "eur"}, "currency"),
        (MONEY, {"when_missing": 5}, "when_missing does not fit a budget over money"),
        (MONEY, {"settle_on": "/amount"}, "settle_on does not fit a budget over money"),
        (MONEY, {"per": "counterparty", "counterparty": "host"}, "counterparty"),
        (MONEY, {"over": "cost", "currency": None}, "over cost names its currency"),
        (MONEY, {"over": "count"}, "calls have no currency"),
        (TOKENS, {"over": "count", "when_missing": 1}, "when_missing does not fit a budget over calls"),
        (TOKENS, {"over": "count", "settle_on": "/n"}, "settle_on does not fit a budget over calls"),
    ],
)
def test_what_has_no_reading(base: dict[str, Any], keys: dict[str, Any], why: str) -> None:
    document = parse("", name="b.yaml")
    with pytest.raises(DocumentError) as raised:
        read(Budget, type(document)("b.yaml", {**base, **keys}, {}))
    assert why in str(raised.value)


def test_where_an_answer_says_how_much() -> None:
    budget = Budget.model_validate({**TOKENS, "settle_on": "/usage/total_tokens"})
    assert budget.settle_on == ("/usage/total_tokens",)
    assert added("/usage/input_tokens + /usage/output_tokens") == (
        ("usage", "input_tokens"),
        ("usage", "output_tokens"),
    )


def test_accounts_of_other_things_are_kept_apart() -> None:
    def apart(**keys: Any) -> dict[str, Any]:
        return Budget.model_validate({**MONEY, **keys}).kept_apart_by

    same = [apart(), apart(max=5), apart(window="1m")]
    assert same[0] == same[1] == same[2]
    others = [
        apart(name="other"),
        apart(per="tenant"),
        apart(currency="USD"),
        apart(over="cost"),
        apart(per="counterparty"),
        apart(per="counterparty", counterparty="parameters.iban"),
    ]
    assert all(others.count(one) == 1 and one != same[0] for one in others)
