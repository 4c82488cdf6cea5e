"""The warrant that is foretold is the one that is made."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.store.tables import warrants

TICKETS = "https://payments.example/v1/tickets"


async def test_it_covers_exactly_this_and_lasts_no_longer(
    control: Control, bot: Gate, people: People
) -> None:
    call = {"subject": "late parcel"}
    held = await bot.consult("POST", TICKETS, call)
    _, answer = await people.ask("victor", "GET", f"/approvals/{held.approval_id}/prospect")
    told: dict[str, Any] = answer["data"]["warrant"]
    (permit,) = told["permits"]
    assert (told["agent"], told["audience"], told["uses"]) == ("billing-bot", "https://payments.example", 1)
    assert (permit["action"], permit["target"]) == ("create_ticket", "payments:tickets")
    assert permit["limits"] == {"subject": "late parcel"}
    assert permit["not_said"] == ["body"]

    await people.approve("carol", held.approval_id, otp=None)
    assert (await bot.consult("POST", TICKETS, call)).verdict == "granted"
    query = select(warrants.c.id).where(warrants.c.intent_id == held.intent_id)
    made_id = await control.app.store.read(lambda conn: conn.scalar(query))
    _, answer = await people.ask("ada", "GET", f"/warrants/{made_id}")
    made = answer["data"]
    assert made["ttl"] <= told["ttl_seconds"]
    assert json.dumps("create_ticket") in json.dumps(made["scope"])


async def test_consent_in_advance_becomes_no_warrant_for_a_call(control: Control, people: People) -> None:
    body = {
        "action": "create_ticket",
        "agents": ["billing-bot"],
        "count": 3,
        "open": True,
        "expires_at": "2026-03-03T10:00:00Z",
        "reason": "many",
    }
    status, asked = await people.ask("oscar", "POST", "/standing", body)
    assert status == 201, asked
    _, answer = await people.ask("victor", "GET", f"/approvals/{asked['data']['approval_id']}/prospect")
    assert answer["data"] == {"warrant": None}
