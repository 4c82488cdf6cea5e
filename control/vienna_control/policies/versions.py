"""Which bundles were last in force: their versions go on where they were, whatever restarts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import settings

_NAME = "bundle"


def last(conn: Connection) -> dict[str, Any]:
    """``{"version", "tenants": {tenant: {version, policy, mapping, digest}}}`` of what was last in force."""
    row = rows.first(conn, select(settings.c.value).where(settings.c.name == _NAME))
    return rows.load(row["value"]) if row else {"version": 0, "tenants": {}}


def remember(tx: Tx, value: Mapping[str, Any]) -> None:
    """Keep it, as ``last`` gives it."""
    if rows.change_by(tx.conn, settings, {"name": _NAME}, value=rows.dump(value)) == 0:
        rows.add(tx.conn, settings, name=_NAME, value=rows.dump(value))
