"""One approval: what would happen, why people are asked, what they may say to it, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vienna_control.api.problems import Code, Problem
from vienna_control.approvals.comments import safe
from vienna_control.approvals.wording import denied_hint
from vienna_control.console.page import page
from vienna_control.console.visit import Visit
from vienna_control.policies.files import inside

TABS = {
    "request": "Request",
    "meaning": "Meaning",
    "diff": "Diff",
    "warrant": "Warrant",
    "why": "Why",
    "agent": "Agent",
    "timeline": "Timeline",
}
REASONS = (
    "Wrong amount or recipient",
    "Not needed",
    "Ask your user first",
    "Not at this hour",
    "It is not clear what this is for",
)
"""What denials often say, written for an agent to read."""

_PARTS = frozenset({"state", "decide", "talk", "head-request"})
"""Parts of the page that need no more than the approval and its intent."""
_WITH_PEOPLE = frozenset({"people", "story"})
_LATELY = 8
_NUMBER = re.compile(r"[0-9]{1,30}([.][0-9]{1,30})?")


@page("/approvals/{id}", "approval.html", area="inbox")
async def approval(visit: Visit) -> dict[str, Any]:
    """``seen``: digest of what the reader has before them; what is asked differs from it once the request changed."""
    found, factors, keys = await visit.all(
        visit.ask("GET /approvals/{id}", id=visit.path["id"]),
        visit.ask("GET /mfa"),
        visit.may("GET /mfa/passkeys"),
    )
    told = {
        "found": found,
        "intent": await visit.may("GET /intents/{id}", id=found["intent_id"]),
        "factors": {"totp": factors["totp"], "passkeys": len(keys["passkeys"]) if keys else 0},
        "seen": visit.query.get("seen") or found["shown_digest"],
        "last": last_of(found["target"]),
        "amounts": _amounts(found["shown"]),
        "writable": await _writable(visit, found),
        "words": _words(found["shown"]),
        "rule_file": _rule_file(visit, found),
        "reasons": REASONS,
        "tabs": TABS,
        "tab": visit.query.get("tab") if visit.query.get("tab") in TABS else "request",
        "voted": any(vote["operator_id"] == visit.principal.id for vote in found["votes"]),
    }
    if visit.fragment in _PARTS:
        return told
    if visit.fragment in _WITH_PEOPLE:
        return told | await _people(visit, found)
    return told | await _beside(visit, found)


async def _people(visit: Visit, found: Mapping[str, Any]) -> dict[str, Any]:
    """Who may decide, the names of all who have to do with it, and the story so far."""
    asked, story = await visit.all(
        visit.ask("GET /approvals/{id}/people", id=found["approval_id"]),
        visit.may("GET /intents/{id}/timeline", id=found["intent_id"]),
    )
    people = asked["people"]
    known = {one["operator_id"]: one["operator"] for one in (*people, *found["votes"], *found["comments"])}
    return {"people": people, "known": known, "story": story}


async def _beside(visit: Visit, found: Mapping[str, Any]) -> dict[str, Any]:
    """What stands beside an approval: earlier ones, people, the agent and its calls, and the story so far."""
    this = {"id": found["approval_id"]}
    lately = {"agent_id": found["agent_id"], "action": found["action"], "limit": _LATELY}
    names = ("precedent", "prospect", "agent", "lately")
    around, *asked = await visit.all(
        _people(visit, found),
        visit.ask("GET /approvals/{id}/precedent", **this),
        visit.ask("GET /approvals/{id}/prospect", **this),
        visit.may("GET /fleet/{agent}", agent=found["agent_id"]),
        visit.may("GET /intents", query=lately),
    )
    return {**dict(zip(names, asked, strict=True)), **around}


async def _writable(visit: Visit, found: Mapping[str, Any]) -> list[str]:
    """Parameters that an approver may lower, which are there: of a call the gate says it, else the action type."""
    shown = found["shown"]
    effects = shown.get("effect") or []
    if len(effects) != 1 or found["status"] != "pending":
        return []
    names = (shown.get("request") or {}).get("writable") or []
    if shown.get("request") is None:
        types = await visit.ask("GET /action-types", query={"limit": 500})
        kind = next((one for one in types["action_types"] if one["name"] == found["action"]), None)
        properties = ((kind or {}).get("schema") or {}).get("properties") or {}
        names = [
            name for name, schema in properties.items() if isinstance(schema, dict) and schema.get("writable")
        ]
    return [name for name in names if name in effects[0]["parameters"] and "." not in name]


def _rule_file(visit: Visit, found: Mapping[str, Any]) -> str:
    """Where the rule stands that asks; empty without one."""
    rule = (found["explanation"].get("explanation") or {}).get("rule") or {}
    return inside(visit.app.policies.places, rule["source"]) if rule.get("source") else ""


def _amounts(shown: Mapping[str, Any]) -> list[str]:
    """Parameters that are numbers: of them one may say how much at most."""
    return [
        name
        for effect in shown.get("effect") or []
        for name, value in effect["parameters"].items()
        if isinstance(value, str | int | float)
        and not isinstance(value, bool)
        and _NUMBER.fullmatch(str(value))
    ]


def _words(shown: Mapping[str, Any]) -> dict[str, list[str]]:
    """Headers, and keys of the body, with words of the agent's own in them."""
    headers = (shown.get("request") or {}).get("headers") or []
    places = [place.split("/") for place in (shown.get("agent_words") or {}).get("at", ())]
    at = {int(steps[3]) for steps in places if steps[1:3] == ["request", "headers"] and len(steps) > 3}
    keys = [steps[3] for steps in places if steps[1:3] == ["request", "body"] and len(steps) > 3]
    return {
        "headers": [name for number, (name, value) in enumerate(headers) if number in at and " " in value],
        "body": [key.replace("~1", "/").replace("~0", "~") for key in keys],
    }


