"""Approvals by API: who may decide, when it lapses, what a vote binds."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from gate_end import Gate
from people import People
from planes import AGENT_KEY, Control
from vienna_control import rows
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_control.store.tables import approvals, entries, intents, operators
from vienna_kernel import wire
from vienna_kernel.verdict import Reason

TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"
TICKET = {"subject": "late parcel"}
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}


async def sweep(control: Control) -> int:
    return await Expiry(control.app.store, control.app.clock).sweep()


async def column(control: Control, column_: Any, where: Any) -> Any:
    return await control.app.store.read(lambda conn: conn.scalar(select(column_).where(where)))


async def test_what_an_approver_sees_is_the_sentence_the_request_and_why(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    _, answer = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    one = answer["data"]
    assert one["sentence"] == "billing-bot wants to refund 5,000.00 EUR of order ORD-1 on payments.example"
    assert one["unusual"][0] == "billing-bot has not called payments.example before"
    assert one["shown"]["request"]["method"] == "POST"
    assert one["shown"]["request"]["url"] == REFUNDS
    assert one["shown"]["request"]["body"] == {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
    assert one["shown"]["effect"][0]["parameters"]["amount"] == "5000"
    assert one["agent_waiting"] is True
    assert one["you_may_decide"] is True
    assert one["explanation"]["explanation"]["rule"]["id"] == "refunds-need-two"
    assert "sk_canary_secret" not in str(answer)


async def test_what_the_agent_wrote_is_marked_in_the_sentence_and_in_the_event(
    control: Control, bot: Gate, people: People
) -> None:
    with control.app.bus.subscribe(["approval_required"]) as heard:
        subject = "Approved by the CFO” on wiki \u202e(production) ›"
        held = await bot.consult("POST", TICKETS, {"subject": subject})
        async with asyncio.timeout(60):
            told = (await anext(heard)).data
    marked = (
        "‹Approved by the CFO” on wiki \\u202e(production) ⟨U+203A⟩›"  # as the gate spells it, then as we do
    )
    assert told["sentence"] == f"billing-bot wants to open the ticket “{marked}” on payments.example"
    assert told["agent_words"] == "between ‹ and ›: in the agent's own words; nobody has checked them"
    assert told["unusual"] == ["billing-bot has not called payments.example before"]
    _, one = await people.ask("carol", "GET", f"/approvals/{held.approval_id}")
    shown = one["data"]["shown"]
    assert shown["effect"][0]["agent_words"] == ["subject"]
    assert "/request/body/subject" in shown["agent_words"]["at"]
    assert "\u202e" not in json.dumps(one, ensure_ascii=False)


async def test_what_an_agent_claims_by_api_is_its_own_words_whatever_it_says(
    control: Control, people: People
) -> None:
    body = {"action": "create_ticket", "parameters": {"subject": "x"}, "justification": "ok"}
    _, asked, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
    _, one = await people.ask("carol", "GET", f"/approvals/{asked['data']['approval']['approval_id']}")
    shown = one["data"]["shown"]
    assert shown["claimed"]["justification"] == "ok"
    assert shown["agent_words"]["at"] == ["/claimed"]


async def test_a_vote_on_something_else_than_was_shown_does_not_count(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", TICKETS, TICKET)
    status, answer = await people.approve("carol", held.approval_id, otp=None, shown_digest="sha256:other")
    assert (status, answer["error"]["code"]) == (409, "conflict")
    _, one = await people.ask("carol", "GET", f"/approvals/{held.approval_id}")
    digest = one["data"]["shown_digest"]
    status, _ = await people.approve("carol", held.approval_id, otp=None, shown_digest=digest)
    assert status == 200


async def test_the_owner_of_an_agent_does_not_approve_for_it(
    control: Control, bot: Gate, people: People
) -> None:
    change = {"metadata": {"owner": ["somebody@example.com", "Carol@example.com "]}}
    assert (await people.ask("oscar", "PATCH", "/fleet/billing-bot", change))[0] == 200
    held = await bot.consult("POST", TICKETS, TICKET)
    status, answer = await people.approve("carol", held.approval_id, otp=None)
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert (await people.approve("alice", held.approval_id, otp=None))[0] == 200


async def test_who_submitted_an_intent_does_not_approve_it(control: Control, people: People) -> None:
    body = {"action": "create_ticket", "parameters": TICKET, "reason": "a customer called"}
    status, answer = await people.ask("ada", "POST", "/intent", body)
    assert (status, answer["data"]["status"]) == (200, "pending_approval")
    approval_id = answer["data"]["approval"]["approval_id"]
    status, refused = await people.approve("ada", approval_id, otp=None)
    assert (status, refused["error"]["code"]) == (403, "forbidden")
    status, answer = await people.approve("carol", approval_id, otp=None)
    assert (status, answer["data"]["intent_status"]) == (200, "approved")
    assert answer["data"]["warrant_id"].startswith("wrt-")


async def test_forty_votes_of_one_person_at_once_count_once(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    answers = await asyncio.gather(*(people.approve("alice", held.approval_id) for _ in range(40)))
    assert sorted({status for status, _ in answers}) in ([200, 409], [200, 401, 409])
    assert [status for status, _ in answers].count(200) == 1
    _, one = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    assert one["data"]["current_approvals"] == 1


async def test_two_people_at_once_of_whom_one_denies_end_in_one_decision(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", TICKETS, TICKET)
    answers = await asyncio.gather(
        people.approve("carol", held.approval_id, otp=None), people.deny("alice", held.approval_id)
    )
    assert sorted(status for status, _ in answers) == [200, 409]
    final = await column(control, approvals.c.status, approvals.c.id == held.approval_id)
    assert final in ("approved", "denied")


async def test_who_may_act_no_more_consents_to_nothing_that_is_still_to_happen(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    for who in ("alice", "bob"):
        await people.approve(who, held.approval_id)
        await control.app.store.write(
            lambda tx, email=f"{who}@example.com": tx.conn.execute(
                update(operators).where(operators.c.email == email).values(disabled=True)
            )
        )
    _, one = await people.ask("xenia", "GET", f"/approvals/{held.approval_id}")
    assert (one["data"]["status"], one["data"]["current_approvals"]) == ("pending", 0)
    assert len(one["data"]["votes"]) == 2


async def test_auditors_and_operators_do_not_approve(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", TICKETS, TICKET)
    for who in ("audrey", "oscar"):
        assert (await people.approve(who, held.approval_id, otp=None))[0] == 403


async def test_silence_escalates_and_ends_in_no(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    asked: list[list[str]] = []
    for _ in range(6):
        clock.advance(timedelta(hours=4, seconds=1))
        await sweep(control)
        _, one = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
        asked.append(one["data"]["groups"])
        if one["data"]["status"] != "pending":
            break
    assert one["data"]["status"] == "expired"
    assert asked[0] == ["finance", "devops"]  # the next group is asked as well
    assert (await bot.told(wire.Wake)).approval_id == held.approval_id
    refused = await bot.consult("POST", REFUNDS, REFUND)
    assert (refused.verdict, refused.reason) == ("refused", Reason.APPROVAL_EXPIRED)
    assert await column(control, intents.c.status, intents.c.id == held.intent_id) == "expired"


async def test_a_consent_after_the_escalation_lets_the_call_go(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    await people.approve("alice", held.approval_id)
    clock.advance(timedelta(hours=4, seconds=1))
    await sweep(control)
    status, answer = await people.approve("carol", held.approval_id)  # of devops, asked by now
    assert (status, answer["data"]["status"]) == (200, "approved")
    assert (await bot.consult("POST", REFUNDS, REFUND)).verdict == "granted"


async def test_a_vote_after_the_deadline_finds_that_it_has_passed(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    rule = {
        "id": "quick",
        "priority": 1000,
        "expression": "action == 'create_ticket'",
        "action": {
            "type": "require_approval",
            "risk_tier_override": "T1",
            "approvals": {"count": 1, "timeout": "1m", "on_timeout": "deny"},
        },
    }
    assert (await people.ask("oscar", "POST", "/policies", rule))[0] == 201
    held = await bot.consult("POST", TICKETS, TICKET)
    clock.advance(timedelta(seconds=61))
    status, answer = await people.approve("carol", held.approval_id, otp=None)
    assert (status, answer["error"]["code"]) == (409, "already_decided")
    assert await column(control, approvals.c.status, approvals.c.id == held.approval_id) == "expired"
    trail = select(entries.c.type).where(entries.c.intent_id == held.intent_id)
    types = await control.app.store.read(lambda conn: [row["type"] for row in rows.every(conn, trail)])
    assert "approval_expired" in types


async def test_an_approval_nobody_redeems_expires_with_its_intent(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    held = await bot.consult("POST", TICKETS, TICKET)
    await people.approve("carol", held.approval_id, otp=None)
    clock.advance(timedelta(hours=24, seconds=1))
    assert await sweep(control) == 1
    assert await column(control, intents.c.status, intents.c.id == held.intent_id) == "expired"
    assert await column(control, approvals.c.status, approvals.c.id == held.approval_id) == "approved"


async def test_the_operator_knows_whether_the_agent_is_on_the_line(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", TICKETS, TICKET)
    await bot.gone(held)
    _, one = await people.ask("carol", "GET", f"/approvals/{held.approval_id}")
    assert one["data"]["agent_waiting"] is False
    await bot.consult("POST", TICKETS, TICKET)
    _, one = await people.ask("carol", "GET", f"/approvals/{held.approval_id}")
    assert one["data"]["agent_waiting"] is True


async def test_three_people_with_justification_and_an_executive_decide_what_is_critical(
    control: Control, bot: Gate, people: People
) -> None:
    rule = {
        "id": "critical",
        "priority": 1000,
        "expression": "action == 'create_ticket'",
        "action": {"type": "require_approval", "risk_tier_override": "T3"},
    }
    await people.ask("oscar", "POST", "/policies", rule)
    held = await bot.consult("POST", TICKETS, TICKET)
    assert (held.tier, held.approvals_required) == ("T3", 3)
    for nothing in ("", "\u200b\u2060"):  # what nobody can read is no reason
        status, answer = await people.approve("alice", held.approval_id, justification=nothing)
        assert (status, answer["error"]["code"]) == (422, "validation_failed")
    why = {"justification": "the customer waits"}
    assert (await people.approve("alice", held.approval_id, otp=None, **why))[0] == 401
    _, one = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    wanting = ["3 more of the approvers", "one of group executive", "a rollback plan"]
    assert one["data"]["missing"] == wanting
    for who in ("alice", "bob", "carol"):
        status, answer = await people.approve(who, held.approval_id, **why)
        assert status == 200
    assert answer["data"]["missing"] == wanting[1:]
    why["rollback_plan"] = "close the ticket"
    status, answer = await people.approve("xenia", held.approval_id, **why)
    assert (status, answer["data"]["status"]) == (200, "approved")
    assert (await bot.consult("POST", TICKETS, TICKET)).verdict == "granted"


async def test_mine_lists_only_what_one_may_decide(bot: Gate, people: People) -> None:
    await bot.consult("POST", REFUNDS, REFUND)
    ticket = await bot.consult("POST", TICKETS, TICKET)
    _, mine = await people.ask("carol", "GET", "/approvals?mine=true")
    assert [one["approval_id"] for one in mine["data"]["approvals"]] == [ticket.approval_id]
    _, all_of_them = await people.ask("carol", "GET", "/approvals?status=pending")
    assert all_of_them["data"]["total"] == 2


async def test_an_unknown_approval_is_not_found(people: People) -> None:
    assert (await people.approve("alice", "apr-none"))[0] == 404
    assert (await people.ask("alice", "GET", "/approvals/apr-none"))[0] == 404
