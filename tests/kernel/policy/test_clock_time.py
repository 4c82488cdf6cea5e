"""Times of day and zones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vienna_kernel.policy.clock_time import minute_of_day, minutes_of, zone


def test_minutes() -> None:
    assert [minutes_of(text) for text in ("00:00", "08:30", "23:59")] == [0, 510, 1439]


@pytest.mark.parametrize("text", ["24:00", "8:30", "08:60", "08:30:00", "", "noon"])
def test_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="HH:MM"):
        minutes_of(text)


@pytest.mark.parametrize("name", ["Mars/Phobos", "", "../etc/passwd", "/etc/localtime"])
def test_no_zone(name: str) -> None:
    with pytest.raises(ValueError, match="time zone"):
        zone(name)


@pytest.mark.parametrize(
    ("value", "minute"),
    [
        ("22:30", 22 * 60 + 30),  # local already
        ("2026-03-25T22:30:00Z", 23 * 60 + 30),
        ("2026-07-25T22:30:00Z", 30),  # summer time, past midnight
        ("2026-03-25T22:30:00", 22 * 60 + 30),
        (datetime(2026, 3, 25, 7, tzinfo=UTC), 8 * 60),
        ("2026-03-25t07:00:59.9z", 8 * 60),  # a minute lasts until its end
        ("2026-03-29T00:59:59Z", 60 + 59),  # the last minute of winter
        ("2026-03-29T01:00:00Z", 3 * 60),  # two o'clock never comes
        ("2026-03-29T02:30:00", 2 * 60 + 30),  # as it was written
        ("2026-10-25T00:30:00Z", 2 * 60 + 30),  # comes twice
        ("2026-10-25T01:30:00Z", 2 * 60 + 30),
        ("2026-03-25", None),  # a day is no time of day
        ("2026-W13-3", None),
        ("20260325T0930", None),
        ("2026-02-30T10:00:00Z", None),
        ("2026-03-25T25:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),  # an instant before the first year
        ("9999-12-31T23:59:59-14:00", None),
        ("٢٠٢٦-03-25T10:00:00Z", None),
        ("soon", None),
        (17, None),
        (None, None),
    ],
)
def test_minute_of_day_in_vienna(value: object, minute: int | None) -> None:
    assert minute_of_day(value, zone("Europe/Vienna")) == minute
