"""What becomes usual of an agent: what left, was seen, and held. Trying costs nothing, so it tells nothing."""

from __future__ import annotations

from typing import Any

from gate_end import Gate, request
from people import People
from planes import AGENT_KEY, Control
from vienna_control.fleet import profile, registry

TICKETS = "https://payments.example/v1/tickets"


async def done(control: Control, action: str = "create_ticket") -> int:
    def read(conn: Any) -> int:
        agent = registry.find(conn, "default", "billing-bot")
        assert agent is not None
        return profile.times(conn, agent.id, action)

    return await control.app.store.read(read)


async def let_go(bot: Gate, people: People, subject: str) -> Any:
    held = await bot.consult("POST", TICKETS, {"subject": subject})
    await people.approve("carol", held.approval_id, otp=None)
    return await bot.consult("POST", TICKETS, {"subject": subject})


async def test_what_is_only_tried_is_not_usual(control: Control, people: People, bot: Gate) -> None:
    held = await bot.consult("POST", TICKETS, {"subject": "a"})
    await people.deny("carol", held.approval_id)
    await bot.consult("POST", TICKETS, {"subject": "a"})
    assert await done(control) == 0


async def test_what_left_is_usual_once_it_held(control: Control, people: People, bot: Gate) -> None:
    granted = await let_go(bot, people, "a")
    assert await done(control) == 0  # not before its outcome is told
    call = request("POST", TICKETS, {"subject": "a"})
    await bot.outcome(call, granted, 201, {"id": "T", "subject": "a"})
    await bot.outcome(call, granted, 201, {"id": "T", "subject": "a"})  # told twice, counted once
    assert await done(control) == 1


async def test_what_failed_or_drifted_is_not(control: Control, people: People, bot: Gate) -> None:
    failed = await let_go(bot, people, "a")
    await bot.outcome(request("POST", TICKETS, {"subject": "a"}), failed, 500, {})
    drifted = await let_go(bot, people, "b")
    await bot.outcome(
        request("POST", TICKETS, {"subject": "b"}), drifted, 201, {"id": "T", "subject": "other"}
    )
    assert await done(control) == 0


async def test_an_agents_own_word_for_it_is_not_either(control: Control, people: People) -> None:
    body = {"action": "create_ticket", "parameters": {"subject": "x"}, "mode": "passback"}
    _, asked, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
    _, voted = await people.approve("carol", asked["data"]["approval"]["approval_id"], otp=None)
    report = {"warrant_id": voted["data"]["warrant_id"], "success": True, "status": 201}
    status, answer, _ = await control.ask("POST", "/api/v1/executions", key=AGENT_KEY, body=report)
    assert status in (200, 201), answer
    assert await done(control) == 0
