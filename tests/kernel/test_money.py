"""Money in major units."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vienna_kernel.money import currency_code, shown, to_major


@pytest.mark.parametrize(
    ("minor", "currency", "major"),
    [
        (500, "EUR", "5"),
        (501, "USD", "5.01"),
        (500, "JPY", "500"),
        (500, "KWD", "0.5"),
        (500, "ISK", "5"),
        (0, "EUR", "0"),
    ],
)
def test_minor_units_become_major(minor: int, currency: str, major: str) -> None:
    assert to_major(minor, currency) == Decimal(major)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("5000", "EUR", "5,000.00 EUR"),
        ("0.5", "EUR", "0.50 EUR"),
        ("1234567.891", "EUR", "1,234,567.891 EUR"),
        ("0.005", "EUR", "0.005 EUR"),
        ("1500", "JPY", "1,500 JPY"),
        ("1.5", "KWD", "1.500 KWD"),
        ("1E+3", "EUR", "1,000.00 EUR"),
    ],
)
def test_people_see_an_amount_with_its_currency(amount: str, currency: str, text: str) -> None:
    assert shown(Decimal(amount), currency) == text


def test_a_currency_is_three_letters() -> None:
    assert currency_code("eur") == "EUR"
    for text in ("", "EU", "EURO", "€", "E1R", "EUR\n", "ÄÖÜ"):
        assert currency_code(text) is None
