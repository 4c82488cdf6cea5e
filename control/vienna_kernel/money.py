"""Money in major units, whatever the wire uses.

A currency is its upper-case three-letter code. How many decimals an amount in minor units has is the currency's,
two unless ISO 4217 says otherwise; payment APIs keep two for ISK and UGX, which ISO has since made whole.
"""

from __future__ import annotations

import re
from decimal import Decimal

from vienna_kernel.value import plain_decimal

_CODE = re.compile(r"[A-Za-z]{3}\Z")

_WHOLE = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def currency_code(text: str) -> str | None:
    """The upper-case code of three ASCII letters, None for anything else."""
    return text.upper() if _CODE.match(text) else None


def decimals_of(currency: str) -> int:
    """How many decimals an amount in this currency has."""
    return 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2


def to_major(minor: int, currency: str) -> Decimal:
    """``500`` and ``EUR`` as ``Decimal("5.00")``."""
    return Decimal(minor).scaleb(-decimals_of(currency))


def shown(amount: Decimal, currency: str) -> str:
    """``5,000.00 EUR``; more decimals than the currency has are shown as they are."""
    places = decimals_of(currency)
    if amount != round(amount, places):
        whole, _, rest = plain_decimal(amount).partition(".")
        return f"{int(whole):,}.{rest} {currency}" if int(whole) else f"{whole}.{rest} {currency}"
    return f"{amount:,.{places}f} {currency}"


def to_minor(amount: Decimal, currency: str) -> int | None:
    """``Decimal("5.00")`` and ``EUR`` as ``500``; None for a fraction of the smallest unit."""
    minor = amount.scaleb(decimals_of(currency))
    return int(minor) if minor == minor.to_integral_value() else None
