"""Order, signatures and restarts of the sequencer, on a real store."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from vienna_control.audit import Sequencer, verify_store
from vienna_control.audit import sequencer as module
from vienna_control.authority import Authority
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import Store
from vienna_control.store.tables import checkpoints, entries
from vienna_kernel.ledger.breaks import Verified
from vienna_kernel.ledger.trail import EntryType, open_note

type Record = Callable[..., Awaitable[None]]
SECRET = b"an installation secret of 40 characters!"


async def _held(store: Store, authority: Authority) -> Verified:
    report = await store.read(lambda conn: verify_store(conn, authority.log_public))
    assert isinstance(report.result, Verified), report
    return report.result


async def test_entries_get_their_place_in_the_order_of_their_commit(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    for count in (1, 5, 3):
        await record(count)
        await sequencer.flush()
    places = await store.read(
        lambda conn: conn.execute(select(entries.c.idx).order_by(entries.c.arrival)).all()
    )
    assert [row.idx for row in places] == list(range(len(places)))
    found = await _held(store, authority)
    assert (found.count, found.checkpoints) == (sequencer.size, 3)
    said = open_note(sequencer.checkpoint, authority.log_public)
    assert said is not None
    assert (said.origin, said.size, said.root.hex()) == (authority.origin, found.size, found.root)


async def test_it_works_beside_writers_until_cancelled(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    task = asyncio.create_task(sequencer.run())
    await asyncio.gather(*(record(7) for _ in range(40)))
    async with asyncio.timeout(60):
        while sequencer.size < 280:
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await sequencer.flush()
    assert (await _held(store, authority)).count == sequencer.size


async def test_a_flush_that_nobody_waits_for_any_more_is_finished(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    """Else the next one finds its own signature and takes it for another sequencer's."""
    sequencer = await Sequencer.open(store, authority, tmp_path)
    await record(3)
    begun, held = threading.Event(), threading.Event()
    busy = asyncio.create_task(store.write(lambda _: begun.set() or held.wait(60)))
    await asyncio.to_thread(begun.wait, 60)
    flush = asyncio.create_task(sequencer.flush())
    while not store.queued:
        await asyncio.sleep(0.01)
    flush.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flush
    held.set()
    await busy
    await record(2)
    await sequencer.flush()
    assert (await _held(store, authority)).count == sequencer.size


