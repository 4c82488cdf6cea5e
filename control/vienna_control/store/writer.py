"""The one thread that writes: it takes all units that wait and commits them as one.

1. Take the first unit that waits, and whatever waits behind it, up to ``BATCH``.
2. ``BEGIN IMMEDIATE``; each unit runs in a savepoint of its own. One that raises takes back only its own changes.
3. One ``COMMIT``, durable (synchronous=FULL).
4. Only now: answer the callers, then publish the units' events.

A commit that fails fails every unit of its batch. After a failed fsync nobody knows what the disk holds: the writer
refuses everything from then on and the process ends (``broken``).
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError, OperationalError

from vienna_control.clock import Clock
from vienna_control.events import Bus
from vienna_control.ports import UnavailableError
from vienna_control.store.sqlite import fsync_failed, in_transaction, total_changes
from vienna_control.store.tables import entries
from vienna_control.store.unit import Outbox, Told, Tx

BATCH = 256

# One name for all: SQLAlchemy's own savepoints each have another, and each is compiled anew, two for every unit.
_SAVEPOINT = "SAVEPOINT unit"
_RELEASE = "RELEASE SAVEPOINT unit"
_TAKE_BACK = "ROLLBACK TO SAVEPOINT unit"


@dataclass(slots=True)
class _Job:
    unit: Callable[[Tx], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


type Watch = Callable[[Sequence[Sequence[Told]], float], None]
"""Told of each commit, in the event loop of its callers: what its units entered into the trail, and its seconds."""


class Writer:
    """Runs units one after another, durable before each is answered.

    Attributes:
        watch: Who counts; nobody at first.
        outbox: Who is told of events within their units; nobody at first.
    """

    watch: Watch | None = None
    outbox: Outbox | None = None

    def __init__(self, engine: Engine, clock: Clock, bus: Bus) -> None:
        self._engine = engine
        self._clock = clock
        self._bus = bus
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._arrival = 0
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._closed = False
        self.broken = ""
        self.failing = ""

    def start(self) -> None:
        with self._engine.begin() as connection:
            self._arrival = connection.scalar(select(func.max(entries.c.arrival))) or 0
        self._thread.start()

    def submit[T](self, unit: Callable[[Tx], T]) -> asyncio.Future[T]:
        """Queue a unit; the future is done after its commit. Call it in an event loop."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if self._closed or self.broken:
            future.set_exception(UnavailableError("store", self.broken or "the store is closed"))
        else:
            self._jobs.put(_Job(unit, loop, future))
        return future

    @property
    def queued(self) -> int:
        """How many units wait."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            self._thread.join()

    def _take(self) -> tuple[list[_Job], bool]:
        first = self._jobs.get()
        if first is None:
            return [], True
        batch = [first]
        while len(batch) < BATCH:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                return batch, True
            batch.append(job)
        return batch, False

    def _work(self) -> None:
        with self._engine.connect() as connection:
            last = False
            while not last:
                batch, last = self._take()
                if batch:
                    began = time.monotonic()
                    self._commit(connection, batch)
                    self._answer(batch, time.monotonic() - began)

    def _commit(self, connection: Connection, batch: list[_Job]) -> None:
        before, changes = self._arrival, total_changes(connection)
        try:
            with connection.begin():
                for job in batch:
                    self._run(connection, job)
            stopped = (job.error for job in batch if isinstance(job.error, UnavailableError))
            why = next((error.why for error in stopped if error.port == "store"), "")
            if why or total_changes(connection) != changes:  # a commit of nothing says nothing of the disk
                self.failing = why
        except (DBAPIError, UnavailableError) as error:
            self._arrival = before
            self.failing = _cause(error)
            if fsync_failed(error):
                self.broken = "a commit failed on disk; what it holds is not known"
            for job in batch:
                job.events, job.told = [], []
                job.error = job.error or UnavailableError("store", _cause(error))

    def _run(self, connection: Connection, job: _Job) -> None:
        tx = Tx(connection, self._clock.now(), self._arrival + 1, self.outbox)
        connection.exec_driver_sql(_SAVEPOINT)
        try:
            job.result = job.unit(tx)
            connection.exec_driver_sql(_RELEASE)
        except (
            BaseException
        ) as error:  # handed to the caller as it is, not swallowed: this is the caller's own fault
            if not in_transaction(connection):
                raise UnavailableError("store", _cause(error)) from error
            connection.exec_driver_sql(_TAKE_BACK)
            connection.exec_driver_sql(_RELEASE)
            job.error = (
                UnavailableError("store", _cause(error)) if isinstance(error, OperationalError) else error
            )
            return
        job.events, job.told = tx.events, tx.told
        self._arrival = tx.next_arrival - 1

    def _answer(self, batch: list[_Job], seconds: float) -> None:
        loops = {id(job.loop): job.loop for job in batch}
        for loop in loops.values():
            mine = [job for job in batch if job.loop is loop]
            try:
                loop.call_soon_threadsafe(self._settle, mine, seconds)
            except RuntimeError:  # the loop is closed: nobody waits for these answers any more
                continue

    def _settle(self, batch: list[_Job], seconds: float) -> None:
        for job in batch:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)
        for job in batch:
            for name, tenant, data in job.events:
                self._bus.publish(name, data, tenant=tenant)
        if self.watch is not None:
            self.watch([job.told for job in batch if job.error is None], seconds)


def _cause(error: BaseException) -> str:
    if isinstance(error, UnavailableError):
        return error.why
    original = getattr(error, "orig", None) or error
    name = getattr(original, "sqlite_errorname", "")
    if name == "SQLITE_FULL":
        return "the disk is full"
    return f"{type(original).__name__} {name}".strip() if name else str(original) or type(original).__name__
