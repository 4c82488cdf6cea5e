"""One account of a budget, at one instant: what is reserved, what was used within the window, what is left.

1. A reservation is open until its call has ended; open ones count, however old they are.
2. What was used is dated when its reservation ends: by then it has happened. So no window holds more than the books.
3. Dates are kept by slots, a sixtieth of the window each: a sum never takes more than sixty-one rows, whatever the
   history. What is dated in a slot counts until all of the slot has left the window: freed late, never early.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vienna_kernel.budget.amount import NOTHING, less, total

SLOTS = 60

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Slot:
    """What was used in one stretch of time. ``ends``: aware, exclusive."""

    ends: datetime
    spent: Decimal


def slot_end(at: datetime, window_seconds: int) -> datetime:
    """The end of the slot that an instant lies in."""
    length = slot_seconds(window_seconds)
    return _EPOCH + timedelta(seconds=((at - _EPOCH) // timedelta(seconds=length) + 1) * length)


def slot_seconds(window_seconds: int) -> int:
    """Length of a window's slots, at least a second."""
    return -(-window_seconds // SLOTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the books say now.

    Attributes:
        limit: The budget's ``max``.
        reserved: Of all open reservations.
        slots: In any order; those that have left the window count for nothing.
    """

    limit: Decimal
    window_seconds: int
    now: datetime
    reserved: Decimal = NOTHING
    slots: tuple[Slot, ...] = ()

    @property
    def spent(self) -> Decimal:
        """Used within the window."""
        since = self.now - timedelta(seconds=self.window_seconds)
        return total(*(slot.spent for slot in self.slots if slot.ends > since))

    @property
    def remaining(self) -> Decimal:
        """What may still be reserved; never below nothing, though outcomes may have told of more than was."""
        left = less(self.limit, total(self.spent, self.reserved))
        return max(left, NOTHING)

    def fits(self, amount: Decimal) -> bool:
        """Whether this much may be reserved now."""
        return total(self.spent, self.reserved, amount) <= self.limit

    def frees_at(self, amount: Decimal) -> datetime | None:
        """When this much fits if nothing else happens; None: not by waiting for the window alone."""
        window = timedelta(seconds=self.window_seconds)
        for instant in (self.now, *sorted(slot.ends + window for slot in self.slots)):
            if instant >= self.now and replace(self, now=instant).fits(amount):
                return instant
        return None
