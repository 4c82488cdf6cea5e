"""Devices of people: each is a channel of its own, told of what its owner is asked, and of nothing else.

1. A browser has one place in a tenant: who subscribes it last is whom it rings for.
2. One that its push service does not know any more is taken away (``deliveries.settle``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, func, select

from vienna_control import rows
from vienna_control.notify import registry
from vienna_control.notify.registry import Integration, Wanted
from vienna_control.notify.routing import Routing
from vienna_control.ports import Hasher, Sealer
from vienna_control.store import Tx
from vienna_control.store.tables import integrations

TYPE = "web_push"
EVENTS = ("approval_required", "approval_escalated")
MOST = 10
"""Devices of one person."""


def wanted(
    hasher: Hasher, tenant: str, operator_id: str, *, name: str, secrets: dict[str, str], routing: Routing
) -> Wanted:
    """A device as a channel. ``secrets``: of ``kinds.WebPushSecrets``."""
    return Wanted(
        name=name,
        type=TYPE,
        config={},
        secrets=secrets,
        events=EVENTS,
        routing=routing,
        enabled=True,
        operator_id=operator_id,
        endpoint=hasher.keyed_hash(f"push:{tenant}:{secrets['url']}".encode()),
    )


def add(tx: Tx, sealer: Sealer, tenant: str, operator_id: str, one: Wanted) -> Integration | None:
    """Enter a device, in the place of what this browser was before. None: this person has as many as may be."""
    query = select(integrations).where(integrations.c.endpoint == one.endpoint)
    if (before := rows.first(tx.conn, query)) is not None:
        registry.remove(tx, registry.of_row(before), by=operator_id, replaced=True)
    if count(tx.conn, operator_id) >= MOST:
        return None
    return registry.add(tx, sealer, tenant, one, by=operator_id)


def listed(operator_id: str) -> Select[Any]:
    """Those of one person."""
    return select(integrations).where(integrations.c.operator_id == operator_id)


def count(conn: Connection, operator_id: str) -> int:
    """How many this person has."""
    return conn.scalar(select(func.count()).select_from(listed(operator_id).subquery())) or 0


def find(conn: Connection, operator_id: str, device_id: str) -> Integration | None:
    """One of this person."""
    row = rows.first(conn, listed(operator_id).where(integrations.c.id == device_id))
    return registry.of_row(row) if row else None


def of(conn: Connection, tenant: str, people: Iterable[str]) -> list[Integration]:
    """Those of these people, the oldest first."""
    query = select(integrations).where(
        integrations.c.tenant == tenant, integrations.c.operator_id.in_(list(people)), integrations.c.enabled
    )
    return [registry.of_row(row) for row in rows.every(conn, query.order_by(integrations.c.id))]


def shown(one: Integration) -> dict[str, Any]:
    """As the API shows one: of its address the host, which is the push service's."""
    return {
        "subscription_id": one.id,
        "name": one.name,
        "host": one.shown["url_host"],
        "routing": one.routing.model_dump(mode="json", by_alias=True),
        "created_at": one.created_at,
        "last_used_at": one.sent_at,
        "failing_since": one.failing_since,
    }
