"""The stored trail held against its signatures: over a connection, or over a database file that nobody serves.

Rows are read as a stream; a million entries need no more memory than one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from vienna_control.ports import UnavailableError
from vienna_kernel.keyring import VerifyingKey
from vienna_kernel.ledger.breaks import Break, Fault, Head, Row, Verified, contradictions, leaf_of
from vienna_kernel.ledger.trail import verify_rows

# In the order of the fields of Row and Head.
_ENTRIES = "SELECT idx, id, tenant, type, at, agent_id, intent_id, body, leaf, previous FROM entries "
ROWS = _ENTRIES + "WHERE idx IS NOT NULL ORDER BY idx"
HEADS = "SELECT size, root, head, at, note FROM checkpoints ORDER BY size"
_PENDING = _ENTRIES + "WHERE idx IS NULL ORDER BY arrival"

type _Query = Callable[[str], Iterable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Report:
    """What verification found.

    Attributes:
        result: ``Verified``, or the first ``Break``.
        pending: Entries that are committed and not signed yet.
    """

    result: Verified | Break
    pending: int

    @property
    def valid(self) -> bool:
        """Whether the whole trail holds."""
        return isinstance(self.result, Verified)

    def to_json(self) -> dict[str, Any]:
        """``valid``, ``pending``, and either ``entries, size, root, checkpoints, at`` or ``break{…}``."""
        out: dict[str, Any] = {"valid": self.valid, "pending": self.pending}
        if isinstance(self.result, Verified):
            found = self.result
            out |= {"entries": found.count, "size": found.size, "root": found.root}
            return out | {"checkpoints": found.checkpoints, "at": found.at or None, "break": None}
        broken = self.result
        return out | {
            "break": {
                "fault": broken.fault.value,
                "index": broken.index,
                "through": broken.through,
                "id": broken.id,
                "detail": broken.detail,
            }
        }


def verify_store(
    source: Connection | Path | str, key: VerifyingKey, *, witnessed: Sequence[str] = ()
) -> Report:
    """Hold every stored entry against the trail, with notes that were kept elsewhere if there are any.

    ``source``: a connection in one snapshot, or the path of a SQLite database.

    Errors: ``UnavailableError("audit", …)`` for a file that is no database of ours.
    """
    if isinstance(source, Connection):
        return _verify(lambda sql: source.exec_driver_sql(sql).yield_per(1000), key, witnessed)
    path = Path(source)
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        ) as raw:
            raw.execute("BEGIN")
            return _verify(raw.execute, key, witnessed)
    except sqlite3.Error as error:
        raise UnavailableError("audit", f"cannot read {path}: {error}") from None


def _verify(query: _Query, key: VerifyingKey, witnessed: Sequence[str]) -> Report:
    rows: Iterator[Row] = (Row(*row) for row in query(ROWS))
    heads = (Head(*row) for row in query(HEADS))
    result = verify_rows(rows, checkpoints=heads, key=key, witnessed=witnessed)
    pending = 0
    for position, values in enumerate(query(_PENDING)):
        row, pending = Row(*values), pending + 1
        if isinstance(result, Verified) and (why := _changed(row)):
            index = result.count + position
            result = Break(Fault.EDITED_BODY, index, row.id, why, index)
    return Report(result, pending)


def _changed(row: Row) -> str:
    """What is wrong with an entry that is not signed yet, or empty."""
    leaf = leaf_of(row)
    if leaf is None or leaf.hex() != row.leaf:
        return "its body is not what was recorded: it does not hash to its leaf"
    wrong = contradictions(row)
    return "its columns contradict its body: " + ", ".join(wrong) if wrong else ""


def count_pending(conn: Connection) -> int:
    """Entries that are committed and not signed yet."""
    return int(conn.exec_driver_sql("SELECT count(*) FROM entries WHERE idx IS NULL").scalar_one())
