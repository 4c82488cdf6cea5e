"""The clock follows the authority, not this machine, and is never behind it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from vienna_proxy import clock as module
from vienna_proxy.clock import Clock, iso


def test_it_takes_the_authoritys_instant_a_second_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    elapsed = [100.0]
    monkeypatch.setattr(module, "_elapsed_seconds", lambda: elapsed[0])
    clock, there = Clock(), datetime(2030, 1, 1, tzinfo=UTC)
    assert clock.anchor(there) > 86400
    assert clock.now() - there == timedelta(seconds=1)
    monkeypatch.setattr(time, "time", lambda: 0.0)  # whoever sets this machine's clock sets nothing here
    elapsed[0] += 5
    assert clock.now() - there == timedelta(seconds=6)
    assert clock.anchor(there) == -5


def test_time_goes_on_by_itself() -> None:
    clock = Clock()
    before = clock.now()
    while clock.now() == before:
        pass
    assert clock.now() > before


def test_an_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        Clock().anchor(datetime(2030, 1, 1))  # noqa: DTZ001  # that is the point


def test_text() -> None:
    assert iso(datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)) == "2030-01-01T12:00:00.123Z"
