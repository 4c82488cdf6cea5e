"""Who has a say: whoever may decide by ``Desk``, and those who would and may not, with why."""

from __future__ import annotations

from typing import Any

from gate_end import Gate
from people import People
from planes import PASSWORD

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}


async def told(people: People, approval_id: str) -> dict[str, Any]:
    _, answer = await people.ask("victor", "GET", f"/approvals/{approval_id}/people")
    return {one["operator"].partition("@")[0]: one for one in answer["data"]["people"]}


async def test_only_those_who_are_asked_are_told_of(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    found = await told(people, held.approval_id)
    assert {name for name, one in found.items() if one["may_decide"]} == {"alice", "bob", "xenia"}
    assert "carol" not in found, "of another group"
    assert found["alice"]["on_duty"]


async def test_who_has_voted_or_owns_the_agent_may_not_any_more(bot: Gate, people: People) -> None:
    change = {"metadata": {"owner": "bob@example.com"}}
    assert (await people.ask("oscar", "PATCH", "/fleet/billing-bot", change))[0] == 200
    held = await bot.consult("POST", REFUNDS, REFUND)
    await people.approve("alice", held.approval_id)
    found = await told(people, held.approval_id)
    assert found["alice"]["why_not"] == "one person counts once"
    assert found["bob"]["why_not"] == "nobody decides a request of their own"
    assert [name for name, one in found.items() if one["may_decide"]] == ["xenia"]


async def test_who_was_invited_and_never_came_is_told_as_such(bot: Gate, people: People) -> None:
    new = {"email": "zoe@example.com", "role": "approver", "groups": ["finance"]}
    status, invited = await people.ask("ada", "POST", "/operators", new)
    assert status == 201, invited
    held = await bot.consult("POST", REFUNDS, REFUND)
    found = await told(people, held.approval_id)
    assert [(name, one["arrived"]) for name, one in found.items() if not one["arrived"]] == [("zoe", False)]
    _, page, _ = await bot.control.ask("GET", f"/console/approvals/{held.approval_id}", key="victor")
    assert page.decode().count("has not come yet") == 1
    accepted = {"token": invited["data"]["token"], "password": PASSWORD}
    assert (await people.ask("ada", "POST", "/auth/invitation", accepted))[0] == 200
    assert (await told(people, held.approval_id))["zoe"]["arrived"]


async def test_it_agrees_with_what_each_is_told_of_themselves(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    found = await told(people, held.approval_id)
    for name in ("ada", "alice", "bob", "carol", "xenia"):
        _, one = await people.ask(name, "GET", f"/approvals/{held.approval_id}")
        assert one["data"]["you_may_decide"] is bool(found.get(name, {}).get("may_decide")), name