async def test_a_restart_goes_on_where_the_last_one_stopped(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    first = await Sequencer.open(store, authority, tmp_path)
    await record(10)
    await first.flush()
    await record(4)  # committed, not sequenced, when the process ends
    second = await Sequencer.open(store, authority, tmp_path)
    assert second.size == first.size
    await second.flush()
    assert (await _held(store, authority)).count == first.size + 4


async def test_a_restart_without_the_kept_state_computes_it_again(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    first = await Sequencer.open(store, authority, tmp_path)
    await record(11)
    await first.flush()
    with sqlite3.connect(tmp_path / "vienna.db") as raw:
        raw.execute("DELETE FROM settings WHERE name = 'audit_tree'")
    second = await Sequencer.open(store, authority, tmp_path)
    await record(5)
    await second.flush()
    assert (await _held(store, authority)).count == first.size + 5


@pytest.mark.parametrize(
    "value",
    [
        "{}",
        '{"size": 3, "nodes": [], "head": ""}',
        '{"size": 1, "nodes": ["zz"], "head": "00"}',
        "[]",
        "null",
    ],
)
async def test_a_state_that_was_edited_is_not_believed(
    store: Store, authority: Authority, record: Record, tmp_path: Path, value: str
) -> None:
    first = await Sequencer.open(store, authority, tmp_path)
    await record(3)
    await first.flush()
    with sqlite3.connect(tmp_path / "vienna.db") as raw:
        raw.execute("UPDATE settings SET value = ? WHERE name = 'audit_tree'", (value,))
    second = await Sequencer.open(store, authority, tmp_path)
    assert second.size == first.size


async def test_two_sequencers_do_not_fork(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    one = await Sequencer.open(store, authority, tmp_path)
    two = await Sequencer.open(store, authority, tmp_path)
    await record(3)
    await one.flush()
    await record(3)
    with pytest.raises(UnavailableError, match="another sequencer"):
        await two.flush()
    await one.flush()
    await _held(store, authority)


async def test_an_entry_changed_before_it_was_signed_is_never_signed(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    await record(3)
    with sqlite3.connect(tmp_path / "vienna.db") as raw:
        raw.execute(
            "UPDATE entries SET body = replace(body, 'an entry', 'AN entry') WHERE intent_id = 'int-1'"
        )
    with pytest.raises(UnavailableError, match="was changed before it was signed"):
        await sequencer.flush()
    assert sequencer.broken
    with pytest.raises(UnavailableError):
        await sequencer.flush()
    assert await store.read(lambda conn: conn.scalar(select(checkpoints.c.size))) is None


async def test_a_restored_backup_stops_the_start(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    await record(3)
    await sequencer.flush()
    _backup(tmp_path / "vienna.db", tmp_path / "backup.db")
    await record(3)
    await sequencer.flush()
    restored = Store.open(f"sqlite:///{tmp_path}/backup.db")
    try:
        again = await Authority.open(restored, SECRET)
        with pytest.raises(StartError, match="an old copy"):
            await Sequencer.open(restored, again, tmp_path)
    finally:
        await restored.close()


async def test_a_restored_backup_that_grew_past_the_checkpoint_stops_the_start(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    await record(3)
    await sequencer.flush()
    _backup(tmp_path / "vienna.db", tmp_path / "backup.db")
    await record(3)
    await sequencer.flush()
    restored = Store.open(f"sqlite:///{tmp_path}/backup.db")
    try:
        again = await Authority.open(restored, SECRET)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        other = await Sequencer.open(restored, again, elsewhere)  # started without the file: nothing tells it
        for _ in range(9):
            await restored.write(
                lambda tx: tx.record(EntryType.ALERT, tenant="default", actor="system", data={})
            )
            await other.flush()
        with pytest.raises(StartError, match="another history"):
            await Sequencer.open(restored, again, tmp_path)
    finally:
        await restored.close()


async def test_a_database_of_another_installation_stops_the_start(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    await record(1)
    await sequencer.flush()
    fresh = Store.open(f"sqlite:///{tmp_path}/fresh.db")
    try:
        other = await Authority.open(fresh, SECRET)
        with pytest.raises(StartError, match="another log"):
            await Sequencer.open(fresh, other, tmp_path)
    finally:
        await fresh.close()


async def test_a_trail_that_is_not_the_signed_one_is_not_signed_over(
    store: Store, authority: Authority, record: Record, tmp_path: Path
) -> None:
    sequencer = await Sequencer.open(store, authority, tmp_path)
    await record(5)
    await sequencer.flush()
    with sqlite3.connect(tmp_path / "vienna.db") as raw:
        raw.execute("DELETE FROM settings WHERE name = 'audit_tree'")
        raw.execute("UPDATE entries SET leaf = '00' WHERE idx = 2")
    with pytest.raises(StartError, match="vienna audit verify"):
        await Sequencer.open(store, authority, tmp_path)


async def test_the_second_place_is_never_ahead_and_soon_there(
    store: Store, authority: Authority, record: Record, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WITNESS_SECONDS", 3600.0)  # all of it happens within one of these
    sequencer = await Sequencer.open(store, authority, tmp_path)
    for _ in range(3):
        await record(2)
        await sequencer.flush(wait=False)
    await sequencer.flush()
    notes = (tmp_path / "checkpoints").read_text()
    assert notes.endswith(sequencer.checkpoint + "\n")
    assert notes.count("— ") == 2  # the first at once, then at most one a second, and the last one


def _backup(source: Path, target: Path) -> None:
    with sqlite3.connect(source) as one, sqlite3.connect(target) as two:
        one.backup(two)
    shutil.copymode(source, target)
