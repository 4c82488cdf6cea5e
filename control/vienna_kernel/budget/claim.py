"""What one decision asks of its budgets: how much, on whose account, and whether it fits.

A claim is made for each budget of the rule that decides. It is a promise of nothing: the amount is reserved when the
warrant is minted, in the transaction that saw it fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from vienna_kernel.budget.account import Account
from vienna_kernel.budget.amount import total
from vienna_kernel.budget.definition import Budget
from vienna_kernel.value import plain_decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one call wants of one budget.

    Attributes:
        key: Whose account; None when that cannot be told.
        amount: How much; None when that cannot be told.
        account: As it stands without this call; None when nobody keeps one.
    """

    budget: Budget
    key: str | None
    amount: Decimal | None
    account: Account | None

    @property
    def determined(self) -> bool:
        """Whether it is known what would be booked where."""
        return self.key is not None and self.amount is not None

    @property
    def fits(self) -> bool:
        """Whether it may be reserved now; what is not known never fits."""
        if self.key is None or self.amount is None or self.account is None:
            return False
        return self.account.fits(self.amount)

    @property
    def frees_at(self) -> datetime | None:
        """When it would fit if nothing else happens, as far as the window tells."""
        if self.amount is None or self.account is None:
            return None
        return self.account.frees_at(self.amount)

    @property
    def may_fit_later(self) -> bool:
        """Whether waiting can help at all."""
        if self.key is None or self.amount is None or self.account is None:
            return False
        return self.amount <= self.budget.limit

    def to_json(self) -> dict[str, Any]:
        """A row of an explanation: the books before this call, and what it asks."""
        account, budget = self.account, self.budget
        return {
            "budget": budget.name,
            "per": budget.per,
            "account": self.key,
            "over": budget.over,
            "currency": budget.currency,
            "window_seconds": budget.window,
            "limit": plain_decimal(budget.limit),
            "spent": plain_decimal(account.spent) if account else None,
            "reserved": plain_decimal(account.reserved) if account else None,
            "remaining": plain_decimal(account.remaining) if account else None,
            "amount": None if self.amount is None else plain_decimal(self.amount),
            "fits": self.fits,
        }


def together(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """One claim for each account: what several intents of one call ask of it, added up."""
    found: dict[tuple[str, str | None], Claim] = {}
    for claim in claims:
        known = found.get((claim.budget.name, claim.key))
        found[claim.budget.name, claim.key] = claim if known is None else _both(known, claim)
    return tuple(found.values())


def _both(one: Claim, other: Claim) -> Claim:
    if one.amount is None or other.amount is None:
        return replace(one, amount=None)
    return replace(one, amount=total(one.amount, other.amount))
