"""The spine: the statuses of one intent and the legal moves between them.

1. Every legal move is a row of ``MOVES``; everything else is a fault of ours (``IllegalMoveError``).
2. Nothing leaves but by ``dispatch``, and nothing is dispatched but from ``approved`` (or observed).
3. ``unknown`` is not an end: a late outcome settles it. All other statuses after execution are final.
"""

from __future__ import annotations

from enum import StrEnum

from vienna_kernel.errors import IllegalMoveError


class Status(StrEnum):
    RECEIVED = "received"
    DENIED = "denied"
    PENDING_APPROVAL = "pending_approval"
    APPROVED = "approved"
    EXECUTING = "executing"
    EXECUTED = "executed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # it left, and nobody can say whether the upstream acted
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FROZEN = "frozen"
    SIMULATED = "simulated"
    OBSERVED = "observed"  # forwarded in observe mode; what would have been is recorded beside it


class Grade(StrEnum):
    """How we know of an execution: seen on the wire under enforcement, seen in observe mode, or told."""

    INTERCEPTED = "intercepted"
    OBSERVED = "observed"
    REPORTED = "reported"


class Event(StrEnum):
    GRANT = "grant"  # policy lets it go without people
    HOLD = "hold"  # people are asked
    DENY = "deny"  # policy or a person says no
    APPROVE = "approve"  # the quorum is met
    LAPSE = "lapse"  # a deadline passed: of the approval, or of its redemption
    CANCEL = "cancel"  # withdrawn: agent suspended, operator cancelled
    FREEZE = "freeze"
    THAW = "thaw"
    OBSERVE = "observe"
    SIMULATE = "simulate"
    DISPATCH = "dispatch"  # the warrant is consumed, the bytes may leave
    SUCCEED = "succeed"
    FAIL = "fail"
    LOSE = "lose"  # no outcome came back


_S, _E = Status, Event

MOVES: dict[tuple[Status, Event], Status] = {
    (_S.RECEIVED, _E.GRANT): _S.APPROVED,
    (_S.RECEIVED, _E.HOLD): _S.PENDING_APPROVAL,
    (_S.RECEIVED, _E.DENY): _S.DENIED,
    (_S.RECEIVED, _E.CANCEL): _S.CANCELLED,
    (_S.RECEIVED, _E.FREEZE): _S.FROZEN,
    (_S.RECEIVED, _E.OBSERVE): _S.OBSERVED,
    (_S.RECEIVED, _E.SIMULATE): _S.SIMULATED,
    (_S.PENDING_APPROVAL, _E.APPROVE): _S.APPROVED,
    (_S.PENDING_APPROVAL, _E.DENY): _S.DENIED,
    (_S.PENDING_APPROVAL, _E.LAPSE): _S.EXPIRED,
    (_S.PENDING_APPROVAL, _E.CANCEL): _S.CANCELLED,
    (_S.PENDING_APPROVAL, _E.FREEZE): _S.FROZEN,
    (_S.APPROVED, _E.DISPATCH): _S.EXECUTING,
    (_S.APPROVED, _E.HOLD): _S.PENDING_APPROVAL,  # policy hardened before dispatch: more people are asked
    (_S.APPROVED, _E.DENY): _S.DENIED,  # policy hardened before dispatch
    (_S.APPROVED, _E.LAPSE): _S.EXPIRED,
    (_S.APPROVED, _E.CANCEL): _S.CANCELLED,
    (_S.APPROVED, _E.FREEZE): _S.FROZEN,
    (_S.FROZEN, _E.THAW): _S.RECEIVED,
    (_S.FROZEN, _E.DENY): _S.DENIED,
    (_S.FROZEN, _E.LAPSE): _S.EXPIRED,
    (_S.FROZEN, _E.CANCEL): _S.CANCELLED,
    (_S.EXECUTING, _E.SUCCEED): _S.EXECUTED,
    (_S.EXECUTING, _E.FAIL): _S.FAILED,
    (_S.EXECUTING, _E.LOSE): _S.UNKNOWN,
    (_S.UNKNOWN, _E.SUCCEED): _S.EXECUTED,
    (_S.UNKNOWN, _E.FAIL): _S.FAILED,
    (_S.OBSERVED, _E.SUCCEED): _S.OBSERVED,
    (_S.OBSERVED, _E.FAIL): _S.OBSERVED,
    (_S.OBSERVED, _E.LOSE): _S.OBSERVED,
}


def advance(status: Status, event: Event) -> Status:
    """The status after an event. Raises ``IllegalMoveError`` for a move that the table does not have."""
    try:
        return MOVES[status, event]
    except KeyError:
        raise IllegalMoveError("intent", status, event) from None


def is_final(status: Status) -> bool:
    """Whether no move leads out of it."""
    return all(source is not status for source, _ in MOVES)
