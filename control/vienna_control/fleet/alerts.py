"""Alerts: what an operator should look at, kept and told."""

from __future__ import annotations

from typing import Literal

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import alerts
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
