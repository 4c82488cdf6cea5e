"""SQLite connections: one that writes, a few that only read, and a file that only its owner may open.

WAL lets readers go on while the writer commits; ``synchronous=FULL`` makes a commit durable before it is
acknowledged (https://sqlite.org/pragma.html#pragma_synchronous). Transactions are begun by us (``BEGIN IMMEDIATE``):
the driver's own would take the write lock late and fail in mid-unit. An error of theirs names no value
(``hide_parameters``): it may end in a log.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from vienna_control.ports import StartError, UnavailableError

READERS = 4
_BUSY_MS = 5000


def path_of(url: str) -> Path:
    """File of ``sqlite:///path``. Raises ``StartError`` for another kind of database."""
    scheme, found, rest = url.partition(":///")
    if scheme != "sqlite" or not found or not rest:
        raise StartError(
            f"database {scheme!r} is not supported yet in this version; leave 'database' out for SQLite"
        )
    return Path(rest)


def prepare_file(path: Path) -> None:
    """Make the database file (0600) if it is not there. SQLite gives its -wal and -shm the same mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StartError(f"cannot open the database {path}: {error.strerror}") from None


def writing_engine(path: Path) -> Engine:
    """An engine with the one connection that writes."""

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA trusted_schema=OFF")
        raw.execute("PRAGMA wal_autocheckpoint=4000")
        return raw

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool, hide_parameters=True)
    _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def reading_engine(path: Path) -> Engine:
    """An engine whose connections cannot write."""

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_MS / 1000,
        )
        raw.execute("PRAGMA query_only=ON")
        raw.execute("PRAGMA trusted_schema=OFF")
        return raw

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=READERS,
        max_overflow=READERS,
        hide_parameters=True,
    )
    _begin_with(engine, "BEGIN")
    return engine


def _begin_with(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)


def assert_pragmas(connection: Connection) -> None:
    """Refuse to run without what durability rests on. Raises ``UnavailableError``."""
    for name, wanted in (("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)):
        came: Any = connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        if came != wanted:
            raise UnavailableError("store", f"PRAGMA {name} is {came!r}, it must be {wanted!r}")


def in_transaction(connection: Connection) -> bool:
    """Whether SQLite itself still has the transaction: a full disk rolls all of it back on its own."""
    raw: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]  # typed as any driver's
    return raw.in_transaction


def total_changes(connection: Connection) -> int:
    """Rows changed on this connection since it was opened."""
    raw: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]  # typed as any driver's
    return raw.total_changes


def fsync_failed(error: BaseException | None) -> bool:
    """Whether a commit failed in a way after which what is on disk is not known."""
    original = getattr(error, "orig", error)
    name = str(getattr(original, "sqlite_errorname", ""))
    return name.startswith("SQLITE_IOERR") or name in ("SQLITE_CORRUPT", "SQLITE_NOTADB")
