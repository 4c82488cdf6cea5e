"""One reservation: every move of the table, and no other."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vienna_kernel.budget.entry import MOVES, Booking, Entry, Event, State, end
from vienna_kernel.errors import IllegalMoveError

FIVE, THREE = Decimal(5), Decimal(3)


@pytest.mark.parametrize(
    ("entry", "event", "used", "expected", "booking"),
    [
        (Entry(FIVE), Event.SETTLE, THREE, Entry(FIVE, State.SETTLED, THREE), Booking(-FIVE, THREE)),
        (Entry(FIVE), Event.RELEASE, FIVE, Entry(FIVE, State.RELEASED), Booking(-FIVE, Decimal(0))),
        (Entry(FIVE), Event.KEEP, FIVE, Entry(FIVE, State.KEPT, FIVE), Booking(-FIVE, FIVE)),
        (
            Entry(FIVE, State.KEPT, FIVE),
            Event.SETTLE,
            THREE,
            Entry(FIVE, State.SETTLED, THREE),
            Booking(Decimal(0), THREE - FIVE),
        ),
        (
            Entry(FIVE, State.KEPT, FIVE),
            Event.RELEASE,
            THREE,
            Entry(FIVE, State.RELEASED),
            Booking(Decimal(0), -FIVE),
        ),
        (
            Entry(FIVE, State.KEPT, FIVE),
            Event.KEEP,
            Decimal(9),
            Entry(FIVE, State.KEPT, Decimal(9)),
            Booking(Decimal(0), Decimal(4)),
        ),
    ],
)
def test_moves(entry: Entry, event: Event, used: Decimal, expected: Entry, booking: Booking) -> None:
    assert end(entry, event, used) == (expected, booking)


def test_every_move_not_in_the_table_is_a_fault() -> None:
    for state in State:
        for event in Event:
            if (state, event) not in MOVES:
                with pytest.raises(IllegalMoveError):
                    end(Entry(FIVE, state), event, FIVE)
    assert {state for state, _ in MOVES} == {State.RESERVED, State.KEPT}
