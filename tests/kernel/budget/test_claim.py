"""Claims: what fits, what never will, and several of one call on one account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.budget.account import Account, Slot
from vienna_kernel.budget.claim import Claim, together
from vienna_kernel.budget.definition import Budget

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
BUDGET = Budget.model_validate({"name": "b", "window": "1d", "max": 10, "over": "parameters.n"})
BOOKS = Account(
    limit=Decimal(10), window_seconds=86400, now=NOW, reserved=Decimal(1), slots=(Slot(NOW, Decimal(6)),)
)


def claim(amount: Any, **keys: Any) -> Claim:
    known = {"budget": BUDGET, "key": "agt-1", "account": BOOKS}
    return Claim(amount=None if amount is None else Decimal(amount), **{**known, **keys})


@pytest.mark.parametrize(
    ("made", "determined", "fits", "later"),
    [
        (claim(3), True, True, True),
        (claim(4), True, False, True),
        (claim(10), True, False, True),
        (claim(11), True, False, False),
        (claim(None), False, False, False),
        (claim(3, key=None), False, False, False),
        (claim(3, account=None), True, False, False),
    ],
)
def test_what_fits(made: Claim, determined: bool, fits: bool, later: bool) -> None:
    assert (made.determined, made.fits, made.may_fit_later) == (determined, fits, later)


def test_when_it_would() -> None:
    assert [claim(3).frees_at, claim(4).frees_at] == [NOW, NOW + timedelta(days=1)]
    assert [claim(10).frees_at, claim(None).frees_at] == [None, None]


def test_an_explanation_has_the_books_and_what_is_asked() -> None:
    assert claim("2.50").to_json() == {
        "budget": "b",
        "per": "agent",
        "account": "agt-1",
        "over": "parameters.n",
        "currency": None,
        "window_seconds": 86400,
        "limit": "10",
        "spent": "6",
        "reserved": "1",
        "remaining": "3",
        "amount": "2.5",
        "fits": True,
    }
    untold = claim(None, account=None).to_json()
    assert [untold[name] for name in ("spent", "reserved", "remaining", "amount", "fits")] == [None] * 4 + [
        False
    ]


def test_what_several_parts_ask_of_one_account_is_added_up() -> None:
    other = claim(1, key="agt-2")
    one, two = together([claim(2), other, claim(2)])
    assert (one.amount, one.fits, two) == (4, False, other)
    (unknown,) = together([claim(2), claim(None)])
    assert unknown.amount is None
    assert together([]) == ()
