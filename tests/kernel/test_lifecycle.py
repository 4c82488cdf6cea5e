"""The life of an intent: the closed lists, the legal moves, and that nothing else is legal or can be reached."""

from __future__ import annotations

from itertools import product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel import lifecycle
from vienna_kernel.errors import IllegalMoveError
from vienna_kernel.lifecycle import MOVES, Event, Grade, Status, advance, is_final

# What the design says, written down a second time: from, on, to.
TABLE = """
received          grant     approved
received          hold      pending_approval
received          deny      denied
received          cancel    cancelled
received          freeze    frozen
received          observe   observed
received          simulate  simulated
pending_approval  approve   approved
pending_approval  deny      denied
pending_approval  lapse     expired
pending_approval  cancel    cancelled
pending_approval  freeze    frozen
approved          dispatch  executing
approved          hold      pending_approval
approved          deny      denied
approved          lapse     expired
approved          cancel    cancelled
approved          freeze    frozen
frozen            thaw      received
frozen            deny      denied
frozen            lapse     expired
frozen            cancel    cancelled
executing         succeed   executed
executing         fail      failed
executing         lose      unknown
unknown           succeed   executed
unknown           fail      failed
observed          succeed   observed
observed          fail      observed
observed          lose      observed
"""
ROWS = {
    (Status(source), Event(event)): Status(target)
    for source, event, target in (line.split() for line in TABLE.strip().splitlines())
}


def test_the_closed_lists() -> None:
    assert {status.value for status in Status} == {
        "received", "denied", "pending_approval", "approved", "executing", "executed", "failed", "unknown",
        "expired", "cancelled", "frozen", "simulated", "observed",
    }  # fmt: skip
    assert [grade.value for grade in Grade] == ["intercepted", "observed", "reported"]
    assert len(Status) * len(Event) == 182


@pytest.mark.parametrize(("status", "event"), list(product(Status, Event)), ids=str)
def test_every_move_not_in_the_table_is_a_fault(status: Status, event: Event) -> None:
    if (status, event) in ROWS:
        assert advance(status, event) is ROWS[status, event]
    else:
        with pytest.raises(IllegalMoveError, match=f"no move from {status} on {event}"):
            advance(status, event)


def lives(m: ModuleType, most: int = 7) -> list[list[Any]]:
    """Every life of up to so many moves, as the statuses and events it went through."""
    found: list[list[Any]] = []
    open_: list[list[Any]] = [[m.Status.RECEIVED]]
    for _ in range(most):
        step = [
            [*life, event, target]
            for life in open_
            for (source, event), target in m.MOVES.items()
            if source is life[-1]
        ]
        found += step
        open_ = step
    return found


def law_dispatch(m: ModuleType) -> int:
    """In no life does anything leave but what was approved in it, by nobody's asking or by a quorum, since the last
    denial, lapse, freeze and hold; and nothing is executed that did not leave."""
    left = 0
    for life in lives(m):
        for at, event in enumerate(life):
            if event is m.Event.DISPATCH:
                left += 1
                assert life[at - 2] in (m.Event.GRANT, m.Event.APPROVE), life
            if event in (m.Status.EXECUTED, m.Status.FAILED, m.Status.UNKNOWN):
                assert m.Event.DISPATCH in life[:at], life
        assert life.count(m.Event.DISPATCH) <= 1, life
    return left


def law_final(m: ModuleType) -> int:
    """What is final is never left; a no of any kind is final, and what is not final can always end."""
    final = {status for status in m.Status if m.is_final(status)}
    assert {m.Status.DENIED, m.Status.EXPIRED, m.Status.CANCELLED, m.Status.SIMULATED} <= final
    assert {m.Status.EXECUTED, m.Status.FAILED} <= final
    ends = set(final) | {m.Status.OBSERVED}
    for _ in m.Status:
        ends |= {source for (source, _), target in m.MOVES.items() if target in ends}
    assert ends == set(m.Status)
    return len(final)


