"""Makes reports: what was asked for stands in the store, and one after the other is made beside the requests.

1. A report is read in one snapshot, after everything committed before was signed; kept and entered into the trail in
   one unit. Whoever has it finds its digest in the trail.
2. One that was under way when the process ended is made again, at most ``_ATTEMPTS`` times; then it has failed.
3. ``MOST_WAITING`` wait at once, ``_KEPT`` of a tenant are kept; what they said is still in the trail.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import structlog
from sqlalchemy import Connection, delete, func, select, update

from vienna_control import rows
from vienna_control.audit import CheckpointFile, Sequencer
from vienna_control.authority import Authority
from vienna_control.clock import Clock, iso
from vienna_control.logs import frames_of
from vienna_control.ports import UnavailableError
from vienna_control.reports import figures, lines, signed
from vienna_control.reports.content import Asked, Kind, Report
from vienna_control.store import Store, Tx
from vienna_control.store.tables import reports as table
from vienna_kernel.keyring import VerifyingKey
from vienna_kernel.ledger.trail import EntryType

log = structlog.get_logger("vienna.reports")

MOST_WAITING = 8
_KEPT = 200
_ATTEMPTS = 3
_PAUSE_SECONDS = 5.0


class BusyError(Exception):
    """As many reports wait as may."""


class Reports:
    """Those of this installation."""

    def __init__(
        self, store: Store, authority: Authority, sequencer: Sequencer, clock: Clock, checkpoints: Path
    ) -> None:
        self._store = store
        self._authority = authority
        self._sequencer = sequencer
        self._clock = clock
        self._witness = CheckpointFile(checkpoints)
        self._asked = asyncio.Event()

    def ask(self, tx: Tx, asked: Asked, *, format: str, author: str) -> None:
        """Put one before the worker, in this unit. Raises ``BusyError``. Then call ``wake``."""
        waiting = tx.conn.scalar(select(func.count()).where(table.c.status == "generating")) or 0
        if waiting >= MOST_WAITING:
            raise BusyError
        filters = {"agent_id": asked.agent_id, "action": asked.action, "tier": asked.tier}
        rows.add(
            tx.conn,
            table,
            id=asked.id,
            tenant=asked.tenant,
            type=asked.kind,
            format=format,
            status="generating",
            author=author,
            from_at=asked.since,
            to_at=asked.until,
            filters=rows.dump(filters),
            error="",
            created_at=tx.at,
        )

    def wake(self) -> None:
        """There is one more to make."""
        self._asked.set()

    async def run(self) -> None:
        """Make what was asked for, oldest first, until cancelled."""
        while True:
            self._asked.clear()
            try:
                while await self._next():
                    pass
            except UnavailableError as error:
                log.warning("reports.unavailable", why=error.why)
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            await self._asked.wait()

    async def _next(self) -> bool:
        """Make one; False when none waits."""
        asked = await self._store.write(_take)
        if asked is None:
            return False
        making = asyncio.create_task(self._make(asked), name=asked.id)
        try:
            await asyncio.wait({making})
        finally:
            making.cancel()
        error = making.exception()
        if isinstance(error, UnavailableError):
            raise error
        if error is not None:  # our own bug: this one has failed, the others are made
            name = type(error).__name__
            log.error("report.failed", report_id=asked.id, error=name, frames=frames_of(error))
            await self._store.write(lambda tx: _fail(tx, asked.id, f"it could not be made: {name}"))
        return True

    async def _make(self, asked: Asked) -> None:
        await self._sequencer.flush()
        witness = self._witness.last()
        key, made_at = self._authority.log_public, iso(self._clock.now())
        notes = (witness[0],) if witness else ()
        text = await self._store.read(lambda conn: compose(conn, asked, key, made_at, notes))
        await self._store.write(lambda tx: _keep(tx, asked, text))


def compose(
    conn: Connection, asked: Asked, key: VerifyingKey, made_at: str, notes: tuple[str, ...] = ()
) -> str:
    """The report's text: compact JSON with sorted names. ``conn`` is one snapshot."""
    sections = [
        *figures.decided(conn, asked),
        *figures.people(conn, asked),
        *figures.done(conn, asked),
        *figures.refused(conn, asked),
        *lines.emergencies(conn, asked),
        *lines.changes(conn, asked),
        *signed.trail(conn, asked, key, witnessed=notes),
    ]
    if asked.kind != "summary":
        sections += lines.single(conn, asked)
    if asked.kind == "audit":
        sections += lines.evidence(conn, asked)
    return rows.dump(Report(asked, made_at, sections).to_json())


def digest_of(text: str) -> str:
    """``sha256:<hex>`` of a report's text."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _take(tx: Tx) -> Asked | None:
    while True:
        query = select(table).where(table.c.status == "generating").order_by(table.c.created_at, table.c.id)
        row = rows.first(tx.conn, query.limit(1))
        if row is None:
            return None
        if row["attempts"] < _ATTEMPTS:
            tx.conn.execute(update(table).where(table.c.id == row["id"]).values(attempts=row["attempts"] + 1))
            return _asked(row)
        _fail(tx, row["id"], "the process ended each time it was being made")


def _asked(row: rows.Row) -> Asked:
    kind: Kind = row["type"]
    return Asked(
        id=row["id"],
        tenant=row["tenant"],
        kind=kind,
        since=row["from_at"],
        until=row["to_at"],
        **rows.load(row["filters"]),
    )


def _fail(tx: Tx, report_id: str, why: str) -> None:
    rows.change(tx.conn, table, report_id, status="failed", error=why, finished_at=tx.at)


def _keep(tx: Tx, asked: Asked, text: str) -> None:
    digest = digest_of(text)
    rows.change(tx.conn, table, asked.id, status="ready", content=text, digest=digest, finished_at=tx.at)
    author = tx.conn.scalar(select(table.c.author).where(table.c.id == asked.id))
    tx.record(
        EntryType.REPORT_MADE,
        tenant=asked.tenant,
        actor="system",
        data={
            "report_id": asked.id,
            "type": asked.kind,
            "from": asked.since,
            "to": asked.until,
            "asked_by": author,
            "digest": digest,
        },
    )
    kept = select(table.c.id).where(table.c.tenant == asked.tenant).order_by(table.c.id.desc()).limit(_KEPT)
    tx.conn.execute(
        delete(table).where(
            table.c.tenant == asked.tenant, table.c.id.not_in(kept), table.c.status != "generating"
        )
    )
