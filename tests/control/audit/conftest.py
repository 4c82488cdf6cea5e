from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vienna_control.authority import Authority
from vienna_control.clock import FixedClock
from vienna_control.store import Store, Tx
from vienna_kernel.ledger.trail import EntryType

SECRET = b"an installation secret of 40 characters!"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    clock = FixedClock(datetime(2026, 1, 5, 10, tzinfo=UTC))
    opened = Store.open(f"sqlite:///{tmp_path}/vienna.db", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def authority(store: Store) -> Authority:
    return await Authority.open(store, SECRET)


@pytest.fixture
def record(store: Store) -> Callable[..., Awaitable[None]]:
    """Write entries, several to a unit of work."""

    async def write(count: int, text: str = "") -> None:
        def unit(tx: Tx) -> None:
            for number in range(count):
                data = {"n": number, "text": text or "an entry"}
                tx.record(
                    EntryType.ALERT, tenant="default", actor="system", data=data, intent_id=f"int-{number}"
                )

        await store.write(unit)

    return write
