"""One rule: written as rows or as text, tried on a request and on what was recorded, put in force, and its versions."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from vienna_control.api.problems import Code, Problem
from vienna_control.console.differences import with_lines
from vienna_control.console.drafts import draft_of, text_of, typed
from vienna_control.console.page import page
from vienna_control.console.screens.policies import state_of
from vienna_control.console.visit import Visit
from vienna_kernel.policy.operators import OPERATORS, PRESENCE
from vienna_kernel.policy.vocabulary import CLOSED, KNOWN, find

_BLANK = """id: new-rule
name: ""
priority: 100
when:
- {field: action, operator: equals, value: ""}
then:
  action: require_approval
"""
_MOST_NAMES = 400
_THEN = ("allow", "require_approval", "deny")
_PLAIN = [name for name in KNOWN if find(name, rule_id="", window_seconds=60, tz=UTC).currency is None]
"""Fields that never hold money."""


@page("/policies/new", "policy.html", area="policies")
async def new_rule(visit: Visit) -> dict[str, Any]:
    """``from``: drawn from an intent (``then``: what it is to do); ``template`` and ``rule``; ``suggestion``; blank."""
    text, origin = await _begun(visit)
    return {
        "rule": None,
        "state": "new",
        "versions": None,
        "shadow": None,
        "origin": origin,
        "tried": visit.query.get("from", ""),
        "draft": draft_of(text),
        **await _offered(visit),
    }


async def _begun(visit: Visit) -> tuple[str, dict[str, Any] | None]:
    """A text to begin with, and where it is from."""
    query = visit.query
    if intent := query.get("from"):
        then = query.get("then", "require_approval")
        if then not in _THEN:
            raise Problem(Code.VALIDATION_FAILED, f"?then: expected one of {', '.join(_THEN)}")
        drawn = await visit.ask("GET /intents/{id}/rule-draft", id=intent, query={"then": then})
        told = {"intent": intent, "then": then, "says": drawn["says"], "notes": drawn["notes"]}
        return text_of(drawn["rule"]["body"]), told
    if template := query.get("template"):
        found = await visit.ask("GET /policies/templates")
        return text_of(_rule_of(found["templates"], template, query.get("rule", ""))), {"template": template}
    if suggestion := query.get("suggestion"):
        found = await visit.ask("GET /policies/suggestions")
        bodies = [one["rule"]["body"] for one in found["suggestions"] if one["rule"]]
        body = next((one for one in bodies if one["id"] == suggestion), None)
        if body is None:
            raise Problem(Code.NOT_FOUND, "this is not suggested any more")
        return text_of(body), {"suggestion": suggestion}
    return _BLANK, None


def _rule_of(templates: list[dict[str, Any]], name: str, rule: str) -> Mapping[str, Any]:
    rules: list[dict[str, Any]] = next((one["rules"] for one in templates if one["id"] == name), [])
    found = next((one for one in rules if rule in ("", one["id"])), None)
    if found is None:
        raise Problem(Code.NOT_FOUND, "there is no such rule in the templates")
    return dict(found)


async def _offered(visit: Visit) -> dict[str, Any]:
    """What the form offers while somebody types: as the kernel defines it, and what is known here."""
    types, agents, groups = await visit.all(
        visit.ask("GET /action-types", query={"limit": 500}),
        visit.ask("GET /fleet", query={"limit": 200}),
        visit.may("GET /groups"),
    )
    properties = (one["schema"].get("properties") or {} for one in types["action_types"])
    parameters = sorted({f"parameters.{name}" for names in properties for name in names})
    return {
        "fields": [*KNOWN, *parameters[:_MOST_NAMES]],
        "operators": list(OPERATORS),
        "moneyed": [one.name for one in OPERATORS.values() if one.takes_currency],
        "valueless": sorted(PRESENCE),
        "plain": _PLAIN,
        "words": CLOSED,
        "actions": [one["name"] for one in types["action_types"]],
        "agents": [one["name"] for one in agents["agents"]],
        "groups": [one["name"] for one in groups["groups"]] if groups else [],
    }


@page("/policies/{id}", "policy.html", area="policies")
async def rule(visit: Visit) -> dict[str, Any]:
    """A rule as it is in force."""
    policy_id = visit.path["id"]
    found = await visit.ask("GET /policies/{id}", id=policy_id)
    versions = None if found["read_only"] else await visit.ask("GET /policies/{id}/versions", id=policy_id)
    seen = await visit.ask("GET /policies/{id}/shadow", id=policy_id) if found.get("shadow") else None
    return {
        "rule": found,
        "state": state_of(found),
        "versions": _read(versions) if versions else None,
        "shadow": seen,
        "origin": None,
        "tried": visit.query.get("intent", ""),
        "draft": draft_of(text_of(found), before=found),
        **await _offered(visit),
    }


def _read(versions: dict[str, Any]) -> list[dict[str, Any]]:
    people = versions["people"]
    return [
        {**one, "author": people.get(one["author"], one["author"]), "change": with_lines(one["change"])}
        for one in versions["versions"]
    ]


@page("/policies/draft", "policy_draft.html", area="policies", preview=True)
async def draft(visit: Visit) -> dict[str, Any]:
    """Rows made into text, or a text into rows: ``text``, ``rows`` where they were typed, ``id`` of what it changes.

    YAML takes long to read and to write: meanwhile, the loop serves others.
    """
    sent = dict(visit.body)
    text, rows, policy_id = str(sent.get("text") or ""), sent.get("rows"), sent.get("id")
    before = await visit.may("GET /policies/{id}", id=policy_id) if isinstance(policy_id, str) else None
    if isinstance(rows, dict):
        text = await asyncio.to_thread(typed, text, rows)
    offered = await _offered(visit) if sent.get("show") == "rows" else {}
    made = await asyncio.to_thread(draft_of, text, before=before)
    return {"draft": made, "shown": sent.get("show"), **offered}


@page("/policies/try", "policy_trial.html", area="policies", preview=True)
async def dry_run(visit: Visit) -> dict[str, Any]:
    """A dry run: the body of ``POST /policies/evaluate``."""
    sent = dict(visit.body)
    if sent.get("intent_id"):
        sent = {name: sent[name] for name in ("intent_id", "candidate") if name in sent}
    else:
        sent.setdefault("parameters", {})
    try:
        told = await visit.ask("POST /policies/evaluate", body=sent)
    except Problem as problem:
        return {"told": None, "problem": problem.envelope()["error"], "about": _id_of(sent)}
    return {"told": told, "problem": None, "about": _id_of(sent)}


def _id_of(sent: Mapping[str, Any]) -> str:
    candidate = sent.get("candidate")
    return str(candidate.get("id", "")) if isinstance(candidate, dict) else ""


@page("/policies/backtests/{id}", "policy_backtest.html", area="policies")
async def backtest(visit: Visit) -> dict[str, Any]:
    """What a candidate would have decided of recorded calls: running, or done."""
    return {"found": await visit.ask("GET /policies/backtests/{id}", id=visit.path["id"])}
