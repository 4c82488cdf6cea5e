"""Compliance reports: asked for, made, read as tables, taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vienna_control.console.page import page
from vienna_control.console.visit import Visit

PAGE = 50
FEW, MANY = 25, 500
"""Lines of a table among the others, and on a page of its own."""
TYPES = (
    ("summary", "Summary"),
    ("detailed", "Detailed: each intent"),
    ("audit", "Audit: each vote and entry"),
)


@page("/reports", "reports.html", area="reports")
async def reports(visit: Visit) -> dict[str, Any]:
    """Those that were made and are being made; who is no auditor is told so."""
    found = await visit.may("GET /compliance/reports", query={"limit": PAGE, **visit.only("cursor")})
    return {"found": found, "types": TYPES}


@page("/reports/{id}", "report.html", area="reports")
async def report(visit: Visit) -> dict[str, Any]:
    """One, with its tables once it is ready. ``section``: that one alone, from the line ``at`` (0) on."""
    found = await visit.ask("GET /compliance/reports/{id}", id=visit.path["id"])
    content = found.pop("content") or {"sections": []}
    wanted, at = visit.query.get("section"), visit.query.get("at", "0")
    first = int(at) if at.isascii() and at.isdigit() and len(at) < 9 else 0
    shown = [one for one in content["sections"] if wanted in (None, one["id"])]
    few = slice(0, FEW) if wanted is None else slice(first, first + MANY)
    return {
        "found": found,
        "only": await _only(visit, found["filters"]),
        "titles": {one["id"]: (one["title"], len(one["rows"])) for one in content["sections"]},
        "sections": [{**one, "rows": one["rows"][few], "lines": len(one["rows"])} for one in shown],
        "alone": wanted is not None,
        "first": first,
        "many": MANY,
    }


async def _only(visit: Visit, filters: Mapping[str, str | None]) -> list[str]:
    """What it was narrowed to, in words: an agent by its name, if it has one still."""
    agent = filters["agent_id"] and await visit.may("GET /fleet/{agent}", agent=filters["agent_id"])
    named = {
        "agent": agent["name"] if agent else filters["agent_id"],
        "action": filters["action"],
        "tier": filters["tier"],
    }
    return [f"{name} {value}" for name, value in named.items() if value]
