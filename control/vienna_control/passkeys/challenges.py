"""Challenges: unforeseeable, kept hashed, answered once, within five minutes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import delete, func, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.ports import Hasher
from vienna_control.store import Tx
from vienna_control.store.tables import passkey_challenges
from vienna_kernel.keyring import b64url

LIFETIME = timedelta(minutes=5)
MOST_LOGINS = 5000
"""Challenges of people who have not said yet who they are, and may be nobody."""
_MOST_EACH = 20

type Purpose = Literal["enrol", "login", "consent", "roster", "break_glass"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a challenge was made for.

    Attributes:
        operator_id: Who may answer; None: whoever can, at a login.
        subject: The approval, or the proposal.
        terms: What it was made of.
    """

    purpose: Purpose
    operator_id: str | None = None
    subject: str | None = None
    terms: Mapping[str, Any] | None = None


class TooManyError(RuntimeError):
    """As many challenges wait as may."""


def nonce() -> str:
    """128 random bits, base64url."""
    return b64url(secrets.token_bytes(16))


class Challenges:
    """Those that wait for an answer."""

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher

    def keep(self, tx: Tx, challenge: bytes, asked: Asked) -> str:
        """Keep one; returns when it ends. Raises ``TooManyError``."""
        table = passkey_challenges
        tx.conn.execute(delete(table).where(table.c.expires_at <= tx.at))
        alike = select(func.count()).where(
            table.c.purpose == asked.purpose, table.c.operator_id == asked.operator_id
        )
        if (tx.conn.scalar(alike) or 0) >= (MOST_LOGINS if asked.operator_id is None else _MOST_EACH):
            raise TooManyError
        expires_at = iso(tx.now + LIFETIME)
        rows.add(
            tx.conn,
            table,
            hash=self._hash(challenge),
            purpose=asked.purpose,
            operator_id=asked.operator_id,
            subject=asked.subject,
            terms=None if asked.terms is None else rows.dump(asked.terms),
            expires_at=expires_at,
        )
        return expires_at

    def take(self, tx: Tx, challenge: bytes, asked: Asked) -> Asked | None:
        """The challenge as it was kept, if it is the one that was asked for this; from now on it is none."""
        table = passkey_challenges
        row = rows.first(tx.conn, select(table).where(table.c.hash == self._hash(challenge)))
        if row is None:
            return None
        tx.conn.execute(delete(table).where(table.c.hash == row["hash"]))
        found = Asked(
            purpose=row["purpose"],
            operator_id=row["operator_id"],
            subject=row["subject"],
            terms=rows.load(row["terms"]),
        )
        same = (found.purpose, found.operator_id, found.subject) == (
            asked.purpose,
            asked.operator_id,
            asked.subject,
        )
        return found if same and row["expires_at"] > tx.at else None

    def _hash(self, challenge: bytes) -> str:
        return self._hasher.keyed_hash(b"passkey challenge\0" + challenge)
