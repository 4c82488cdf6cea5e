"""Changes that wait for a second person: nobody alone, nothing stale, nothing half."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gate_end import Gate
from planes import Control
from vienna_control import rows
from vienna_control.clock import FixedClock
from vienna_control.policies import proposals
from vienna_control.store.tables import entries

type Ask = Callable[..., Awaitable[tuple[int, Any]]]

RULE: dict[str, Any] = {
    "id": "mine",
    "priority": 900,
    "expression": "action == 'create_ticket'",
    "action": {"type": "deny"},
}

pytestmark = pytest.mark.usefixtures("two_people")


async def proposed(ask: Ask, body: dict[str, Any] = RULE, key: str = "oscar") -> str:
    status, told = await ask("POST", "/policies", body, key=key)
    assert (status, told["change"]["status"]) == (202, "pending"), told
    return str(told["change"]["id"])


async def steps(control: Control) -> list[str]:
    query = select(entries.c.body).where(entries.c.type == "config_changed").order_by(entries.c.arrival)
    found = await control.app.store.read(lambda conn: list(conn.scalars(query)))
    data = [rows.load(bytes(body).decode())["data"] for body in found]
    return [one["step"] for one in data if one.get("what") == "policy_change"]


async def test_a_change_is_in_force_when_somebody_else_approved_it_with_what_it_would_do(
    control: Control, ask: Ask, bot: Gate
) -> None:
    await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": "late"}, wait=False)
    change = await proposed(ask)
    assert (await ask("GET", "/policies/mine"))[0] == 404
    status, told = await ask("GET", f"/policies/changes/{change}", key="victor")
    assert (status, told["author_name"], told["stale"]) == (200, "oscar@example.com", False)
    assert told["report"]["backtest"]["changes"] == [
        {"from": "pending_approval T1", "to": "denied", "count": 1}
    ]
    assert {"field": "/priority", "before": None, "after": 900} in told["documents"][0]["change"]
    status, error = await ask("POST", f"/policies/changes/{change}/approve")
    assert (status, error["code"]) == (403, "forbidden")  # not his own
    for key in ("alice", "audrey", "victor"):
        assert (await ask("POST", f"/policies/changes/{change}/approve", key=key))[0] == 403
    status, told = await ask("POST", f"/policies/changes/{change}/approve", {"comment": "ok"}, key="ada")
    assert (status, told["status"], told["decided_by_name"]) == (200, "applied", "ada@example.com")
    _, rule = await ask("GET", "/policies/mine")
    assert rule["created_by"] == told["author"]
    assert (await ask("POST", f"/policies/changes/{change}/approve", key="ada"))[0] == 409
    assert await steps(control) == ["proposed", "applied"]


async def test_an_admin_does_not_approve_an_own_change_either_and_an_author_withdraws(ask: Ask) -> None:
    change = await proposed(ask, key="ada")
    assert (await ask("POST", f"/policies/changes/{change}/approve", key="ada"))[0] == 403
    assert (await ask("POST", f"/policies/changes/{change}/reject", key="ada"))[1]["status"] == "withdrawn"
    status, error = await ask("POST", f"/policies/changes/{change}/approve")
    assert (status, error["code"]) == (409, "already_decided")
    other = await proposed(ask)
    status, told = await ask("POST", f"/policies/changes/{other}/reject", {"comment": "no"}, key="ada")
    assert (told["status"], told["comment"]) == ("rejected", "no")
    assert (await ask("GET", "/policies/mine"))[0] == 404
    _, listed = await ask("GET", "/policies/changes?status=pending")
    assert listed["total"] == 0


async def test_what_has_moved_on_is_rebased_by_its_author_and_looked_at_anew(ask: Ask) -> None:
    first, second = await proposed(ask), await proposed(ask, {**RULE, "priority": 5})
    assert (await ask("POST", f"/policies/changes/{first}/approve", key="ada"))[0] == 200
    assert (await ask("GET", f"/policies/changes/{second}"))[1]["stale"] is True
    status, error = await ask("POST", f"/policies/changes/{second}/approve", key="ada")
    assert (status, error["details"]) == (409, [{"kind": "rule", "id": "mine", "base": 0, "current": 1}])
    assert (await ask("GET", "/policies/mine"))[1]["priority"] == 900
    assert (await ask("POST", f"/policies/changes/{second}/rebase", key="ada"))[0] == 403
    status, told = await ask("POST", f"/policies/changes/{second}/rebase")
    assert (status, told["stale"], told["status"]) == (200, False, "pending")
    assert told["documents"][0]["change"] == [{"field": "/priority", "before": 900, "after": 5}]
    status, error = await ask("POST", f"/policies/changes/{second}/approve", key="ada")
    assert (status, error["code"]) == (409, "already_decided")  # what she read was another change
    assert (await ask("POST", f"/policies/changes/{told['id']}/approve", key="ada"))[0] == 200
    assert (await ask("GET", "/policies/mine"))[1]["version"] == 2


async def test_every_way_to_change_waits(ask: Ask) -> None:
    change = await proposed(ask)
    await ask("POST", f"/policies/changes/{change}/approve", key="ada")
    kind = {"name": "send_letter", "default_risk_tier": "T2"}
    assert (await ask("POST", "/action-types", kind))[0] == 201  # strict enough for one person
    for method, path, body in (
        ("PATCH", "/policies/mine", {"enabled": False}),
        ("PUT", "/policies/mine", {"enabled": False}),
        ("DELETE", "/policies/mine", None),
        ("POST", "/policies/mine/rollback", {"version": 1}),
        ("POST", "/policies/templates/general/import", {"prefix": "g-"}),
        ("POST", "/action-types", {"name": "odd", "default_risk_tier": "T0"}),
        ("PUT", "/action-types/send_letter", {"default_risk_tier": "T1"}),
        ("PUT", "/action-types/send_letter", {"effect": "read"}),
        (
            "POST",
            "/policies/changes",
            {"title": "both", "changes": [{"delete": "mine"}, {"rule": {**RULE, "id": "b"}}]},
        ),
    ):
        assert (await ask(method, path, body))[0] == 202, (method, path)
    assert (await ask("PUT", "/action-types/send_letter", {"default_risk_tier": "T3"}))[0] == 200
    assert (await ask("DELETE", "/action-types/send_letter"))[0] == 200
    assert (await ask("POST", "/action-types", kind))[0] == 202  # was T3: gone and back is a change
    assert (await ask("POST", "/action-types", {**kind, "default_risk_tier": "T3"}))[0] == 201
    assert (await ask("POST", "/action-types", {"name": "look", "effect": "read"}))[0] == 202
    twice = {"title": "twice", "changes": [{"delete": "mine"}, {"rule": RULE}]}
    assert (await ask("POST", "/policies/changes", twice))[0] == 422
    _, rule = await ask("GET", "/policies/mine")
    assert (rule["enabled"], rule["version"]) == (True, 1)


async def test_what_does_not_compile_is_not_proposed_and_what_no_longer_does_is_not_applied(
    control: Control, ask: Ask
) -> None:
    budget = {"name": "t", "per": "agent", "window": "1d", "max": 10, "over": "count"}
    owner = {**RULE, "id": "owner", "action": {"type": "allow"}, "limits": {"budget": budget}}
    user = {**RULE, "id": "user", "action": {"type": "allow"}, "limits": {"budgets": ["t"]}}
    status, error = await ask("POST", "/policies", user)
    assert (status, error["code"]) == (422, "validation_failed")
    change = await proposed(ask, owner)
    await ask("POST", f"/policies/changes/{change}/approve", key="ada")
    using = await proposed(ask, user)
    _, gone = await ask("DELETE", "/policies/owner")
    assert (await ask("POST", f"/policies/changes/{gone['change']['id']}/approve", key="ada"))[0] == 200
    status, error = await ask("POST", f"/policies/changes/{using}/approve", key="ada")
    assert (status, error["code"]) == (422, "validation_failed")
    assert (await ask("GET", f"/policies/changes/{using}"))[1]["status"] == "pending"
    assert (await ask("GET", "/policies/user"))[0] == 404


async def test_a_change_that_nobody_decides_expires(control: Control, ask: Ask, clock: FixedClock) -> None:
    change = await proposed(ask)
    clock.advance(timedelta(days=7))
    status, error = await ask("POST", f"/policies/changes/{change}/approve", key="ada")
    assert (status, error["code"]) == (410, "gone")
    await control.app.store.write(proposals.expire)
    assert (await ask("GET", f"/policies/changes/{change}"))[1]["status"] == "expired"
    assert await steps(control) == ["proposed", "expired"]


async def test_another_tenant_sees_and_decides_none_of_it(ask: Ask, acme: str) -> None:
    change = await proposed(ask)
    for method, path in (("GET", ""), ("POST", "/approve"), ("POST", "/reject"), ("POST", "/rebase")):
        assert (await ask(method, f"/policies/changes/{change}{path}", key=acme))[0] == 404
    assert (await ask("GET", "/policies/changes", key=acme))[1]["total"] == 0
