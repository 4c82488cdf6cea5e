"""Two tenants of one control plane: ``default`` with one of everything that has an id, and ``north`` who looks for it.

Everything of the first is made by the routes that make it, so that a noun whose rows forget their tenant shows.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gate_end import Gate, application, request
from keyholders import Keyholders
from people import People
from planes import PASSWORD, Control
from push_kit import Browser
from vienna_control import rows
from vienna_control.api.published import ROOT
from vienna_control.clock import iso
from vienna_control.store import Tx
from vienna_control.store.tables import operators
from vienna_kernel.signing import SigningKey

API = "https://payments.example/v1"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
MARK = "only-ours"
"""Stands in everything that people of the first tenant write."""

RULE: dict[str, Any] = {
    "id": f"rule-{MARK}",
    "priority": 10,
    "expression": "action == 'close_desk_ticket'",
    "action": {"type": "deny"},
}
MAPPING = f"""\
apiVersion: vienna/v1
kind: Mapping
id: {MARK}
version: 2026-11-01
hosts: [{MARK}.example]
protocol: rest
actions:
  - action: close_desk_ticket
    match: {{methods: [POST], path: "/tickets/{{ticket}}/close"}}
    target: "helpdesk:ticket/{{ticket}}"
    params:
      ticket: {{from: path}}
    effect: write
    default_tier: T1
    summary: "Close ticket {{ticket}}"
"""
CASES = f"""\
cases:
  - name: a ticket is closed
    request: |
      POST https://{MARK}.example/tickets/T-1/close
    expect: [{{action: close_desk_ticket, target: "helpdesk:ticket/T-1", parameters: {{ticket: T-1}}}}]
