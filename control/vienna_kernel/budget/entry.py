"""One reservation: made with a warrant, ended once it is known what became of the call.

The moves are a table. ``kept`` is what nobody could tell the end of; a late outcome still settles it. The other ends
are final.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from vienna_kernel.budget.amount import NOTHING, less
from vienna_kernel.errors import IllegalMoveError


class State(StrEnum):
    """Where a reservation stands; the comment is what counts of it."""

    RESERVED = "reserved"  # all of it
    SETTLED = "settled"  # what was really used
    RELEASED = "released"  # nothing: it did not happen
    KEPT = "kept"  # all of it, and more if more is known: it may have happened


class Event(StrEnum):
    SETTLE = "settle"
    RELEASE = "release"
    KEEP = "keep"


MOVES: dict[tuple[State, Event], State] = {
    (State.RESERVED, Event.SETTLE): State.SETTLED,
    (State.RESERVED, Event.RELEASE): State.RELEASED,
    (State.RESERVED, Event.KEEP): State.KEPT,
    (State.KEPT, Event.SETTLE): State.SETTLED,
    (State.KEPT, Event.RELEASE): State.RELEASED,
    (State.KEPT, Event.KEEP): State.KEPT,
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A reservation.

    Attributes:
        amount: What was reserved.
        used: What is dated in the books for it; nothing while it is open.
    """

    amount: Decimal
    state: State = State.RESERVED
    used: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class Booking:
    """What a move changes in the account.

    Attributes:
        reserved: To add to what is reserved; negative when a reservation ends.
        spent: To add to the slot of the move, or, for one that was kept, to the slot that it was dated in.
    """

    reserved: Decimal
    spent: Decimal


def end(entry: Entry, event: Event, used: Decimal) -> tuple[Entry, Booking]:
    """End a reservation with what was used of it; a released one used nothing.

    Raises ``IllegalMoveError`` for one that has ended for good.
    """
    state = MOVES.get((entry.state, event))
    if state is None:
        raise IllegalMoveError("reservation", entry.state, event)
    used = NOTHING if state is State.RELEASED else used
    opened = entry.amount if entry.state is State.RESERVED else NOTHING
    return Entry(entry.amount, state, used), Booking(less(NOTHING, opened), less(used, entry.used))
