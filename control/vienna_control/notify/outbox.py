"""The outbox: what channels are to be told stands in the same transaction as what made it true.

1. An event that nobody subscribed to costs two look-ups in memory.
2. A delivery has its place in its channel's order by ``due_at``, and by its id after that.
3. Whatever was kept for the morning and is settled by then is dropped.
4. A person's devices are told of what that person is asked; a practice approval rings them, and no other channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from vienna_control import rows
from vienna_control.approvals import practice
from vienna_control.clock import iso
from vienna_control.notify import devices, registry
from vienna_control.notify.kinds import KINDS
from vienna_control.notify.message import ENDS, EVENTS, REPLY
from vienna_control.notify.registry import Integration
from vienna_control.store import Tx
from vienna_control.store.tables import agents, approvals, deliveries, integrations, intents

WAKE = "_outbox"


class Outbox:
    """Told of each event within its unit of work. Its memory is only which events are of any interest."""

    def __init__(self) -> None:
        self._wanted: frozenset[tuple[str, str]] | None = None

    def forget(self) -> None:
        """Integrations change: look again. Call it in the unit of the change and once more after it."""
        self._wanted = None

    def __call__(self, tx: Tx, event: str, tenant: str, data: Mapping[str, Any]) -> None:
        """Write down the deliveries of one event."""
        if event not in EVENTS:
            return
        wanted = self._wanted
        if wanted is None:
            wanted = self._wanted = _wanted(tx.conn)
        if (tenant, event) in wanted:
            _write(tx, event, tenant, data)


def wake(tx: Tx, tenant: str) -> None:
    """Something is to be sent once this is durable."""
    tx.events.append((WAKE, tenant, {}))


def _wanted(conn: Connection) -> frozenset[tuple[str, str]]:
    return frozenset(
        (one.tenant, event)
        for one in registry.enabled(conn)
        for event in EVENTS
        if registry.wants(one, event) or (event in ENDS and _may_keep(one))
    )


def _may_keep(one: Integration) -> bool:
    """Whether what it is told of an approval may still wait here when the approval ends."""
    return KINDS[one.type].keeps and "approval_required" in one.events


def _write(tx: Tx, event: str, tenant: str, data: Mapping[str, Any]) -> None:
    if event in ENDS:
        _drop_kept(tx, data["approval_id"])
    told = about(tx.conn, data)
    if not told.get("practice"):
        for one in registry.enabled(tx.conn, tenant):
            if (due := _due(tx, one, event, data, told)) is not None:
                put(tx, one, event, data, told, due=iso(due))
    if event in devices.EVENTS and (people := data.get("people")):
        for one in devices.of(tx.conn, tenant, people):
            if (due := _rings(tx, one, told)) is not None:
                put(tx, one, event, data, told, due=iso(due))


def _due(
    tx: Tx, one: Integration, event: str, data: Mapping[str, Any], told: Mapping[str, Any]
) -> datetime | None:
    """When a channel of the tenant is to be told; None: not at all."""
    kind = KINDS[one.type]
    if not registry.wants(one, event):
        return None
    if event in ENDS and kind.follows and _was_told(tx.conn, one, data["approval_id"]):
        return tx.now  # what was told is ended, whatever the hour
    return one.routing.due(told, tx.now, keeps=kind.keeps) if event in one.events else None


def _rings(tx: Tx, one: Integration, told: Mapping[str, Any]) -> datetime | None:
    """When a device of one who is asked is to ring; None: not at all."""
    # Who practises waits for it, whatever their hours are.
    return tx.now if told.get("practice") else one.routing.due(told, tx.now, keeps=True)


def put(
    tx: Tx,
    one: Integration,
    event: str,
    data: Mapping[str, Any],
    told: Mapping[str, Any],
    *,
    due: str | None = None,
) -> None:
    """Write down one delivery."""
    due = due or tx.at
    rows.add(
        tx.conn,
        deliveries,
        id=tx.id("dlv"),
        tenant=one.tenant,
        integration_id=one.id,
        event=event,
        subject=data.get("approval_id"),
        message=rows.dump({"at": tx.at, "data": data, "about": told}),
        status="waiting",
        due_at=due,
        next_at=due,
        created_at=tx.at,
    )
    wake(tx, one.tenant)


def reply(tx: Tx, one: Integration, *, channel: str, user: str, text: str) -> None:
    """Answer somebody in a chat, where only they see it."""
    put(tx, one, REPLY, {"channel": channel, "user": user, "text": text}, {})


def _was_told(conn: Connection, one: Integration, approval_id: str) -> bool:
    query = select(deliveries.c.id).where(
        deliveries.c.integration_id == one.id,
        deliveries.c.subject == approval_id,
        deliveries.c.event == "approval_required",
        deliveries.c.status.in_(("waiting", "sent")),
    )
    return conn.scalar(query.limit(1)) is not None


def _drop_kept(tx: Tx, approval_id: str) -> None:
    """Nobody needs to read in the morning what was settled in the night, and no device rings for what has ended."""
    device = select(integrations.c.id).where(
        integrations.c.id == deliveries.c.integration_id, integrations.c.operator_id.is_not(None)
    )
    tx.conn.execute(
        update(deliveries)
        .where(
            deliveries.c.subject == approval_id,
            deliveries.c.status == "waiting",
            or_(deliveries.c.due_at > tx.at, device.exists()),
        )
        .values(status="dropped", ended_at=tx.at, error="settled before it was sent")
    )


def about(conn: Connection, data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event is about, as far as its channels go by it or tell it."""
    told: dict[str, Any] = {name: data[name] for name in ("page", "action", "agent_id") if data.get(name)}
    told["tier"] = data.get("risk_tier") or data.get("tier")
    if "approval_id" in data:
        told |= _of_approval(conn, data["approval_id"])
    elif data.get("intent_id"):
        row = _INTENT.first(conn, id=data["intent_id"])
        told |= {name: value for name, value in (row or {}).items() if value is not None}
    if told.get("agent_id"):
        told["agent"] = _AGENT.scalar(conn, id=told["agent_id"])
    return {name: value for name, value in told.items() if value is not None}


def _of_approval(conn: Connection, approval_id: str) -> dict[str, Any]:
    row = _APPROVAL.first(conn, id=approval_id)
    if row is None:
        return {}
    shown = rows.load(row["shown"])
    return {
        "tier": row["tier"],
        "agent_id": row["agent_id"],
        "action": row["action"],
        "shown_digest": row["shown_digest"],
        "sentence": shown["sentence"],
        "unusual": next(iter(shown["unusual"]), None),
        "practice": True if shown.get("kind") == practice.KIND else None,
    }


_INTENT = rows.Prepared(
    select(intents.c.action, intents.c.tier, intents.c.agent_id).where(intents.c.id == bindparam("id"))
)
_AGENT = rows.Prepared(select(agents.c.name).where(agents.c.id == bindparam("id")))
_APPROVAL = rows.Prepared(
    select(
        approvals.c.tier, approvals.c.agent_id, approvals.c.shown, approvals.c.shown_digest, intents.c.action
    )
    .join(intents, intents.c.id == approvals.c.intent_id)
    .where(approvals.c.id == bindparam("id"))
)
