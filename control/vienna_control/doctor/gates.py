"""The gates of a tenant, and the agents that have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, exists, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.doctor.check import Check, named
from vienna_control.doctor.lookout import RENEWS_BEFORE
from vienna_control.fleet import registry
from vienna_control.sidecars import inventory
from vienna_control.store.tables import agents, sidecars
from vienna_control.version import VERSION
from vienna_kernel.heartbeat import MOST_SKEW_SECONDS

if TYPE_CHECKING:
    from vienna_control.app import App


def checks(app: App, conn: Connection, tenant: str) -> Iterator[Check]:
    """Of the gates that are enrolled and have not left."""
    query = inventory.query(tenant).where(
        sidecars.c.revoked_at.is_(None), sidecars.c.left_at.is_(None), agents.c.status == "active"
    )
    found = rows.every(conn, query)
    yield _connected(app, found)
    yield _versions(found)
    yield _certificates(found, app.clock.now())
    yield _clocks(found)
    yield _agents(conn, tenant)


def _whose(some: Sequence[rows.Row]) -> str:
    return named(f"{row['id']} ({row['agent_name']})" for row in some)


def _connected(app: App, found: Sequence[rows.Row]) -> Check:
    if not found:
        return Check(
            "gates", "warn", "none is enrolled", "vienna join-tokens create, then start a gate with it"
        )
    silent = [row for row in found if not app.hub.is_connected(row["id"]) or row["silent_at"] is not None]
    if silent:
        fix = "start them, or revoke those that are gone: vienna sidecars revoke"
        return Check("gates", "fail", f"{len(silent)} of {len(found)} are silent: {_whose(silent)}", fix)
    oldest = min(row["seen_at"] for row in found)
    return Check("gates", "ok", f"{len(found)} are connected, each was heard of since {oldest}")


def _versions(found: Sequence[rows.Row]) -> Check:
    others = [row for row in found if row["version"] != VERSION]
    if not others:
        return Check("gate versions", "ok", f"all of {VERSION}")
    text = f"{len(others)} are of another version than {VERSION}: {_whose(others)}"
    return Check("gate versions", "warn", text, "update them")


def _certificates(found: Sequence[rows.Row], now: datetime) -> Check:
    soon = iso(now + RENEWS_BEFORE)
    ends = [(row, at) for row in found for at in (row["ca_expires_at"], row["cert_expires_at"]) if at]
    due = list({row["id"]: row for row, at in ends if at < soon}.values())
    if due:
        fix = "restart them, and see their logs: a gate renews by itself"
        return Check("gate certificates", "fail", f"not renewed: {_whose(due)}", fix)
    first = min((at for _, at in ends), default=None)
    return Check("gate certificates", "ok", f"the first ends at {first}" if first else "there are none")


def _clocks(found: Sequence[rows.Row]) -> Check:
    off = [row for row in found if abs(row["skew_ms"] or 0) > MOST_SKEW_SECONDS * 1000]
    if off:
        return Check("gate clocks", "fail", f"apart from ours: {_whose(off)}", "synchronise their clocks")
    return Check("gate clocks", "ok", "agree with ours")


def _agents(conn: Connection, tenant: str) -> Check:
    has = exists().where(sidecars.c.agent_id == agents.c.id, sidecars.c.revoked_at.is_(None))
    query = select(agents.c.name).where(agents.c.tenant == tenant, agents.c.status == "active", ~has)
    without = list(conn.scalars(query.where(agents.c.name.not_in(registry.OWN))))
    if without:
        fix = "give each a gate, or deactivate it: what it sends by itself nobody sees"
        return Check("agents", "warn", f"{len(without)} have no gate: {named(without)}", fix)
    return Check("agents", "ok", "each has a gate")
