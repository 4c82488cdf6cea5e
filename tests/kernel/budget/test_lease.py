"""The law of budgets, slices included: whatever comes in whatever order, no window holds more than the budget.

Held over every world that a few steps reach, and over long random walks; broken laws are found by the same search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget_world import START, Law, World
from vienna_kernel.budget import account, entry, lease
from vienna_kernel.budget.account import Account
from vienna_kernel.budget.entry import Booking, Entry, Event, State
from vienna_kernel.budget.lease import Lease, Slice
from vienna_kernel.errors import IllegalMoveError

ONE, TWO, THREE = Decimal(1), Decimal(2), Decimal(3)


# Two minutes: slots are two seconds long, and what happens in the second of them must count as long as in the first.
SMALL = World(limit=TWO, window=120, amounts=(ONE, TWO), steps=(1, 29, 119), life=30)
NARROW = World(limit=ONE, window=120, amounts=(ONE,), steps=(29, 119), life=30)


def search(start: World, depth: int) -> int:
    """Hold every world within so many steps against the laws; returns how many there are."""
    seen, level = {start}, [start]
    for _ in range(depth):
        level = list({world for before in level for world in before.moves()} - seen)
        for world in level:
            world.check()
        seen.update(level)
    return len(seen)


def test_no_order_of_things_spends_more_than_the_budget() -> None:
    assert search(SMALL, 5) > 5_000
    assert search(NARROW, 8) > 5_000


@given(st.lists(st.integers(0, 10_000), max_size=60))
def test_nor_does_a_long_walk(choices: list[int]) -> None:
    world = World(
        limit=Decimal("7.5"),
        window=3600,
        amounts=(Decimal("0.1"), ONE, Decimal("2.5")),
        steps=(1, 59, 600, 3541),
        life=600,
    )
    for choice in choices:
        following = list(world.moves())
        world = following[choice % len(following)]
        world.check()


def early(at: datetime, window: int) -> datetime:
    """Dates what happens in the slot before it."""
    return account.slot_end(at, window) - timedelta(seconds=account.slot_seconds(window))


def blind(books: Account, amount: Decimal) -> bool:
    return replace(books, reserved=Decimal(0)).fits(amount)


def forgetful(books: Account, amount: Decimal) -> bool:
    return replace(books, slots=()).fits(amount)


def one_more(books: Account, amount: Decimal) -> bool:
    return replace(books, limit=books.limit + 1).fits(amount)


def lavish(books: Account, amount: Decimal, until: datetime) -> Lease | None:
    return lease.lend(replace(books, limit=books.limit + 1), amount, until)


def greedy(slice_: Slice, amount: Decimal, now: datetime) -> Slice | None:
    return lease.take(replace(slice_, amount=slice_.amount + 1), amount, now)


def unopened(slice_: Slice, amount: Decimal, now: datetime) -> Slice | None:
    """Takes without writing it down."""
    return None if lease.take(slice_, amount, now) is None else slice_


def hasty(loan: Lease, now: datetime) -> tuple[Lease, Booking] | None:
    """Gives a slice up for lost while its holder can still spend it: it is dated too early."""
    lost = lease.lose(replace(loan, until=now), now)
    return None if lost is None else (replace(lost[0], until=loan.until), lost[1])


def trusting(loan: Lease, now: datetime) -> tuple[Lease, Booking] | None:
    """Takes a lost slice for an unused one."""
    ended = lease.lose(loan, now)
    if ended is None:
        return None
    released, booking = entry.end(loan.entry, Event.RELEASE, Decimal(0))
    return replace(loan, entry=released), booking


def careless(loan: Lease, returned: Slice) -> tuple[Lease, Booking] | None:
    """Takes a slice back while calls are open in it."""
    return lease.give_back(loan, replace(returned, opened=Decimal(0)))


def generous(loan: Lease, returned: Slice) -> tuple[Lease, Booking] | None:
    return lease.give_back(loan, replace(returned, used=Decimal(0)))


def unbooked(reserved: Entry, event: Event, used: Decimal) -> tuple[Entry, Booking]:
    ended, booking = entry.end(reserved, event, used)
    return ended, replace(booking, spent=Decimal(0))


def still_reserved(reserved: Entry, event: Event, used: Decimal) -> tuple[Entry, Booking]:
    ended, booking = entry.end(reserved, event, used)
    return ended, replace(booking, reserved=Decimal(0))


def twice(reserved: Entry, event: Event, used: Decimal) -> tuple[Entry, Booking]:
    """Forgets that a kept reservation was dated already."""
    ended, booking = entry.end(replace(reserved, used=Decimal(0)), event, used)
    return ended, booking


def freed(slice_: Slice, reserved: Entry, event: Event, used: Decimal) -> tuple[Slice, Entry]:
    """Ends a call in a slice as if it had used nothing."""
    back, ended = lease.put_back(slice_, reserved, event, used)
    return replace(back, used=slice_.used), ended


BROKEN: dict[str, Callable[..., Any]] = {
    "slot_end": early,
    "fits": blind,
    "fits ": forgetful,
    "fits  ": one_more,
    "lend": lavish,
    "take": greedy,
    "take ": unopened,
    "lose": hasty,
    "lose ": trusting,
    "give_back": careless,
    "give_back ": generous,
    "end": unbooked,
    "end ": still_reserved,
    "end  ": twice,
    "put_back": freed,
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_search_finds_a_broken_law(name: str) -> None:
    broken = Law(**{name.strip(): BROKEN[name]})
    with pytest.raises((AssertionError, IllegalMoveError)):
        search(replace(NARROW, law=broken), 8)


BOOKS = Account(limit=THREE, window_seconds=3600, now=START)
UNTIL = START + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("amount", "until"), [(Decimal(4), UNTIL), (Decimal(0), UNTIL), (-ONE, UNTIL), (ONE, START)]
)
def test_what_is_not_lent(amount: Decimal, until: datetime) -> None:
    assert lease.lend(BOOKS, amount, until) is None


def test_a_slice_is_taken_from_until_it_is_used_up_or_over() -> None:
    loan = lease.lend(BOOKS, THREE, UNTIL)
    assert loan is not None
    held = lease.take(lease.held(loan), TWO, START)
    assert held is not None
    assert (held.left, lease.take(held, TWO, START), lease.take(held, ONE, UNTIL)) == (ONE, None, None)
    assert lease.take(held, -ONE, START) is None
    held, ended = lease.put_back(held, Entry(TWO), Event.SETTLE, ONE)
    assert (held.left, held.used, held.opened, ended.state) == (TWO, ONE, 0, State.SETTLED)


def test_what_was_not_used_is_given_back_once() -> None:
    loan = Lease(Entry(THREE), UNTIL)
    opened = Slice(amount=THREE, until=UNTIL, opened=ONE, used=ONE)
    assert lease.give_back(loan, opened) is None
    back = lease.give_back(loan, replace(opened, opened=Decimal(0)))
    assert back is not None
    assert back[1] == Booking(reserved=-THREE, spent=ONE)
    with pytest.raises(IllegalMoveError):
        lease.give_back(back[0], replace(opened, opened=Decimal(0)))


def test_a_slice_that_is_not_given_back_counts_as_used_until_it_turns_up() -> None:
    loan = Lease(Entry(THREE), UNTIL)
    assert lease.lose(loan, UNTIL - timedelta(seconds=1)) is None
    lost = lease.lose(loan, UNTIL)
    assert lost is not None
    assert lost[1] == Booking(reserved=-THREE, spent=THREE)
    assert lease.lose(lost[0], UNTIL) is None
    late = lease.give_back(lost[0], Slice(amount=THREE, until=UNTIL, used=ONE))
    assert late is not None
    assert late[1] == Booking(reserved=Decimal(0), spent=-TWO)


def test_a_slice_that_used_more_than_it_had_says_so_and_lends_nothing_more() -> None:
    held = Slice(amount=TWO, until=UNTIL, opened=TWO)
    over, _ = lease.put_back(held, Entry(TWO), Event.SETTLE, THREE)
    assert (over.left, over.used, lease.take(over, Decimal(0), START)) == (0, THREE, None)
    back = lease.give_back(Lease(Entry(TWO), UNTIL), over)
    assert back is not None
    assert back[1] == Booking(reserved=-TWO, spent=THREE)
