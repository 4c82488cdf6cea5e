"""The stored trail, read from an SQLite file without the control plane and held against its key by the kernel."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from vienna_cli.output import Code, Failure
from vienna_kernel.keyring import VerifyingKey
from vienna_kernel.ledger.trail import Break, Head, Row, Verified, verify_rows

_ENTRIES = """SELECT idx, id, tenant, type, at, agent_id, intent_id, body, leaf, previous
              FROM entries WHERE idx IS NOT NULL ORDER BY idx"""
_HEADS = "SELECT size, root, head, at, note FROM checkpoints ORDER BY size"
_PENDING = "SELECT count(*) FROM entries WHERE idx IS NULL"


@dataclass(frozen=True)
class Held:
    """A trail held against a key.

    Attributes:
        answer: What the kernel found.
        pending: Entries that have no index yet: written in the last moments, under no checkpoint.
    """

    answer: Break | Verified
    pending: int


def hold(database: Path, keys: Sequence[VerifyingKey], witnessed: Sequence[str]) -> Held:
    """Reads one snapshot of the file, and verifies it with the first key that fits; the file is not written.

    Errors: ``Failure`` when there is no such file, or no trail in it.
    """
    if not database.is_file():
        raise Failure(f"no database at {database}", Code.USAGE)
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            connection.execute("BEGIN")
            pending = int(connection.execute(_PENDING).fetchone()[0])
            answers = [_verify(connection, key, witnessed) for key in keys]
    except sqlite3.DatabaseError as error:
        raise Failure(f"cannot read a trail from {database}: {error}") from None
    good = [answer for answer in answers if isinstance(answer, Verified)]
    return Held(good[0] if good else answers[0], pending)


def _verify(connection: sqlite3.Connection, key: VerifyingKey, witnessed: Sequence[str]) -> Break | Verified:
    return verify_rows(_rows(connection), checkpoints=_heads(connection), key=key, witnessed=witnessed)


def _rows(connection: sqlite3.Connection) -> Iterator[Row]:
    for row in connection.execute(_ENTRIES):
        yield Row(*row)


def _heads(connection: sqlite3.Connection) -> Iterator[Head]:
    for row in connection.execute(_HEADS):
        yield Head(*row)
