"""Claims and comments: what approvers tell each other, and that none of it decides or reaches the agent."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select

from gate_end import Gate
from people import People
from planes import Control
from vienna_control import rows
from vienna_control.approvals import comments
from vienna_control.clock import FixedClock
from vienna_control.store.tables import entries

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}


async def test_a_claim_is_one_persons_for_five_minutes_and_bars_nobody(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    path = f"/approvals/{held.approval_id}"
    status, answer = await people.ask("alice", "POST", f"{path}/claim")
    assert (status, answer["data"]["claimed_until"]) == (200, "2026-03-02T10:05:00.000Z")
    status, answer = await people.ask("bob", "POST", f"{path}/claim")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert (await people.ask("carol", "POST", f"{path}/claim"))[0] == 403  # who may not decide does not claim
    _, one = await people.ask("bob", "GET", path)
    assert one["data"]["claimed_by"] == "alice@example.com"
    clock.advance(timedelta(minutes=3))
    _, answer = await people.ask("alice", "POST", f"{path}/claim")  # again: renewed
    assert answer["data"]["claimed_until"] == "2026-03-02T10:08:00.000Z"
    assert (await people.ask("bob", "POST", f"{path}/release"))[1]["data"]["released"] is False
    clock.advance(timedelta(minutes=5))
    _, one = await people.ask("bob", "GET", path)
    assert (one["data"]["claimed_by"], one["data"]["claimed_until"]) == (None, None)
    assert (await people.ask("bob", "POST", f"{path}/claim"))[0] == 200
    assert (await people.ask("bob", "POST", f"{path}/release"))[1]["data"]["released"] is True
    assert (await people.ask("xenia", "POST", f"{path}/claim"))[0] == 200
    assert (await people.approve("alice", held.approval_id))[0] == 200  # it keeps nobody from voting
    assert (await people.ask("alice", "POST", f"{path}/claim"))[0] == 409  # who has voted reads no more
    await people.deny("bob", held.approval_id)
    assert (await people.ask("xenia", "POST", f"{path}/claim"))[0] == 409
    assert (await people.ask("xenia", "POST", "/approvals/apr-none/claim"))[0] == 404


async def test_comments_are_for_operators_alone(control: Control, bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    path = f"/approvals/{held.approval_id}/comments"
    words = "call\x07 the customer \u202efirst\nthen decide"
    status, answer = await people.ask("oscar", "POST", path, {"text": words})
    assert (status, answer["data"]["text"]) == (201, "call the customer first\nthen decide")
    for who in ("audrey", "victor", "agent"):
        assert (await people.ask(who, "POST", path, {"text": "me too"}))[0] == 403
    assert (await people.ask("oscar", "POST", path, {"text": " \u202e "}))[0] == 422
    assert (await people.ask("oscar", "POST", path, {"text": "x" * 2001}))[0] == 422
    _, listed = await people.ask("victor", "GET", path)
    assert [one["operator"] for one in listed["data"]["comments"]] == ["oscar@example.com"]
    _, one = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    assert one["data"]["comments"] == listed["data"]["comments"]
    status, told = await people.ask("agent", "GET", f"/intents/{held.intent_id}")
    assert (status, "customer" in str(told)) == (200, False)
    await people.deny("alice", held.approval_id)
    refused = await bot.consult("POST", REFUNDS, REFUND)
    assert "customer" not in refused.hint
    query = select(entries.c.body).where(entries.c.type == "approval_comment")
    (row,) = await control.app.store.read(lambda conn: rows.every(conn, query))
    assert b"customer" not in row["body"]
    assert orjson.loads(row["body"])["data"]["digest"].startswith("sha256:")


async def test_there_is_an_end_to_comments(
    bot: Gate, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    monkeypatch.setattr(comments, "MOST", 2)
    path = f"/approvals/{held.approval_id}/comments"
    said = [(await people.ask("oscar", "POST", path, {"text": "x"}))[0] for _ in range(3)]
    assert said == [201, 201, 409]
