"""Freezes: one admin makes one, at once; two lift it.

The first admin's word to lift is kept for an hour, a second one's within it does it, in every environment. A freeze
that was made with an end ends by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Select, func, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.fleet.alerts import raise_alert
from vienna_control.freeze import reset, stops
from vienna_control.freeze.stops import Order
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import agents
from vienna_control.store.tables import stops as table
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.stop import Kind

MOST = 200
"""Freezes of a tenant that may be in force at once: every call is held against each."""
_KEPT = timedelta(hours=1)

type Step = Literal["done", "second_person_needed"]


class FullError(ValueError):
    """As many freezes are in force as may."""


def freeze(tx: Tx, order: Order) -> tuple[str, reset.Ended]:
    """Stop a scope now; the freeze's id and what it ended. Raises ``FullError``."""
    if count(tx.conn, order.tenant) >= MOST:
        raise FullError(f"{MOST} freezes are in force, and no more may be: lift one that is not needed")
    freeze_id, stop = stops.begin(tx, order)
    reach = reset.Reach(tenant=order.tenant, agent_id=order.agent_id, stop=stop)
    ended = reset.reset(tx, reach, reason="frozen by operators", actor=order.by)
    told = {"change": "frozen", "until": order.until, "reason": order.reason}
    counts = {"pending_intents_cancelled": ended.intents, "warrants_revoked": ended.warrants}
    row = there(find(tx.conn, order.tenant, freeze_id), "inserted above, in this transaction")
    _tell(tx, row, told | counts, by=order.by)
    text = f"{order.level.value} of {scope_text(row)}: {order.reason}"
    raise_alert(
        tx, tenant=order.tenant, severity="critical", kind="freeze", text=text, agent_id=order.agent_id
    )
    return freeze_id, ended


def lift(tx: Tx, row: rows.Row, *, by: str, reason: str) -> Step:
    """Say that a freeze in force may end; it does when somebody else said so within the hour."""
    known = row["first_by"] is not None and row["first_at"] > iso(tx.now - _KEPT)
    if not known or row["first_by"] == by:
        rows.change(tx.conn, table, row["id"], first_by=by, first_reason=reason, first_at=tx.at)
        _tell(tx, row, {"change": "lift_asked", "reason": reason}, by=by)
        return "second_person_needed"
    _lift(tx, row, by=by, reason=reason, first=row["first_by"])
    return "done"


def _lift(tx: Tx, row: rows.Row, *, by: str, reason: str, first: str | None) -> None:
    stops.end(tx, row, by=by, reason=reason)
    _tell(tx, row, {"change": "lifted", "reason": reason, "first": first}, by=by)
    text = f"{row['level']} of {scope_text(row)} is lifted: {reason}"
    raise_alert(
        tx, tenant=row["tenant"], severity="warning", kind="freeze", text=text, agent_id=row["agent_id"]
    )


def due(at: str) -> Select[Any]:
    """Freezes whose end has come."""
    return select(table.c.id).where(
        table.c.kind == Kind.FREEZE.value, table.c.ended_at.is_(None), table.c.until <= at
    )


def lift_due(tx: Tx) -> int:
    """Lift the freezes whose end has come; returns how many."""
    over = rows.every(tx.conn, _SHOWN.where(table.c.id.in_(due(tx.at))))
    for row in over:
        _lift(tx, row, by="system", reason="the freeze's time is over", first=None)
    return len(over)


def _tell(tx: Tx, row: rows.Row, told: dict[str, Any], *, by: str) -> None:
    about = {"freeze_id": row["id"], "level": row["level"], "scope": scope(row), **told}
    tx.record(EntryType.FREEZE_CHANGED, tenant=row["tenant"], actor=by, agent_id=row["agent_id"], data=about)
    tx.publish("freeze_changed", {**about, "by": by}, tenant=row["tenant"])


_SHOWN = select(table, agents.c.name.label("agent_name")).select_from(
    table.outerjoin(agents, agents.c.id == table.c.agent_id)
)


def listed(tenant: str) -> Select[Any]:
    """Freezes of a tenant, with their agent's name; newest have the greatest ``n``."""
    return _SHOWN.where(table.c.tenant == tenant, table.c.kind == Kind.FREEZE.value)


def find(conn: Connection, tenant: str, freeze_id: str) -> rows.Row | None:
    """One freeze of a tenant."""
    return rows.first(conn, listed(tenant).where(table.c.id == freeze_id))


def count(conn: Connection, tenant: str) -> int:
    """How many are in force."""
    query = listed(tenant).where(table.c.ended_at.is_(None)).subquery()
    return conn.scalar(select(func.count()).select_from(query)) or 0


def scope(row: rows.Row) -> dict[str, Any]:
    """What a freeze is about: ``{"tenant": true}``, or what narrows it."""
    said = {
        "agent_id": row["agent_id"],
        "agent": row["agent_name"],
        "action": row["action"],
        "host": row["host"],
    }
    narrowed = {name: value for name, value in said.items() if value is not None}
    return narrowed or {"tenant": True}


def scope_text(row: rows.Row) -> str:
    """The same, for people."""
    said = scope(row)
    if "tenant" in said:
        return "everything"
    return ", ".join(f"{name} {said[name]}" for name in ("agent", "action", "host") if name in said)


def shown(row: rows.Row) -> dict[str, Any]:
    """A freeze as the API shows it."""
    asked = {"by": row["first_by"], "reason": row["first_reason"], "at": row["first_at"]}
    ended = {"by": row["ended_by"], "reason": row["ended_reason"], "at": row["ended_at"]}
    return {
        "freeze_id": row["id"],
        "level": row["level"],
        "scope": scope(row),
        "reason": row["reason"],
        "by": row["by"],
        "at": row["at"],
        "until": row["until"],
        "in_force": row["ended_at"] is None,
        "lift_asked": asked if row["first_by"] else None,
        "lifted": ended if row["ended_at"] else None,
    }
