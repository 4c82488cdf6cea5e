"""Failed guesses at one account, kept: restarting the process does not give a guesser new tries.

The row of a key stands under ``<throttle>:<key>``; what people typed as their name is a keyed hash there.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.identity.throttle import Throttle
from vienna_control.store import Tx
from vienna_control.store.tables import guesses

_MOST_ROWS = 20_000


def keep(tx: Tx, throttle: Throttle, key: str) -> None:
    """Write down what a throttle counts of a key now; nothing of it is left when it counts nothing."""
    name = f"{throttle.name}:{key}"
    tx.conn.execute(delete(guesses).where(guesses.c.key == name))
    count = throttle.standing(key)
    if count is None:
        return
    tx.conn.execute(delete(guesses).where(guesses.c.at < iso(tx.now - throttle.memory)))
    if (tx.conn.scalar(select(func.count()).select_from(guesses)) or 0) >= _MOST_ROWS:
        oldest = select(guesses.c.key).order_by(guesses.c.at).limit(1).scalar_subquery()
        tx.conn.execute(delete(guesses).where(guesses.c.key == oldest))
    rows.add(
        tx.conn,
        guesses,
        key=name,
        failures=rows.dump([iso(at) for at in count.failures]),
        locked_until=iso(count.locked_until) if count.locked_until else None,
        at=tx.at,
    )


def recall(conn: Connection, *throttles: Throttle) -> None:
    """Let throttles count again what was kept."""
    by_name = {throttle.name: throttle for throttle in throttles}
    for row in rows.every(conn, select(guesses).order_by(guesses.c.at)):
        name, _, key = row["key"].partition(":")
        if name in by_name:
            by_name[name].restore(
                key,
                [from_iso(at) for at in rows.load(row["failures"])],
                from_iso(row["locked_until"]) if row["locked_until"] else None,
            )
