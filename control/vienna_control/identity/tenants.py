"""Tenants: parts of one installation that share nothing but it.

1. The first is ``default``: whoever is admin there is admin of the installation, and makes the others.
2. A tenant begins with its first admin, by invitation. What goes on in it, nobody of another tenant reads.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from vienna_control import rows
from vienna_control.identity import Identity, invitations, operators
from vienna_control.identity.invitations import Invitation
from vienna_control.identity.operators import Entered, Operator
from vienna_control.store import Tx
from vienna_control.store.tables import agents
from vienna_control.store.tables import operators as people
from vienna_control.store.tables import tenants as table
from vienna_kernel.ledger.trail import EntryType

FIRST = "default"
MOST = 1000
"""Tenants that an installation may have."""


class TakenError(ValueError):
    """There is a tenant of this name, or there are as many as may be."""


def make(
    tx: Tx, identity: Identity, name: str, title: str, admin: str, *, actor: str
) -> tuple[Operator, Invitation]:
    """A new tenant and its first admin (``admin``: their address). Raises ``TakenError``, ``KnownError``."""
    if name == FIRST or _exists(tx.conn, name):
        raise TakenError(f"there is a tenant {name!r} already")
    if (tx.conn.scalar(select(func.count()).select_from(table)) or 0) >= MOST:
        raise TakenError(f"{MOST} tenants are there, and no more may be")
    rows.add(tx.conn, table, name=name, title=title, created_by=actor, created_at=tx.at)
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=FIRST,
        actor=actor,
        data={"what": "tenant", "name": name, "added": True},
    )
    new = operators.create(tx, Entered(tenant=name, email=admin, role="admin"), actor=actor)
    return new, invitations.invite(tx, identity, new, actor=actor)


def _exists(conn: Connection, name: str) -> bool:
    """Whether it was made here, or came with a seed."""
    named = [column for column in (table.c.name, people.c.tenant, agents.c.tenant)]
    return any(conn.scalar(select(column).where(column == name).limit(1)) is not None for column in named)


def listed(conn: Connection) -> list[dict[str, Any]]:
    """Every tenant by name, ``default`` first, with how many people and agents it has, and nothing else of it."""
    operators_of, agents_of = _counted(conn, people.c.tenant), _counted(conn, agents.c.tenant)
    made = {row["name"]: row for row in rows.every(conn, select(table))}
    names = {FIRST, *made, *operators_of, *agents_of}
    return [
        {
            "name": name,
            "title": made[name]["title"] if name in made else "",
            "created_at": made[name]["created_at"] if name in made else None,
            "operators": operators_of.get(name, 0),
            "agents": agents_of.get(name, 0),
        }
        for name in sorted(names, key=lambda name: (name != FIRST, name))
    ]


def _counted(conn: Connection, tenant: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in conn.execute(select(tenant, func.count()).group_by(tenant))}
