"""Action types registered by API; those of the mappings are the mappings' own."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.store.tables import action_types
from vienna_kernel.action import ActionType
from vienna_kernel.intent import Effect, Reversibility, Tier


def registered(conn: Connection) -> Mapping[str, tuple[ActionType, str]]:
    """Name to action type and handler (empty: none)."""
    query = select(action_types).where(action_types.c.deleted.is_(False))
    return {row["name"]: (of_row(row), row["handler"]) for row in rows.every(conn, query)}


def of_row(row: rows.Row) -> ActionType:
    """A row of ``action_types``; its schema was checked when it was written."""
    return ActionType.from_schema(
        rows.load(row["parameters_schema"]),
        name=row["name"],
        description=row["description"],
        default_tier=Tier(row["default_risk_tier"]),
        effect=Effect(row["effect"]),
        reversibility=Reversibility(row["reversibility"]),
    )
