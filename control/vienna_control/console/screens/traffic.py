"""Traffic: every call, found by one line of text; and one call with everything about it."""

from __future__ import annotations

from typing import Any

from vienna_control.api.problems import Code, Problem
from vienna_control.console import filters, histogram, trail
from vienna_control.console.page import page
from vienna_control.console.visit import Visit
from vienna_control.policies.trial import WORDS
from vienna_kernel.decision.decide import Outcome

PAGE = 50
CHIPS: filters.Chips = (
    ("Held", "verdict:hold"),
    ("Refused", "verdict:deny"),
    ("Would be held", "would:hold"),
    ("Would be refused", "would:deny"),
    ("Unmapped", "grade:unmapped"),
    ("Not reads", "-method:GET"),
    ("T2", "tier:T2"),
    ("T3", "tier:T3"),
    ("Last hour", "since:1h"),
    ("24 hours", "since:24h"),
    ("7 days", "since:7d"),
)
_WOULD = {"held": "pending_approval", "refused": "denied"}


@page("/traffic", "traffic.html", area="traffic")
async def traffic(visit: Visit) -> dict[str, Any]:
    """``q``: a filter; what does not read is told with its place, and nothing is listed."""
    q = visit.query.get("q", "").strip()
    if visit.fragment == "histogram":
        return await _over_time(visit, q)
    told: dict[str, Any] = {"q": q, "found": {"intents": []}, "wrong": None}
    listed = visit.ask("GET /intents", query={"limit": PAGE, "q": q, **visit.only("cursor")})
    try:
        if visit.fragment == "calls":
            return told | {"found": await listed}
        found, drawn = await visit.all(listed, _over_time(visit, q))
        told |= {"found": found, **drawn}
    except Problem as problem:
        told["wrong"] = filters.wrong(problem, q)
    return told | await filters.offered(visit, "traffic", q, CHIPS)


async def _over_time(visit: Visit, q: str) -> dict[str, Any]:
    counted = await visit.ask("GET /intents/histogram", query={"q": q, "buckets": histogram.BARS})
    return {"histogram": histogram.drawn(counted, q, lambda q: visit.address(q=q, cursor=None))}


@page("/traffic/{id}", "call.html", area="traffic")
async def call(visit: Visit) -> dict[str, Any]:
    """One call. ``replay``: what the policy in force would decide about it."""
    intent_id = visit.path["id"]
    found = await visit.ask("GET /intents/{id}", id=intent_id)
    story, approval, replayed = await visit.all(
        visit.ask("GET /intents/{id}/timeline", id=intent_id),
        _approval(visit, found),
        _replayed(visit, found),
    )
    return {
        "found": found,
        "story": [
            {**one, "words": trail.words(one["type"]), "gist": trail.gist(one["data"])}
            for one in story["events"]
        ],
        "known": _known(approval),
        "replayed": replayed,
        "mapped": not found["action"].startswith("http."),
        "sees_trail": visit.principal.role in ("auditor", "admin"),
    }


async def _approval(visit: Visit, found: dict[str, Any]) -> Any:
    asked = found["approval_id"]
    return await visit.may("GET /approvals/{id}", id=asked) if asked else None


def _known(approval: Any) -> dict[str, str]:
    """E-mail addresses of the people in it, by id."""
    if approval is None:
        return {}
    return {one["operator_id"]: one["operator"] for one in (*approval["votes"], *approval["comments"])}


async def _replayed(visit: Visit, found: dict[str, Any]) -> dict[str, Any] | None:
    """What was decided and what would be today, side by side; None unless it is asked for."""
    if not visit.query.get("replay"):
        return None
    then = found["decision"] or {}
    outcome = then.get("outcome")
    try:
        now = await visit.ask("POST /policies/evaluate", body={"intent_id": found["intent_id"]})
    except Problem as problem:
        if problem.code is not Code.CONFLICT:
            raise
        return {"why_not": problem.message}
    rule = now["matched_rule"] or {}
    before = {
        "decision": _WOULD.get(found["would"] or "") or (WORDS[Outcome(outcome)] if outcome else ""),
        "rule": then.get("rule_name") or then.get("rule_id") or "",
        "tier": found["risk_tier"],
        "says": then.get("detail") or "",
    }
    after = {
        "decision": now["decision"],
        "rule": rule.get("name") or rule.get("id") or "",
        "tier": now["risk_tier"],
        "says": now["reason"],
    }
    return {
        "why_not": "",
        "rows": [(name, before[name], after[name], before[name] != after[name]) for name in before],
        "same": before["decision"] == after["decision"] and before["tier"] == after["tier"],
        "conditions": (now["explanation"] or {}).get("conditions"),
        "rule": rule.get("id"),
    }
