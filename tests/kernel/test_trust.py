"""Trust: slow to earn, quick to lose, always 0 to 100; the table, and laws over every score to a tenth."""

from __future__ import annotations

from itertools import pairwise, product
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutant import must_die
from vienna_kernel import trust
from vienna_kernel.trust import Event

SCORES = [tenth / 10 for tenth in range(1001)]
COUNTS = [1, 2, 50, 99, 100, 101, 102, 150, 1000, 10**6]


def test_it_begins_in_the_middle() -> None:
    assert trust.START == 50


@pytest.mark.parametrize(
    ("successes", "score"),
    [(1, 50.15), (10, 51.5), (50, 57.5), (100, 65), (101, 65.1485), (200, 75.3622), (300, 81.4313), (1000, 99.472)],
)  # fmt: skip
def test_what_successes_earn(successes: int, score: float) -> None:
    found = trust.START
    for count in range(1, successes + 1):
        found = trust.after_success(found, count)
    assert found == pytest.approx(score, abs=0.01)


@pytest.mark.parametrize(
    ("event", "after", "suspends"),
    [
        (Event.POLICY_DENIAL, 49, False),
        (Event.DRIFT, 40, False),
        (Event.FORGED_WARRANT, 20, True),
        (Event.REPLAYED_WARRANT, 20, True),
    ],
)
def test_what_lowers_it(event: Event, after: float, suspends: bool) -> None:
    assert trust.after(event, trust.START) == after
    assert trust.suspends(event) is suspends


def test_the_table_names_every_event() -> None:
    assert set(trust._LOSS) == set(Event)
    assert [event for event in Event if trust.suspends(event)] == [
        Event.FORGED_WARRANT,
        Event.REPLAYED_WARRANT,
    ]


def law_bounds(m: ModuleType) -> int:
    """Nothing leads out of 0 to 100; what is beyond comes back within."""
    asked = 0
    for score in (*SCORES, -50.0, 150.0):
        found = [*(m.after(event, score) for event in m.Event), *(m.after_success(score, n) for n in COUNTS)]
        assert all(0 <= one <= 100 for one in found), score
        asked += len(found)
    return asked


def law_direction(m: ModuleType) -> int:
    """A success raises any score below the top; every event lowers any above the bottom, and none the reverse."""
    moved = 0
    for score in SCORES:
        for event in m.Event:
            lower = m.after(event, score)
            assert lower < score or score == 0
            moved += lower < score
        for count in COUNTS[:-1]:
            higher = m.after_success(score, count)
            assert higher > score or score == 100
            moved += higher > score
    return moved


def law_order(m: ModuleType) -> int:
    """Whoever had more has no less afterwards, whatever happens to both."""
    moves: list[Any] = [lambda score, event=event: m.after(event, score) for event in m.Event]
    moves += [lambda score, n=n: m.after_success(score, n) for n in COUNTS]
    for move in moves:
        found = [move(score) for score in SCORES]
        assert found == sorted(found)
    return len(moves) * len(SCORES)


def law_diminishing(m: ModuleType) -> float:
    """Each success earns no more than the one before; the first hundred 15, each further hundred less than the last."""
    steps = [m.after_success(0, count) for count in range(1, 1001)]
    assert steps == sorted(steps, reverse=True)
    hundreds = [sum(steps[at : at + 100]) for at in range(0, 1000, 100)]
    assert round(hundreds[0], 6) == 15
    assert all(later < earlier for earlier, later in pairwise(hundreds))
    return float(hundreds[-1])


def law_losing_is_quicker(m: ModuleType) -> int:
    """No event is made good by one success, nor a drift by fewer than sixty-six."""
    asked = 0
    for score, event, count in product(SCORES[400:900], m.Event, COUNTS):
        assert m.after_success(m.after(event, score), count) < score
        asked += 1
    score, successes = m.after(m.Event.DRIFT, 50), 0
    while score < 50:
        successes += 1
        score = m.after_success(score, successes)
    assert successes > 65
    return asked


@pytest.mark.parametrize(
    ("law", "least"),
    [
        (law_bounds, 10_000),
        (law_direction, 10_000),
        (law_order, 10_000),
        (law_diminishing, 1),
        (law_losing_is_quicker, 10_000),
    ],
    ids=lambda law: getattr(law, "__name__", None),
)
def test_law(law: Any, least: int) -> None:
    assert law(trust) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_bounds, "min(HIGHEST, max(LOWEST, score))", "max(LOWEST, score)"),
        (law_bounds, "min(HIGHEST, max(LOWEST, score))", "min(HIGHEST, score)"),
        (law_direction, "clamp(score - _LOSS", "clamp(score + _LOSS"),
        (law_direction, "clamp(score + (", "clamp(score - ("),
        (law_direction, "Event.POLICY_DENIAL: 1.0", "Event.POLICY_DENIAL: 0.0"),
        (law_direction, "max(LOWEST, score)), 4)", "max(LOWEST, score)), 0)"),
        (law_order, "clamp(score - _LOSS", "clamp(100 - score - _LOSS"),
        (law_order, "max(LOWEST, score)), 4)", "max(LOWEST, 100 - score)), 4)"),
        (law_diminishing, "_STEP * _STEADY / count", "_STEP"),
        (law_diminishing, "_STEP * _STEADY / count", "_STEP * count / _STEADY"),
        (law_diminishing, "count <= _STEADY", "count < 1"),
        (law_diminishing, "_STEP = 0.15", "_STEP = 0.2"),
        (law_losing_is_quicker, "Event.POLICY_DENIAL: 1.0", "Event.POLICY_DENIAL: 0.1"),
        (law_losing_is_quicker, "_STEP = 0.15", "_STEP = 0.16"),
    ],
)
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, trust, old, new)


@given(st.floats(0, 100), st.sampled_from(Event), st.integers(1, 10**6))
def test_it_stays_within_bounds(score: float, event: Event, count: int) -> None:
    assert 0 <= trust.after(event, score) <= score or score < 1e-4
    assert min(round(score, 4), 100) <= trust.after_success(score, count) <= 100


def test_no_success_is_no_success() -> None:
    for count in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            trust.after_success(50, count)
    for ask in (trust.after, lambda event, _: trust.suspends(event)):
        with pytest.raises(ValueError, match="bribe"):
            ask("bribe", 50)  # type: ignore[operator]
