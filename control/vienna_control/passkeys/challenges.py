"""Challenges: unforeseeable, answered once, within five minutes.

1. One that is made for a person is kept, hashed, until it is answered.
2. One for a login is made for whoever asks, and that may be nobody: it says itself, under a key of ours, when it ends,
   and is kept from its answer on. So a stranger who asks for many fills nothing, and shuts nobody out.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import delete, func, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.ports import Hasher
from vienna_control.store import Tx
from vienna_control.store.tables import passkey_challenges
from vienna_kernel.keyring import b64url

LIFETIME = timedelta(minutes=5)
_MOST_EACH = 20
_RANDOM_BYTES, _TIME_BYTES = 16, 8

type Purpose = Literal["enrol", "login", "consent", "roster", "break_glass"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a challenge was made for.

    Attributes:
        operator_id: Who may answer; None: whoever can, at a login and nowhere else.
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

    def for_login(self, now: datetime) -> tuple[bytes, str]:
        """One for a login, and when it ends. Nothing is kept of it."""
        end = int((now + LIFETIME).timestamp())
        said = secrets.token_bytes(_RANDOM_BYTES) + end.to_bytes(_TIME_BYTES)
        return said + self._mark(said), iso(datetime.fromtimestamp(end, UTC))

    def keep(self, tx: Tx, challenge: bytes, asked: Asked) -> str:
        """Keep one that is made for a person; returns when it ends. Raises ``TooManyError``."""
        table = passkey_challenges
        tx.conn.execute(delete(table).where(table.c.expires_at <= tx.at))
        alike = select(func.count()).where(
            table.c.purpose == asked.purpose, table.c.operator_id == asked.operator_id
        )
        if (tx.conn.scalar(alike) or 0) >= _MOST_EACH:
            raise TooManyError
        return self._add(tx, challenge, asked, iso(tx.now + LIFETIME))

    def _add(self, tx: Tx, challenge: bytes, asked: Asked, expires_at: str) -> str:
        rows.add(
            tx.conn,
            passkey_challenges,
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
        if asked.purpose == "login":
            return self._take_login(tx, challenge, asked)
        table = passkey_challenges
        mine = (table.c.hash == self._hash(challenge)) & (table.c.purpose == asked.purpose)
        row = rows.first(tx.conn, select(table).where(mine))
        if row is None:
            return None
        tx.conn.execute(delete(table).where(table.c.hash == row["hash"]))
        found = Asked(
            purpose=row["purpose"],
            operator_id=row["operator_id"],
            subject=row["subject"],
            terms=rows.load(row["terms"]),
        )
        same = (found.operator_id, found.subject) == (asked.operator_id, asked.subject)
        return found if same and row["expires_at"] > tx.at else None

    def _take_login(self, tx: Tx, challenge: bytes, asked: Asked) -> Asked | None:
        said = challenge[: _RANDOM_BYTES + _TIME_BYTES]
        if not hmac.compare_digest(said + self._mark(said), challenge):
            return None
        end = datetime.fromtimestamp(int.from_bytes(said[_RANDOM_BYTES:]), UTC)
        table = passkey_challenges
        tx.conn.execute(delete(table).where(table.c.expires_at <= tx.at))
        used = select(table.c.hash).where(table.c.hash == self._hash(challenge))
        if end <= tx.now or tx.conn.scalar(used) is not None:
            return None
        self._add(tx, challenge, asked, iso(end))
        return asked

    def _mark(self, said: bytes) -> bytes:
        return bytes.fromhex(self._hasher.keyed_hash(b"passkey login\0" + said))

    def _hash(self, challenge: bytes) -> str:
        return self._hasher.keyed_hash(b"passkey challenge\0" + challenge)
