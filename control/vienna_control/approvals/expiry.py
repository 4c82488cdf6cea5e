"""No answer: once a second, whatever is overdue is lapsed, in the order it fell due.

1. Approvals whose deadline passed: escalated, announced once more, or expired.
2. Warrants that were handed out and not used in time; what they had reserved of budgets is free again.
3. Intents that were approved and can no longer be redeemed.
4. Suspensions and freezes that end by themselves.
5. Standing warrants whose end has come: it is told.

A call or a vote that arrives between the deadline and this sweep draws the same consequence itself (``ending.lapse``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Connection, Select, select, update

from vienna_control import rows
from vienna_control.approvals import ending
from vienna_control.approvals.standing import ending as standing
from vienna_control.budgets import ending as budgets
from vienna_control.clock import Clock, iso
from vienna_control.fleet import suspension
from vienna_control.freeze import freezing
from vienna_control.ports import UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import agents, approvals, intents, warrants
from vienna_kernel.approval.moves import Status
from vienna_kernel.lifecycle import Event, advance
from vienna_kernel.lifecycle import Status as IntentStatus

log = structlog.get_logger("vienna.approvals")

_EVERY_SECONDS = 1.0
_AT_ONCE = 200


class Expiry:
    """Background task: what nobody decided or used in time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Sweep once a second until cancelled; a store that does not answer is tried again."""
        while True:
            try:
                await self.sweep()
            except UnavailableError as error:
                log.warning("expiry.unavailable", port=error.port, why=error.why)
            await self._clock.sleep(_EVERY_SECONDS)

    async def sweep(self) -> int:
        """Draw the consequences of what is overdue now; returns how many rows that were."""
        at = iso(self._clock.now())
        overdue = await self._store.read(
            lambda conn: {name: _ids(conn, query(at)) for name, query in _DUE.items()}
        )
        if not any(overdue.values()):
            return 0
        return await self._store.write(lambda tx: _lapse(tx, overdue))


def _ids(conn: Connection, query: Select[Any]) -> list[str]:
    return [row["id"] for row in rows.every(conn, query.limit(_AT_ONCE))]


def _asked(at: str) -> Select[Any]:
    return (
        select(approvals.c.id)
        .where(approvals.c.status == Status.PENDING.value, approvals.c.expires_at <= at)
        .order_by(approvals.c.expires_at)
    )


def _unspent(at: str) -> Select[Any]:
    return select(warrants.c.id).where(warrants.c.status == "issued", warrants.c.expires_at <= at)


def _unused(at: str) -> Select[Any]:
    """Approved intents that nothing can redeem any more: no usable warrant, and no approval that is still good."""
    usable = select(warrants.c.id).where(warrants.c.id == intents.c.warrant_id, warrants.c.status == "issued")
    good = select(approvals.c.id).where(
        approvals.c.id == intents.c.approval_id, approvals.c.redeem_until > at
    )
    return select(intents.c.id).where(
        intents.c.status == IntentStatus.APPROVED.value, ~usable.exists(), ~good.exists()
    )


def _suspended(at: str) -> Select[Any]:
    return select(agents.c.id).where(agents.c.status == "suspended", agents.c.resume_at <= at)


_DUE: dict[str, Callable[[str], Select[Any]]] = {
    "asked": _asked,
    "unspent": _unspent,
    "unused": _unused,
    "suspended": _suspended,
    "frozen": freezing.due,
    "standing": standing.due,
}


def _lapse(tx: Tx, overdue: dict[str, list[str]]) -> int:
    for approval_id in overdue["asked"]:
        ending.lapse(tx, approval_id)
    for warrant_id in overdue["unspent"]:
        _expire(tx, warrant_id)
    for intent_id in overdue["unused"]:
        _not_redeemed(tx, intent_id)
    if overdue["suspended"]:
        suspension.resume_due(tx)
    if overdue["frozen"]:
        freezing.lift_due(tx)
    if overdue["standing"]:
        standing.end_due(tx)
    return sum(map(len, overdue.values()))


def _expire(tx: Tx, warrant_id: str) -> None:
    expired = tx.conn.execute(
        update(warrants)
        .where(warrants.c.id == warrant_id, warrants.c.status == "issued")
        .values(status="expired")
    )
    if expired.rowcount:
        budgets.unused(tx, warrant_id)


def _not_redeemed(tx: Tx, intent_id: str) -> None:
    row = rows.first(tx.conn, select(intents.c.status).where(intents.c.id == intent_id))
    if row is None or row["status"] != IntentStatus.APPROVED:
        return
    moved = advance(IntentStatus(row["status"]), Event.LAPSE)
    rows.change(tx.conn, intents, intent_id, status=moved.value, reason="approval_expired", updated_at=tx.at)
