"""Alerts: what an operator should look at, kept and told, until somebody says that they have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, Text, bindparam, cast, func, select

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import agents, alerts, approvals, entries, operators
from vienna_kernel.ledger.trail import EntryType

type Severity = Literal["info", "warning", "critical"]


def raise_alert(
    tx: Tx,
    *,
    tenant: str,
    severity: Severity,
    kind: str,
    text: str,
    agent_id: str | None = None,
    intent_id: str | None = None,
) -> str:
    """Keep an alert, enter it into the trail and tell the listeners; returns its id. ``text``: no secrets."""
    alert_id = tx.id("alr")
    rows.add(
        tx.conn,
        alerts,
        id=alert_id,
        tenant=tenant,
        severity=severity,
        kind=kind,
        agent_id=agent_id,
        intent_id=intent_id,
        text=text,
        at=tx.at,
    )
    tx.record(
        EntryType.ALERT,
        tenant=tenant,
        actor="system",
        agent_id=agent_id,
        intent_id=intent_id,
        data={"alert_id": alert_id, "severity": severity, "kind": kind, "text": text},
    )
    tx.publish(
        "alert",
        {
            "alert_id": alert_id,
            "severity": severity,
            "kind": kind,
            "text": text,
            "agent_id": agent_id,
            "intent_id": intent_id,
        },
        tenant=tenant,
    )
    return alert_id


def _listed(tenant: str) -> Select[Any]:
    """The alerts of a tenant, each with the name of its agent and the address of who acknowledged it."""
    return (
        select(alerts, agents.c.name.label("agent"), operators.c.email)
        .outerjoin(agents, agents.c.id == alerts.c.agent_id)
        .outerjoin(operators, operators.c.id == alerts.c.acknowledged_by)
        .where(alerts.c.tenant == tenant)
    )


def of_agent(tenant: str, named: str) -> ColumnElement[bool]:
    """Whether an alert is about an agent, by its id or its name."""
    about = (agents.c.id == named) | (agents.c.name == named)
    return alerts.c.agent_id.in_(select(agents.c.id).where(agents.c.tenant == tenant, about))


def these(conn: Connection, tenant: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Some of a tenant's as the API shows them, newest first."""
    query = _listed(tenant).where(alerts.c.id.in_(ids)).order_by(alerts.c.id.desc())
    return [shown(conn, row) for row in rows.every(conn, query)]


def find(conn: Connection, tenant: str, alert_id: str) -> rows.Row | None:
    """One, with what ``shown`` takes; None: the tenant has none of this id."""
    return rows.first(conn, _listed(tenant).where(alerts.c.id == alert_id))


def open_count(conn: Connection, tenant: str) -> int:
    """How many nobody has acknowledged."""
    query = select(func.count()).select_from(alerts)
    return conn.scalar(query.where(alerts.c.tenant == tenant, alerts.c.acknowledged_at.is_(None))) or 0


def acknowledge(tx: Tx, row: rows.Row, *, by: str, note: str) -> None:
    """Say that somebody has seen to an open alert. ``row``: of ``find``; ``by``: id of an operator."""
    rows.change(tx.conn, alerts, row["id"], acknowledged_at=tx.at, acknowledged_by=by, note=note)
    told = {"alert_id": row["id"], "kind": row["kind"], "note": note}
    tx.record(
        EntryType.ALERT_ACKNOWLEDGED,
        tenant=row["tenant"],
        actor=f"operator:{by}",
        agent_id=row["agent_id"],
        intent_id=row["intent_id"],
        data=told,
    )
    tx.publish("alert_acknowledged", {"alert_id": row["id"], "by": by}, tenant=row["tenant"])


def shown(conn: Connection, row: rows.Row) -> dict[str, Any]:
    """A row of ``find`` as the API shows it."""
    seen = {name: row[key] for name, key in (("by", "acknowledged_by"), ("email", "email"), ("note", "note"))}
    return {
        "alert_id": row["id"],
        **{name: row[name] for name in ("severity", "kind", "text", "agent_id", "agent", "intent_id")},
        "approval_id": _APPROVAL.scalar(conn, intent=row["intent_id"]) if row["intent_id"] else None,
        "entry_id": _ENTRY.scalar(conn, tenant=row["tenant"], at=row["at"], alert=row["id"]),
        "at": row["at"],
        "state": "open" if row["acknowledged_at"] is None else "acknowledged",
        "acknowledged": None if row["acknowledged_at"] is None else {**seen, "at": row["acknowledged_at"]},
    }


_APPROVAL = rows.Prepared(
    select(approvals.c.id).where(approvals.c.intent_id == bindparam("intent")).order_by(approvals.c.id.desc())
)
# An alert and its entry are of one unit, so of one instant, and by that the trail has an index. Read as text, and not
# as JSON: a row that somebody edited must not make the list fail.
_ENTRY = rows.Prepared(
    select(entries.c.id).where(
        entries.c.tenant == bindparam("tenant"),
        entries.c.at == bindparam("at"),
        entries.c.type == EntryType.ALERT.value,
        cast(entries.c.body, Text).contains(bindparam("alert", type_=Text)),
    )
)
