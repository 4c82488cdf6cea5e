"""Alerts: what people should look at, and who has."""

from __future__ import annotations

from typing import Any

from vienna_control.console.page import page
from vienna_control.console.visit import Visit

PAGE = 50
STATES = {"open": "Open", "acknowledged": "Acknowledged", "all": "All"}
SEVERITIES = ("critical", "warning", "info")


@page("/alerts", "alerts.html", area="alerts")
async def alerts(visit: Visit) -> dict[str, Any]:
    """``state`` (else ``open``), ``severity``, ``kind`` and ``agent`` filter; ``id``: that one, whatever its state."""
    state = visit.query.get("state", "open")
    state = state if state in STATES else "open"
    if visit.query.get("id"):
        one = await visit.ask("GET /alerts/{id}", id=visit.query["id"])
        found: Any = {"alerts": [one], "has_more": False, "total": 1}
    else:
        asked: dict[str, Any] = visit.only("severity", "kind", "agent", "cursor")
        found = await visit.ask(
            "GET /alerts", query={"limit": PAGE, "state": "" if state == "all" else state, **asked}
        )
    return {
        "found": found,
        "state": state,
        "states": STATES,
        "severities": SEVERITIES,
        "filtered": visit.only("severity", "kind", "agent", "id"),
        "may": visit.principal.role in ("admin", "operator", "approver"),
        "sees_trail": visit.principal.role in ("auditor", "admin"),
    }
