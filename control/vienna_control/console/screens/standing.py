"""Consent in advance: standing warrants, what is left of each, and asking for one."""

from __future__ import annotations

from typing import Any

from vienna_control.api.problems import Problem
from vienna_control.console.page import page
from vienna_control.console.visit import Visit

_DAYS = 7
_SHOWN = 6
"""Parameters that are there at once; the rest open."""
_NEVER = frozenset({"delete", "grant", "admin", "execute"})
"""Effects that a standing warrant should think twice about; the page says so."""


@page("/standing", "standing.html", area="standing")
async def standing(visit: Visit) -> dict[str, Any]:
    """Those that have not ended, else all (``open=``); ``agent_id`` and ``action`` filter."""
    open_ = visit.query.get("open", "true")
    query = {"limit": 100, "open": open_ if open_ != "any" else None}
    found = await visit.ask("GET /standing", query=query | visit.only("agent_id", "action", "cursor"))
    return {"found": found, "open": open_}


@page("/standing/new", "standing_new.html", area="standing")
async def standing_new(visit: Visit) -> dict[str, Any]:
    """A form for one ``action``, which is chosen first; ``agent`` and ``target`` fill it."""
    kinds, agents = await visit.all(
        visit.ask("GET /action-types", query={"limit": 500}), visit.ask("GET /fleet", query={"limit": 500})
    )
    chosen = next((one for one in kinds["action_types"] if one["name"] == visit.query.get("action")), None)
    parameters = (chosen["schema"].get("properties") or {}) if chosen else {}
    required = set(chosen["schema"].get("required", ())) if chosen else set()
    return {
        "actions": [one["name"] for one in kinds["action_types"]],
        "chosen": chosen,
        "parameters": sorted(parameters.items(), key=lambda row: row[0] not in required),
        "required": required,
        "grave": bool(chosen and chosen["effect"] in _NEVER),
        "agents": [one["name"] for one in agents["agents"] if one["status"] != "inactive"],
        "given": visit.only("agent", "target"),
        "days": _DAYS,
        "shown": _SHOWN,
    }


@page("/standing/preview", "standing_preview.html", preview=True)
async def standing_preview(visit: Visit) -> dict[str, Any]:
    """What the terms in the body would have covered of recorded traffic."""
    try:
        told = await visit.ask("POST /standing/preview", body={"standing": visit.body, "days": _DAYS})
    except Problem as problem:
        return {"told": None, "problem": problem.message}
    return {"told": told, "problem": None}


@page("/standing/{id}", "standing_one.html", area="standing")
async def standing_one(visit: Visit) -> dict[str, Any]:
    """One, with its uses."""
    return {"one": await visit.ask("GET /standing/{id}", id=visit.path["id"])}
