"""Yes, but less: what an approver lowers is another request, judged anew and agreed to anew."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gate_end import Gate, request
from people import People
from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.store.tables import superseded_votes
from vienna_kernel import wire

REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
LESS = {"amount": 3000}


async def _shown(people: People, approval_id: str | None, who: str = "bob") -> dict[str, Any]:
    status, answer = await people.ask(who, "GET", f"/approvals/{approval_id}")
    assert status == 200, answer
    return answer["data"]


async def _timeline(people: People, intent_id: str) -> list[dict[str, Any]]:
    _, answer = await people.ask("audrey", "GET", f"/intents/{intent_id}/timeline")
    return answer["data"]["events"]


async def test_the_less_is_agreed_to_asked_for_and_redeemed_once(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    before = await _shown(people, held.approval_id)
    assert (await people.approve("alice", held.approval_id))[0] == 200
    status, answer = await people.approve("bob", held.approval_id, narrowed=LESS)
    assert status == 200, answer
    assert (answer["data"]["status"], answer["data"]["current_approvals"]) == ("pending", 1)

    now = await _shown(people, held.approval_id, "alice")
    assert now["sentence"].startswith("billing-bot wants to refund 3,000.00 EUR of order ORD-1")
    assert now["shown"]["request"]["body"] == {**REFUND, "amount": 3000}
    assert now["shown"]["narrowed"] == [{"parameter": "amount", "from": "5000", "to": "3000"}]
    assert [vote["operator"] for vote in now["votes"]] == ["bob@example.com"]
    assert [vote["operator"] for vote in now["superseded_votes"]] == ["alice@example.com"]
    stale, _ = await people.approve("xenia", held.approval_id, shown_digest=before["shown_digest"])
    assert stale == 409
    assert (await people.approve("alice", held.approval_id, otp=people.code(1)))[0] == 200
    assert (await bot.told(wire.Wake)).approval_id == held.approval_id

    whole = await bot.consult("POST", REFUNDS, REFUND)
    assert (whole.verdict, whole.warrant) == ("granted", None)
    assert whole.narrowed == {"amount": {"$decimal": "3000"}}
    name = bot.frame(request("POST", REFUNDS, REFUND)).fingerprint
    other = await bot.ask(_as(bot, name, {**REFUND, "amount": 2000}))
    assert (other.verdict, other.approval_id != held.approval_id) == ("held", True)

    (again,) = [row for row in await _timeline(people, held.intent_id) if "narrowed" in row["data"]]
    assert again["type"] == "approval_requested"
    assert again["data"]["superseded"] == [
        before_vote["operator_id"] for before_vote in now["superseded_votes"]
    ]


def _as(bot: Gate, fingerprint: str, body: dict[str, Any]) -> wire.Consult:
    """A consult about this body under the name of another call, as a gate asks that has narrowed it."""
    frame = bot.frame(request("POST", REFUNDS, body))
    return frame.model_copy(update={"fingerprint": fingerprint})


async def test_the_narrowed_request_and_nothing_else_is_let_go(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    name = bot.frame(request("POST", REFUNDS, REFUND)).fingerprint
    await people.approve("alice", held.approval_id, narrowed=LESS)
    await people.approve("bob", held.approval_id)
    let_go = await bot.ask(_as(bot, name, {**REFUND, "amount": 3000}))
    assert (let_go.verdict, let_go.intent_id) == ("granted", held.intent_id)
    assert let_go.warrant
    _, one = await people.ask("alice", "GET", f"/warrants/{let_go.warrant_id}")
    assert one["data"]["scope"]["parameters"]["amount"] == "3000"
    whole = await bot.consult("POST", REFUNDS, REFUND)
    assert (whole.verdict, whole.approval_id != held.approval_id) == ("held", True)


async def test_a_preview_says_what_it_would_take_and_changes_nothing(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    before = await _shown(people, held.approval_id)
    status, answer = await people.ask(
        "bob", "POST", f"/approvals/{held.approval_id}/narrow", {"narrowed": LESS}
    )
    assert status == 200, answer
    told = answer["data"]
    assert (told["risk_tier"], told["required_approvers"]) == ("T2", 2)
    assert (await _shown(people, held.approval_id))["shown_digest"] == before["shown_digest"]
    status, _ = await people.approve(
        "bob", held.approval_id, narrowed=LESS, shown_digest=told["shown_digest"]
    )
    assert status == 200
    assert (await _shown(people, held.approval_id))["shown_digest"] == told["shown_digest"]


@pytest.mark.parametrize(
    ("narrowed", "field", "why"),
    [
        ({"amount": 6000}, "/narrowed/amount", "only be lowered"),
        ({"amount": "much"}, "/narrowed/amount", "only be lowered"),
        ({"order": "ORD-2"}, "/narrowed/order", "may not be changed"),
        ({"amount": 3000, "tip": 1}, "/narrowed/tip", "may not be changed"),
    ],
    ids=["more", "no number", "not writable", "unknown"],
)
async def test_what_cannot_be_lowered_is_refused_by_its_name(
    bot: Gate, people: People, narrowed: dict[str, Any], field: str, why: str
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    status, answer = await people.approve("alice", held.approval_id, narrowed=narrowed)
    assert (status, answer["error"]["code"]) == (422, "validation_failed")
    (detail,) = answer["error"]["details"]
    assert detail["field"] == field
    assert why in detail["message"]
    assert (await _shown(people, held.approval_id))["votes"] == []


async def test_a_yes_to_less_after_the_deadline_is_no_yes_to_the_whole(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    clock.advance(timedelta(hours=4))
    status, _ = await people.approve("alice", held.approval_id, narrowed=LESS)
    assert status == 200  # its deadline led on, and she is asked still
    now = await _shown(people, held.approval_id)
    assert (now["level"], now["current_approvals"]) == (0, 1)
    assert now["shown"]["narrowed"] == [{"parameter": "amount", "from": "5000", "to": "3000"}]


async def test_who_is_not_asked_about_the_whole_does_not_lower_it(bot: Gate, people: People) -> None:
    anybody = {
        "name": "small change",
        "priority": 900,
        "expression": "action == 'create_refund' AND parameters.amount < 100 EUR",
        "action": {"type": "require_approval", "approvals": {"count": 1}},
    }
    assert (await people.ask("oscar", "POST", "/policies", anybody))[0] in (200, 201)
    await bot.fetch()
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert (await people.approve("alice", held.approval_id))[0] == 200
    assert (await people.approve("carol", held.approval_id, narrowed={"amount": 50}))[0] == 403
    assert (await _shown(people, held.approval_id))["current_approvals"] == 1


async def test_a_signed_request_is_not_lowered(bot: Gate, people: People) -> None:
    frame = bot.frame(request("POST", REFUNDS, REFUND))
    signed = frame.call.model_copy(update={"writable": [], "signed": True})
    held = await bot.ask(frame.model_copy(update={"call": signed}))
    status, answer = await people.approve("alice", held.approval_id, narrowed=LESS)
    assert status == 422
    assert "signature" in answer["error"]["message"]


async def test_edits_chain_downwards_and_each_counts_anew(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert (await people.approve("alice", held.approval_id, narrowed=LESS))[0] == 200
    assert (await people.approve("bob", held.approval_id, narrowed={"amount": 4000}))[0] == 422
    assert (await people.approve("bob", held.approval_id, narrowed={"amount": "2000.50"}))[0] == 200
    now = await _shown(people, held.approval_id)
    assert now["shown"]["narrowed"] == [{"parameter": "amount", "from": "5000", "to": "2000.5"}]
    assert now["current_approvals"] == 1
    assert (await people.approve("alice", held.approval_id, otp=people.code(1)))[0] == 200
    whole = await bot.consult("POST", REFUNDS, REFUND)
    assert whole.narrowed == {"amount": {"$decimal": "2000.5"}}


async def test_policy_is_asked_about_what_it_is_then(bot: Gate, people: People) -> None:
    rules = [
        {"id": "odd-sums", "when": "parameters.amount < 100 EUR", "then": {"action": "deny", "reason": "too little"}},
        {"id": "executives", "when": "parameters.amount < 1000 EUR",
         "then": {"action": "require_approval", "approvals": {"count": 2, "groups": ["executive"]}}},
    ]  # fmt: skip
    for rule in rules:
        body = {
            "name": rule["id"],
            "priority": 950 if rule["id"] == "odd-sums" else 900,
            "expression": f"action == 'create_refund' AND {rule['when']}",
        }
        status, answer = await people.ask(
            "oscar", "POST", "/policies", {**body, "action": _action(rule["then"])}
        )
        assert status in (200, 201), answer
    await bot.fetch()
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert held.verdict == "held", held
    status, answer = await people.approve("alice", held.approval_id, narrowed={"amount": 50})
    assert (status, answer["error"]["code"]) == (409, "conflict")
    assert "too little" in answer["error"]["message"]
    status, answer = await people.approve("alice", held.approval_id, narrowed={"amount": 500})
    assert (status, answer["error"]["code"]) == (403, "forbidden")  # she is not asked about that
    now = await _shown(people, held.approval_id)
    assert "5,000.00" in now["sentence"]


def _action(then: dict[str, Any]) -> dict[str, Any]:
    more = {name: value for name, value in then.items() if name not in ("action",)}
    return {"type": then["action"], **more}


async def test_an_intent_of_the_api_executes_what_people_agreed_to(control: Control, people: People) -> None:
    kind = {
        "name": "top_up",
        "description": "Put money on a card",
        "default_risk_tier": "T1",
        "schema": {
            "amount": {"type": "number", "required": True, "writable": True},
            "card": {"type": "string"},
        },
        "handler": "noop",
    }
    status, answer = await people.ask("oscar", "POST", "/action-types", kind)
    assert status in (200, 201), answer
    rule = {"name": "top-ups", "priority": 900, "expression": "action == 'top_up'",
            "action": {"type": "require_approval"}}  # fmt: skip
    assert (await people.ask("oscar", "POST", "/policies", rule))[0] in (200, 201)
    wish = {"action": "top_up", "source": "x", "parameters": {"amount": 50, "card": "c1"}, "mode": "direct"}
    status, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key="agent", body=wish)
    assert answer["data"]["status"] == "pending_approval", answer
    approval_id = answer["data"]["approval"]["approval_id"]
    assert (await people.approve("carol", approval_id, otp=None, narrowed={"card": "c2"}))[0] == 422
    status, done = await people.approve("carol", approval_id, otp=None, narrowed={"amount": 20})
    assert (status, done["data"]["intent_status"]) == (200, "executed")
    _, one = await people.ask("oscar", "GET", f"/intents/{answer['data']['intent_id']}")
    assert one["data"]["execution"]["extracted"]["parameters"] == {"amount": 20, "card": "c1"}
    assert superseded_votes.name  # the table is there; nobody had voted before
