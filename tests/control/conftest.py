"""Fixtures of the control plane's tests."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from planes import NOW, Control, running
from vienna_control.clock import FixedClock


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same Argon2id with less work: a tenth of a second for each seeded person adds up."""
    cheap = functools.partial(PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr("vienna_control.identity.passwords.PasswordHasher", cheap)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def control(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Control]:
    """A control plane in env ``test``, with one operator of each role and one agent, on a clock that stands still."""
    async with running(tmp_path / "data", clock=clock) as started:
        yield started
