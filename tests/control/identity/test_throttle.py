"""How often one may guess."""

from __future__ import annotations

from datetime import timedelta

import pytest

from planes import NOW
from vienna_control.clock import FixedClock
from vienna_control.identity import throttle
from vienna_control.identity.throttle import Throttle


def test_failures_lock_for_a_while_and_age_out() -> None:
    clock = FixedClock(NOW)
    guard = Throttle(clock, failures=3, window_seconds=60, lock_seconds=100)
    for _ in range(2):
        guard.fail("a")
        clock.advance(timedelta(seconds=61))
    guard.fail("a")
    assert guard.wait_seconds("a") == 0
    guard.fail("a")
    guard.fail("a")
    assert guard.wait_seconds("a") == 101
    assert guard.wait_seconds("b") == 0
    clock.advance(timedelta(seconds=100))
    assert guard.wait_seconds("a") == 0


def test_success_forgets() -> None:
    guard = Throttle(FixedClock(NOW), failures=2, window_seconds=60, lock_seconds=60)
    guard.fail("a")
    guard.clear("a")
    guard.fail("a")
    assert guard.wait_seconds("a") == 0


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_MOST_KEYS", 10)
    guard = Throttle(FixedClock(NOW), failures=5, window_seconds=60, lock_seconds=60)
    for n in range(100):
        guard.fail(str(n))
    assert len(guard._counts) == 10
