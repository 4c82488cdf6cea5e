from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vienna_control.authority import Authority
from vienna_control.clock import FixedClock
from vienna_control.store import Store

NOW = datetime(2026, 1, 5, 10, 0, 0, 250_000, tzinfo=UTC)
SECRET = b"an installation secret of 40 characters!"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def store(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path}/vienna.db", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def authority(store: Store, clock: FixedClock) -> Authority:
    return await Authority.open(store, SECRET, issuer="https://vienna.example", clock=clock)
