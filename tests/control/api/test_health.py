"""``/ready``: what it says when the store takes no more, and when it does again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from planes import Control
from vienna_control.ports import UnavailableError
from vienna_control.store import Store, Tx
from vienna_kernel.ledger.trail import EntryType


async def ready(control: Control) -> tuple[int, str]:
    status, answer, _ = await control.ask("GET", "/ready")
    return status, answer["store"]


def limit(pages: int) -> Callable[[Tx], Any]:
    return lambda tx: tx.conn.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()


def big(tx: Tx) -> None:
    for _ in range(20):
        tx.record(EntryType.CONFIG_CHANGED, tenant="default", actor="system", data={"text": "x" * 100_000})


async def at_rest(control: Control) -> Store:
    """The store, once nothing is left that the trail's sequencer would write beside us."""
    await control.app.sequencer.flush()
    return control.app.store


async def test_a_full_disk_is_not_ready_until_a_write_succeeds(control: Control) -> None:
    store = await at_rest(control)
    assert await ready(control) == (200, "ok")
    pages = await store.read(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar())
    await store.write(limit(pages))
    with pytest.raises(UnavailableError):
        await store.write(big)
    assert store.failing == "the disk is full"
    await store.write(limit(1_000_000))
    assert store.failing  # a commit of nothing says nothing
    assert await ready(control) == (200, "ok")  # it tried, as nobody else would
    assert not store.failing


async def test_while_nothing_can_be_written_it_stays_unready(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await at_rest(control)
    pages = await store.read(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar())
    await store.write(limit(pages))
    monkeypatch.setattr("vienna_control.api.health._probe", big)  # one page more would always fit somewhere
    with pytest.raises(UnavailableError):
        await store.write(big)
    for _ in range(2):
        assert await ready(control) == (503, "the disk is full")
    monkeypatch.undo()
    await store.write(limit(1_000_000))
    assert await ready(control) == (200, "ok")