"""
BROWSER = Browser(f"https://{MARK}.example/push")
"""Of somebody who is never asked."""


@dataclass
class Filled:
    """The first tenant.

    Attributes:
        ids: Of each noun one id, by the path under which the API shows it: ``{"/intents": "int-…"}``.
        token: A warrant's token.
    """

    control: Control
    ids: dict[str, str] = field(default_factory=dict)
    token: str = ""

    async def ask(
        self, who: str, method: str, path: str, body: Any = None, status: int | None = None, **more: Any
    ) -> Any:
        """The data of an answer that must be a yes."""
        got, answer, _ = await self.control.ask(method, f"/api/v1{path}", key=who, body=body, **more)
        assert got == status if status else got < 300, (path, got, answer)
        return answer["data"]


async def fill(control: Control, people: People, bot: Gate) -> Filled:
    """One of everything."""
    ours = Filled(control)
    await _decided(ours, people, bot)
    await _identity(ours)
    await _policy(ours)
    await _around_approvals(ours, people)
    await _told(ours)
    ours.ids["/compliance/reports"] = await _reported(ours)
    for theirs, noun in (("intents", "/intents"), ("proposals", "/approvals"), ("agents", "/fleet")):
        ours.ids[f"{ROOT}/{theirs}"] = ours.ids[noun]
    keys = Keyholders(control, people)
    await keys.enrol("bob")
    ours.ids["/mfa/passkeys"] = keys.ids["bob"]
    roster = {"add": keys.rows("bob"), "threshold": 1, "quorum": {"T2": {"people": 1}}}
    ours.ids["/roster/proposals"] = await keys.propose("ada", **roster)
    return ours


async def _decided(ours: Filled, people: People, bot: Gate) -> None:
    """A call that was held, agreed to, sent and told of; one that waits; one by API with its warrant."""
    ticket = {"subject": MARK}
    held = await bot.consult("POST", f"{API}/tickets", ticket)
    assert (await people.approve("carol", held.approval_id, otp=None))[0] == 200
    sent = await bot.consult("POST", f"{API}/tickets", ticket)
    assert sent.verdict == "granted", sent
    await bot.outcome(request("POST", f"{API}/tickets", ticket), sent, 201, {"id": "T-1"})
    shown = await ours.ask("ada", "GET", f"/intents/{sent.intent_id}")
    ours.ids["/executions"] = shown["execution"]["execution_id"]
    waiting = await bot.consult("POST", f"{API}/refunds", REFUND)
    assert waiting.approval_id is not None
    ours.ids |= {"/intents": waiting.intent_id, "/approvals": waiting.approval_id}
    await ours.ask("alice", "POST", f"/approvals/{waiting.approval_id}/comments", {"text": MARK})
    body = {"action": "create_ticket", "parameters": ticket, "mode": "passback", "justification": MARK}
    asked = await ours.ask("agent", "POST", "/agent/intent", body)
    assert (await people.approve("carol", asked["approval"]["approval_id"], otp=None))[0] == 200
    told = await ours.ask("agent", "GET", f"/intents/{asked['intent_id']}")
    ours.ids["/warrants"], ours.token = told["warrant"]["warrant_id"], told["warrant"]["token"]


async def _identity(ours: Filled) -> None:
    people = (await ours.ask("ada", "GET", "/operators"))["operators"]
    login = {"username": "alice@example.com", "password": PASSWORD}
    session = await ours.ask("", "POST", "/auth/login", login)
    ours.control.http.cookie_jar.clear()
    key = await ours.ask("oscar", "POST", "/api-keys", {"name": MARK})
    token = await ours.ask("ada", "POST", "/join-tokens", {"agent": f"bot-{MARK}", "name": MARK})
    agent = {"name": f"bot-{MARK}", "description": MARK}
    made = await ours.ask("oscar", "POST", "/fleet", agent)
    group = {"name": f"group-{MARK}"}
    await ours.ask("ada", "POST", "/groups", group)
    gates = (await ours.ask("ada", "GET", "/sidecars"))["sidecars"]
    ours.ids |= {
        "/operators": next(one["id"] for one in people if one["email"] == "bob@example.com"),
        "/sessions": session["sessionId"],
        "/api-keys": key["key_id"],
        "/join-tokens": token["join_token_id"],
        "/fleet": made["agent_id"],
        "/groups": group["name"],
        "/sidecars": gates[0]["sidecar_id"],
    }


async def _policy(ours: Filled) -> None:
    await ours.ask("oscar", "POST", "/policies", RULE)
    await ours.ask("oscar", "PATCH", f"/policies/{RULE['id']}", {"priority": 11})
    other = {**RULE, "id": f"other-{MARK}"}
    change = {"title": MARK, "changes": [{"rule": other}], "propose": True}
    proposed = await ours.ask("oscar", "POST", "/policies/changes", change)
    backtest = await ours.ask("oscar", "POST", "/policies/backtest", {"rules": [other]})
    await ours.ask("oscar", "POST", "/mappings", {"text": MAPPING, "cases": CASES})
    action = {"name": f"act-{MARK}", "description": MARK}
    made = await ours.ask("oscar", "POST", "/action-types", action)
    scenario = {"agent": "billing-bot", "action": "create_ticket", "parameters": {"subject": MARK}}
    run = await ours.ask("oscar", "POST", "/simulation", {"name": MARK, "scenarios": [scenario]})
    ours.ids |= {
        "/policies": RULE["id"],
        "/policies/changes": proposed["change"]["id"],
        "/policies/backtests": backtest["id"],
        "/mappings": MARK,
        "/action-types": made["id"],
        "/simulation": run["simulation_id"],
    }


async def _around_approvals(ours: Filled, people: People) -> None:
    now = ours.control.app.clock.now()
    week = iso(now + timedelta(days=7))
    lent = {"to": "xenia@example.com", "ends_at": week}
    delegation = await ours.ask("bob", "POST", "/delegations", lent)
    terms = {
        "action": "create_refund",
        "agents": ["billing-bot"],
        "target": "payments:order/*",
        "limits": {"amount": {"max": 100}, "order": {}, "reason": {"optional": True}},
        "currency": "EUR",
        "count": 3,
        "expires_at": week,
        "reason": MARK,
    }
    standing = await ours.ask("oscar", "POST", "/standing", terms)
    frozen = {"agent": f"bot-{MARK}", "reason": MARK}
    stop = await ours.ask("ada", "POST", "/freeze", frozen)
    (alert,) = (await ours.ask("ada", "GET", "/alerts?kind=freeze"))["alerts"]
    opened = {"incident": MARK, "reason": MARK, "otp": people.code()}
    opened |= {"agent": "billing-bot", "action": "create_refund"}
    glass = await ours.ask("carol", "POST", "/break-glass", opened)
    await ours.control.app.sequencer.flush()
    entries = (await ours.ask("audrey", "GET", "/audit"))["entries"]
    ours.ids |= {
        "/delegations": delegation["delegation_id"],
        "/standing": standing["standing_id"],
        "/freeze": stop["freeze_id"],
        "/alerts": alert["alert_id"],
        "/break-glass": glass["break_glass_id"],
        "/audit": entries[-1]["id"],
    }


async def _told(ours: Filled) -> None:
    """Who is told of what, and who is who there."""
    secrets = {"url": f"https://{MARK}.example/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
    hook = {"name": MARK, "type": "webhook", "events": ["alert"], "secrets": secrets, "enabled": False}
    made = await ours.ask("ada", "POST", "/integrations", hook)
    kept = {"screen": "traffic", "name": f"filter {MARK}", "q": MARK, "shared": True}
    saved = await ours.ask("oscar", "POST", "/filters", kept)
    user = await ours.ask("oscar", "POST", "/integrations/slack/users", {"user_id": "U0ONLYOURS"})
    device = await ours.ask("victor", "POST", "/push/subscriptions", BROWSER.body(name=MARK))
    ours.ids |= {
        "/integrations": made["integration_id"],
        "/filters": saved["filter_id"],
        "/integrations/slack/users": user["user_id"],
        "/push/subscriptions": device["subscription_id"],
    }


async def _reported(ours: Filled) -> str:
    """The id of a report that is ready."""
    path, told = "/compliance/reports", await ours.ask("audrey", "POST", "/compliance/reports/generate", {})
    report: str = told["report_id"]
    async with asyncio.timeout(60):
        while told["status"] == "generating":
            told = await ours.ask("audrey", "GET", f"{path}/{report}")
    return report


NORTH = {"admin": "nora", "approver": "nils", "operator": "nele", "auditor": "nina", "viewer": "noel"}


async def north(control: Control) -> dict[str, str]:
    """Another tenant, made as tenants are; a key of each kind of principal."""
    ours = Filled(control)
    body = {"name": "north", "title": "North", "admin_email": "nora@north.example"}
    made = await ours.ask("ada", "POST", "/tenants", body)

    def unit(tx: Tx) -> dict[str, str]:
        issue = control.app.identity.credentials.issue
        keys = {}
        for role, name in NORTH.items():
            known = made["operator"]["id"] if role == "admin" else f"op-{name}"
            if role != "admin":
                rows.add(
                    tx.conn,
                    operators,
                    id=known,
                    tenant="north",
                    email=f"{name}@north.example",
                    role=role,
                    groups="[]",
                    created_at=tx.at,
                )
            keys[role] = issue(tx, "operator", known, tenant="north", actor="system")
        return keys

    keys = await control.app.store.write(unit)
    agent = await ours.ask(keys["admin"], "POST", "/fleet", {"name": "north-bot"})
    token = (await ours.ask(keys["admin"], "POST", "/join-tokens", {"agent": "north-bot"}))["token"]
    holder = SigningKey.generate_from(os.urandom(32))
    applied = application(control, holder, token=token, agent="north-bot")
    gate = await ours.ask(token, "POST", "/sidecars/enrol", applied)
    return {**keys, "agent": agent["api_key"], "sidecar": gate["api_key"], "join": token}
