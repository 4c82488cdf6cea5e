"""Keys of operators: limited to scopes, expiring, replaced with an overlap.

1. A key can do what its scopes and its owner's role both allow, as ``api.access`` judges at every request.
2. It expires: after 90 days unless told otherwise, after a year at the latest; only an admin's may last for ever.
3. Replacing one gives a new key of the same kind; the old one holds for an overlap of a day at most, and is replaced
   once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, select

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.identity.credentials import Credentials, Terms
from vienna_control.identity.standing import own_keys
from vienna_control.store import Tx
from vienna_control.store.tables import credentials

DEFAULT_LIFETIME = timedelta(days=90)
LONGEST_DAYS = 365
LONGEST_OVERLAP_HOURS = 24
MOST_KEYS = 50
"""Of one operator, at a time."""


class TooManyKeysError(ValueError):
    """An operator has as many keys as may be."""


class ReplacedError(ValueError):
    """The key was replaced already, or holds no longer."""


@dataclass(frozen=True, slots=True)
class Made:
    """A key in plain text, once, and its row."""

    plain: str
    row: rows.Row


def create(
    tx: Tx, issuer: Credentials, owner: str, *, tenant: str, terms: Terms, expires_at: datetime | None
) -> Made:
    """A new key for an operator. Raises ``TooManyKeysError``."""
    if len([row for row in own_keys(tx.conn, owner) if _holds(row, tx.now)]) >= MOST_KEYS:
        raise TooManyKeysError(f"an operator has {MOST_KEYS} keys at most: revoke one that is not used")
    plain = issuer.issue(
        tx,
        "operator",
        owner,
        tenant=tenant,
        actor=f"operator:{owner}",
        expires_at=expires_at,
        terms=terms,
    )
    return Made(plain, issuer.row_of(tx.conn, plain))


def replace(tx: Tx, issuer: Credentials, row: rows.Row, *, overlap: timedelta) -> Made:
    """A new key of the same kind instead of this one. Raises ``ReplacedError``, ``TooManyKeysError``."""
    if row["revoked_at"] is not None or not _holds(row, tx.now):
        raise ReplacedError("this key holds no longer")
    if row["replaced_at"] is not None:
        raise ReplacedError("this key was replaced already")
    lifetime = from_iso(row["expires_at"]) - from_iso(row["created_at"]) if row["expires_at"] else None
    terms = Terms(name=row["name"], scopes=None if row["scopes"] is None else tuple(rows.load(row["scopes"])))
    made = create(
        tx,
        issuer,
        row["principal_id"],
        tenant=row["tenant"],
        terms=terms,
        expires_at=tx.now + lifetime if lifetime else None,
    )
    actor = f"operator:{row['principal_id']}"
    if not overlap:
        issuer.retire(tx, row, actor=actor, why="replaced")
        return made
    end = iso(tx.now + overlap)
    if row["expires_at"] is not None:
        end = min(end, row["expires_at"])
    rows.change(tx.conn, credentials, row["id"], expires_at=end, replaced_at=tx.at)
    return made


def one(conn: Connection, tenant: str, key_id: str, *, owner: str | None) -> rows.Row | None:
    """The row of a key, revoked ones too; ``owner``: only if it is theirs."""
    query = _own(tenant).where(credentials.c.id == key_id)
    return rows.first(conn, query if owner is None else query.where(credentials.c.principal_id == owner))


def listed(tenant: str, *, owner: str | None) -> Select[Any]:
    """Select of the keys of an operator, or of everybody."""
    query = _own(tenant).where(credentials.c.revoked_at.is_(None))
    return query if owner is None else query.where(credentials.c.principal_id == owner)


def _own(tenant: str) -> Select[Any]:
    return select(credentials).where(
        credentials.c.tenant == tenant, credentials.c.kind == "operator", credentials.c.session.is_(None)
    )


def _holds(row: rows.Row, now: datetime) -> bool:
    return row["expires_at"] is None or row["expires_at"] > iso(now)
