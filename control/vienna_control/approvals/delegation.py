"""Who stands in for whom, as it is kept. What a stand-in may is the kernel's (``approval.delegation``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, or_, select, update

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.store import Tx
from vienna_control.store.tables import delegations, operators
from vienna_kernel.approval.delegation import Delegation, may_delegate, stand_in
from vienna_kernel.approval.moves import Voter
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason, Refused

MOST = 20
"""Delegations of one operator that may be open at once."""


def voter_of(row: rows.Row) -> Voter:
    """An operator's row as somebody who may vote, as themselves."""
    return Voter(id=row["id"], role=row["role"], groups=tuple(rows.load(row["groups"])), email=row["email"])


def seats(conn: Connection, tenant: str, delegate: Voter, now: datetime) -> list[Voter]:
    """This operator in the place of each who named them and whose delegation holds now, by e-mail address."""
    found = []
    for row in _OF.every(conn, tenant=tenant, delegate=delegate.id, at=iso(now)):
        owner = Voter(
            id=row["delegator_id"], role=row["role"], groups=tuple(rows.load(row["own"])), email=row["email"]
        )
        seat = stand_in(_delegation(row), owner, delegate, now=now)
        found += [seat] if seat is not None else []
    return found


_OF = rows.Prepared(
    select(delegations, operators.c.role, operators.c.groups.label("own"), operators.c.email)
    .join(operators, operators.c.id == delegations.c.delegator_id)
    .where(
        delegations.c.tenant == bindparam("tenant"),
        delegations.c.delegate_id == bindparam("delegate"),
        delegations.c.revoked_at.is_(None),
        delegations.c.ends_at > bindparam("at"),
        operators.c.tenant == delegations.c.tenant,
        operators.c.disabled.is_(False),
    )
    .order_by(operators.c.email, delegations.c.id)
)


def stand_ins(conn: Connection, tenant: str, now: datetime) -> set[str]:
    """Ids of the operators who stand in for somebody now."""
    query = select(delegations.c.delegate_id).where(
        delegations.c.tenant == tenant,
        delegations.c.revoked_at.is_(None),
        delegations.c.starts_at <= iso(now),
        delegations.c.ends_at > iso(now),
    )
    return set(conn.scalars(query))


def _delegation(row: rows.Row) -> Delegation:
    return Delegation(
        delegator=row["delegator_id"],
        delegate=row["delegate_id"],
        starts=from_iso(row["starts_at"]),
        ends=from_iso(row["ends_at"]),
        groups=tuple(rows.load(row["groups"])),
        named=bool(row["named"]),
    )


def add(tx: Tx, tenant: str, wanted: Delegation, *, actor: str) -> str | Refused | None:
    """Keep a delegation; returns its id. None: there is no such stand-in in this tenant."""
    people = {
        row["id"]: voter_of(row)
        for row in rows.every(
            tx.conn,
            select(operators).where(
                operators.c.tenant == tenant,
                operators.c.disabled.is_(False),
                operators.c.id.in_([wanted.delegator, wanted.delegate]),
            ),
        )
    }
    delegator, delegate = people.get(wanted.delegator), people.get(wanted.delegate)
    if delegator is None or delegate is None:
        return None
    verdict = may_delegate(wanted, delegator, delegate, now=tx.now)
    if isinstance(verdict, Refused):
        return verdict
    mine = select(func.count()).where(delegations.c.delegator_id == delegator.id, _open(tx.at))
    if (tx.conn.scalar(mine) or 0) >= MOST:
        return Refused(Reason.NOT_AN_APPROVER, f"one person has {MOST} delegations at most")
    delegation_id = tx.id("dlg")
    values = {
        "delegator_id": delegator.id,
        "delegate_id": delegate.id,
        "groups": rows.dump(wanted.groups),
        "named": wanted.named,
        "starts_at": iso(wanted.starts),
        "ends_at": iso(wanted.ends),
    }
    rows.add(tx.conn, delegations, id=delegation_id, tenant=tenant, created_at=tx.at, **values)
    told = {"what": "delegation", "delegation_id": delegation_id, **values, "groups": list(wanted.groups)}
    tx.record(EntryType.CONFIG_CHANGED, tenant=tenant, actor=actor, data=told)
    return delegation_id


def end(tx: Tx, row: rows.Row, *, actor: str) -> None:
    """Take a delegation back; votes that were cast by it stay."""
    tx.conn.execute(update(delegations).where(delegations.c.id == row["id"]).values(revoked_at=tx.at))
    told = {"what": "delegation", "delegation_id": row["id"], "did": "ended"}
    tx.record(EntryType.CONFIG_CHANGED, tenant=row["tenant"], actor=actor, data=told)


def find(conn: Connection, tenant: str, delegation_id: str) -> rows.Row | None:
    """One delegation, ended ones too."""
    return rows.first(
        conn, select(delegations).where(delegations.c.id == delegation_id, delegations.c.tenant == tenant)
    )


def listed(conn: Connection, tenant: str, *, of: str | None, at: str) -> list[dict[str, Any]]:
    """The open delegations of a tenant, those that begin later too. ``of``: only to or from this operator."""
    query = select(delegations).where(delegations.c.tenant == tenant, _open(at)).order_by(delegations.c.id)
    if of is not None:
        query = query.where(or_(delegations.c.delegator_id == of, delegations.c.delegate_id == of))
    found = rows.every(conn, query.limit(500))
    emails = _emails(conn, [row[name] for row in found for name in ("delegator_id", "delegate_id")])
    return [
        {
            "delegation_id": row["id"],
            "delegator": emails.get(row["delegator_id"], row["delegator_id"]),
            "delegate": emails.get(row["delegate_id"], row["delegate_id"]),
            "groups": rows.load(row["groups"]),
            "named": bool(row["named"]),
            "starts_at": row["starts_at"],
            "ends_at": row["ends_at"],
            "holds": row["starts_at"] <= at,
        }
        for row in found
    ]


def _open(at: str) -> Any:
    return delegations.c.revoked_at.is_(None) & (delegations.c.ends_at > at)


def _emails(conn: Connection, ids: Sequence[str]) -> dict[str, str]:
    query = select(operators.c.id, operators.c.email).where(operators.c.id.in_(set(ids)))
    return {row["id"]: row["email"] for row in rows.every(conn, query)}
