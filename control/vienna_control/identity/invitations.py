"""Invitations: a one-time link with which a person sets their own password. No admin ever knows one.

A new person and somebody who has forgotten theirs come in the same way; a new invitation ends the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vienna_control import rows
from vienna_control.identity import Identity, operators
from vienna_control.identity.operators import Operator
from vienna_control.store import Tx
from vienna_control.store.tables import operators as table
from vienna_kernel.ledger.trail import EntryType

LIFETIME = timedelta(hours=72)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the admin hands over, once: it is shown nowhere else."""

    token: str
    expires_at: datetime


def invite(tx: Tx, identity: Identity, operator: Operator, *, actor: str) -> Invitation:
    """An invitation for this person, instead of any earlier one."""
    identity.credentials.revoke_kind_of(tx, "invite", operator.id)
    expires_at = tx.now + LIFETIME
    token = identity.credentials.issue(
        tx, "invite", operator.id, tenant=operator.tenant, actor=actor, expires_at=expires_at
    )
    _record(tx, operator, actor, "invitation")
    return Invitation(token, expires_at)


def reset(tx: Tx, identity: Identity, operator: Operator, *, actor: str) -> Invitation:
    """Take a password and every session away, and invite the person anew. Keys and second factors stay."""
    rows.change(tx.conn, table, operator.id, password=None)
    identity.sessions.end_all_of(tx, operator.id)
    identity.credentials.revoke_kind_of(tx, "link", operator.id)
    return invite(tx, identity, operator, actor=actor)


def accept(tx: Tx, identity: Identity, token: str, hashed: str) -> Operator | None:
    """Set the password (Argon2id text) of whoever the token is for; it is used up. None: it does not hold."""
    found = identity.credentials.use_once(tx, "invite", token)
    operator = operators.by_id(tx.conn, found.principal_id) if found else None
    if operator is None or operator.disabled:
        return None
    set_password(tx, identity, operator, hashed, keep_session=None)
    return operator


def set_password(
    tx: Tx, identity: Identity, operator: Operator, hashed: str, *, keep_session: str | None
) -> None:
    """From now on this password; sessions end (but the one it was changed in), and so do open links."""
    rows.change(tx.conn, table, operator.id, password=hashed)
    identity.sessions.end_all_of(tx, operator.id, but=keep_session)
    for kind in ("link", "invite"):
        identity.credentials.revoke_kind_of(tx, kind, operator.id)
    _record(tx, operator, f"operator:{operator.id}", "password")


def _record(tx: Tx, operator: Operator, actor: str, what: str) -> None:
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=operator.tenant,
        actor=actor,
        data={"what": what, "operator": operator.id},
    )
