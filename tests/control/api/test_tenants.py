"""Tenants are closed to each other: every route, asked by the people, agents and gates of one with the ids of another.

A route that takes an id and is unknown here fails the test: say where its ids come from (``tenant_world``), and what a
valid body of it is.
"""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from sqlalchemy import Connection, select

from gate_end import Gate
from people import People
from planes import Control, seeds
from tenant_world import BROWSER, CASES, MAPPING, MARK, Filled, fill, north
from vienna_control import rows
from vienna_control.api import all_routes
from vienna_control.api.access import Who
from vienna_control.api.published import ROOT
from vienna_control.api.route import API, Route
from vienna_control.clock import FixedClock, iso
from vienna_control.store.tables import metadata

# A forwarded request has no id of ours in its path, and is judged as a gate's own: test_ext_authz.
ROUTES = [one for one in all_routes() if one.who is not Who.PUBLIC and not one.forwarded]
WHO = ("admin", "approver", "auditor", "agent", "sidecar")
"""Of the other tenant: who asks."""

EVERYBODYS = {
    "/policies/templates/{id}/import": "templates are shipped; it is imported into one's own tenant"
}
EVERYBODYS |= {"/ext-authz/{path:.*}": "a path of an upstream, nobody's id"}
ASKED_APART = {
    "/sidecars/stream": "a WebSocket; what is said on it is of the gate's own bundle and intents",
    "/events": "below, as it would stay open",
}
NO_SUCH = "no-such-one"
_PARAMETER = re.compile(r"\{\w+\}")
REASON = {"reason": "ours now"}
ASSERTION = {
    "credential_id": "QUJD",
    "authenticator_data": "QUJD",
    "client_data_json": "QUJD",
    "signature": "QUJD",
}
BODIES: dict[str, Any] = {
    "PATCH /operators/{id}": {"role": "viewer"},
    "POST /api-keys/{id}/rotate": {},
    "PATCH /mfa/passkeys/{id}": {"name": "mine"},
    "POST /roster/proposals/{id}/sign": ASSERTION,
    "POST /approvals/{id}/approve": {"comment": "yes"},
    "POST /approvals/{id}/deny": REASON,
    "POST /approvals/{id}/comments": {"text": "hello"},
    "POST /approvals/{id}/narrow": {"narrowed": {"amount": 1}},
    "POST /approvals/{id}/challenge": {},
    "PUT /groups/{name}": {"name": f"group-{MARK}"},
    "POST /break-glass/{id}/review": {"verdict": "it was right"},
    "POST /standing/{id}/revoke": REASON,
    "POST /warrants/{id}/revoke": REASON,
    "POST /warrants/{id}/consume": {"attempt": "att-of-another"},
    "POST /policies/changes/{id}/approve": {},
    "POST /policies/changes/{id}/reject": {},
    "PUT /policies/{id}": {"enabled": False},
    "PATCH /policies/{id}": {"enabled": False},
    "POST /policies/{id}/rollback": {"version": 1},
    "PUT /mappings/{id}": {"text": MAPPING, "cases": CASES},
    "POST /mappings/{id}/rollback": {"version": 1},
    "PUT /action-types/{id}": {"description": "mine"},
    "PATCH /fleet/{agent}": {"description": "mine"},
    "POST /fleet/{agent}/suspend": REASON,
    "POST /fleet/{agent}/resume": REASON,
    "PUT /fleet/{agent}/trust": {"trust_score": 1, **REASON},
    "POST /fleet/{agent}/promote": {"to": "observe"},
    "DELETE /sidecars/{id}": REASON,
    "PATCH /integrations/{id}": {"enabled": False},
    "POST /alerts/{id}/acknowledge": {"note": "ours now"},
    "PATCH /filters/{id}": {"shared": False},
    "POST /published/api/v1/proposals/{id}/approve": {},
    "POST /published/api/v1/proposals/{id}/deny": REASON,
    f"POST {ROOT}/proposals/{{id}}/approve": {},
    f"POST {ROOT}/proposals/{{id}}/deny": REASON,
}
"""Valid bodies of the routes that have an id in their path."""

NO_ID_IN_THE_BODY = {
    "POST /join-tokens", "POST /auth/step-up", "POST /integrations",
    "POST /published/api/v1/intents", "POST /published/api/v1/agents",
    "POST /auth/password", "POST /mfa/totp", "POST /mfa/totp/confirm",
    "POST /mfa/totp/remove", "POST /mfa/recovery-codes", "POST /mfa/passkeys/options", "POST /mfa/passkeys",
    "POST /operators", "POST /api-keys", "POST /groups", "POST /fleet", "POST /action-types", "POST /mappings",
    "POST /mappings/test", "POST /policies", "POST /tenants", "POST /sidecars/enrol", "POST /agent/intent",
    "POST /intent", "POST /sidecars/heartbeat", "POST /action-types/validate",
    f"POST {ROOT}/intents", f"POST {ROOT}/agents", "POST /push/ring", "POST /filters",
}  # fmt: skip
"""Routes without an id in the path whose body names nothing of a tenant but by a name of one's own."""


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    found = seeds()
    next(one for one in found["operators"] if one["email"].startswith("carol"))["groups"].append("incident")
    place = {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "break_glass": True}
    return {"control": place, "bootstrap": found}


