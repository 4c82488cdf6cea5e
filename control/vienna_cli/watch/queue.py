"""What waits, as somebody looks at it.

1. What waits longest comes first, and new ones come last: no row moves while it is looked at.
2. What has ended goes away, but never from under the cursor: a key that was meant for it must not meet another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vienna_cli.facts import claimed, consent

type Row = Mapping[str, Any]
"""An approval as ``GET /approvals`` lists it."""


class Queue:
    """Attributes: ``rows``: as they are shown; ``cursor``: index of the one looked at; ``fresh``: ids not looked at."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.cursor = 0
        self.fresh: set[str] = set()
        self._begun = False
        self._ends: dict[str, str] = {}

    @property
    def current(self) -> Row | None:
        """The one under the cursor."""
        return self.rows[self.cursor] if self.rows else None

    @property
    def waiting(self) -> int:
        return sum(row["status"] == "pending" for row in self.rows)

    def ended(self, approval_id: str, status: str) -> None:
        """How one ended; it leaves with the next list."""
        self._ends[approval_id] = status

    def take(self, listed: Sequence[Row]) -> list[tuple[str, Row]]:
        """Take what waits now (newest first). What changed in words, and of which; of a new one ``new``."""
        old, looked = {row["approval_id"]: row for row in self.rows}, self.current
        new = {row["approval_id"]: row for row in reversed(listed)}
        told: list[tuple[str, Row]] = []
        kept: list[Row] = []
        for key, row in old.items():
            now = new.pop(key, None)
            if now is not None:
                told += [(words, now) for words in changes(row, now)]
                kept.append(now)
                continue
            over = row if row["status"] != "pending" else {**row, "status": self._ends.pop(key, "ended")}
            told += [(str(over["status"]), over)] if over is not row else []
            kept += [over] if looked is row else []
        told += [("new", row) for row in new.values()]
        self.fresh = (self.fresh | (set(new) if self._begun else set())) & {*old, *new}
        self._begun = True
        self.rows = [*kept, *new.values()]
        self._ends = {key: how for key, how in self._ends.items() if key in old or key in new}
        self._find(looked)
        return told

    def move(self, by: int) -> None:
        """The cursor goes so many rows on; an ended one that it leaves goes away."""
        self.cursor = max(0, min(len(self.rows) - 1, self.cursor + by))
        looked = self.current
        self.rows = [row for row in self.rows if row["status"] == "pending" or row is looked]
        self._find(looked)

    def _find(self, looked: Row | None) -> None:
        ids = [row["approval_id"] for row in self.rows]
        key = looked["approval_id"] if looked else None
        self.cursor = ids.index(key) if key in ids else max(0, min(self.cursor, len(ids) - 1))
        if key in ids:
            self.fresh.discard(key)


def changes(old: Row, new: Row) -> list[str]:
    """What is otherwise, in words."""
    told = []
    if old["shown_digest"] != new["shown_digest"]:
        told.append("what is asked has changed")
    if old["level"] != new["level"]:
        told.append("escalated")
    if old["current_approvals"] != new["current_approvals"]:
        told.append(f"agreed {consent(new)}")
    if old["agent_waiting"] != new["agent_waiting"]:
        told.append("the agent is on the line again" if new["agent_waiting"] else "the agent has hung up")
    if old["claimed_by"] != new["claimed_by"]:
        told.append(f"claimed {claimed(new)}" if new["claimed_by"] else "no longer claimed")
    return told
