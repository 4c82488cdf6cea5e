"""Consent in advance: asked of people as such a call would be, used so many times, told and revocable."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_kernel import wire

REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"


def refund(amount: float, order: str = "ORD-1", **more: Any) -> dict[str, Any]:
    return {"order": order, "amount": amount, "currency": "EUR", **more}


def terms(clock: FixedClock, **more: Any) -> dict[str, Any]:
    """Refunds of at most 100 EUR of any order."""
    return {
        "action": "create_refund",
        "agents": ["billing-bot"],
        "target": "payments:order/*",
        "limits": {"amount": {"max": 100}, "order": {}, "reason": {"optional": True}},
        "currency": "EUR",
        "count": 3,
        "expires_at": (clock.now() + timedelta(days=7)).isoformat(),
        "reason": "small refunds are many",
        **more,
    }


async def asked(people: People, body: dict[str, Any], who: str = "oscar") -> dict[str, Any]:
    status, answer = await people.ask(who, "POST", "/standing", body)
    assert status == 201, answer
    return answer["data"]


async def granted(people: People, body: dict[str, Any], who: str = "oscar") -> str:
    made = await asked(people, body, who)
    for voter in ("alice", "bob"):
        status, answer = await people.approve(voter, made["approval_id"])
        assert status == 200, answer
    assert answer["data"]["status"] == "approved"
    return made["standing_id"]


async def seen(people: People, standing_id: str) -> dict[str, Any]:
    status, answer = await people.ask("victor", "GET", f"/standing/{standing_id}")
    assert status == 200, answer
    return answer["data"]


async def test_it_takes_what_such_a_call_takes_and_not_who_asks_for_it(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    made = await asked(people, terms(clock), who="alice")
    assert (made["status"], made["required_approvers"]) == ("pending", 2)
    _, one = await people.ask("bob", "GET", f"/approvals/{made['approval_id']}")
    shown = one["data"]["shown"]
    assert one["data"]["groups"] == ["finance"]
    assert one["data"]["mfa"] is True
    assert shown["standing"] == {"standing_id": made["standing_id"], **made["terms"]}
    assert shown["standing"]["limits"]["amount"] == {"max": "100"}
    assert shown["unusual"] == ["order, reason may be anything"]
    assert (await people.approve("alice", made["approval_id"]))[0] == 403
    assert (await people.approve("carol", made["approval_id"]))[0] == 403
    assert (await people.approve("bob", made["approval_id"]))[0] == 200
    assert (await bot.consult("POST", REFUNDS, refund(50))).verdict == "held"  # not yet
    assert (await people.approve("xenia", made["approval_id"]))[0] == 200
    assert (await seen(people, made["standing_id"]))["status"] == "active"
    status, _, _ = await control.ask("POST", "/api/v1/standing", key="agent", body=terms(clock))
    assert status == 403


async def test_the_owner_of_its_agent_does_not_agree_to_it(people: People, clock: FixedClock) -> None:
    change = {"metadata": {"owner": "alice@example.com"}}
    assert (await people.ask("oscar", "PATCH", "/fleet/billing-bot", change))[0] == 200
    made = await asked(people, terms(clock))
    assert (await people.approve("alice", made["approval_id"]))[0] == 403
    assert (await people.approve("bob", made["approval_id"]))[0] == 200


async def test_it_waits_among_what_one_may_decide(people: People, clock: FixedClock) -> None:
    made = await asked(people, terms(clock), who="alice")
    for who, waits in (("bob", [made["approval_id"]]), ("alice", []), ("carol", [])):
        status, mine = await people.ask(who, "GET", "/approvals?mine=true")
        assert status == 200, mine
        assert [one["approval_id"] for one in mine["data"]["approvals"]] == waits


async def test_all_of_its_words_are_told_and_none_misleads(people: People, clock: FixedClock) -> None:
    body = terms(clock, target="**", reason="\u202edesrever‹")
    body["limits"]["order"] = {"one_of": [*[f"ORD-{number}" for number in range(7)], "\u202e1-DRO"]}
    made = await asked(people, body)
    _, one = await people.ask("bob", "GET", f"/approvals/{made['approval_id']}")
    shown = one["data"]["shown"]
    assert "order one of ORD-0, ORD-1, ORD-2, ORD-3, ORD-4 or 3 more" in shown["sentence"]
    assert shown["unusual"] == ["it is for every target", "reason may be anything"]
    assert "\u202e" not in str(one["data"])
    assert shown["standing"]["limits"]["order"]["one_of"][-1] == "⟨U+202E⟩1-DRO"
    assert shown["standing"]["reason"] == "⟨U+202E⟩desrever⟨U+2039⟩"


async def test_a_use_is_a_child_warrant_with_their_consent_and_a_record(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    standing_id = await granted(people, terms(clock))
    let_go = await bot.consult("POST", REFUNDS, refund(50))
    assert let_go.verdict == "granted"
    one = await seen(people, standing_id)
    (use,) = one["uses"]
    assert (one["used"], one["left"]) == (1, 2)
    assert (use["intent_id"], use["warrant_id"]) == (let_go.intent_id, let_go.warrant_id)
    (parent,) = one["warrants"]
    _, child = await people.ask("victor", "GET", f"/warrants/{let_go.warrant_id}")
    assert child["data"]["chain"] == {"parent_warrant": parent["warrant_id"], "depth": 1}
    _, answer = await people.ask("audrey", "GET", f"/intents/{let_go.intent_id}/timeline")
    (issued,) = [row for row in answer["data"]["events"] if row["type"] == "warrant_issued"]
    assert (issued["data"]["standing"], issued["data"]["parent"]) == (standing_id, parent["warrant_id"])
    assert len(issued["data"]["approvals"]) == 2
    again = await bot.consult("POST", REFUNDS, refund(50), attempt=bot_attempt(bot))
    assert again.verdict == "granted"  # the next one, of its own
    assert (await seen(people, standing_id))["used"] == 2


async def test_what_is_agreed_to_after_its_end_is_no_warrant(people: People, clock: FixedClock) -> None:
    made = await asked(people, terms(clock, expires_at=(clock.now() + timedelta(seconds=60)).isoformat()))
    assert (await people.approve("alice", made["approval_id"]))[0] == 200
    clock.advance(timedelta(seconds=60))
    await people.approve("bob", made["approval_id"])  # or what was asked for has been withdrawn before
    one = await seen(people, made["standing_id"])
    assert (one["status"] in ("expired", "cancelled"), one["warrants"]) == (True, [])


def bot_attempt(bot: Gate) -> str:
    return f"att-{bot.sidecar_id}-again"


async def test_asked_again_the_same_attempt_takes_no_second_use(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    standing_id = await granted(people, terms(clock))
    answers = [await bot.consult("POST", REFUNDS, refund(50), attempt="att-one-and-same") for _ in range(2)]
    assert answers[0].warrant_id == answers[1].warrant_id
    assert (await seen(people, standing_id))["used"] == 1


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", REFUNDS, refund(100.01)),
        ("POST", REFUNDS, {**refund(50), "currency": "USD"}),
        ("POST", REFUNDS, {"order": "ORD-1", "currency": "EUR"}),
        ("POST", TICKETS, {"subject": "x"}),
    ],
    ids=["too much", "other money", "no amount", "other action"],
)
async def test_what_is_outside_is_decided_as_ever(
    bot: Gate, people: People, clock: FixedClock, method: str, url: str, body: Any
) -> None:
    standing_id = await granted(people, terms(clock))
    assert (await bot.consult(method, url, body)).verdict in ("held", "refused")
    assert (await seen(people, standing_id))["used"] == 0


async def test_forty_at_once_take_no_more_than_there_are(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    standing_id = await granted(people, terms(clock, count=5))
    answers = await asyncio.gather(
        *(bot.consult("POST", REFUNDS, refund(50, order=f"ORD-{n}")) for n in range(40))
    )
    verdicts = [answer.verdict for answer in answers]
    assert (verdicts.count("granted"), verdicts.count("held")) == (5, 35)
    one = await seen(people, standing_id)
    assert (one["status"], one["used"], one["left"], len(one["uses"])) == ("used_up", 5, 0, 5)
    assert len({use["warrant_id"] for use in one["uses"]}) == 5


async def test_policy_wins_and_hardened_asks_again(bot: Gate, people: People, clock: FixedClock) -> None:
    standing_id = await granted(people, terms(clock))
    harder = {"name": "executives", "priority": 900, "expression": "action == 'create_refund'",
              "action": {"type": "require_approval", "approvals": {"count": 2, "groups": ["executive"]}}}  # fmt: skip
    assert (await people.ask("oscar", "POST", "/policies", harder))[0] in (200, 201)
    await bot.fetch()
    assert (await bot.consult("POST", REFUNDS, refund(50))).verdict == "held"
    no = {
        "name": "none",
        "priority": 950,
        "expression": "action == 'create_refund'",
        "action": {"type": "deny"},
    }
    assert (await people.ask("oscar", "POST", "/policies", no))[0] in (200, 201)
    await bot.fetch()
    assert (await bot.consult("POST", REFUNDS, refund(51))).verdict == "refused"
    assert (await seen(people, standing_id))["used"] == 0


async def test_watched_only_it_is_not_spent(bot: Gate, people: People, clock: FixedClock) -> None:
    standing_id = await granted(people, terms(clock))
    down = {"to": "observe", "confirm": True}
    assert (await people.ask("ada", "POST", "/fleet/billing-bot/promote", down))[0] == 200
    await bot.told(wire.BundleChanged)
    await bot.fetch()
    assert (await bot.consult("POST", REFUNDS, refund(50))).verdict == "observed"
    assert (await seen(people, standing_id))["used"] == 0


async def test_revoked_it_covers_nothing_and_its_children_end(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    standing_id = await granted(people, terms(clock, target=None))
    wish = {
        "action": "create_refund",
        "source": "x",
        "target": "payments:order/ORD-9",
        "parameters": {"order": "ORD-9", "amount": 20, "currency": "EUR"},
        "mode": "passback",
    }
    _, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key="agent", body=wish)
    child = answer["data"].get("warrant") or {}
    with control.app.bus.subscribe(("standing_changed",), tenant="default") as told:
        status, ended = await people.ask(
            "oscar", "POST", f"/standing/{standing_id}/revoke", {"reason": "enough"}
        )
        assert status == 200, ended
        event = await anext(aiter(told))
    assert (event.data["change"], event.data["standing_id"]) == ("revoked", standing_id)
    one = await seen(people, standing_id)
    assert one["status"] == "revoked"
    wanted = {one["warrants"][0]["warrant_id"], *([child["warrant_id"]] if child else [])}
    assert set(ended["data"]["revoked"]) == wanted
    assert (await bot.consult("POST", REFUNDS, refund(50))).verdict == "held"
    status, _ = await people.ask("oscar", "POST", f"/standing/{standing_id}/revoke", {"reason": "again"})
    assert status == 409


async def test_a_suspended_agent_has_none_any_more(bot: Gate, people: People, clock: FixedClock) -> None:
    standing_id = await granted(people, terms(clock))
    stop = {"reason": "odd", "duration": "PT1H"}
    assert (await people.ask("ada", "POST", "/fleet/billing-bot/suspend", stop))[0] == 200
    assert (await people.ask("ada", "POST", "/fleet/billing-bot/resume", {"reason": "fine"}))[0] == 200
    await bot.fetch()
    assert (await seen(people, standing_id))["status"] == "revoked"
    assert (await bot.consult("POST", REFUNDS, refund(50))).verdict == "held"


async def test_its_end_is_told(control: Control, people: People, clock: FixedClock) -> None:
    standing_id = await granted(people, terms(clock))
    clock.advance(timedelta(days=7))
    with control.app.bus.subscribe(("standing_changed",), tenant="default") as told:
        await Expiry(control.app.store, control.app.clock).sweep()
        event = await anext(aiter(told))
    assert (event.data["change"], event.data["standing_id"], event.data["left"]) == (
        "expired",
        standing_id,
        3,
    )


async def test_nobody_can_use_its_own_warrant(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    standing_id = await granted(people, terms(clock))
    (parent,) = (await seen(people, standing_id))["warrants"]
    path = f"/api/v1/warrants/{parent['warrant_id']}"
    _, one, _ = await control.ask("GET", path, key="oscar")
    body = {"attempt": "attempt-1"}
    status, answer, _ = await control.ask("POST", f"{path}/consume", key="agent", body=body)
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    presented = await bot.consult("POST", REFUNDS, refund(50), presented=one["data"]["token"])
    assert presented.verdict == "refused"
    body = {"warrant_id": parent["warrant_id"], "success": True}
    status, answer, _ = await control.ask("POST", "/api/v1/executions", key="agent", body=body)
    assert (status, answer["error"]["code"]) == (410, "gone")
    assert (await seen(people, standing_id))["status"] == "active"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"action": "create_refnd"}, "/action"),
        ({"agents": ["nobody"]}, "/agents"),
        ({"limits": {"amount": {"max": 100}, "ordre": {}}}, "/limits/ordre"),
        ({"limits": {"amount": {"min": 2, "max": 1}}}, "/limits/amount"),
        ({"limits": {"amount": {"max": "much"}}}, "/limits/amount"),
        ({"currency": None}, "/currency"),
        ({"expires_at": "2026-05-01T00:00:00Z"}, "/expires_at"),
        ({"most_tier": "T3"}, "/most_tier"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_terms_that_do_not_hold_are_named(
    people: People, clock: FixedClock, change: dict[str, Any], field: str
) -> None:
    status, answer = await people.ask("oscar", "POST", "/standing", {**terms(clock), **change})
    assert (status, answer["error"]["code"]) == (422, "validation_failed")
    assert field in [row["field"] for row in answer["error"]["details"]]


async def test_what_policy_would_not_let_people_decide_is_not_asked(
    people: People, clock: FixedClock
) -> None:
    for limits, why in (
        ({"amount": {"max": 20000}, "order": {}}, "policy refuses"),
        ({"order": {}, "amount": {"optional": True}}, "policy refuses"),
    ):
        status, answer = await people.ask("oscar", "POST", "/standing", terms(clock, limits=limits))
        assert (status, answer["error"]["code"]) == (409, "conflict")
        assert why in answer["error"]["message"]


async def test_it_can_be_asked_for_with_a_yes_to_one_call(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    held = await bot.consult("POST", REFUNDS, refund(50))
    like = {"count": 4, "minutes": 30, "limits": {"amount": {"max": 80}}}
    status, preview = await people.ask(
        "alice", "POST", "/standing/preview", {"approval_id": held.approval_id, "like": like}
    )
    assert status == 200, preview
    assert (preview["data"]["covered"], preview["data"]["held"]) == (1, 1)
    status, answer = await people.approve("alice", held.approval_id, standing=like)
    assert status == 200, answer
    made = answer["data"]["standing"]
    assert made["terms"]["target"] == "payments:order/ORD-1"
    assert (await people.approve("bob", made["approval_id"]))[0] == 200
    assert (await people.approve("xenia", made["approval_id"]))[0] == 200
    assert (await bot.consult("POST", REFUNDS, refund(80))).verdict == "granted"
    assert (await bot.consult("POST", REFUNDS, refund(81))).verdict == "held"
    assert (await bot.consult("POST", REFUNDS, refund(70, order="ORD-2"))).verdict == "held"


async def test_a_preview_tells_what_it_would_have_covered(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    for amount in (50, 60, 150):
        assert (await bot.consult("POST", REFUNDS, refund(amount, order=f"ORD-{amount}"))).verdict == "held"
    status, answer = await people.ask(
        "victor", "POST", "/standing/preview", {"standing": terms(clock, count=1)}
    )
    assert status == 200, answer
    told = answer["data"]
    assert (told["calls"], told["covered"], told["held"], told["missed"]) == (3, 2, 2, 1)
    assert told["count_is_enough"] is False
    assert told["near_misses"][0]["why"] == "amount is outside what it may be"
