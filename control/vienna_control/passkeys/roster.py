"""The roster of approvers as it was published: every version, with its signatures."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from vienna_control import rows
from vienna_control.store.tables import rosters
from vienna_kernel.consent.chain import Signed, parse_signed
from vienna_kernel.consent.roster import Roster


def current(conn: Connection, tenant: str) -> Roster | None:
    """The newest version; None before the first."""
    newest = select(rosters.c.signed).where(rosters.c.tenant == tenant).order_by(rosters.c.version.desc())
    text = conn.scalar(newest.limit(1))
    return None if text is None else parse_signed(rows.load(text)).roster


def chain(conn: Connection, tenant: str) -> list[dict[str, Any]]:
    """Every version as it travels, from the first."""
    every = select(rosters.c.signed).where(rosters.c.tenant == tenant).order_by(rosters.c.version)
    return [rows.load(text) for text in conn.scalars(every)]


def forget(conn: Connection, tenant: str) -> None:
    """Begin anew: what was is in the trail, and with whoever pinned it."""
    conn.execute(delete(rosters).where(rosters.c.tenant == tenant))


def publish(conn: Connection, tenant: str, signed: Signed, *, at: str) -> None:
    """Keep a version that follows from the one before it: whoever calls has seen that."""
    rows.add(
        conn,
        rosters,
        tenant=tenant,
        version=signed.roster.version,
        digest=signed.roster.digest,
        signed=rows.dump(signed.to_json()),
        published_at=at,
    )
