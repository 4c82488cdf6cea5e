"""Two people for one step: the first one's word is kept for an hour, the second one's does it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.store import Tx
from vienna_control.store.tables import settings

KEPT = timedelta(hours=1)


def seconded(tx: Tx, *, step: str, wanted: Any, actor: str) -> bool:
    """Whether somebody else asked for exactly this within the hour; else this word is kept, in place of an older one.

    ``step``: what it is about, ``lower:agt-…``; ``wanted``: JSON data, the same from both.
    """
    name = step[:64]
    first = _kept(tx.conn, name)
    tx.conn.execute(settings.delete().where(settings.c.name == name))
    if first.get("to") == wanted and first["actor"] != actor and first["at"] > iso(tx.now - KEPT):
        return True
    rows.add(tx.conn, settings, name=name, value=rows.dump({"to": wanted, "actor": actor, "at": tx.at}))
    return False


def asked_for(conn: Connection, *, step: str, now: datetime) -> dict[str, Any] | None:
    """What the first one wants, who and when that was, and until when it counts; None: nothing that counts still."""
    first = _kept(conn, step[:64])
    if not first or first["at"] <= iso(now - KEPT):
        return None
    return {
        "wanted": first["to"],
        "by": first["actor"],
        "at": first["at"],
        "until": iso(from_iso(first["at"]) + KEPT),
    }


def _kept(conn: Connection, name: str) -> dict[str, Any]:
    return rows.load(conn.scalar(select(settings.c.value).where(settings.c.name == name))) or {}
