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
        ("soon", None),
        (17, None),
        (None, None),
    ],
)
def test_minute_of_day_in_vienna(value: object, minute: int | None) -> None:
    assert minute_of_day(value, zone("Europe/Vienna")) == minute
