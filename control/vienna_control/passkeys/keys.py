"""The passkeys of people, as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import passkeys
from vienna_kernel.consent.passkey import Party, Passkey
from vienna_kernel.ledger.trail import EntryType

MOST_EACH = 20


def of_operator(conn: Connection, operator_id: str) -> Sequence[rows.Row]:
    """Somebody's passkeys, oldest first."""
    mine = select(passkeys).where(passkeys.c.operator_id == operator_id)
    return rows.every(conn, mine.order_by(passkeys.c.created_at, passkeys.c.id))


def by_credential(conn: Connection, credential_id: str) -> rows.Row | None:
    return rows.first(conn, select(passkeys).where(passkeys.c.credential_id == credential_id))


def is_enrolled(conn: Connection, credential_id: str, kid: str) -> bool:
    """Whether somebody has a passkey of this name, or of this public key."""
    alike = (passkeys.c.credential_id == credential_id) | (passkeys.c.kid == kid)
    return conn.scalar(select(passkeys.c.id).where(alike).limit(1)) is not None


def by_id(conn: Connection, operator_id: str, passkey_id: str) -> rows.Row | None:
    """One of somebody's own."""
    mine = select(passkeys).where(passkeys.c.id == passkey_id, passkeys.c.operator_id == operator_id)
    return rows.first(conn, mine)


def count(conn: Connection, operator_id: str) -> int:
    return conn.scalar(select(func.count()).where(passkeys.c.operator_id == operator_id)) or 0


def key_of(row: rows.Row) -> Passkey:
    """Its public key."""
    return Passkey.from_jwk(rows.load(row["jwk"]))


def rename(tx: Tx, row: rows.Row, name: str) -> None:
    rows.change(tx.conn, passkeys, row["id"], name=name)
    _recorded(tx, row, "renamed")


def remove(tx: Tx, row: rows.Row, *, actor: str | None = None) -> None:
    """It shows nobody any more. In a roster that names it, it stands until people sign another.

    ``actor``: None: its owner.
    """
    tx.conn.execute(delete(passkeys).where(passkeys.c.id == row["id"]))
    _recorded(tx, row, "removed", actor=actor)


def told(row: rows.Row) -> dict[str, Any]:
    """A passkey as its owner sees it."""
    names = ("id", "name", "kid", "backed_up", "created_at", "used_at")
    return {name: bool(row[name]) if name == "backed_up" else row[name] for name in names}


def descriptor(row: rows.Row) -> dict[str, str]:
    """As a browser wants it named."""
    return {"type": "public-key", "id": row["credential_id"]}


def request_options(challenge: str, party: Party, allowed: Sequence[rows.Row]) -> dict[str, Any]:
    """What ``navigator.credentials.get`` takes as ``publicKey``, binary members as base64url. No ``allowed``: whichever
    passkey the browser finds.
    """
    return {
        "challenge": challenge,
        "rpId": party.id,
        "timeout": 300_000,
        "userVerification": "required",
        "allowCredentials": [descriptor(row) for row in allowed],
    }


def _recorded(tx: Tx, row: rows.Row, what: str, *, actor: str | None = None) -> None:
    tx.record(
        EntryType.OPERATOR_MFA,
        tenant=row["tenant"],
        actor=actor or f"operator:{row['operator_id']}",
        data={"what": f"passkey_{what}", "passkey": row["id"], "kid": row["kid"]},
    )
