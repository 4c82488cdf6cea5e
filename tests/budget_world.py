"""A small world that spends: an account, calls under way, slices at gates, a clock, and what upstreams really did.

``moves`` gives every step that may come next. What upstreams did is kept apart from the books: the law is held against
it. A world is a value; the functions of the law are handed in, so that broken ones can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from vienna_kernel.budget import account, entry, lease
from vienna_kernel.budget.account import Account, Slot
from vienna_kernel.budget.entry import Booking, Entry, Event, State
from vienna_kernel.budget.lease import Lease, Slice

START = datetime(2026, 3, 25, 12, 0, 1, tzinfo=UTC)  # within a slot, not at the start of one


@dataclass(frozen=True)
class Law:
    """The functions under test."""

    fits: Callable[[Account, Decimal], bool] = Account.fits
    slot_end: Callable[[datetime, int], datetime] = account.slot_end
    end: Callable[..., tuple[Entry, Booking]] = entry.end
    lend: Callable[..., Lease | None] = lease.lend
    take: Callable[..., Slice | None] = lease.take
    put_back: Callable[..., tuple[Slice, Entry]] = lease.put_back
    give_back: Callable[..., tuple[Lease, Booking] | None] = lease.give_back
    lose: Callable[..., tuple[Lease, Booking] | None] = lease.lose


@dataclass(frozen=True)
class Call:
    """One call: its reservation, what the upstream did for it, whose slice it is under, where it was dated."""

    entry: Entry
    acted: Decimal | None = None
    slice: int | None = None
    dated: datetime | None = None

    @property
    def open(self) -> bool:
        return self.entry.state is State.RESERVED


@dataclass(frozen=True)
class Lent:
    """One slice, from both sides; ``held`` None: it is not with the gate any more."""

    lease: Lease
    held: Slice | None
    dated: datetime | None = None


@dataclass(frozen=True)
class World:
    """Everything at one instant; ``done`` is (when, how much) of every effect at an upstream."""

    limit: Decimal
    window: int
    amounts: tuple[Decimal, ...]
    steps: tuple[int, ...]
    now: datetime = START
    reserved: Decimal = Decimal(0)
    slots: tuple[Slot, ...] = ()
    calls: tuple[Call, ...] = ()
    lent: tuple[Lent, ...] = ()
    done: tuple[tuple[datetime, Decimal], ...] = ()
    law: Law = field(default=Law(), compare=False)
    life: int = 30

    def account(self) -> Account:
        return Account(
            limit=self.limit,
            window_seconds=self.window,
            now=self.now,
            reserved=self.reserved,
            slots=self.slots,
        )

    # what must hold

    def really_spent(self) -> Decimal:
        """Within the window that ends now, by the second."""
        since = self.now - timedelta(seconds=self.window)
        return sum((amount for at, amount in self.done if at > since), Decimal(0))

    def check(self) -> None:
        """The laws. Errors: ``AssertionError``."""
        assert self.really_spent() <= self.limit, "over the budget"
        books = self.account()
        assert books.spent + books.reserved <= self.limit, "the books are over the budget"
        opened = [call.entry.amount for call in self.calls if call.open and call.slice is None]
        opened += [one.lease.entry.amount for one in self.lent if one.lease.entry.state is State.RESERVED]
        assert books.reserved == sum(opened), "what is reserved is what is open"
        dated = [call.entry.used for call in self.calls if call.slice is None]
        dated += [one.lease.entry.used for one in self.lent]
        assert sum(slot.spent for slot in self.slots) == sum(dated), "what is spent is what was used"

    # what may come next

    def moves(self) -> Iterator[World]:
        for seconds in self.steps:
            yield replace(self, now=self.now + timedelta(seconds=seconds))
        for amount in self.amounts:
            yield from self._reserve(amount)
            yield from self._lend(amount)
            for at in range(len(self.lent)):
                yield from self._take(at, amount)
        for at, call in enumerate(self.calls):
            yield from self._act(at, call)
            yield from self._end(at, call)
        for at, one in enumerate(self.lent):
            yield from self._return(at, one)

    def _reserve(self, amount: Decimal) -> Iterator[World]:
        if self.law.fits(self.account(), amount):
            calls = (*self.calls, Call(Entry(amount)))
            yield replace(self, calls=calls, reserved=self.reserved + amount)

    def _lend(self, amount: Decimal) -> Iterator[World]:
        made = self.law.lend(self.account(), amount, self.now + timedelta(seconds=self.life))
        if made is not None:
            lent = (*self.lent, Lent(made, lease.held(made)))
            yield replace(self, lent=lent, reserved=self.reserved + amount)

    def _take(self, at: int, amount: Decimal) -> Iterator[World]:
        held = self.lent[at].held
        taken = None if held is None else self.law.take(held, amount, self.now)
        if taken is not None:
            yield replace(
                self,
                calls=(*self.calls, Call(Entry(amount), slice=at)),
                lent=_put(self.lent, at, replace(self.lent[at], held=taken)),
            )

    def _act(self, at: int, call: Call) -> Iterator[World]:
        """The upstream does it: while it is open, and under a slice before that ends."""
        ended = call.slice is not None and self.now >= self.lent[call.slice].lease.until
        if call.open and call.acted is None and not ended:
            for amount in {call.entry.amount, *self.amounts}:
                if amount <= call.entry.amount:
                    acted = _put(self.calls, at, replace(call, acted=amount))
                    yield replace(self, calls=acted, done=(*self.done, (self.now, amount)))

    def _end(self, at: int, call: Call) -> Iterator[World]:
        """Released when nothing was done; settled at what was; kept when nobody can tell; a late word is true too."""
        if call.entry.state in (State.SETTLED, State.RELEASED):
            return
        used = call.acted or Decimal(0)
        truth = (Event.SETTLE, used) if call.acted is not None else (Event.RELEASE, used)
        for event, amount in (truth, (Event.KEEP, call.entry.amount)):
            if call.open or event is not Event.KEEP:
                yield from self._ended(at, call, event, amount)

    def _ended(self, at: int, call: Call, event: Event, used: Decimal) -> Iterator[World]:
        if call.slice is not None:
            yield from self._ended_within(at, call, event, used)
            return
        ended, booking = self.law.end(call.entry, event, used)
        booked, dated = self._book(booking, call.dated)
        yield replace(booked, calls=_put(self.calls, at, replace(call, entry=ended, dated=dated)))

    def _ended_within(self, at: int, call: Call, event: Event, used: Decimal) -> Iterator[World]:
        assert call.slice is not None
        one = self.lent[call.slice]
        if one.held is None:
            return
        held, ended = self.law.put_back(one.held, call.entry, event, used)
        yield replace(
            self,
            calls=_put(self.calls, at, replace(call, entry=ended)),
            lent=_put(self.lent, call.slice, replace(one, held=held)),
        )

    def _return(self, at: int, one: Lent) -> Iterator[World]:
        lost = self.law.lose(one.lease, self.now)
        if lost is not None:
            ended, booking = lost
            booked, dated = self._book(booking, one.dated)
            yield replace(booked, lent=_put(self.lent, at, replace(one, lease=ended, dated=dated)))
        if one.held is None:
            return
        back = self.law.give_back(one.lease, one.held)
        if back is not None:
            ended, booking = back
            booked, dated = self._book(booking, one.dated)
            yield replace(booked, lent=_put(self.lent, at, Lent(ended, None, dated)))

    def _book(self, booking: Booking, dated: datetime | None) -> tuple[World, datetime]:
        """The booking in the slot of now, or where it was dated before."""
        ends = dated or self.law.slot_end(self.now, self.window)
        kept = {slot.ends: slot.spent for slot in self.slots}
        kept[ends] = kept.get(ends, Decimal(0)) + booking.spent
        slots = tuple(Slot(at, spent) for at, spent in sorted(kept.items()))
        return replace(self, slots=slots, reserved=self.reserved + booking.reserved), ends


def _put(items: tuple[Any, ...], at: int, item: Any) -> tuple[Any, ...]:
    return (*items[:at], item, *items[at + 1 :])
