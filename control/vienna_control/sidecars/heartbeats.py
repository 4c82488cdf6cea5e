"""Heartbeats: each held against the one before, and their absence noticed.

1. A gap, a count that goes back and a fork are entered into the trail, each of them, and counted; people are alerted
   of them once within ``_ALERT_AGAIN``.
2. A clock that is off by more than ``MOST_SKEW_SECONDS`` is alerted when it comes to be.
3. A gate that gave no sign for ``MOST_MISSED`` intervals while its agent is active is silent: alerted once, and once
   more when it is back. A gate that said that it leaves is not silent.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import Connection, and_, func, select

from vienna_control import rows
from vienna_control.clock import Clock, from_iso, iso
from vienna_control.fleet.alerts import Severity, raise_alert
from vienna_control.invariant import there
from vienna_control.ports import UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import agents, sidecars
from vienna_kernel.heartbeat import (
    INTERVAL_SECONDS,
    MOST_MISSED,
    MOST_SKEW_SECONDS,
    Counts,
    Followed,
    Heartbeat,
    Irregular,
    Last,
    follow,
)
from vienna_kernel.ledger.trail import EntryType

log = structlog.get_logger("vienna.sidecars")

SILENT_AFTER = timedelta(seconds=INTERVAL_SECONDS * MOST_MISSED)
IS_SILENT = and_(sidecars.c.silent_at.is_not(None), sidecars.c.revoked_at.is_(None))
"""Of a row: it is to be heard of, and is not."""

_ALERT_AGAIN = timedelta(minutes=10)
_MOST_SKEW_MS = MOST_SKEW_SECONDS * 1000
_SKEW_BOUND_MS = 2**31 - 1
_LOOK_SECONDS = 10.0


def keep(tx: Tx, sidecar_id: str, beat: Heartbeat) -> None:
    """Take one heartbeat of a sidecar that is enrolled."""
    row = there(
        rows.first(tx.conn, select(sidecars).where(sidecars.c.id == sidecar_id)),
        "its key was found in this sidecar's name",
    )
    found = follow(_last(row), beat)
    values = _alive(tx, row, beat)
    if found.new:
        values |= {
            "sequence": beat.sequence,
            "beat": beat.digest(),
            "counts": rows.dump(beat.counts.model_dump()),
        }
    if found.irregular is not None:
        values |= _irregular(tx, row, found, found.irregular)
    rows.change(tx.conn, sidecars, sidecar_id, **values)


def _last(row: rows.Row) -> Last:
    counts = rows.load(row["counts"]) or {}
    return Last(sequence=row["sequence"], digest=row["beat"], counts=Counts.model_validate(counts))


def _alive(tx: Tx, row: rows.Row, beat: Heartbeat) -> dict[str, object]:
    off = int((beat.at - tx.now).total_seconds() * 1000)
    skew = max(-_SKEW_BOUND_MS, min(_SKEW_BOUND_MS, off))
    if abs(skew) > _MOST_SKEW_MS >= abs(row["skew_ms"] or 0):
        _alert(tx, row, "sidecar_clock", f"the clock of {row['id']} is off by {skew / 1000:.0f} s")
    if row["silent_at"] is not None:
        _alert(tx, row, "sidecar_back", f"{row['id']} gives signs of life again", severity="info")
    return {
        "seen_at": tx.at,
        "beat_at": tx.at,
        "silent_at": None,
        "left_at": tx.at if beat.leaving else None,
        "skew_ms": skew,
        "bundle": beat.bundle,
    }


def _irregular(tx: Tx, row: rows.Row, found: Followed, what: Irregular) -> dict[str, object]:
    tx.record(
        EntryType.SIDECAR_GAP,
        tenant=row["tenant"],
        actor="system",
        agent_id=row["agent_id"],
        data={"sidecar_id": row["id"], "what": what.value, "detail": found.detail},
    )
    values: dict[str, object] = {"gaps": row["gaps"] + 1}
    if row["gap_at"] is None or tx.now - from_iso(row["gap_at"]) >= _ALERT_AGAIN:
        severity: Severity = "warning" if what is Irregular.GAP else "critical"
        _alert(tx, row, f"sidecar_{what.value}", f"heartbeats of {row['id']}: {found.detail}", severity)
        values["gap_at"] = tx.at
    return values


def _alert(tx: Tx, row: rows.Row, kind: str, text: str, severity: Severity = "warning") -> None:
    raise_alert(tx, tenant=row["tenant"], severity=severity, kind=kind, text=text, agent_id=row["agent_id"])


def mark_silent(tx: Tx) -> int:
    """Note and alert those that have become silent; returns how many."""
    due = (
        select(sidecars)
        .join(agents, agents.c.id == sidecars.c.agent_id)
        .where(
            agents.c.status == "active",
            sidecars.c.revoked_at.is_(None),
            sidecars.c.left_at.is_(None),
            sidecars.c.silent_at.is_(None),
            sidecars.c.beat_at < iso(tx.now - SILENT_AFTER),
        )
    )
    found = rows.every(tx.conn, due)
    for row in found:
        rows.change(tx.conn, sidecars, row["id"], silent_at=tx.at)
        text = f"{row['id']} gave no sign of life since {row['beat_at']}, and its agent is active"
        _alert(tx, row, "sidecar_silent", text)
    return len(found)


def silent(conn: Connection, tenant: str | None = None) -> int:
    """How many are silent now. ``tenant``: None: of all."""
    query = select(func.count()).where(IS_SILENT)
    return conn.scalar(query if tenant is None else query.where(sidecars.c.tenant == tenant)) or 0


class Silence:
    """Background work: looks for gates that gave no sign."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._began = clock.now()
        self._clock = clock

    async def run(self) -> None:
        """Look every ``_LOOK_SECONDS`` until cancelled."""
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            # While we were away nobody could give a sign: gates have as long as ever to do so.
            if self._clock.now() - self._began < SILENT_AFTER:
                continue
            try:
                await self._store.write(mark_silent)
            except UnavailableError as error:
                log.warning("sidecars.unavailable", port=error.port, why=error.why)
