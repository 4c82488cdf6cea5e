"""The inventory of gates, as operators see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from vienna_control import rows
from vienna_control.store.tables import agents, sidecars

STATES = ("connected", "silent", "left", "revoked")


def query(tenant: str) -> Select[Any]:
    """The sidecars of a tenant, each with the name of its agent."""
    return (
        select(sidecars, agents.c.name.label("agent_name"))
        .join(agents, agents.c.id == sidecars.c.agent_id)
        .where(sidecars.c.tenant == tenant)
    )


def of_agent(name_or_id: str) -> ColumnElement[bool]:
    """Of a row of ``query``: whether it is a gate of this agent."""
    return or_(agents.c.name == name_or_id, agents.c.id == name_or_id)


def state(row: rows.Row, *, connected: bool) -> str:
    """One of ``STATES``; without a stream it is silent, whether that was alerted yet or not."""
    if row["revoked_at"] is not None:
        return "revoked"
    if connected and row["silent_at"] is None:
        return "connected"
    return "left" if row["left_at"] is not None else "silent"


def shape(row: rows.Row, *, connected: Callable[[str], bool], current_bundle: str) -> dict[str, Any]:
    """One row of the API. ``current_bundle``: digest of the agent's bundle of now."""
    live = connected(row["id"])
    return {
        "sidecar_id": row["id"],
        "agent_id": row["agent_id"],
        "agent": row["agent_name"],
        "version": row["version"],
        "state": state(row, connected=live),
        "connected": live,
        "bundle": row["bundle"],
        "bundle_current": row["bundle"] == current_bundle,
        "last_seen": row["seen_at"],
        "last_heartbeat": row["beat_at"] if row["sequence"] else None,
        "sequence": row["sequence"],
        "skew_ms": row["skew_ms"],
        "counts": rows.load(row["counts"]) or {},
        "gaps": row["gaps"],
        "holder": row["jkt"],
        "ca_thumbprint": row["ca_thumbprint"],
        "ca_expires_at": row["ca_expires_at"],
        "certificate_expires_at": row["cert_expires_at"],
        "enrolled_at": row["enrolled_at"],
        "revoked_at": row["revoked_at"],
    }
