"""Trust-score arithmetic: 0 to 100, 50 at the start; slow to earn, quick to lose.

1. A verified success raises it a little, less and less: about +15 after the first hundred.
2. What went wrong lowers it at once; what an honest agent cannot do by accident also suspends.
3. A score that rises lowers no tier and no requirement by itself: low trust adds risk, high trust removes none.
"""

from __future__ import annotations

from enum import StrEnum

START = 50.0
LOWEST, HIGHEST = 0.0, 100.0

_STEADY = 100  # successes that earn the full step
_STEP = 0.15


class Event(StrEnum):
    """What lowers trust."""

    POLICY_DENIAL = "policy_denial"
    DRIFT = "drift"
    FORGED_WARRANT = "forged_warrant"
    REPLAYED_WARRANT = "replayed_warrant"


_LOSS = {
    Event.POLICY_DENIAL: 1.0,
    Event.DRIFT: 10.0,
    Event.FORGED_WARRANT: 30.0,
    Event.REPLAYED_WARRANT: 30.0,
}
_SUSPENDING = frozenset({Event.FORGED_WARRANT, Event.REPLAYED_WARRANT})


def clamp(score: float) -> float:
    """The score within its bounds, to four decimals."""
    return round(min(HIGHEST, max(LOWEST, score)), 4)


def after_success(score: float, count: int) -> float:
    """The score after one more verified success.

    ``count`` is how many the agent has had, this one included, at least 1: the first hundred earn 0.15 each,
    the n-th after that 15 / n.
    """
    if count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    return clamp(score + (_STEP if count <= _STEADY else _STEP * _STEADY / count))


def after(event: Event | str, score: float) -> float:
    """The score after an event that lowers it. Raises ``ValueError`` on an unknown event."""
    return clamp(score - _LOSS[Event(event)])


def suspends(event: Event | str) -> bool:
    """Whether the event suspends the agent by itself. Raises ``ValueError`` on an unknown event."""
    return Event(event) in _SUSPENDING