def law_observed(m: ModuleType) -> int:
    """What is only observed is never approved, dispatched or executed; nothing else becomes observed."""
    seen = [life for life in lives(m, 4) if m.Status.OBSERVED in life]
    for life in seen:
        assert (
            life[:3] == [m.Status.RECEIVED, m.Event.OBSERVE, m.Status.OBSERVED]
            or life[-1] is m.Status.OBSERVED
        )
        after = life[life.index(m.Status.OBSERVED) :: 2]
        assert set(after) == {m.Status.OBSERVED}
    return len(seen)


def law_frozen(m: ModuleType) -> int:
    """What was frozen begins anew: consent from before does not let it leave."""
    thawed = 0
    for life in lives(m):
        for at, event in enumerate(life):
            if event is m.Event.THAW:
                thawed += 1
                assert life[at + 1] is m.Status.RECEIVED, life
    return thawed


@pytest.mark.parametrize(
    ("law", "least"),
    [(law_dispatch, 50), (law_final, 6), (law_observed, 3), (law_frozen, 20)],
    ids=lambda law: getattr(law, "__name__", None),
)
def test_law(law: Any, least: int) -> None:
    assert law(lifecycle) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_dispatch, "(_S.RECEIVED, _E.GRANT): _S.APPROVED", "(_S.RECEIVED, _E.GRANT): _S.EXECUTING"),
        (law_dispatch, "(_S.RECEIVED, _E.HOLD): _S.PENDING_APPROVAL", "(_S.RECEIVED, _E.HOLD): _S.APPROVED"),
        (law_dispatch, "(_S.PENDING_APPROVAL, _E.LAPSE): _S.EXPIRED", "(_S.PENDING_APPROVAL, _E.LAPSE): _S.APPROVED"),
        (law_dispatch, "(_S.FROZEN, _E.THAW): _S.RECEIVED", "(_S.FROZEN, _E.THAW): _S.APPROVED"),
        (law_dispatch, "(_S.UNKNOWN, _E.FAIL): _S.FAILED", "(_S.UNKNOWN, _E.FAIL): _S.APPROVED"),
        (law_dispatch, "(_S.EXECUTING, _E.LOSE): _S.UNKNOWN", "(_S.EXECUTING, _E.LOSE): _S.RECEIVED"),
        (law_dispatch, "(_S.APPROVED, _E.DISPATCH): _S.EXECUTING", "(_S.PENDING_APPROVAL, _E.DISPATCH): _S.EXECUTING"),
        (law_final, "(_S.UNKNOWN, _E.SUCCEED): _S.EXECUTED", "(_S.DENIED, _E.SUCCEED): _S.EXECUTED"),
        (law_final, "(_S.FROZEN, _E.THAW): _S.RECEIVED", "(_S.EXPIRED, _E.THAW): _S.RECEIVED"),
        (law_final, "(_S.FROZEN, _E.DENY): _S.DENIED", "(_S.CANCELLED, _E.DENY): _S.DENIED"),
        (law_final, "source is not status for", "source is status for"),
        (law_observed, "(_S.OBSERVED, _E.SUCCEED): _S.OBSERVED", "(_S.OBSERVED, _E.SUCCEED): _S.EXECUTED"),
        (law_observed, "(_S.OBSERVED, _E.LOSE): _S.OBSERVED", "(_S.OBSERVED, _E.DISPATCH): _S.EXECUTING"),
        (law_frozen, "(_S.FROZEN, _E.THAW): _S.RECEIVED", "(_S.FROZEN, _E.THAW): _S.PENDING_APPROVAL"),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, lifecycle, old, new)


def test_what_is_final() -> None:
    assert {status for status in Status if is_final(status)} == {
        Status.DENIED, Status.EXECUTED, Status.FAILED, Status.EXPIRED, Status.CANCELLED, Status.SIMULATED,
    }  # fmt: skip


def test_every_status_is_reached_and_every_event_moves_something() -> None:
    assert {life[-1] for life in lives(lifecycle)} | {Status.RECEIVED} == set(Status)
    assert {event for _, event in MOVES} == set(Event)
    assert MOVES == ROWS
