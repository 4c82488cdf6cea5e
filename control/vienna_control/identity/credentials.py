"""Keys of every principal: shown once, kept only as a keyed hash, with a prefix that says what they are.

``vos_live_`` operators, ``vos_agent_`` agents, ``vos_side_`` sidecars, ``vos_join_`` join tokens, ``vos_link_``
one-time links to the console, ``vos_inv_`` invitations, ``vos_setup_`` the first start. ``k1`` is the generation of
the format. Of a key that was made here the first four characters behind the prefix are kept in plain text, so that
people can tell their keys apart.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, select, update

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.ids import new_id
from vienna_control.invariant import there
from vienna_control.ports import Hasher
from vienna_control.store import Tx
from vienna_control.store.tables import credentials
from vienna_kernel.ledger.trail import EntryType

type CredentialKind = Literal["operator", "agent", "sidecar", "join", "link", "invite", "setup"]

PREFIXES: dict[CredentialKind, str] = {
    "operator": "vos_live_k1_",
    "agent": "vos_agent_k1_",
    "sidecar": "vos_side_k1_",
    "join": "vos_join_k1_",
    "link": "vos_link_k1_",
    "invite": "vos_inv_k1_",
    "setup": "vos_setup_k1_",
}
_MOST_CHARACTERS = 512
_SHOWN = 4
_TOUCH_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One that holds: not expired, not revoked.

    Attributes:
        principal_id: ``op-…``, ``agt-…`` or ``side-…``; for a join token the agent it is for, or ``*``.
        session: The session that a login's key ends with, if any.
        scopes: What it is limited to; None: whatever its owner may.
        last_used_at: Only of operators' own keys, to the minute.
    """

    id: str
    tenant: str
    kind: CredentialKind
    principal_id: str
    session: str | None
    scopes: frozenset[str] | None
    last_used_at: datetime | None

    def wants_touch(self, *, now: datetime) -> bool:
        """Whether this use should be written down; not each of them."""
        if self.kind != "operator" or self.session is not None:
            return False
        return self.last_used_at is None or now - self.last_used_at >= _TOUCH_EVERY


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a key is called and limited to.

    Attributes:
        scopes: None: whatever its owner may.
        most_uses: Of a join token: how many gates it lets in; None: any number.
    """

    name: str = ""
    scopes: tuple[str, ...] | None = None
    most_uses: int | None = None


_PLAIN = Terms()


class Credentials:
    """Issue, find and revoke keys."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher

    def fresh(self, kind: CredentialKind) -> str:
        """A new key in plain text: 256 random bits behind the prefix of its kind."""
        return PREFIXES[kind] + secrets.token_urlsafe(32)

    def hash(self, key: str) -> str:
        # of a header's bytes that are no text too
        return self._hasher.keyed_hash(b"credential\0" + key.encode(errors="surrogateescape"))

    def row_of(self, conn: Connection, key: str) -> rows.Row:
        """The row of a key that was issued in this transaction."""
        found = rows.first(conn, select(credentials).where(credentials.c.hash == self.hash(key)))
        return there(found, "issued in this transaction")

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
        terms: Terms = _PLAIN,
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
            prefix=PREFIXES[kind] if key else plain[: len(PREFIXES[kind]) + _SHOWN],
            session=session,
            created_at=tx.at,
            expires_at=iso(expires_at) if expires_at else None,
            revoked_at=None,
            name=terms.name,
            scopes=None if terms.scopes is None else rows.dump(terms.scopes),
            most_uses=terms.most_uses,
            created_by=actor,
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
        """The credential of a plain key, if it holds at ``now``.

        A join token that has expired still shows whose it is: the gates that it let in renew with it
        (``join_tokens``).
        """
        if not key or len(key) > _MOST_CHARACTERS:
            return None
        row = rows.first(
            conn,
            select(credentials).where(
                credentials.c.hash == self.hash(key), credentials.c.revoked_at.is_(None)
            ),
        )
        if row is None:
            return None
        if row["kind"] != "join" and row["expires_at"] is not None and row["expires_at"] <= iso(now):
            return None
        return Credential(
            id=row["id"],
            tenant=row["tenant"],
            kind=row["kind"],
            principal_id=row["principal_id"],
            session=row["session"],
            scopes=None if row["scopes"] is None else frozenset(rows.load(row["scopes"])),
            last_used_at=from_iso(row["last_used_at"]) if row["last_used_at"] else None,
        )

    def touch(self, tx: Tx, credential_id: str) -> None:
        """Write down that it was used."""
        rows.change(tx.conn, credentials, credential_id, last_used_at=tx.at)

    def known(self, conn: Connection, key: str) -> bool:
        """Whether this plain key was ever issued here."""
        return conn.scalar(select(credentials.c.id).where(credentials.c.hash == self.hash(key))) is not None

    def use_once(self, tx: Tx, kind: CredentialKind, key: str) -> Credential | None:
        """Take the one use of a key of this kind; None when it does not hold."""
        found = self.find(tx.conn, key, now=tx.now)
        if found is None or found.kind != kind:
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

    def retire(self, tx: Tx, row: rows.Row, *, actor: str, why: str) -> bool:
        """End one key, given as its row, and enter that into the trail; False when it had ended already."""
        if not self.revoke(tx, row["id"]):
            return False
        tx.record(
            EntryType.KEY_RETIRED,
            tenant=row["tenant"],
            actor=actor,
            data={
                "what": "credential",
                "key": row["id"],
                "kind": row["kind"],
                "principal": row["principal_id"],
                "why": why,
            },
        )
        return True

    def revoke_kind_of(self, tx: Tx, kind: CredentialKind, principal_id: str) -> int:
        """End the keys of one kind of a principal; returns how many still held."""
        done = tx.conn.execute(
            update(credentials)
            .where(
                credentials.c.principal_id == principal_id,
                credentials.c.kind == kind,
                credentials.c.revoked_at.is_(None),
            )
            .values(revoked_at=tx.at)
        )
        return done.rowcount

    def revoke_all_of(self, tx: Tx, principal_id: str) -> int:
        """End every key of a principal; returns how many still held."""
        done = tx.conn.execute(
            update(credentials)
            .where(credentials.c.principal_id == principal_id, credentials.c.revoked_at.is_(None))
            .values(revoked_at=tx.at)
        )
        return done.rowcount
