"""Backtests that were asked for: each runs by itself, one after the other, and what came out is kept.

1. One runs at a time, a few wait; more are turned away. None of them is in the way of a decision (``backtest``).
2. The last hundred of a tenant are kept. What ran when the process ended is told as interrupted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection, delete, select, update

from vienna_control import rows
from vienna_control.logs import frames_of
from vienna_control.policies import backtest
from vienna_control.policies.bundle import Bundle
from vienna_control.policies.rejudge import Span
from vienna_control.ports import UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import backtests as table

log = structlog.get_logger("vienna.policies")

_MOST_WAITING = 4
_KEPT = 100


class BusyError(Exception):
    """As many backtests wait as may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be compared. ``body``: as it was asked for, to be shown again."""

    was: Bundle
    would: Bundle
    span: Span
    body: dict[str, Any]
    author: str


class Backtests:
    """Those of this process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._one = asyncio.Lock()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._seen: dict[str, int] = {}

    async def run(self) -> None:
        """Say of those that the last process left that they were interrupted; then wait to be cancelled."""

        def unit(tx: Tx) -> None:
            left = update(table).where(table.c.status == "running")
            tx.conn.execute(left.values(status="failed", error="interrupted", finished_at=tx.at))

        try:
            await self._store.write(unit)
        except UnavailableError as error:
            log.warning("backtests.unavailable", why=error.why)
        try:
            await asyncio.Event().wait()
        finally:
            for task in list(self._running.values()):
                task.cancel()

    async def start(self, asked: Asked, *, patience_seconds: float) -> str:
        """Begin one, and wait for it a while; returns its id. Raises ``BusyError``."""
        if len(self._running) >= _MOST_WAITING:
            raise BusyError
        tenant = asked.span.tenant

        def unit(tx: Tx) -> str:
            backtest_id = tx.id("bkt")
            values = {"asked": rows.dump(asked.body), "status": "running", "author": asked.author}
            rows.add(tx.conn, table, id=backtest_id, tenant=tenant, error="", created_at=tx.at, **values)
            return backtest_id

        backtest_id = await self._store.write(unit)
        task = asyncio.create_task(self._compare(backtest_id, asked), name=backtest_id)
        self._running[backtest_id] = task
        task.add_done_callback(lambda ended: self._ended(ended, backtest_id))
        await asyncio.wait({task}, timeout=patience_seconds)
        return backtest_id

    def _ended(self, task: asyncio.Task[None], backtest_id: str) -> None:
        self._running.pop(backtest_id, None)
        self._seen.pop(backtest_id, None)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # Our own bug: whoever asked is told, and waits no longer.
        log.error("backtest.internal", error=type(error).__name__, frames=frames_of(error))
        self._running[backtest_id] = failing = asyncio.create_task(self._failed(backtest_id))
        failing.add_done_callback(lambda _: self._running.pop(backtest_id, None))

    async def _failed(self, backtest_id: str) -> None:
        def unit(tx: Tx) -> None:
            rows.change(tx.conn, table, backtest_id, status="failed", error="internal", finished_at=tx.at)

        try:
            await self._store.write(unit)
        except UnavailableError as error:
            log.warning("backtest.unavailable", backtest_id=backtest_id, why=error.why)

    async def _compare(self, backtest_id: str, asked: Asked) -> None:
        async with self._one:
            try:
                found = await backtest.run(
                    self._store,
                    asked.was,
                    asked.would,
                    asked.span,
                    progress=lambda seen: self._seen.update({backtest_id: seen}),
                )
                await self._store.write(lambda tx: _finish(tx, asked.span.tenant, backtest_id, found))
            except UnavailableError as error:
                log.warning("backtest.unavailable", backtest_id=backtest_id, why=error.why)

    def seen(self, backtest_id: str) -> int:
        """How many recorded intents a running one has judged so far."""
        return self._seen.get(backtest_id, 0)


def _finish(tx: Tx, tenant: str, backtest_id: str, result: dict[str, Any]) -> None:
    values = {"status": "done", "result": rows.dump(result), "finished_at": tx.at}
    rows.change(tx.conn, table, backtest_id, **values)
    kept = select(table.c.id).where(table.c.tenant == tenant).order_by(table.c.id.desc()).limit(_KEPT)
    old = delete(table).where(table.c.tenant == tenant, table.c.id.not_in(kept), table.c.status != "running")
    tx.conn.execute(old)


def find(conn: Connection, tenant: str, backtest_id: str) -> rows.Row | None:
    return rows.first(conn, select(table).where(table.c.id == backtest_id, table.c.tenant == tenant))
