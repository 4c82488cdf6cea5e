"""The store as the rest of the house sees it: ``write`` a unit of work, ``read`` a query.

The event loop never waits for the disk: writes run in the one writer thread, reads in a few reader threads, each
with a connection that cannot write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from vienna_control.clock import Clock
from vienna_control.events import Bus
from vienna_control.ports import StartError, UnavailableError
from vienna_control.store import schema, sqlite
from vienna_control.store.unit import Outbox, Tx
from vienna_control.store.writer import Watch, Writer


class Store:
    """Durable state of one installation.

    Attributes:
        clock: By which units are dated.
        bus: Where events of committed units are published.
        path: The database file.
    """

    def __init__(self, writing: Engine, reading: Engine, writer: Writer, clock: Clock, bus: Bus) -> None:
        self._writing = writing
        self._reading = reading
        self._writer = writer
        self._threads = ThreadPoolExecutor(max_workers=sqlite.READERS, thread_name_prefix="store-reader")
        self.clock = clock
        self.bus = bus

    @classmethod
    def open(cls, url: str, *, clock: Clock | None = None, bus: Bus | None = None) -> Store:
        """Open (making it, and moving it to this version's schema, where needed) ``sqlite:///path``.

        Raises ``StartError``: not a database of ours, of a newer version, not writable, of an unsupported kind.
        """
        path = sqlite.path_of(url)
        sqlite.prepare_file(path)
        clock, bus = clock or Clock(), bus or Bus()
        writing = sqlite.writing_engine(path)
        try:
            schema.migrate(writing, path)
        except StartError:
            writing.dispose()
            raise
        writer = Writer(writing, clock, bus)
        writer.start()
        return cls(writing, sqlite.reading_engine(path), writer, clock, bus)

    @property
    def broken(self) -> str:
        """Why nothing can be written any more, or empty. A process whose store is broken must end."""
        return self._writer.broken

    @property
    def failing(self) -> str:
        """Why the last write was not taken by the database, or empty; a full disk may have room again later."""
        return self._writer.failing

    @property
    def queued(self) -> int:
        """How many units of work wait for the writer."""
        return self._writer.queued

    def watch(self, watch: Watch) -> None:
        """Tell ``watch`` of each commit from now on; it must not raise, nor wait."""
        self._writer.watch = watch

    def outbox(self, outbox: Outbox) -> None:
        """Tell ``outbox`` of each event within its unit, from now on."""
        self._writer.outbox = outbox

    async def write[T](self, unit: Callable[[Tx], T]) -> T:
        """Run a unit of work and return its result once it is durable.

        Raises what the unit raised (its changes are taken back, its events dropped), or
        ``UnavailableError("store", …)`` when it could not be made durable: then nothing of it is kept.
        """
        # A caller that gives up must not take the answer from the others, nor stop a unit half-way.
        return await asyncio.shield(self._writer.submit(unit))

    async def read[T](self, query: Callable[[Connection], T]) -> T:
        """Run a query on a read-only connection, in one consistent snapshot, in a thread.

        Raises what the query raised; ``UnavailableError("store", …)`` when the database does not answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._query, query)

    def _query[T](self, query: Callable[[Connection], T]) -> T:
        try:
            with self._reading.begin() as connection:
                return query(connection)
        except OperationalError as error:
            raise UnavailableError("store", type(error.orig).__name__) from error

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        await asyncio.get_running_loop().run_in_executor(None, self._writer.close)
        self._threads.shutdown(wait=True)
        self._reading.dispose()
        self._writing.dispose()
