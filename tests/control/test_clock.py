"""The clock: aware, monotonic, and deaf to whoever sets the system's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from vienna_control.clock import Clock, FixedClock, from_iso, iso


def test_a_step_of_the_systems_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(datetime(2026, 1, 1, tzinfo=UTC))
    first = clock.now()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert timedelta(0) <= clock.now() - first < timedelta(minutes=1)


def test_a_fixed_clock_does_not_go_back() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    clock.advance(timedelta(seconds=5))
    assert iso(clock.now()) == "2026-01-01T00:00:05.000Z"
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(timedelta(seconds=-1))


async def test_who_sleeps_by_a_fixed_clock_sleeps_on_however_far_it_is_moved() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    sleeping = asyncio.create_task(clock.sleep(0))
    clock.advance(timedelta(hours=1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(sleeping, 0.01)
    await Clock().sleep(0)


def test_text_is_utc_with_milliseconds_and_reads_back() -> None:
    east = datetime(2026, 1, 1, 1, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=1)))
    assert iso(east) == "2026-01-01T00:00:00.999Z"
    assert from_iso("2026-01-01T00:00:00.999Z") == datetime(2026, 1, 1, 0, 0, 0, 999_000, tzinfo=UTC)


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        iso(datetime(2026, 1, 1))  # noqa: DTZ001  # that is the point
    with pytest.raises(ValueError, match="zone"):
        from_iso("2026-01-01T00:00:00")
