"""What a stop ends: whatever of its scope people were asked about, had agreed to, or holds a warrant for.

1. Reads are left alone where the stop leaves them alone.
2. Standing warrants go by their action: they name no host, so a stop of a host refuses their use and ends none.
3. Nothing of it comes back when the stop is over: who wants it asks again, and people are asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from vienna_control import custody, rows
from vienna_control.approvals import ending
from vienna_control.approvals.standing import ending as standing
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, intents, standing_warrants, warrants
from vienna_kernel.approval.moves import Status
from vienna_kernel.intent import Intent
from vienna_kernel.lifecycle import Event, advance
from vienna_kernel.lifecycle import Status as IntentStatus
from vienna_kernel.stop import Kind, Stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whom a stop is about. ``agent_id``: None: every agent of the tenant."""

    tenant: str
    agent_id: str | None
    stop: Stop

    def of(self, table: Table) -> list[ColumnElement[bool]]:
        """The rows of a table that it may be about."""
        mine: list[ColumnElement[bool]] = [table.c.tenant == self.tenant]
        return mine if self.agent_id is None else [*mine, table.c.agent_id == self.agent_id]

    def holds(self, row: rows.Row) -> bool:
        """Whether it holds back what this row, with ``meaning`` and ``host`` of its intent, is for."""
        meant = [Intent.from_json(part) for part in rows.load(row["meaning"])]
        return self.stop.refuses(meant, row["host"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How much a stop ended."""

    intents: int
    warrants: int


def reset(tx: Tx, reach: Reach, *, reason: str, actor: str) -> Ended:
    """End all that has not left. ``reason``: what people read of each."""
    for_good = _revoke_standing(tx, reach, reason, actor)
    asked = _cancel_asked(tx, reach, reason, actor)
    agreed = _undo_agreed(tx, reach)
    return Ended(intents=asked + agreed, warrants=for_good + _revoke_unused(tx, reach, reason, actor))


def _revoke_standing(tx: Tx, reach: Reach, reason: str, actor: str) -> int:
    if reach.stop.host is not None:
        return 0
    mine = (standing_warrants.c.tenant == reach.tenant, standing_warrants.c.ended_at.is_(None))
    known = tx.conn.scalars(select(standing_warrants.c.action).where(*mine).distinct()).all()
    ended = [
        warrant_id
        for action in known
        if reach.stop.names(action)
        for warrant_id in standing.revoke_all(
            tx, reach.tenant, reason=reason, actor=actor, agent_id=reach.agent_id, action=action
        )
    ]
    return len(ended)


def _held(tx: Tx, reach: Reach, table: Table, *where: ColumnElement[bool]) -> list[rows.Row]:
    joined = table.join(intents, intents.c.id == table.c.intent_id)
    query = select(table, intents.c.meaning, intents.c.host).select_from(joined)
    return [row for row in rows.every(tx.conn, query.where(*reach.of(table), *where)) if reach.holds(row)]


def _cancel_asked(tx: Tx, reach: Reach, reason: str, actor: str) -> int:
    held = _held(tx, reach, approvals, approvals.c.status == Status.PENDING.value)
    for one in held:
        row = there(ending.open_row(tx.conn, one["id"]), "read two lines above, in this transaction")
        frozen = reach.stop.kind is Kind.FREEZE
        ending.conclude(tx, row, Status.CANCELLED, reason=reason, by=actor, frozen=frozen)
    return len(held)


def _undo_agreed(tx: Tx, reach: Reach) -> int:
    columns: list[Any] = [intents.c[name] for name in ("id", "status", "meaning", "host")]
    query = select(*columns).where(*reach.of(intents), intents.c.status == IntentStatus.APPROVED.value)
    held = [row for row in rows.every(tx.conn, query) if reach.holds(row)]
    event = Event.FREEZE if reach.stop.kind is Kind.FREEZE else Event.CANCEL
    for row in held:
        moved = advance(IntentStatus(row["status"]), event)
        why = reach.stop.reason.value
        rows.change(tx.conn, intents, row["id"], status=moved.value, reason=why, updated_at=tx.at)
    return len(held)


def _revoke_unused(tx: Tx, reach: Reach, reason: str, actor: str) -> int:
    unused = (warrants.c.status == "issued", warrants.c.expires_at > tx.at)
    ended: set[str] = set()
    for row in _held(tx, reach, warrants, *unused):
        if row["id"] not in ended:
            ended.update(custody.revoke(tx, row, reason=reason, actor=actor))
    return len(ended)
