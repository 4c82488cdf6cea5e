"""Warrants: those that are live, one as a document with its custody, and whether one holds."""

from __future__ import annotations

from typing import Any

from vienna_control.api.problems import Problem
from vienna_control.clock import iso
from vienna_control.console.page import page
from vienna_control.console.visit import Visit

_STATUS = ("issued", "consumed", "expired", "revoked")


@page("/warrants", "warrants.html", area="warrants")
async def warrants(visit: Visit) -> dict[str, Any]:
    """``status`` (else: those that can be used now; ``any``: all) and ``agent_id`` filter."""
    status = visit.query.get("status", "live")
    query: dict[str, Any] = {"limit": 100, **visit.only("agent_id", "cursor")}
    if status == "live":
        query["live"] = "true"
    elif status != "any":
        query["status"] = status
    found = await visit.ask("GET /warrants", query=query)
    return {"found": found, "status": status, "statuses": _STATUS, "now": iso(visit.app.clock.now())}


@page("/warrants/verify", "warrant_verify.html", area="warrants")
async def verify_form(visit: Visit) -> dict[str, Any]:
    """A token that somebody brings."""
    return {}


@page("/warrants/verified", "warrant_verified.html", preview=True)
async def verified(visit: Visit) -> dict[str, Any]:
    """Whether the token in the body holds, and for what the body says one wants to do."""
    if not visit.body.get("token"):
        return {"verdict": None, "problem": None}
    try:
        return {"verdict": await visit.ask("POST /warrants/verify", body=visit.body), "problem": None}
    except Problem as problem:
        return {"verdict": None, "problem": problem.message}


@page("/warrants/{id}", "warrant.html", area="warrants")
async def warrant(visit: Visit) -> dict[str, Any]:
    """One as a document. Its token is told to admins and operators only, and verified anew for them."""
    found = await visit.ask("GET /warrants/{id}", id=visit.path["id"])
    custody = found["chain_of_custody"]
    intent, approval = await visit.all(
        visit.may("GET /intents/{id}", id=found["intent_id"]), _approval(visit, custody["approval_id"])
    )
    verdict = None
    if "token" in found:
        verdict = await visit.ask("POST /warrants/verify", body={"token": found["token"]})
    return {
        "warrant": found,
        "document": {name: value for name, value in found.items() if name != "token"},
        "intent": intent,
        "custody": _custody(found, intent, approval),
        "verdict": verdict,
        "now": iso(visit.app.clock.now()),
    }


async def _approval(visit: Visit, approval_id: str | None) -> Any:
    return await visit.may("GET /approvals/{id}", id=approval_id) if approval_id else None


def _custody(warrant: dict[str, Any], intent: Any, approval: Any) -> list[dict[str, Any]]:
    """What became of it, step by step: ``at``, ``what``, ``who``, ``tone`` and where it ``leads``."""
    steps: list[dict[str, Any]] = []

    def add(at: str | None, what: str, who: str = "", *, tone: str = "", leads: str = "") -> None:
        if at:
            steps.append({"at": at, "what": what, "who": who, "tone": tone, "leads": leads})

    if intent:
        add(
            intent["created_at"],
            "Asked for",
            intent["source"],
            leads=f"/console/traffic/{intent['intent_id']}",
        )
        rule = (intent["decision"] or {}).get("rule_name")
        if rule:
            add(intent["created_at"], f"Judged: {rule}", leads=f"/console/policies/{intent['rule']}")
    if approval:
        link = f"/console/approvals/{approval['approval_id']}"
        for vote in approval["votes"]:
            agreed = vote["verdict"] == "approve"
            said, tone = ("Agreed to", "yes") if agreed else ("Refused", "no")
            add(
                vote["at"],
                said,
                f"{vote['operator']}, {vote['mfa'] or 'no second factor'}",
                tone=tone,
                leads=link,
            )
    custody = warrant["chain_of_custody"]
    add(warrant["issued_at"], "Issued", warrant["issuer"], tone="yes")
    add(custody["consumed_at"], "Used, once", _gate(custody["consumed_by"]), tone="yes")
    add(warrant["revoked_at"], f"Revoked: {warrant['revoked_reason']}", tone="no")
    if warrant["status"] == "expired":
        add(warrant["expires_at"], "Expired, unused")
    return sorted(steps, key=lambda step: step["at"][:19])  # a token counts in seconds


def _gate(actor: str | None) -> str:
    """``sidecar:side-…`` for people."""
    return (actor or "").replace("sidecar:", "gate ")
