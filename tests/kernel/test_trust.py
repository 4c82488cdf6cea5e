"""Trust: slow to earn, quick to lose, always 0 to 100."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel import trust
from vienna_kernel.trust import Event


def test_fifteen_after_a_hundred_successes_then_less_and_less() -> None:
    score, at = trust.START, {}
    for count in range(1, 301):
        score = trust.after_success(score, count)
        at[count] = score
    assert at[100] == pytest.approx(65)
    assert at[200] - at[100] < 15
    assert at[300] - at[200] < at[200] - at[100]


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


def test_every_event_has_a_row() -> None:
    assert all(trust.after(event, 50) < 50 for event in Event)


@given(st.floats(0, 100), st.sampled_from(Event), st.integers(1, 10**6))
def test_it_stays_within_bounds(score: float, event: Event, count: int) -> None:
    assert 0 <= trust.after(event, score) <= score or score < 1e-4
    assert min(round(score, 4), 100) <= trust.after_success(score, count) <= 100


def test_no_success_is_no_success() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        trust.after_success(50, 0)
    with pytest.raises(ValueError, match="bribe"):
        trust.after("bribe", 50)