def naming(ours: Filled, clock: FixedClock) -> dict[str, Any]:
    """Bodies that name what is the other tenant's, of routes without an id in the path."""
    ids, week = ours.ids, iso(clock.now() + timedelta(days=7))
    agent, action = ids["/fleet"], f"act-{MARK}"
    terms = {
        "action": action, "agents": [agent], "open": True, "count": 1, "expires_at": week, "reason": "x",
    }  # fmt: skip
    scenario = {"agent": agent, "action": action}
    seen = {"id": ids["/approvals"], "shown_digest": "sha256:x"}
    return {
        "POST /roster/proposals": {"add": [{"passkey_id": ids["/mfa/passkeys"]}], "threshold": 1},
        "POST /approvals/batch": {"verdict": "approve", "approvals": [seen]},
        "POST /delegations": {"to": "bob@example.com", "ends_at": week},
        "POST /break-glass/challenge": {"approval_id": ids["/approvals"]},
        "POST /break-glass": {
            "approval_id": ids["/approvals"], "incident": "x", "reason": "x", "otp": "000000",
        },
        "POST /standing": terms,
        "POST /standing/preview": {"approval_id": ids["/approvals"]},
        "POST /warrants/verify": {"token": ours.token},
        "POST /executions": {"warrant_id": ids["/warrants"], "success": True},
        "POST /policies/changes": {"title": "x", "changes": [{"delete": ids["/policies"]}], "propose": True},
        "POST /policies/evaluate": {"intent_id": ids["/intents"]},
        "POST /policies/backtest": {"remove": [ids["/policies"]], "agent": agent},
        "POST /freeze": {"agent": agent, "reason": "x"},
        "POST /unfreeze": {"freeze_id": ids["/freeze"], "reason": "x"},
        "POST /simulation": {"scenarios": [scenario]},
        "POST /audit/verify": {},
        "POST /push/subscriptions": BROWSER.body(),  # the same browser
        "POST /integrations/slack/users": {"user_id": "U0NORTH", "operator": "bob@example.com"},
        "POST /compliance/reports/generate": {"filters": {"agent_id": agent}},
    }  # fmt: skip


@pytest.fixture
async def ours(control: Control, people: People, bot: Gate) -> Filled:
    return await fill(control, people, bot)


@pytest.fixture
async def theirs(control: Control, ours: Filled) -> dict[str, str]:
    return await north(control)


def _name(one: Route) -> str:
    return f"{one.method} {one.path.removeprefix(API)}"


def _noun(one: Route) -> str:
    noun = re.sub("^(/published)?/api/v1", "", one.path).partition("/{")[0]
    return {"/agents": "/fleet", "/proposals": "/approvals", "/audit/proof": "/audit"}.get(noun, noun)


def _filled(one: Route, ours: Filled) -> str:
    """The route's path with the id of the first tenant in it."""
    noun = _noun(one)
    assert noun in ours.ids, f"{_name(one)}: tests/tenant_world.py makes no {noun}"
    return _PARAMETER.sub(ours.ids[noun], one.path)


def _body(one: Route, bodies: dict[str, Any]) -> Any:
    if one.body is None:
        return None
    assert _name(one) in bodies, f"{_name(one)} has a body: what is a valid one? see BODIES"
    return bodies[_name(one)]


def _renamed(body: Any) -> Any:
    """The same body of something that nobody has."""
    return orjson.loads(orjson.dumps(body).replace(f"group-{MARK}".encode(), NO_SUCH.encode()))


async def _own_ids(control: Control) -> set[str]:
    """The ids of all rows of the first tenant but of who made the other: that is in the other's first entries."""
    tables = [one for one in metadata.sorted_tables if "tenant" in one.c and "id" in one.c]

    def query(conn: Connection) -> set[str]:
        ours = [select(one.c.id).where(one.c.tenant == "default") for one in tables]
        return {str(row) for one in ours for row in conn.scalars(one)}

    found = await control.app.store.read(query)
    _, me, _ = await control.ask("GET", f"{API}/operators/me", key="ada")
    return {one for one in found if len(one) > 12} - {me["data"]["id"]}


async def _kept(control: Control) -> dict[str, list[Any]]:
    """Every row that is not the other tenant's; of the trail what was entered, not where it was put in order."""
    counted = ("settings", "rule_hits")  # written behind the scenes
    tables = [one for one in metadata.sorted_tables if one.name not in counted]

    def query(conn: Connection) -> dict[str, list[Any]]:
        found = {}
        for table in tables:
            columns = (table.c.id, table.c.tenant, table.c.body) if table.name == "entries" else table.c
            wanted = select(*columns)
            if "tenant" in table.c:
                wanted = wanted.where(table.c.tenant != "north")
            found[table.name] = sorted(map(repr, rows.every(conn, wanted)))
        return found

    return await control.app.store.read(query)


