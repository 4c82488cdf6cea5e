"""From nothing to the first governed call: who comes in first, and what is left to do."""

from __future__ import annotations

from typing import Any

from vienna_control.api.access import NOBODY, ROLES
from vienna_control.console.page import page
from vienna_control.console.visit import Visit

_DECIDES = ("admin", "approver")
_EVERY = {"limit": 500}


@page("/setup", "setup.html", area="settings", public=True)
async def setup(visit: Visit) -> dict[str, Any]:
    """For whoever is not logged in, the way to be the first admin, with a token that stands behind ``#`` or is typed.

    For admins, what is done of all that an installation needs: ``steps``, each ``{name, title, done, detail}``.
    """
    if visit.principal is NOBODY:
        return {"steps": None}
    people, gates, tokens, agents = await visit.all(
        visit.ask("GET /operators", query=_EVERY),
        visit.ask("GET /sidecars", query=_EVERY),
        visit.ask("GET /join-tokens", query=_EVERY),
        visit.ask("GET /fleet", query=_EVERY),
    )
    calls, channels, own = await visit.all(
        visit.ask("GET /intents", query={"limit": 1}),
        visit.ask("GET /integrations", query=_EVERY),
        _own(visit),
    )
    rules, doctor = await visit.all(visit.ask("GET /policies", query=_EVERY), visit.ask("GET /doctor"))
    steps = [
        _factor(own),
        _second(people["operators"]),
        _token(tokens["join_tokens"], gates["sidecars"]),
        _gate(gates["sidecars"]),
        _call(calls["intents"]),
        _policy(rules),
        _held(agents["agents"]),
        _told(channels["integrations"]),
        _rings(own),
        _doctor(doctor),
    ]
    return {
        "steps": steps,
        "channels": channels["integrations"],
        "agents": [one for one in agents["agents"] if one["enforcement"] == "observe"],
        "last_call": calls["intents"][0]["intent_id"] if calls["intents"] else None,
        "roles": ["approver", *(role for role in ROLES if role != "approver")],
        "base_url": visit.app.base_url,
    }


@page("/invitation", "invitation.html", public=True)
async def invitation(visit: Visit) -> dict[str, Any]:
    """The token stands behind ``#``, where no server sees it."""
    return {}


async def _own(visit: Visit) -> dict[str, Any]:
    mfa, passkeys, devices = await visit.all(
        visit.ask("GET /mfa"),
        visit.ask("GET /mfa/passkeys", query=_EVERY),
        visit.ask("GET /push/subscriptions", query=_EVERY),
    )
    return {**mfa, "passkeys": passkeys["passkeys"], "devices": devices["subscriptions"]}


def _step(name: str, title: str, done: object, detail: str) -> dict[str, Any]:
    return {"name": name, "title": title, "done": bool(done), "detail": detail}


def _factor(own: dict[str, Any]) -> dict[str, Any]:
    has = [*(["codes"] if own["totp"] else []), *(["passkeys"] if own["passkeys"] else [])]
    detail = " and ".join(has) or "What changes people, keys and gates asks for one."
    return _step("factor", "Your second factor", has, detail)


def _second(people: list[dict[str, Any]]) -> dict[str, Any]:
    decide = [one for one in people if one["role"] in _DECIDES and not one["disabled"]]
    detail = "You alone decide: T2 and T3 ask two people."
    if len(decide) > 1:
        waiting = [one["email"] for one in decide if not one["has_password"]]
        detail = f"{len(decide)} people decide." + (f" Invited: {', '.join(waiting[:5])}." if waiting else "")
    return _step("second", "A second person who decides", len(decide) > 1, detail)


def _token(tokens: list[dict[str, Any]], gates: list[dict[str, Any]]) -> dict[str, Any]:
    names = sorted({"any agent" if one["agent"] == "*" else one["agent"] for one in tokens})[:5]
    detail = f"For {', '.join(names)}." if names else "A join token lets a gate in, as one named agent."
    return _step("token", "A join token for the first gate", tokens or gates, detail)


def _gate(gates: list[dict[str, Any]]) -> dict[str, Any]:
    there = [one for one in gates if one["state"] == "connected"]
    agents = sorted({str(one["agent"]) for one in there})[:5]
    detail = f"{len(there)} connected, for {', '.join(agents)}." if there else "None is connected yet."
    return _step("gate", "The first gate", there, detail)


def _call(calls: list[dict[str, Any]]) -> dict[str, Any]:
    detail = "Seen." if calls else "What an agent sends through its gate shows here."
    return _step("call", "The first call", calls, detail)


def _policy(found: dict[str, Any]) -> dict[str, Any]:
    holds = [one for one in found["policies"] if one.get("enabled", True) and not one.get("shadow")]
    detail = f"{len(holds)} rules hold; what no rule names: {found['default']}."
    if not holds:
        detail = f"No rule yet; every call: {found['default']}."
    return _step("policy", "A policy in force", holds, detail)


def _held(agents: list[dict[str, Any]]) -> dict[str, Any]:
    held = [one["name"] for one in agents if one["enforcement"] != "observe"]
    detail = (
        f"{', '.join(held[:5])}."
        if held
        else "New agents are only observed: calls are recorded, none is held."
    )
    return _step("held", "An agent that is held to it", held, detail)


def _told(channels: list[dict[str, Any]]) -> dict[str, Any]:
    good = [one for one in channels if one["enabled"] and one["last_sent_at"] and not one["failing_since"]]
    detail = "People hear of what waits only while they look here."
    if channels:
        detail = (
            f"Events arrive at {len(good)} of {len(channels)}." if good else "Nothing has arrived there yet."
        )
    return _step("channel", "A channel that tells people", good, detail)


def _rings(own: dict[str, Any]) -> dict[str, Any]:
    rung = [one for one in own["devices"] if one["last_used_at"] and not one["failing_since"]]
    detail = f"{len(rung)} of {len(own['devices'])} rang." if rung else "None has rung yet."
    return _step("device", "Your device rings", rung, detail)


def _doctor(found: dict[str, Any]) -> dict[str, Any]:
    bad = [one["name"] for one in found["checks"] if one["status"] != "ok"]
    detail = "Everything is well." if not bad else f"To look at: {', '.join(bad)}."
    return _step("doctor", "The doctor has nothing to say", not bad, detail)
