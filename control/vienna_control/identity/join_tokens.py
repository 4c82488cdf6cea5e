"""Join tokens: what a gate shows once to be let in as the sidecar of one named agent.

1. A token is for one agent. One for any agent is for dev and test only.
2. It lets in so many gates (one, unless told otherwise), or any number until it expires: for pods, which a rollout
   replaces. A gate is its key: the same key again renews, and takes no further use.
3. It expires, within thirty days: from then on it lets nobody new in. The gates that it let in renew with it until it
   is revoked; to anybody else it is worth nothing then, since they show that the key is theirs.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, func, select

from vienna_control import rows
from vienna_control.store import Tx
from vienna_control.store.tables import credentials, join_uses

ANY_AGENT = "*"
"""What a token names when it is good for whichever agent the gate says (dev and test only)."""
DEFAULT_HOURS = 24
LONGEST_HOURS = 30 * 24
MOST_USES = 10_000


def take_use(tx: Tx, credential_id: str, jkt: str) -> bool:
    """Whether this join token lets the gate with the key ``jkt`` (RFC 7638) in; taking a use if it is a new one."""
    row = rows.first(tx.conn, select(credentials).where(credentials.c.id == credential_id))
    if row is None or row["kind"] != "join":
        return False
    known = select(join_uses.c.jkt).where(join_uses.c.credential_id == credential_id, join_uses.c.jkt == jkt)
    if tx.conn.scalar(known) is not None:
        return True
    if row["expires_at"] is not None and row["expires_at"] <= tx.at:
        return False
    if row["most_uses"] is not None and used(tx.conn, credential_id) >= row["most_uses"]:
        return False
    rows.add(tx.conn, join_uses, credential_id=credential_id, jkt=jkt, at=tx.at)
    return True


def used(conn: Connection, credential_id: str) -> int:
    """How many gates it let in."""
    query = select(func.count()).select_from(join_uses).where(join_uses.c.credential_id == credential_id)
    return conn.scalar(query) or 0


def listed(tenant: str) -> Select[Any]:
    """Select of the tokens of a tenant that were not revoked."""
    return select(credentials).where(
        credentials.c.tenant == tenant, credentials.c.kind == "join", credentials.c.revoked_at.is_(None)
    )
