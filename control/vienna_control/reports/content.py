"""What a report is made of: sections, each a table of plain values, the same in every format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

type Kind = Literal["summary", "detailed", "audit"]
type Cell = str | int | None

MOST_GROUPS = 200
"""Rows of a table of counts."""
MOST_LINES = 5000
"""Rows of a table with a line for each thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a report is to be about.

    Attributes:
        since, until: ISO 8601 instants; the first included, the second not.
        agent_id, action, tier: Narrow what is told of intents; None: all.
    """

    id: str
    tenant: str
    kind: Kind
    since: str
    until: str
    agent_id: str | None = None
    action: str | None = None
    tier: str | None = None

    @property
    def filtered(self) -> bool:
        return any((self.agent_id, self.action, self.tier))


@dataclass(frozen=True, slots=True)
class Section:
    """One table.

    Attributes:
        note: One sentence under the title; says so where rows are left out.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "note": self.note,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A report as every format shows it. ``made_at`` is the instant of its snapshot."""

    asked: Asked
    made_at: str
    sections: Sequence[Section] = field(default_factory=tuple)

    def to_json(self) -> dict[str, Any]:
        asked = self.asked
        return {
            "report_id": asked.id,
            "tenant": asked.tenant,
            "type": asked.kind,
            "from": asked.since,
            "to": asked.until,
            "filters": {"agent_id": asked.agent_id, "action": asked.action, "tier": asked.tier},
            "made_at": self.made_at,
            "sections": [section.to_json() for section in self.sections],
        }


def capped(rows: Sequence[Sequence[Cell]], most: int, note: str = "") -> tuple[Sequence[Sequence[Cell]], str]:
    """At most so many rows, and a note that says so. ``rows`` holds one more than ``most`` where there are more."""
    if len(rows) <= most:
        return rows, note
    return rows[:most], f"{note} Only the first {most} are shown.".strip()


def words(filters: Mapping[str, Any]) -> str:
    """``tier T2, action create_refund``; ``none`` where nothing is narrowed."""
    told = [f"{name} {value}" for name, value in filters.items() if value is not None]
    return ", ".join(told) or "none"
