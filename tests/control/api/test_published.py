"""The shapes of published clients: their names, our decisions; nothing that a body says of who asks counts."""

from __future__ import annotations

from typing import Any

from people import People
from planes import Control
from vienna_control.api.published import STATUSES
from vienna_kernel.lifecycle import Status

ROOT = "/published/api/v1"
TICKET = {"subject": "late parcel"}


async def ask(control: Control, key: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    status, answer, _ = await control.ask(method, ROOT + path, key=key, body=body)
    return status, answer


def test_each_of_our_statuses_is_one_of_theirs() -> None:
    assert set(STATUSES) == {one.value for one in Status}
    assert set(STATUSES.values()) == {"approved", "pending", "denied", "expired"}


async def test_from_intent_to_consent(control: Control, people: People) -> None:
    sent = {"action": "create_ticket", "payload": TICKET, "agent_id": "agt-somebody-else", "priority": "high"}
    status, told = await ask(control, "agent", "POST", "/intents", sent)
    assert (status, told["status"]) == (200, "pending")
    poll = told["poll_url"].removeprefix(control.url)
    assert (await control.ask("GET", poll, key="agent"))[1] == told
    status, listed = await ask(control, "viewer", "GET", "/agents")
    assert [one["id"] for one in listed["agents"]] == [told["agent_id"]]
    status, said = await ask(
        control, "carol", "POST", f"/proposals/{told['intent_id']}/approve", {"reason": "fine"}
    )
    assert (status, said["status"], said["proposal_id"]) == (200, "approved", told["proposal_id"])
    after = (await control.ask("GET", poll, key="agent"))[1]
    assert after["status"] == "approved"
    assert after["warrant"].count(".") == 2
    ours = (await control.ask("GET", f"/api/v1/intents/{told['intent_id']}", key="agent"))[1]["data"]
    assert (ours["status"], ours["parameters"][0]["parameters"]) == ("approved", TICKET)


async def test_a_no_and_who_may_say_it(control: Control) -> None:
    _, told = await ask(control, "agent", "POST", "/intents", {"action": "create_ticket", "params": TICKET})
    path = f"/proposals/{told['proposal_id']}/deny"
    for key, expected in (("agent", 403), ("viewer", 403), ("operator", 403)):
        assert (await ask(control, key, "POST", path, {"reason": "no"}))[0] == expected
    assert (await ask(control, "carol", "POST", path, {"reason": "not today"}))[1]["status"] == "denied"
    _, after = await ask(control, "agent", "GET", f"/intents/{told['intent_id']}")
    assert after["status"] == "denied"
    assert "not today" in after["reason"]
    assert (await ask(control, "carol", "POST", "/proposals/apr-none/approve", {}))[0] == 404
    foreign = {"action": "create_ticket", "params": TICKET, "tenant_id": "acme"}
    assert (await ask(control, "agent", "POST", "/intents", foreign))[0] == 403


async def test_agents_and_the_trail(control: Control) -> None:
    wanted = {"name": "second-bot", "trust_score": 100, "enforcement": "observe", "allowed_actions": ["x"]}
    status, made = await ask(control, "oscar", "POST", "/agents", wanted)
    assert (status, made["status"], made["trust_score"]) == (200, "active", 50)
    heartbeat = f"/agents/{made['id']}/heartbeat"
    assert (await ask(control, made["api_key"], "POST", heartbeat))[1]["status"] == "active"
    assert (await ask(control, "agent", "POST", heartbeat))[0] == 404
    _, told = await ask(control, "auditor", "GET", "/audit/recent?limit=3&page=2")
    assert [one["type"] for one in told["entries"]][:2] == ["key_added", "agent_registered"]
    assert (await ask(control, "agent", "GET", "/audit/recent"))[0] == 403


async def test_what_has_no_shape_of_theirs_is_ours(control: Control) -> None:
    for path in ("/policies", "/intents", "/operators/me"):
        ours = (await control.ask("GET", f"/api/v1{path}", key="ada"))[:2]
        assert await ask(control, "ada", "GET", path) == ours
    for path in ("/sidecars/bundle", "/ext-authz/v1/orders"):
        assert (await ask(control, "ada", "GET", path))[0] == 404
