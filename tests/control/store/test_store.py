"""The store: durable before acknowledged, one commit for many units, a unit that fails takes back only itself."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from vienna_control.events import Bus
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import entries, settings
from vienna_kernel.ledger.trail import EntryType


def put(name: str, value: str = "1"):  # type: ignore[no-untyped-def]
    def unit(tx: Tx) -> str:
        tx.conn.execute(insert(settings), {"name": name, "value": value})
        tx.record(EntryType.CONFIG_CHANGED, tenant="t", actor="system", data={"name": name})
        tx.publish("changed", {"name": name}, tenant="t")
        return name

    return unit


@pytest.fixture
async def store(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = Store.open(f"sqlite:///{tmp_path}/vienna.db", bus=Bus())
    yield opened
    await opened.close()


async def test_what_is_acknowledged_is_on_disk(store: Store, tmp_path: Path) -> None:
    assert await store.write(put("a")) == "a"
    with closing(sqlite3.connect(tmp_path / "vienna.db", isolation_level=None)) as other:
        assert other.execute("SELECT count(*) FROM settings").fetchone() == (1,)
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_units_that_wait_are_committed_together_and_in_order(store: Store) -> None:
    await asyncio.gather(*(store.write(put(f"n{n}")) for n in range(300)))
    arrivals = await store.read(
        lambda conn: conn.scalars(select(entries.c.arrival).order_by(entries.c.id)).all()
    )
    assert sorted(arrivals) == list(range(1, 301))


async def test_a_unit_that_raises_takes_back_only_itself(store: Store) -> None:
    def bad(tx: Tx) -> None:
        put("bad")(tx)
        raise KeyError("mine")

    with store.bus.subscribe() as heard:
        results = await asyncio.gather(
            store.write(put("a")), store.write(bad), store.write(put("b")), return_exceptions=True
        )
        assert results[0] == "a"
        assert results[2] == "b"
        assert isinstance(results[1], KeyError)
        assert await store.read(
            lambda conn: conn.scalars(select(settings.c.name).order_by("name")).all()
        ) == ["a", "b"]
        # no gap where the entry of the failed unit would have stood
        assert await store.read(lambda conn: conn.scalars(select(entries.c.arrival)).all()) == [1, 2]
        assert [(await anext(heard)).data["name"] for _ in range(2)] == ["a", "b"]


async def test_a_constraint_that_fails_is_the_units_own_fault(store: Store) -> None:
    await store.write(put("a"))
    results = await asyncio.gather(store.write(put("a")), store.write(put("b")), return_exceptions=True)
    assert type(results[0]).__name__ == "IntegrityError"
    assert results[1] == "b"


async def test_foreign_keys_are_enforced(store: Store) -> None:
    with pytest.raises(Exception, match="FOREIGN KEY"):
        await store.write(
            lambda tx: tx.conn.execute(
                text("INSERT INTO consumptions (warrant_id, attempt, by, at) VALUES ('wrt-1', 'a', 'b', 'c')")
            )
        )


async def test_readers_cannot_write(store: Store) -> None:
    with pytest.raises(UnavailableError):
        await store.read(lambda conn: conn.execute(insert(settings), {"name": "x", "value": "1"}))
    assert await store.read(lambda conn: conn.scalar(select(settings.c.name))) is None


async def test_a_full_disk_refuses_and_keeps_nothing_and_recovers(store: Store) -> None:
    await store.write(put("before"))

    def limit(pages: int):  # type: ignore[no-untyped-def]
        return lambda tx: tx.conn.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()

    pages = await store.read(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar())
    await store.write(limit(pages))
    with store.bus.subscribe() as heard:
        results = await asyncio.gather(
            *(store.write(put(f"big{n}", "x" * 200_000)) for n in range(3)), return_exceptions=True
        )
        assert all(isinstance(result, UnavailableError) for result in results)
        assert "full" in str(results[0])
        names = await store.read(lambda conn: conn.scalars(select(settings.c.name)).all())
        assert names == ["before"]
        await store.write(limit(1_000_000))
        assert await store.write(put("after")) == "after"
        assert (await anext(heard)).data["name"] == "after"
    assert await store.read(lambda conn: conn.scalars(select(entries.c.arrival)).all()) == [1, 2]


async def test_arrivals_go_on_after_a_restart(tmp_path: Path) -> None:
    for n in range(2):
        store = Store.open(f"sqlite:///{tmp_path}/vienna.db")
        await store.write(put(f"n{n}"))
        await store.close()
    with closing(sqlite3.connect(tmp_path / "vienna.db", isolation_level=None)) as other:
        assert other.execute("SELECT arrival FROM entries ORDER BY 1").fetchall() == [(1,), (2,)]


async def test_a_closed_store_refuses(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/vienna.db")
    await store.close()
    with pytest.raises(UnavailableError):
        await store.write(put("late"))


async def test_only_the_owner_may_open_its_files(store: Store, tmp_path: Path) -> None:
    await store.write(put("a"))
    for name in ("vienna.db", "vienna.db-wal", "vienna.db-shm"):
        assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o600, name


async def test_a_failed_sync_breaks_the_store_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/vienna.db")

    def fail(_: Tx) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_FSYNC"  # type: ignore[misc]  # as the driver sets it
        raise UnavailableError("store", "x") from error

    monkeypatch.setattr("vienna_control.store.writer.in_transaction", lambda _: False)
    monkeypatch.setattr("vienna_control.store.writer.fsync_failed", lambda _: True)
    with pytest.raises(UnavailableError):
        await store.write(fail)
    assert store.broken
    with pytest.raises(UnavailableError):
        await store.write(put("a"))
    await store.close()


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "sqlite://", "nonsense"])
def test_another_kind_of_database_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(StartError, match="not supported yet"):
        Store.open(url)


async def test_an_error_of_the_database_names_no_value(store: Store) -> None:
    def unit(tx: Tx) -> None:
        for _ in range(2):
            tx.conn.execute(insert(settings), {"name": "canary-7c1f-secret", "value": "{}"})

    with pytest.raises(IntegrityError) as caught:
        await store.write(unit)
    assert "canary-7c1f-secret" not in str(caught.value)
