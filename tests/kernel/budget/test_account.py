"""An account: what is used, left, and when it frees; freed late by less than a slot, never early."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.budget.account import SLOTS, Account, Slot, slot_end, slot_seconds

NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
DAY = 86400


def account(*slots: tuple[int, int], reserved: int = 0, limit: int = 10, now: datetime = NOW) -> Account:
    """Slots as (how many seconds ago it ended, what was spent)."""
    made = tuple(Slot(NOW - timedelta(seconds=ago), Decimal(spent)) for ago, spent in slots)
    return Account(limit=Decimal(limit), window_seconds=DAY, now=now, reserved=Decimal(reserved), slots=made)


def test_what_is_used_and_left() -> None:
    books = account((-60, 3), (3600, 2), (DAY - 1, 1), (DAY, 100), reserved=1)
    assert (books.spent, books.reserved, books.remaining) == (6, 1, 3)
    assert (books.fits(Decimal(3)), books.fits(Decimal("3.1"))) == (True, False)


def test_an_overspent_account_has_nothing_left_and_not_less() -> None:
    books = account((0, 9), reserved=4)
    assert books.remaining == 0
    assert not books.fits(Decimal(0))


@pytest.mark.parametrize(
    ("amount", "seconds"),
    [
        (1, 0),  # fits now
        (2, DAY - 7200),  # when the oldest has left
        (3, DAY - 7200),
        (4, DAY - 3600),
        (8, DAY + 60),
        (9, None),  # a reservation stands in the way
        (11, None),  # never
    ],
)
def test_when_it_frees(amount: int, seconds: int | None) -> None:
    books = account((-60, 4), (3600, 1), (7200, 2), reserved=2)
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert books.frees_at(Decimal(amount)) == expected


def test_an_untouched_account_frees_at_once_or_never() -> None:
    assert account().frees_at(Decimal(10)) == NOW
    assert account().frees_at(Decimal(11)) is None


@pytest.mark.parametrize(("window", "length"), [(60, 1), (61, 2), (3600, 60), (DAY, 1440), (31 * DAY, 44640)])
def test_slots_are_a_sixtieth_of_the_window(window: int, length: int) -> None:
    assert slot_seconds(window) == length


@given(
    st.timedeltas(timedelta(days=-9000), timedelta(days=9000)).map(lambda ago: NOW - ago),
    st.integers(60, 31 * DAY),
)
def test_what_happened_counts_for_its_whole_window_and_less_than_a_slot_more(
    at: datetime, window: int
) -> None:
    ends = slot_end(at, window)
    assert timedelta(0) < ends - at <= timedelta(seconds=slot_seconds(window))
    left = at + timedelta(seconds=window)

    def counts(now: datetime) -> bool:
        slot = Slot(ends, Decimal(1))
        books = Account(limit=Decimal(1), window_seconds=window, now=now, slots=(slot,))
        return books.spent == 1

    assert counts(left - timedelta(microseconds=1))
    assert not counts(left + timedelta(seconds=slot_seconds(window)))


@given(st.integers(60, 31 * DAY), st.lists(st.integers(0, 2 * 31 * DAY), max_size=200))
def test_a_window_never_spans_more_than_sixty_one_slots(window: int, ago: list[int]) -> None:
    ends = {slot_end(NOW - timedelta(seconds=seconds), window) for seconds in ago}
    counted = [end for end in ends if end > NOW - timedelta(seconds=window)]
    assert len(counted) <= SLOTS + 1