async def _nothing_changed(control: Control, before: dict[str, list[Any]]) -> None:
    after = await _kept(control)
    for name, kept in before.items():
        gone = [row for row in kept if row not in after[name]]
        assert not gone, (name, gone)
        assert "tenant" not in metadata.tables[name].c or after[name] == kept, name


def _left(text: bytes, sent: str) -> str:
    """What an answer says that was not in the question."""
    told = text.decode()
    for word in sorted(re.findall(r"[\w@.-]{4,}", sent), key=len, reverse=True):
        told = told.replace(word, "")
    return told


async def _asked(control: Control, one: Route, path: str, key: str, body: Any) -> tuple[int, str]:
    """Status, and what the answer says that the question did not."""
    headers = {"Authorization": f"Bearer {key}"}
    data = None if body is None else orjson.dumps(body)
    if data is not None:
        headers["Content-Type"] = "application/json"
    async with control.http.request(one.method, control.url + path, data=data, headers=headers) as response:
        return response.status, _left(await response.read(), path + (data or b"").decode())


async def _ours_are_there(control: Control, ours: Filled) -> None:
    """Else that others do not find them would say nothing."""
    keys = {"/api-keys": "oscar", "/sessions": "alice", "/delegations": "bob"}
    for one in ROUTES:
        if one.method == "GET" and "{" in one.path and not one.raw:
            who = keys.get(_noun(one), "ada")
            status, answer, _ = await control.ask("GET", _filled(one, ours), key=who)
            does_not_apply = one.path.endswith(("/shadow", "/mapping-draft")) and status == 409
            assert status == 200 or does_not_apply, (_name(one), answer)


async def test_no_route_does_or_tells_anything_with_anothers_id(
    control: Control, ours: Filled, theirs: dict[str, str]
) -> None:
    await _ours_are_there(control, ours)
    secret = {*ours.ids.values(), *await _own_ids(control), MARK, "@example.com"}
    before, tried = await _kept(control), 0
    for one in ROUTES:
        if "{" not in one.path or one.path.removeprefix(API) in EVERYBODYS:
            continue
        path, body = _filled(one, ours), _body(one, BODIES)
        for role in (role for role in WHO if role in one.who.roles):
            tried += 1
            status, told = await _asked(control, one, path, theirs[role], body)
            assert status == 404, (role, _name(one), status, told)
            assert not [word for word in secret if word in told], (role, _name(one), told)
        no_such = _PARAMETER.sub(NO_SUCH, one.path)
        unknown = await _asked(control, one, no_such, theirs[role], _renamed(body))
        assert unknown[0] == status, f"{_name(one)}: what is another's differs from what is not there"
    assert tried > 100
    await _nothing_changed(control, before)


async def test_no_list_shows_and_no_body_reaches_what_is_anothers(
    control: Control, ours: Filled, theirs: dict[str, str], clock: FixedClock
) -> None:
    secret = {*ours.ids.values(), *await _own_ids(control), MARK, "@example.com"}
    before, bodies = await _kept(control), naming(ours, clock)
    for one in ROUTES:
        path = one.path.removeprefix(API)
        if "{" in path or path in ASKED_APART or _name(one) in NO_ID_IN_THE_BODY:
            continue
        if one.method != "GET" and one.body is None:
            continue
        body = _body(one, bodies)
        query = "?first=0" if path == "/audit/consistency" else ""
        for role in (role for role in WHO if role in one.who.roles):
            status, told = await _asked(control, one, one.path + query, theirs[role], body)
            assert not [word for word in secret if word in told], (role, _name(one), status, told)
            assert one.method != "GET" or status in (200, 403), (role, _name(one), status, told)
    await _nothing_changed(control, before)


async def test_no_event_of_ours_is_heard_by_another(
    control: Control, ours: Filled, theirs: dict[str, str]
) -> None:
    """Neither what is to come nor what is kept for those who missed it."""
    headers = {"Authorization": f"Bearer {theirs['viewer']}", "Last-Event-ID": "1"}
    url = f"{control.url}{API}/events"
    async with control.http.get(url, headers=headers) as response:
        await ours.ask("agent", "POST", "/agent/intent", _ticket())
        agent = {"action": "create_ticket", "parameters": {"subject": "north's own"}}
        await ours.ask(theirs["agent"], "POST", "/agent/intent", agent)
        heard = await _until(response, "north-bot")
    assert not [word for word in (MARK, "billing-bot", *ours.ids.values()) if word in heard], heard


def _ticket() -> dict[str, Any]:
    return {"action": "create_ticket", "parameters": {"subject": MARK}}


async def _until(response: aiohttp.ClientResponse, word: str) -> str:
    heard = ""
    async with asyncio.timeout(60):
        async for line in response.content:
            heard += line.decode()
            if word in heard:
                return heard
    raise AssertionError(heard)
