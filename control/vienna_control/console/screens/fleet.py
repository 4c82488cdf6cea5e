"""Agents: who they are, how far each is trusted and enforced, and what holds them."""

from __future__ import annotations

from typing import Any

from vienna_control.console.page import page
from vienna_control.console.steps import steps
from vienna_control.console.visit import Visit
from vienna_control.fleet.registry import RUNGS

_RECENT = 40
_SHOWN = 8
"""Of the latest entries, and of what they are about: so many are on the page of an agent."""

_FILTERS = ("name", "status", "enforcement")
_ORDER = {"silent": 0, "connected": 1, "left": 2, "revoked": 3}

RUNG_SAYS = {
    "observe": ("Observe", "Everything is forwarded; what would have been held or refused is recorded."),
    "enforce_high": (
        "Enforce high",
        "T0 and T1 are forwarded; T2 and T3 are held or refused, as policy says.",
    ),
    "enforce": ("Enforce", "What policy allows is forwarded; the rest is held or refused."),
}


@page("/fleet", "fleet.html", area="fleet")
async def fleet(visit: Visit) -> dict[str, Any]:
    """``name`` (what it begins with), ``status`` and ``enforcement`` filter."""
    query = {"limit": 100, **visit.only(*_FILTERS, "cursor")}
    found = await visit.ask("GET /fleet", query=query)
    charts = {one["agent_id"]: _chart(visit, one, wide=80, high=22) for one in found["agents"]}
    return {"found": found, "charts": charts, "filtered": visit.only(*_FILTERS), "rungs": RUNG_SAYS}


@page("/gates", "fleet_gates.html", area="fleet")
async def gates(visit: Visit) -> dict[str, Any]:
    """Those that are silent first. ``silent=true``: those alone; ``agent_id``: of one agent."""
    found = await visit.ask(
        "GET /sidecars", query={"limit": 200, **visit.only("agent_id", "silent", "cursor")}
    )
    return {"found": found | {"sidecars": _silent_first(found["sidecars"])}}


@page("/fleet/{agent}", "agent.html", area="fleet")
async def agent(visit: Visit) -> dict[str, Any]:
    """All about one: what it is, how it is held, and what it did last."""
    name = visit.path["agent"]
    found, trust, budgets, own, latest = await visit.all(
        visit.ask("GET /fleet/{agent}", agent=name),
        visit.ask("GET /fleet/{agent}/trust", agent=name, query={"limit": 100}),
        visit.ask("GET /budgets", query={"agent_id": name}),
        visit.ask("GET /sidecars", query={"agent_id": name, "limit": 100}),
        visit.ask("GET /fleet/{agent}/activity", agent=name, query={"limit": _RECENT}),
    )
    told = found | {"trust_history": list(reversed(trust["trust_events"]))}
    return {
        "agent": found,
        "trust": trust,
        "chart": _chart(visit, told, wide=640, high=150),
        "budgets": budgets["budgets"],
        "gates": _silent_first(own["sidecars"]),
        "latest": latest,
        "calls": _by_call(latest["activities"])[:_SHOWN],
        "rungs": RUNG_SAYS,
    }


@page("/fleet/{agent}/forecast", "agent_forecast.html", area="fleet")
async def forecast(visit: Visit) -> dict[str, Any]:
    """What each rung above the agent's own would do to ``days`` of its recorded traffic."""
    name, days = visit.path["agent"], visit.query.get("days", "7")
    found = await visit.ask("GET /fleet/{agent}", agent=name)
    at = RUNGS.index(found["enforcement"])
    above = await visit.all(
        *(
            visit.ask("GET /fleet/{agent}/forecast", agent=name, query={"to": rung, "days": days})
            for rung in RUNGS[at + 1 :]
        )
    )
    return {
        "agent": found,
        "above": above,
        "below": [(rung, RUNG_SAYS[rung][0]) for rung in RUNGS[:at]],
        "days": days,
        "rungs": RUNG_SAYS,
    }


@page("/fleet/{agent}/activity", "agent_activity.html", area="fleet")
async def activity(visit: Visit) -> dict[str, Any]:
    """What it did and what happened to it, newest first."""
    name = visit.path["agent"]
    found, told = await visit.all(
        visit.ask("GET /fleet/{agent}", agent=name),
        visit.ask("GET /fleet/{agent}/activity", agent=name, query=visit.only("cursor")),
    )
    return {"agent": found, "latest": told, "calls": _by_call(told["activities"])}


def _chart(visit: Visit, one: dict[str, Any], *, wide: int, high: int) -> dict[str, Any]:
    now, score = visit.app.clock.now(), one["trust_score"]
    return steps(one["trust_history"], now=now, score=score, wide=wide, high=high)


def _by_call(activities: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Entries that follow each other about one call together, newest first."""
    found: list[list[dict[str, Any]]] = []
    for one in activities:
        if found and one["intent_id"] and found[-1][0]["intent_id"] == one["intent_id"]:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def _silent_first(gates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(gates, key=lambda one: _ORDER[one["state"]])
