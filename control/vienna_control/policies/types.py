"""Action types registered by API; those of the mappings are the mappings' own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import action_types
from vienna_kernel.action import ActionType
from vienna_kernel.intent import Effect, Reversibility, Tier

type TypeData = Mapping[str, Any]
"""``description default_risk_tier effect reversibility parameters_schema handler``."""

_COLUMNS = ("description", "default_risk_tier", "effect", "reversibility", "handler")


def in_force(conn: Connection, tenant: str) -> dict[str, TypeData]:
    """Name to content of those that are not deleted."""
    return {name: content(row) for name, row in rows_of(conn, tenant).items()}


def rows_of(conn: Connection, tenant: str) -> dict[str, rows.Row]:
    """Name to row of those that are not deleted."""
    query = select(action_types).where(action_types.c.tenant == tenant, action_types.c.deleted.is_(False))
    return {row["name"]: row for row in rows.every(conn, query)}


def content(row: rows.Row) -> TypeData:
    """A row without what only the table knows."""
    kept = {name: row[name] for name in _COLUMNS}
    return {**kept, "parameters_schema": rows.load(row["parameters_schema"])}


def of_content(name: str, data: TypeData) -> ActionType:
    """An action type. Raises ``MalformedError`` for what is no schema."""
    return ActionType.from_schema(
        data["parameters_schema"],
        name=name,
        description=data["description"],
        default_tier=Tier(data["default_risk_tier"]),
        effect=Effect(data["effect"]),
        reversibility=Reversibility(data["reversibility"]),
    )


def newest(conn: Connection, tenant: str, name: str) -> TypeData | None:
    """What it is, or what it was when it was deleted; None when there never was one."""
    row = _find(conn, tenant, name)
    return content(row) if row else None


def version(conn: Connection, tenant: str, name: str) -> int:
    """The newest version, deleted or not; 0 when there never was one."""
    row = _find(conn, tenant, name)
    return int(row["version"]) if row else 0


def _find(conn: Connection, tenant: str, name: str) -> rows.Row | None:
    return rows.first(
        conn, select(action_types).where(action_types.c.tenant == tenant, action_types.c.name == name)
    )


def put(tx: Tx, tenant: str, name: str, data: TypeData | None, *, version: int) -> None:
    """Keep an action type; None deletes the one that stands there."""
    row = _find(tx.conn, tenant, name)
    if data is None:
        if row is not None:
            rows.change(tx.conn, action_types, row["id"], deleted=True, version=version, updated_at=tx.at)
        return
    schema = rows.dump(data["parameters_schema"])
    values = {**data, "parameters_schema": schema, "deleted": False, "version": version, "updated_at": tx.at}
    if row is not None:
        rows.change(tx.conn, action_types, row["id"], **values)
        return
    rows.add(
        tx.conn,
        action_types,
        id=tx.id("act"),
        tenant=tenant,
        name=name,
        origin="api",
        created_at=tx.at,
        **values,
    )
