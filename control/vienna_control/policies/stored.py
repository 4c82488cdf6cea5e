"""Rules kept by API: each with its versions, soft-deleted, in the one stored shape.

Writing one never puts it in force by itself: the same unit of work compiles the whole bundle with it, and a rule that
does not compile takes the unit back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import policies, policy_versions

type RuleData = Mapping[str, Any]


def in_force(conn: Connection) -> Sequence[RuleData]:
    """Every stored rule that is not deleted, enabled or not."""
    query = select(policies.c.rule).where(policies.c.deleted.is_(False)).order_by(policies.c.id)
    return [rows.load(row["rule"]) for row in rows.every(conn, query)]


def find(conn: Connection, tenant: str, policy_id: str) -> rows.Row | None:
    """One rule's row, deleted ones too."""
    return rows.first(conn, select(policies).where(policies.c.id == policy_id, policies.c.tenant == tenant))


def of_others(conn: Connection, tenant: str) -> frozenset[str]:
    """Ids of the rules in force that other tenants keep."""
    query = select(policies.c.id).where(policies.c.tenant != tenant, policies.c.deleted.is_(False))
    return frozenset(conn.scalars(query))


def create(tx: Tx, tenant: str, rule: RuleData, *, actor: str) -> int:
    """Keep a new rule; returns its version, 1. Its id is free (see ``find``)."""
    rows.add(
        tx.conn,
        policies,
        id=rule["id"],
        tenant=tenant,
        name=str(rule.get("name", "")),
        version=1,
        rule=rows.dump(rule),
        enabled=bool(rule.get("enabled", True)),
        deleted=False,
        created_by=actor,
        created_at=tx.at,
        updated_at=tx.at,
    )
    _version(tx, rule, 1, actor)
    return 1


def replace(tx: Tx, row: rows.Row, rule: RuleData, *, actor: str) -> int:
    """Keep a new version of a rule (bringing a deleted one back); returns its number."""
    version = int(row["version"]) + 1
    rows.change(
        tx.conn,
        policies,
        row["id"],
        name=str(rule.get("name", "")),
        version=version,
        rule=rows.dump(rule),
        enabled=bool(rule.get("enabled", True)),
        deleted=False,
        updated_at=tx.at,
    )
    _version(tx, rule, version, actor)
    return version


def _version(tx: Tx, rule: RuleData, version: int, actor: str) -> None:
    rows.add(
        tx.conn,
        policy_versions,
        policy_id=rule["id"],
        version=version,
        rule=rows.dump(rule),
        author=actor,
        at=tx.at,
    )


def delete(tx: Tx, row: rows.Row) -> None:
    """Take a rule out of evaluation; its versions stay."""
    rows.change(tx.conn, policies, row["id"], deleted=True, updated_at=tx.at)


def versions(conn: Connection, policy_id: str) -> Sequence[rows.Row]:
    """Every version of a rule, newest first."""
    query = (
        select(policy_versions)
        .where(policy_versions.c.policy_id == policy_id)
        .order_by(policy_versions.c.version.desc())
    )
    return rows.every(conn, query)
