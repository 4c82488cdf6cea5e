"""The emergency stop: what is frozen, what that stopped, freezing more, and lifting it by two."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from vienna_control.clock import from_iso
from vienna_control.console.page import page
from vienna_control.console.visit import Visit

_KEPT = timedelta(hours=1)
_WHOLE = 12
"""So many are shown with what they stopped; of more, each on its own page."""


@page("/freeze", "freeze.html")
async def freeze(visit: Visit) -> dict[str, Any]:
    """What is in force, and a form that ``agent``, ``action`` and ``host`` fill."""
    found = await visit.ask("GET /freeze", query={"limit": 50, **visit.only("all", "cursor")})
    agents = await visit.ask("GET /fleet", query={"limit": 500})
    held = [one for one in found["freezes"] if one["in_force"]]
    whole = await visit.all(*(visit.ask("GET /freeze/{id}", id=one["freeze_id"]) for one in held[:_WHOLE]))
    return {
        "found": found,
        "held": [one | {"asked_first": _asked_first(visit, one)} for one in [*whole, *held[_WHOLE:]]],
        "over": [one for one in found["freezes"] if not one["in_force"]],
        "agents": [one["name"] for one in agents["agents"] if one["status"] != "inactive"],
        "given": visit.only("agent", "action", "host"),
    }


@page("/freeze/{id}", "freeze_one.html")
async def freeze_one(visit: Visit) -> dict[str, Any]:
    """One, in force or over, with what it stopped."""
    found = await visit.ask("GET /freeze/{id}", id=visit.path["id"])
    return {"freeze": found | {"asked_first": _asked_first(visit, found)}}


def _asked_first(visit: Visit, one: dict[str, Any]) -> str | None:
    """``you`` or ``other``: who has asked to lift it, while that counts; None: nobody."""
    asked = one["lift_asked"]
    if asked is None or not one["in_force"] or visit.app.clock.now() - from_iso(asked["at"]) >= _KEPT:
        return None
    return "you" if asked["by"] == visit.principal.actor else "other"
