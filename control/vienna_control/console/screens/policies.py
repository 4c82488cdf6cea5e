"""Rules in the order they are asked, and where rules come from: templates, suggestions; and what budgets have left."""

from __future__ import annotations

from typing import Any

from vienna_control.console.drafts import when_of
from vienna_control.console.page import page
from vienna_control.console.visit import Visit


@page("/policies", "policies.html", area="policies")
async def policies(visit: Visit) -> dict[str, Any]:
    """``q``: words of id, name and action; ``source``, ``fired`` and ``state`` filter."""
    asked = {"limit": 500, **visit.only("source", "fired", "cursor")}
    found, changes, source = await visit.all(
        visit.ask("GET /policies", query=asked), waiting(visit), visit.may("GET /policies/source")
    )
    words, state = visit.query.get("q", "").lower().split(), visit.query.get("state", "")
    each = ({**one, "when": when_of(one), "state": state_of(one)} for one in found["policies"])
    rules = [one for one in each if _holds(one, words, state)]
    return {"found": {**found, "policies": rules}, "changes": changes, "source": source}


def _holds(rule: dict[str, Any], words: list[str], state: str) -> bool:
    text = f"{rule['id']} {rule['name']} {rule['action']['type']} {rule['source']} {rule['when']}".lower()
    return all(word in text for word in words) and state in ("", rule["state"])


def state_of(rule: dict[str, Any]) -> str:
    """``off``, ``shadow`` or ``enforced``."""
    return "off" if not rule["enabled"] else "shadow" if rule.get("shadow") else "enforced"


async def waiting(visit: Visit) -> int:
    """How many changes wait for a second person."""
    found = await visit.ask("GET /policies/changes", query={"status": "pending", "limit": 1})
    return int(found["total"])


@page("/policies/templates", "policy_templates.html", area="policies")
async def templates(visit: Visit) -> dict[str, Any]:
    """Sets of rules for a trade, each with its cases."""
    return {"found": await visit.ask("GET /policies/templates"), "changes": await waiting(visit)}


@page("/policies/suggestions", "policy_suggestions.html", area="policies")
async def suggestions(visit: Visit) -> dict[str, Any]:
    """What people always say the same about."""
    return {"found": await visit.ask("GET /policies/suggestions"), "changes": await waiting(visit)}


@page("/policies/budgets", "policy_budgets.html", area="policies")
async def budgets(visit: Visit) -> dict[str, Any]:
    """Accounts with what is used and left; ``name`` and ``agent_id`` filter."""
    query = {"limit": 200, **visit.only("name", "agent_id", "cursor")}
    return {"found": await visit.ask("GET /budgets", query=query), "changes": await waiting(visit)}
