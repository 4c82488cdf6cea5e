"""Rates: a call counts once for each rule, within a sliding window."""

from __future__ import annotations

from datetime import timedelta

from planes import NOW
from vienna_control.intake.rates import Rates


def test_this_call_is_counted_among_the_others_once_for_each_rule() -> None:
    rates = Rates()
    first = rates.of("agt-1", NOW)
    assert [first("r", 60), first("r", 60), first("other", 60)] == [1, 1, 1]
    assert rates.of("agt-1", NOW + timedelta(seconds=1))("r", 60) == 2
    assert rates.of("agt-2", NOW)("r", 60) == 1


def test_what_left_the_window_is_forgotten() -> None:
    rates = Rates()
    for second in range(5):
        rates.of("agt-1", NOW + timedelta(seconds=second))("r", 60)
    assert rates.of("agt-1", NOW + timedelta(seconds=60))("r", 60) == 5
    assert rates.of("agt-1", NOW + timedelta(seconds=300))("r", 60) == 1


def test_a_look_that_does_not_count_leaves_nothing_behind() -> None:
    rates = Rates()
    assert rates.of("agt-1", NOW, count=False)("r", 60) == 1
    assert rates.of("agt-1", NOW)("r", 60) == 1
