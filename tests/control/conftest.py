"""Fixtures of the control plane's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from planes import NOW, Control, running
from vienna_control.clock import FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def control(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Control]:
    """A control plane in env ``test``, with one operator of each role and one agent, on a clock that stands still."""
    async with running(tmp_path / "data", clock=clock) as started:
        yield started
