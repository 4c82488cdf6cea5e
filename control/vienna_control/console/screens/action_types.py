"""Action types: what can be asked for, with the shape of its parameters."""

from __future__ import annotations

from typing import Any

from vienna_control.console.page import page
from vienna_control.console.visit import Visit


@page("/action-types", "action_types.html", area="mappings")
async def action_types(visit: Visit) -> dict[str, Any]:
    """By name; ``q``: words of name, effect and description."""
    found = await visit.ask("GET /action-types", query={"limit": 500, **visit.only("cursor")})
    words = visit.query.get("q", "").lower().split()
    kept = [one for one in found["action_types"] if all(word in _text(one) for word in words)]
    return {"found": {**found, "action_types": kept}}


def _text(one: dict[str, Any]) -> str:
    return f"{one['name']} {one['effect']} {one['default_risk_tier']} {one['origin']} {one['description']}".lower()


@page("/action-types/{id}", "action_type.html", area="mappings")
async def action_type(visit: Visit) -> dict[str, Any]:
    """One, with its schema and how often it was asked for."""
    found = await visit.ask("GET /action-types/{id}", id=visit.path["id"])
    properties = found["schema"].get("properties")
    return {"found": found, "parameters": properties if isinstance(properties, dict) else {}}
