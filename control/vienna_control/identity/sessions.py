"""Sessions of people: kept here, not in the cookie, so that one can be listed and ended.

A session ends 15 minutes after its last use, ``VIENNA_SESSION_TTL`` after its start, or at logout, and the API key
that the login gave out ends with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.ports import Hasher
from vienna_control.store import Tx
from vienna_control.store.tables import credentials, sessions

IDLE = timedelta(minutes=15)
_TOUCH_EVERY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One that holds.

    Attributes:
        hash: What is stored of the cookie's secret; also the key of the row.
        csrf: Token that every write by cookie must carry.
        mfa_at: When a second factor was shown for it; None: never.
    """

    hash: str
    operator_id: str
    csrf: str
    seen_at: datetime
    expires_at: datetime
    mfa_at: datetime | None = None

    @property
    def id(self) -> str:
        """How people and logs name it; tells nothing of the secret."""
        return id_of(self.hash)


def id_of(session_hash: str) -> str:
    """``sess-…`` of what is stored of a session's secret."""
    return f"sess-{session_hash[:32]}"


class Sessions:
    """Start, find and end sessions."""

    def __init__(self, hasher: Hasher, *, lifetime_seconds: int) -> None:
        self._hasher = hasher
        self.lifetime = timedelta(seconds=lifetime_seconds)

    def start(
        self,
        tx: Tx,
        operator_id: str,
        *,
        no_later_than: datetime | None = None,
        mfa: bool = False,
        how: str = "",
        client: str = "",
    ) -> tuple[str, Session]:
        """A new session, and the secret for its cookie (256 random bits), which is shown once.

        ``no_later_than``: when it ends at the latest, for one that came out of another. ``mfa``: a second factor was
        shown just now.
        """
        secret, end = secrets.token_urlsafe(32), tx.now + self.lifetime
        session = Session(
            hash=self._hash(secret),
            operator_id=operator_id,
            csrf=secrets.token_urlsafe(32),
            seen_at=tx.now,
            expires_at=min(end, no_later_than or end),
            mfa_at=tx.now if mfa else None,
        )
        tx.conn.execute(delete(sessions).where(sessions.c.expires_at <= tx.at))
        rows.add(
            tx.conn,
            sessions,
            hash=session.hash,
            operator_id=operator_id,
            csrf=session.csrf,
            created_at=tx.at,
            seen_at=tx.at,
            expires_at=iso(session.expires_at),
            mfa_at=tx.at if mfa else None,
            how=how,
            client=client,
        )
        return secret, session

    def find(self, conn: Connection, secret: str, *, now: datetime) -> Session | None:
        """The session of a cookie, if it holds at ``now``."""
        row = rows.first(conn, select(sessions).where(sessions.c.hash == self._hash(secret)))
        if row is None:
            return None
        seen, expires = from_iso(row["seen_at"]), from_iso(row["expires_at"])
        if now >= expires or now - seen >= IDLE:
            return None
        return Session(
            hash=row["hash"],
            operator_id=row["operator_id"],
            csrf=row["csrf"],
            seen_at=seen,
            expires_at=expires,
            mfa_at=from_iso(row["mfa_at"]) if row["mfa_at"] else None,
        )

    def mfa_at(self, conn: Connection, session_hash: str) -> datetime | None:
        """When a second factor was shown for a session, if ever."""
        found = conn.scalar(select(sessions.c.mfa_at).where(sessions.c.hash == session_hash))
        return from_iso(found) if found else None

    def shown(self, tx: Tx, session_hash: str) -> None:
        """A second factor was shown just now, in this session."""
        tx.conn.execute(update(sessions).where(sessions.c.hash == session_hash).values(mfa_at=tx.at))

    def end_of(self, conn: Connection, session_hash: str) -> datetime | None:
        """When a session ends at the latest; None when it is over."""
        found = conn.scalar(select(sessions.c.expires_at).where(sessions.c.hash == session_hash))
        return from_iso(found) if found is not None else None

    def wants_touch(self, session: Session, *, now: datetime) -> bool:
        """Whether its last use should be written down; not at every request."""
        return now - session.seen_at >= _TOUCH_EVERY

    def touch(self, tx: Tx, session_hash: str) -> None:
        tx.conn.execute(update(sessions).where(sessions.c.hash == session_hash).values(seen_at=tx.at))

    def end(self, tx: Tx, session_hash: str) -> None:
        """End a session and the keys that were given out with it."""
        tx.conn.execute(delete(sessions).where(sessions.c.hash == session_hash))
        tx.conn.execute(
            update(credentials)
            .where(credentials.c.session == session_hash, credentials.c.revoked_at.is_(None))
            .values(revoked_at=tx.at)
        )

    def of(self, conn: Connection, operator_id: str, *, now: datetime) -> list[rows.Row]:
        """The sessions of an operator that are not over, newest first. An idle one counts: its key may still hold."""
        query = select(sessions).where(
            sessions.c.operator_id == operator_id, sessions.c.expires_at > iso(now)
        )
        return list(rows.every(conn, query.order_by(sessions.c.created_at.desc(), sessions.c.hash)))

    def end_all_of(self, tx: Tx, operator_id: str, *, but: str | None = None) -> int:
        """End every session of an operator, but perhaps one (its hash); returns how many."""
        held = tx.conn.scalars(select(sessions.c.hash).where(sessions.c.operator_id == operator_id)).all()
        ended = [one for one in held if one != but]
        for one in ended:
            self.end(tx, one)
        return len(ended)

    def _hash(self, secret: str) -> str:
        # of a cookie's bytes that are no text too
        return self._hasher.keyed_hash(b"session\0" + secret.encode(errors="surrogateescape"))
