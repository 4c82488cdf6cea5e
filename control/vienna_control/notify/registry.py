"""Integrations as they are kept: what may be shown in the open, the secrets sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Select, bindparam, delete, select

from vienna_control import rows
from vienna_control.invariant import there
from vienna_control.notify.guard import DestinationError, Guard
from vienna_control.notify.kinds import KINDS, shown
from vienna_control.notify.message import Destination
from vienna_control.notify.routing import Routing
from vienna_control.ports import Sealer
from vienna_control.store import Tx
from vienna_control.store.tables import deliveries, integrations
from vienna_kernel.ledger.trail import EntryType


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One channel of a tenant, without its secrets.

    Attributes:
        config: As it was given; ``secrets`` names those that are set.
        failing_since: When a delivery was first given up after the last that arrived.
        sent_at: When one last arrived.
        operator_id: Whose device it is; None: a channel of the tenant.
    """

    id: str
    tenant: str
    name: str
    type: str
    config: Mapping[str, Any]
    shown: Mapping[str, Any]
    secrets: tuple[str, ...]
    events: tuple[str, ...]
    routing: Routing
    enabled: bool
    failing_since: str | None
    created_at: str
    updated_at: str
    sent_at: str | None
    operator_id: str | None
    sealed: bytes = field(repr=False)

    def to_api(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "integration_id": self.id,
            "name": self.name,
            "type": self.type,
            "config": dict(self.shown),
            "secrets_set": list(self.secrets),
            "events": list(self.events),
            "routing": self.routing.model_dump(mode="json", by_alias=True),
            "enabled": self.enabled,
            "failing_since": self.failing_since,
            "last_sent_at": self.sent_at,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }

    def destination(self, sealer: Sealer) -> Destination:
        """With its secrets. Raises ``UnavailableError("authority", …)``."""
        return Destination(id=self.id, config=self.config, secrets=unsealed(sealer, self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an integration is to be.

    Attributes:
        secrets: All of them.
        operator_id, endpoint: Of a device: whose it is, and a keyed hash of its address.
    """

    name: str
    type: str
    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)
    events: tuple[str, ...]
    routing: Routing
    enabled: bool
    operator_id: str | None = None
    endpoint: str | None = None


def judge(wanted: Wanted, guard: Guard, *, plain: bool) -> str:
    """What is wrong with its destination as far as that is known before a name is resolved, or empty."""
    url = wanted.secrets.get("url")
    parts = urlsplit(url) if url else None
    if parts is not None and parts.scheme != "https" and not plain:
        return "/secrets/url: an https address is needed"
    if wanted.config.get("tls") == "none" and not plain:
        return "/config/tls: mail is sent over TLS only"
    try:
        guard.judge_literal((parts.hostname if parts else wanted.config.get("host")) or "")
    except DestinationError as error:
        return f"{'/secrets/url' if parts else '/config/host'}: {error}"
    return ""


def carries_off(old: Integration, wanted: Wanted, given: Mapping[str, str]) -> str:
    """What is wrong with a change that would show a kept secret to another server, or empty."""
    server = ("host", "port", "tls")
    moved = any(old.config.get(name) != wanted.config.get(name) for name in server)
    if moved and "password" in wanted.secrets and "password" not in given:
        return "/secrets/password: give it again, since the server is another one"
    return ""


def add(tx: Tx, sealer: Sealer, tenant: str, wanted: Wanted, *, by: str) -> Integration:
    """Enter one."""
    integration_id = tx.id("intg")
    rows.add(
        tx.conn,
        integrations,
        id=integration_id,
        tenant=tenant,
        type=wanted.type,
        operator_id=wanted.operator_id,
        endpoint=wanted.endpoint,
        created_by=by,
        created_at=tx.at,
        updated_at=tx.at,
        **_values(sealer, integration_id, wanted),
    )
    _recorded(tx, tenant, integration_id, by, added=True, type=wanted.type, **_told(wanted))
    return _again(tx.conn, integration_id)


def change(tx: Tx, sealer: Sealer, old: Integration, wanted: Wanted, *, by: str) -> Integration:
    """Make it otherwise."""
    rows.change(tx.conn, integrations, old.id, updated_at=tx.at, **_values(sealer, old.id, wanted))
    secret = wanted.secrets != unsealed(sealer, old)
    _recorded(tx, old.tenant, old.id, by, changed=True, secrets_changed=secret, **_told(wanted))
    return _again(tx.conn, old.id)


def remove(tx: Tx, old: Integration, *, by: str | None, **why: Any) -> None:
    """Take it away with whatever waits for it. ``by``: an operator's id; None: we did it ourselves, and ``why``."""
    tx.conn.execute(delete(deliveries).where(deliveries.c.integration_id == old.id))
    tx.conn.execute(delete(integrations).where(integrations.c.id == old.id))
    _recorded(tx, old.tenant, old.id, by, removed=True, **why)


def recorded(tx: Tx, one: Integration, by: str, **what: Any) -> None:
    """Enter what was done with an integration into the trail."""
    _recorded(tx, one.tenant, one.id, by, **what)


def tried(tx: Tx, one: Integration, by: str, *, ok: bool) -> None:
    """Note that somebody tried it, and whether that arrived."""
    if ok:
        rows.change(tx.conn, integrations, one.id, sent_at=tx.at)
    _recorded(tx, one.tenant, one.id, by, tested=True, ok=ok)


def listed(tenant: str) -> Select[Any]:
    """The integrations of a tenant, without the devices of its people."""
    return select(integrations).where(integrations.c.tenant == tenant, integrations.c.operator_id.is_(None))


def find(conn: Connection, tenant: str, integration_id: str) -> Integration | None:
    """One of a tenant."""
    row = rows.first(conn, listed(tenant).where(integrations.c.id == integration_id))
    return of_row(row) if row else None


def by_id(conn: Connection, integration_id: str) -> Integration | None:
    """One of any tenant."""
    row = rows.first(conn, select(integrations).where(integrations.c.id == integration_id))
    return of_row(row) if row else None


def enabled(conn: Connection, tenant: str | None = None) -> list[Integration]:
    """Those of a tenant that are on, the oldest first. None: of all tenants, and people's devices too."""
    found = _ON.every(conn) if tenant is None else _ON_OF.every(conn, tenant=tenant)
    return [of_row(row) for row in found]


_QUERY = select(integrations).where(integrations.c.enabled).order_by(integrations.c.id)
_ON = rows.Prepared(_QUERY)
_ON_OF = rows.Prepared(
    _QUERY.where(integrations.c.tenant == bindparam("tenant"), integrations.c.operator_id.is_(None))
)


@lru_cache(256)
def _routing(text: str) -> Routing:
    return Routing.model_validate(rows.load(text))


def of_row(row: Mapping[str, Any]) -> Integration:
    kept = rows.load(row["config"])
    return Integration(
        id=row["id"],
        tenant=row["tenant"],
        name=row["name"],
        type=row["type"],
        config=kept["config"],
        shown=kept["shown"],
        secrets=tuple(kept["secrets"]),
        events=tuple(rows.load(row["events"])),
        routing=_routing(row["routing"]),
        enabled=bool(row["enabled"]),
        failing_since=row["failing_since"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        sent_at=row["sent_at"],
        operator_id=row["operator_id"],
        sealed=row["sealed"],
    )


def unsealed(sealer: Sealer, one: Integration) -> dict[str, str]:
    """Its secrets. Raises ``UnavailableError("authority", …)``."""
    found: dict[str, str] = rows.load(sealer.unseal(one.sealed, _context(one.id)).decode())
    return found


def wants(one: Integration, event: str) -> bool:
    """Whether it is told of such an event; also of the end of what it was told of, where its kind closes that."""
    follows = event in ("approval_resolved", "approval_expired") and KINDS[one.type].follows
    return event in one.events or (follows and "approval_required" in one.events)


def _values(sealer: Sealer, integration_id: str, wanted: Wanted) -> dict[str, Any]:
    config = {
        "config": wanted.config,
        "shown": shown(wanted.config, wanted.secrets),
        "secrets": sorted(wanted.secrets),
    }
    return {
        "name": wanted.name,
        "config": rows.dump(config),
        "sealed": sealer.seal(rows.dump(dict(wanted.secrets)).encode(), _context(integration_id)),
        "events": rows.dump(wanted.events),
        "routing": rows.dump(wanted.routing.model_dump(mode="json", by_alias=True)),
        "enabled": wanted.enabled,
    }


def _context(integration_id: str) -> str:
    return f"integration:{integration_id}"


def _told(wanted: Wanted) -> dict[str, Any]:
    return {"events": list(wanted.events), "enabled": wanted.enabled, "secrets": sorted(wanted.secrets)}


def _recorded(tx: Tx, tenant: str, integration_id: str, by: str | None, **what: Any) -> None:
    data = {"what": "integration", "integration": integration_id, **what}
    actor = "system" if by is None else f"operator:{by}"
    tx.record(EntryType.CONFIG_CHANGED, tenant=tenant, actor=actor, data=data)


def _again(conn: Connection, integration_id: str) -> Integration:
    return there(by_id(conn, integration_id), "entered or changed in this very transaction")
