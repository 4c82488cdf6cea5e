"""Deliveries as they are kept: what is next in a channel's order, and what became of each attempt."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.fleet.alerts import raise_alert
from vienna_control.notify import registry
from vienna_control.notify.message import DeliveryError, Message, Sent
from vienna_control.store import Tx
from vienna_control.store.tables import deliveries, integrations

MOST_ATTEMPTS = 10
KEPT = timedelta(days=30)
_FIRST_SECONDS = 5.0
_MOST_SECONDS = 600.0
_SPREAD = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How one attempt ended, and how long it took."""

    result: Sent | DeliveryError
    milliseconds: int


def back_off(attempts: int, chance: float) -> float:
    """Seconds until the next attempt after so many; ``chance`` in [0, 1) spreads them by a fifth either way."""
    seconds = min(_FIRST_SECONDS * 2 ** (attempts - 1), _MOST_SECONDS)
    return float(seconds * (1 - _SPREAD + 2 * _SPREAD * chance))


def ready(conn: Connection, at: str) -> list[str]:
    """Integrations that have something to send now, and nothing before it that is to be tried again later."""
    before = deliveries.alias()
    held = exists().where(
        before.c.integration_id == deliveries.c.integration_id,
        before.c.status == "waiting",
        before.c.due_at <= at,
        before.c.next_at > at,  # only what was tried has a later one, and it was the first then
    )
    query = (
        select(deliveries.c.integration_id)
        .join(integrations, integrations.c.id == deliveries.c.integration_id)
        .where(
            deliveries.c.status == "waiting",
            deliveries.c.due_at <= at,
            ~held,
            integrations.c.enabled,
        )
        .distinct()
    )
    return [row["integration_id"] for row in rows.every(conn, query)]


def head(conn: Connection, integration_id: str, at: str) -> rows.Row | None:
    """What is to be sent next, unless it is to be tried again later: then what stands behind it waits too."""
    query = (
        select(deliveries)
        .where(
            deliveries.c.integration_id == integration_id,
            deliveries.c.status == "waiting",
            deliveries.c.due_at <= at,
        )
        .order_by(deliveries.c.due_at, deliveries.c.id)
        .limit(1)
    )
    row = rows.first(conn, query)
    return row if row is not None and row["next_at"] <= at else None


def message_of(conn: Connection, row: rows.Row, link: Callable[[str | None, str | None], str]) -> Message:
    """A row as it is sent. ``link``: to an approval, a call, or neither."""
    kept = rows.load(row["message"])
    return Message(
        id=row["id"],
        event=row["event"],
        at=kept["at"],
        tenant=row["tenant"],
        data=kept["data"],
        about=kept["about"],
        link=link(row["subject"], kept["data"].get("intent_id")),
        posted=_posted(conn, row),
    )


def _posted(conn: Connection, row: rows.Row) -> str | None:
    if row["subject"] is None:
        return None
    return next(iter(handles(conn, row["integration_id"], row["subject"])), None)


def handles(conn: Connection, integration_id: str, approval_id: str) -> list[str]:
    """How the service names what was posted to a channel when people were asked, the newest first."""
    query = select(deliveries.c.handle).where(
        deliveries.c.integration_id == integration_id,
        deliveries.c.subject == approval_id,
        deliveries.c.event == "approval_required",
        deliveries.c.handle.is_not(None),
    )
    return list(conn.scalars(query.order_by(deliveries.c.id.desc())))


def settle(tx: Tx, row: rows.Row, attempt: Attempt) -> str:
    """Note how an attempt ended: ``sent``, ``failed`` (it is tried again), ``dead``, or ``gone`` with its channel."""
    attempts, result = row["attempts"] + 1, attempt.result
    values: dict[str, Any] = {"attempts": attempts, "latency_ms": attempt.milliseconds}
    if isinstance(result, Sent):
        values |= {"status": "sent", "response_code": result.code, "handle": result.handle, "error": ""}
        _change(tx, row, values | {"ended_at": tx.at})
        rows.change(tx.conn, integrations, row["integration_id"], failing_since=None, sent_at=tx.at)
        return "sent"
    if result.gone:
        if (one := registry.by_id(tx.conn, row["integration_id"])) is not None:
            registry.remove(tx, one, by=None, why=result.why)
        return "gone"
    values |= {"response_code": result.code, "error": result.why[:300]}
    if result.final or attempts >= MOST_ATTEMPTS:
        _change(tx, row, values | {"status": "dead", "ended_at": tx.at})
        _given_up(tx, row, result.why)
        return "dead"
    seconds = max(back_off(attempts, random.random()), result.after_seconds or 0.0)  # noqa: S311  # no secret
    _change(tx, row, values | {"next_at": iso(tx.now + timedelta(seconds=seconds))})
    return "failed"


def _change(tx: Tx, row: rows.Row, values: Mapping[str, Any]) -> None:
    rows.change(tx.conn, deliveries, row["id"], **values)


def _given_up(tx: Tx, row: rows.Row, why: str) -> None:
    """One alert for one outage, however many deliveries it takes."""
    query = select(integrations.c.name, integrations.c.failing_since)
    one = rows.first(tx.conn, query.where(integrations.c.id == row["integration_id"]))
    if one is None or one["failing_since"] is not None:
        return
    rows.change(tx.conn, integrations, row["integration_id"], failing_since=tx.at)
    raise_alert(
        tx,
        tenant=row["tenant"],
        severity="warning",
        kind="delivery_dead",
        text=f"the channel {one['name']} did not take an event, and it was given up: {why}",
    )


def listed(tenant: str, integration_id: str) -> Select[Any]:
    """Deliveries of one integration."""
    return select(deliveries).where(
        deliveries.c.tenant == tenant, deliveries.c.integration_id == integration_id
    )


def retrying(conn: Connection, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Of these integrations those whose last attempt failed and is made again: when, why, and how often it was made."""
    query = select(deliveries).where(
        deliveries.c.integration_id.in_(list(ids)),
        deliveries.c.status == "waiting",
        deliveries.c.attempts > 0,
    )
    names = ("error", "attempts", "next_at")
    return {row["integration_id"]: {name: row[name] for name in names} for row in rows.every(conn, query)}


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """As the API shows one."""
    names = ("event", "status", "attempts", "response_code", "latency_ms", "error", "created_at", "ended_at")
    return {
        "delivery_id": row["id"],
        **{name: row[name] for name in names},
        "approval_id": row["subject"],
        "next_at": row["next_at"] if row["status"] == "waiting" else None,
    }


def again(tx: Tx, row: Mapping[str, Any]) -> None:
    """Send it once more, by its own id, after what waits already."""
    rows.change(
        tx.conn,
        deliveries,
        row["id"],
        status="waiting",
        attempts=0,
        next_at=tx.at,
        due_at=tx.at,
        ended_at=None,
    )


def forget_old(tx: Tx) -> None:
    """Take away what ended long ago."""
    before = iso(tx.now - KEPT)
    tx.conn.execute(
        delete(deliveries).where(deliveries.c.status != "waiting", deliveries.c.ended_at < before)
    )
