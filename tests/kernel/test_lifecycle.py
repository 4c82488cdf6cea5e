"""The life of an intent: the closed lists, the legal moves, and that nothing else is legal."""

from __future__ import annotations

from itertools import product

import pytest

from vienna_kernel.errors import IllegalMoveError
from vienna_kernel.lifecycle import MOVES, Event, Grade, Status, advance, is_final


def test_the_closed_lists() -> None:
    assert {status.value for status in Status} == {
        "received", "denied", "pending_approval", "approved", "executing", "executed", "failed", "unknown",
        "expired", "cancelled", "frozen", "simulated", "observed",
    }  # fmt: skip
    assert [grade.value for grade in Grade] == ["intercepted", "observed", "reported"]


@pytest.mark.parametrize(("status", "event"), list(product(Status, Event)), ids=str)
def test_every_move_not_in_the_table_is_a_fault(status: Status, event: Event) -> None:
    if (status, event) in MOVES:
        assert advance(status, event) is MOVES[status, event]
    else:
        with pytest.raises(IllegalMoveError, match=f"no move from {status} on {event}"):
            advance(status, event)


def test_only_what_is_approved_is_dispatched() -> None:
    assert [source for source, event in MOVES if event is Event.DISPATCH] == [Status.APPROVED]
    assert [source for (source, _), target in MOVES.items() if target is Status.EXECUTING] == [
        Status.APPROVED
    ]


def test_only_what_was_dispatched_is_executed() -> None:
    ends = (Status.EXECUTED, Status.FAILED)
    assert {source for (source, _), end in MOVES.items() if end in ends} == {Status.EXECUTING, Status.UNKNOWN}


def test_what_is_final() -> None:
    assert {status for status in Status if is_final(status)} == {
        Status.DENIED, Status.EXECUTED, Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SIMULATED,
    }  # fmt: skip


def test_every_status_is_reached() -> None:
    assert {Status.RECEIVED, *MOVES.values()} == set(Status)
