"""Keys of every principal: shown once, kept only as a keyed hash, with a prefix that says what they are.

``vos_live_`` operators, ``vos_agent_`` agents, ``vos_side_`` sidecars, ``vos_join_`` join tokens, ``vos_link_``
one-time links to the console. ``k1`` is the generation of the format.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, select, update

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.ids import new_id
from vienna_control.ports import Hasher
from vienna_control.store import Tx
from vienna_control.store.tables import credentials
from vienna_kernel.ledger.trail import EntryType

type CredentialKind = Literal["operator", "agent", "sidecar", "join", "link"]

PREFIXES: dict[CredentialKind, str] = {
    "operator": "vos_live_k1_",
    "agent": "vos_agent_k1_",
    "sidecar": "vos_side_k1_",
    "join": "vos_join_k1_",
    "link": "vos_link_k1_",
}
_MOST_CHARACTERS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One that holds: not expired, not revoked.

    Attributes:
        principal_id: ``op-…``, ``agt-…`` or ``side-…``; for a join token the agent it is for, or ``*``.
        session: The session that a login's key ends with, if any.
    """

    id: str
    tenant: str
    kind: CredentialKind
    principal_id: str
    session: str | None


class Credentials:
    """Issue, find and revoke keys."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher

    def fresh(self, kind: CredentialKind) -> str:
        """A new key in plain text: 256 random bits behind the prefix of its kind."""
        return PREFIXES[kind] + secrets.token_urlsafe(32)

    def hash(self, key: str) -> str:
        return self._hasher.keyed_hash(b"credential\0" + key.encode())

    def issue(
        self,
        tx: Tx,
        kind: CredentialKind,
        principal_id: str,
        *,
        tenant: str,
        actor: str,
        key: str | None = None,
        expires_at: datetime | None = None,
        session: str | None = None,
    ) -> str:
        """Store a key (``key``, or a fresh one) for a principal and return it in plain text, once.

        A key that is to last is entered into the trail; those of a login or a link are part of the login.
        """
        plain = key or self.fresh(kind)
        credential_id = new_id("key")
        rows.add(
            tx.conn,
            credentials,
            id=credential_id,
            tenant=tenant,
            kind=kind,
            principal_id=principal_id,
            hash=self.hash(plain),
            prefix=PREFIXES[kind],
            session=session,
            created_at=tx.at,
            expires_at=iso(expires_at) if expires_at else None,
            revoked_at=None,
        )
        if session is None and kind in ("operator", "agent", "join"):
            tx.record(
                EntryType.KEY_ADDED,
                tenant=tenant,
                actor=actor,
                data={"what": "credential", "key": credential_id, "kind": kind, "principal": principal_id},
            )
        return plain

    def find(self, conn: Connection, key: str, *, now: datetime) -> Credential | None:
        """The credential of a plain key, if it holds at ``now``."""
        if not key or len(key) > _MOST_CHARACTERS:
            return None
        row = rows.first(
            conn,
            select(credentials).where(
                credentials.c.hash == self.hash(key), credentials.c.revoked_at.is_(None)
            ),
        )
        if row is None or (row["expires_at"] is not None and row["expires_at"] <= iso(now)):
            return None
        return Credential(
            id=row["id"],
            tenant=row["tenant"],
            kind=row["kind"],
            principal_id=row["principal_id"],
            session=row["session"],
        )

    def known(self, conn: Connection, key: str) -> bool:
        """Whether this plain key was ever issued here."""
        return conn.scalar(select(credentials.c.id).where(credentials.c.hash == self.hash(key))) is not None

    def use_link(self, tx: Tx, key: str) -> Credential | None:
        """Take the one use of a link token."""
        found = self.find(tx.conn, key, now=tx.now)
        if found is None or found.kind != "link":
            return None
        self.revoke(tx, found.id)
        return found

    def revoke(self, tx: Tx, credential_id: str) -> bool:
        """End one key; False when it had ended already."""
        done = tx.conn.execute(
            update(credentials)
            .where(credentials.c.id == credential_id, credentials.c.revoked_at.is_(None))
            .values(revoked_at=tx.at)
        )
        return done.rowcount == 1

    def revoke_all_of(self, tx: Tx, principal_id: str) -> int:
        """End every key of a principal; returns how many still held."""
        done = tx.conn.execute(
            update(credentials)
            .where(credentials.c.principal_id == principal_id, credentials.c.revoked_at.is_(None))
            .values(revoked_at=tx.at)
        )
        return done.rowcount
