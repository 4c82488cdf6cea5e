"""A slice of a budget that a gate spends by itself, without asking for each call.

1. Lent: the control plane reserves all of the slice. To it the slice is one reservation, and counts as a whole.
2. The gate takes from its slice while it lasts. What it lets go under the slice has ended by then: warrants under a
   slice end with it.
3. Given back once nothing is open in it: settled at what was used. A slice may be given back early.
4. Not given back: kept as a whole, dated after its end, so that it counts until its window has passed.

Neither side ever needs the other to be within the budget: the sum of slices and reservations is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from vienna_kernel.budget.account import Account
from vienna_kernel.budget.amount import NOTHING, less, total
from vienna_kernel.budget.entry import Booking, Entry, Event, State, end


@dataclass(frozen=True, slots=True)
class Lease:
    """The lender's side: one reservation of the account. ``until``: aware; the last instant is not part of it."""

    entry: Entry
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The holder's side.

    Attributes:
        amount: All of it.
        opened: Taken by calls that have not ended.
        used: By calls that have.
    """

    amount: Decimal
    until: datetime
    opened: Decimal = NOTHING
    used: Decimal = NOTHING

    @property
    def left(self) -> Decimal:
        """What may still be taken; nothing once outcomes have told of more than was reserved."""
        return max(less(self.amount, total(self.opened, self.used)), NOTHING)


def lend(account: Account, amount: Decimal, until: datetime) -> Lease | None:
    """Lend a slice, when it fits; to be booked as a reservation. A slice of nothing, or of the past, is none."""
    if amount <= 0 or until <= account.now or not account.fits(amount):
        return None
    return Lease(Entry(amount), until)


def held(lease: Lease) -> Slice:
    """The slice as its holder gets it."""
    return Slice(amount=lease.entry.amount, until=lease.until)


def take(slice_: Slice, amount: Decimal, now: datetime) -> Slice | None:
    """Reserve within the slice; None when it does not fit or the slice is over."""
    if amount < 0 or now >= slice_.until or total(slice_.opened, slice_.used, amount) > slice_.amount:
        return None
    return replace(slice_, opened=total(slice_.opened, amount))


def put_back(slice_: Slice, entry: Entry, event: Event, used: Decimal) -> tuple[Slice, Entry]:
    """End a reservation within the slice as ``entry.end`` does.

    Raises ``IllegalMoveError`` for one that has ended for good.
    """
    ended, booking = end(entry, event, used)
    opened = total(slice_.opened, booking.reserved)
    return replace(slice_, opened=opened, used=total(slice_.used, booking.spent)), ended


def give_back(lease: Lease, returned: Slice) -> tuple[Lease, Booking] | None:
    """Take a slice back: what it used is settled, the rest is free again. None while calls are open in it.

    A lost one may still be given back. Raises ``IllegalMoveError`` for one that was given back before.
    """
    if returned.opened:
        return None
    entry, booking = end(lease.entry, Event.SETTLE, returned.used)
    return replace(lease, entry=entry), booking


def lose(lease: Lease, now: datetime) -> tuple[Lease, Booking] | None:
    """Keep all of a slice that was not given back in time. None before its end, or when it was."""
    if now < lease.until or lease.entry.state is not State.RESERVED:
        return None
    entry, booking = end(lease.entry, Event.KEEP, lease.entry.amount)
    return replace(lease, entry=entry), booking
