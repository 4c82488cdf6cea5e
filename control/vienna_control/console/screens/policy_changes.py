"""Changes of policy that wait for a second person, and what became of others."""

from __future__ import annotations

from typing import Any

from vienna_control.console.differences import with_lines
from vienna_control.console.page import page
from vienna_control.console.screens.policies import waiting
from vienna_control.console.visit import Visit


@page("/policies/changes", "policy_changes.html", area="policies")
async def changes(visit: Visit) -> dict[str, Any]:
    """Newest first; ``status`` filters, those that wait else."""
    status = visit.query.get("status", "pending")
    query = {"status": None if status == "all" else status, "limit": 50, **visit.only("cursor")}
    found = await visit.ask("GET /policies/changes", query=query)
    return {"found": found, "status": status, "changes": await waiting(visit)}


@page("/policies/changes/{id}", "policy_change.html", area="policies")
async def change(visit: Visit) -> dict[str, Any]:
    """One of them, with its difference, its warnings and what it does to the last week."""
    found = await visit.ask("GET /policies/changes/{id}", id=visit.path["id"])
    documents = [{**one, "change": with_lines(one["change"])} for one in found["documents"]]
    return {"found": {**found, "documents": documents}, "mine": found["author"] == visit.principal.actor}
