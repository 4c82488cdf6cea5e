"""The trail as NDJSON that verifies alone: one line per entry with its exact body, one per checkpoint.

``{"kind": "entry", "idx": 0, …, "body": "<the hashed bytes as text>", "leaf": …, "previous": …}``
``{"kind": "checkpoint", "size": 1273, "root": …, "head": …, "at": …, "note": …}``, after the entries it covers.

Stability: members are only added; readers ignore those that they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from vienna_control.audit.trail import HEADS, ROWS, Report
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import VerifyingKey
from vienna_kernel.ledger.breaks import Head, Row
from vienna_kernel.ledger.trail import verify_rows


def export_lines(conn: Connection) -> Iterator[bytes]:
    """Every signed entry and checkpoint, a line each with its newline."""
    heads = iter(conn.exec_driver_sql(HEADS).yield_per(1000))
    head = next(heads, None)
    for values in conn.exec_driver_sql(ROWS).yield_per(1000):
        row = Row(*values)
        # A body that is no UTF-8 was edited; written as it can be, it does not verify, which is right.
        body = row.body.decode("utf-8", "replace") if isinstance(row.body, bytes) else str(row.body)
        yield _line("entry", row._asdict() | {"body": body})
        while head is not None and head[0] == row.idx + 1:
            yield _line("checkpoint", Head(*head)._asdict())
            head = next(heads, None)


def _line(kind: str, members: dict[str, Any]) -> bytes:
    members = {"kind": kind} | members
    return orjson.dumps(members, option=orjson.OPT_APPEND_NEWLINE)


def verify_export(path: Path, key: VerifyingKey, *, witnessed: Sequence[str] = ()) -> Report:
    """Hold an exported file against its signatures; it is read twice, as a stream.

    Errors: ``MalformedError`` naming the line that is none; ``OSError``.
    """
    entries = (_row(data) for data in _members(path, "entry"))
    heads = (Head._make(data[name] for name in Head._fields) for data in _members(path, "checkpoint"))
    return Report(verify_rows(entries, checkpoints=heads, key=key, witnessed=witnessed), 0)


def _members(path: Path, kind: str) -> Iterator[dict[str, Any]]:
    wanted = _FIELDS[kind]
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                data = orjson.loads(line)
            except orjson.JSONDecodeError:
                data = None
            if not isinstance(data, dict) or (data.get("kind") == kind and not wanted <= set(data)):
                raise MalformedError(f"{path.name}:{number}", "not a line of an export")
            if data.get("kind") == kind:
                yield data


def _row(data: dict[str, Any]) -> Row:
    body = data["body"].encode() if isinstance(data["body"], str) else data["body"]
    return Row._make(body if name == "body" else data[name] for name in Row._fields)


_FIELDS = {"entry": set(Row._fields), "checkpoint": set(Head._fields)}