def last_of(target: str) -> str:
    """What is typed of a target to show that it was read: its last four letters and digits."""
    return "".join(re.findall(r"[A-Za-z0-9]", target))[-4:]


@page("/approvals/{id}/less", "approval_less.html", preview=True)
async def less(visit: Visit) -> dict[str, Any]:
    """What the request would be with these values, and what it would take."""
    found = await visit.ask("GET /approvals/{id}", id=visit.path["id"])
    narrowed = _lower(found, visit.body.get("narrowed") or {})
    if not narrowed:
        return {"less": None, "found": found, "narrowed": {}, "problem": ""}
    body = {"narrowed": narrowed}
    try:
        told = await visit.ask("POST /approvals/{id}/narrow", body=body, id=visit.path["id"])
    except Problem as problem:
        return {"less": None, "found": found, "narrowed": narrowed, "problem": _said(problem)}
    return {"less": told, "found": found, "narrowed": narrowed, "problem": ""}


def _lower(found: Mapping[str, Any], wanted: Any) -> dict[str, Any]:
    """Of what was filled in, what is another value than it has."""
    effects = found["shown"].get("effect") or [{}]
    before = effects[0].get("parameters") or {}
    return {
        name: value
        for name, value in (wanted.items() if isinstance(wanted, dict) else ())
        if value != before.get(name)
    }


@page("/approvals/{id}/standing", "approval_standing.html", preview=True)
async def standing(visit: Visit) -> dict[str, Any]:
    """What consent in advance to the same again would cover of recorded calls."""
    like = visit.body.get("like") or {}
    body = {"approval_id": visit.path["id"], "like": like}
    try:
        return {"told": await visit.ask("POST /standing/preview", body=body), "like": like, "problem": ""}
    except Problem as problem:
        return {"told": None, "like": like, "problem": _said(problem)}


def _said(problem: Problem) -> str:
    """What is wrong with what was written; anything else is no answer to a preview. Raises ``Problem``."""
    if problem.code not in (Code.VALIDATION_FAILED, Code.CONFLICT, Code.ALREADY_DECIDED):
        raise problem
    return problem.message


@page("/approvals/{id}/refusal", "approval_refusal.html", preview=True)
async def refusal(visit: Visit) -> dict[str, Any]:
    """What the agent will read, in the words that are made for it when the denial is cast."""
    reason = visit.body.get("reason")
    return {"read": denied_hint(safe(reason) if isinstance(reason, str) else "")}
