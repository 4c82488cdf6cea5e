"""How often each rule held, and when last: counted in memory, written down every few seconds.

It is telemetry, not evidence: a crash loses the last seconds of it. The trail holds every decision.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.store import Tx
from vienna_control.store.tables import rule_hits
from vienna_kernel.decision.decide import Decision


class Count(NamedTuple):
    """``hits``: it decided, or noted. ``shadow``: it would have decided. ``last``: ISO time of either."""

    hits: int
    shadow: int
    last: str

    def plus(self, other: Count) -> Count:
        return Count(self.hits + other.hits, self.shadow + other.shadow, max(self.last, other.last))


class Hits:
    """Counts by tenant and rule; counted and written down in the writer thread."""

    def __init__(self) -> None:
        self._new: dict[tuple[str, str], Count] = {}

    def count(self, tenant: str, decision: Decision, now: datetime) -> None:
        """Count the rules that a decision speaks of, each once."""
        at = iso(now)
        noted = [flag.partition(":")[0] for flag in decision.flags]
        for rule_id in dict.fromkeys([*noted, *([decision.rule_id] if decision.rule_id else [])]):
            self._add((tenant, rule_id), Count(1, 0, at))
        for rule_id in dict.fromkeys(str(row["rule"]) for row in decision.shadow):
            self._add((tenant, rule_id), Count(0, 1, at))

    def _add(self, key: tuple[str, str], count: Count) -> None:
        known = self._new.get(key)
        self._new[key] = known.plus(count) if known else count

    def flush(self, tx: Tx) -> None:
        """Write down what was counted since the last time."""
        new, self._new = self._new, {}
        for (tenant, rule_id), count in new.items():
            key = {"tenant": tenant, "rule_id": rule_id}
            known = _known(tx.conn, tenant, rule_id)
            whole = known.plus(count) if known else count
            values = {"hits": whole.hits, "shadow_hits": whole.shadow, "last_at": whole.last}
            if known is None:
                rows.add(tx.conn, rule_hits, **key, **values)
            else:
                rows.change_by(tx.conn, rule_hits, key, **values)

    def of(self, conn: Connection, tenant: str) -> dict[str, Count]:
        """By rule, what is written down and what is not yet."""
        found = _of(conn, tenant)
        for (whose, rule_id), count in dict(self._new).items():
            if whose == tenant:
                found[rule_id] = found[rule_id].plus(count) if rule_id in found else count
        return found


def _of(conn: Connection, tenant: str) -> dict[str, Count]:
    query = select(rule_hits).where(rule_hits.c.tenant == tenant)
    return {
        row["rule_id"]: Count(row["hits"], row["shadow_hits"], row["last_at"])
        for row in rows.every(conn, query)
    }


def _known(conn: Connection, tenant: str, rule_id: str) -> Count | None:
    query = select(rule_hits).where(rule_hits.c.tenant == tenant, rule_hits.c.rule_id == rule_id)
    row = rows.first(conn, query)
    return Count(row["hits"], row["shadow_hits"], row["last_at"]) if row else None
