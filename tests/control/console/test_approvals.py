"""The page of one approval: everything that the API knows of it, what one may say to it, and what became of it."""

from __future__ import annotations

import json
from typing import Any

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.console.screens.approvals import last_of

TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"
REFUND = {"order": "ORD-12345", "amount": 5000, "currency": "EUR"}


async def page(control: Control, who: str, approval_id: str, query: str = "", **headers: str) -> str:
    path = f"/console/approvals/{approval_id}{query}"
    status, text, _ = await control.ask("GET", path, key=who, headers=headers)
    assert status == 200, text
    found: str = text.decode()
    return found


async def preview(control: Control, who: str, approval_id: str, what: str, body: Any) -> tuple[int, str]:
    status, text, _ = await control.ask(
        "POST", f"/console/approvals/{approval_id}/{what}", key=who, body=body
    )
    return status, text.decode() if isinstance(text, bytes) else json.dumps(text)


async def test_it_says_what_would_happen_and_exactly_what_would_be_sent(control: Control, bot: Gate) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    text = await page(control, "alice", held.approval_id)
    for said in (
        "<h1>billing-bot wants to refund 5,000.00 EUR of order ORD-12345 on payments.example</h1>",
        "billing-bot has not called payments.example before",
        "Waits on the line",
        "0 of 2 agreed",
        "https://payments.example/v1/refunds",
        "ORD-12345",
        "2 of group finance, each with a second factor",
        "refunds-need-two",
        "5000 EUR",
        "Risk ",
        "There is none.",
        "With enough consent billing-bot gets a warrant for exactly this",
    ):
        assert said in text, said
    places = [str(place.absolute()) for place in control.app.policies.places]
    assert not any(place in text for place in places)


async def test_who_may_not_decide_has_no_form_and_reads_why(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    for who in ("carol", "victor", "audrey"):
        text = await page(control, who, held.approval_id)
        assert "Not yours to decide" in text
        assert 'id="approve"' not in text
    await people.approve("alice", held.approval_id)
    text = await page(control, "alice", held.approval_id)
    assert "You agreed" in text
    assert "one person counts once" in text


async def test_who_decides_is_told_anew_after_each_vote(control: Control, bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    part = {"HX-Request": "true", "HX-Target": "section#people"}
    before = await page(control, "alice", held.approval_id, **part)
    assert before.lstrip().startswith("<section")
    assert "alice@example.com" in before
    assert "one person counts once" not in before
    await people.approve("alice", held.approval_id)
    assert "one person counts once" in await page(control, "alice", held.approval_id, **part)
    await people.approve("bob", held.approval_id)
    after = await page(control, "alice", held.approval_id, **part)
    assert " hidden>" in after
    assert "@example.com" not in after


async def test_the_story_goes_on_and_what_is_to_be_sent_was_sent(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)

    async def part(name: str) -> str:
        told = await page(
            control, "bob", held.approval_id, **{"HX-Request": "true", "HX-Target": f"div#{name}"}
        )
        assert f'id="{name}"' in told.lstrip().partition(">")[0]
        return told

    assert "Waits on the line" in await part("story")
    assert "will be sent" in await part("head-request")
    await people.ask("alice", "POST", f"/approvals/{held.approval_id}/comments", {"text": "mine"})
    told = await part("story")
    assert "Said something" in told
    assert "alice@example.com" in told
    await people.ask("alice", "POST", f"/approvals/{held.approval_id}/deny", {"reason": "no"})
    assert "Waits on the line" not in await part("story")
    assert "was asked" in await part("head-request")


async def test_only_those_who_may_comment_have_a_form_for_it(control: Control, bot: Gate) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    address = f"/approvals/{held.approval_id}/comments"
    for who, may in (("alice", True), ("victor", False), ("audrey", False)):
        assert (address in await page(control, who, held.approval_id)) is may, who


async def test_what_is_typed_of_a_target_is_told_where_it_is_not_its_end(control: Control, bot: Gate) -> None:
    held = await bot.consult("POST", REFUNDS, {**REFUND, "order": "ORD-1"})
    assert "letters and digits: <b>ORD1</b>" in await page(control, "alice", held.approval_id)


async def test_the_higher_tiers_have_no_button_that_a_key_presses(control: Control, bot: Gate) -> None:
    refund = await bot.consult("POST", REFUNDS, REFUND)
    ticket = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    assert 'data-key="a"' not in await page(control, "alice", refund.approval_id)
    assert 'data-last="2345"' in await page(control, "alice", refund.approval_id)
    assert 'data-key="a"' in await page(control, "alice", ticket.approval_id)


def test_what_is_typed_of_a_target_can_be_typed() -> None:
    assert last_of("payments:order/ORD-12345") == "2345"
    assert last_of("wiki:page/ÄÖÜ/\u202eab-1/**") == "eab1"
    assert last_of("…") == ""


async def test_a_request_that_changed_has_no_form_on_a_page_that_showed_it_before(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    _, one = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    seen = f"?seen={one['data']['shown_digest']}"
    part = {"HX-Request": "true", "HX-Target": "section#decide"}
    assert 'id="approve"' in await page(control, "bob", held.approval_id, seen, **part)
    lower = {"narrowed": {"amount": 3000}}
    assert (await people.approve("alice", held.approval_id, **lower))[0] == 200
    text = await page(control, "bob", held.approval_id, seen, **part)
    assert "It has changed since you opened it" in text
    assert "<form" not in text
    whole = await page(control, "bob", held.approval_id)
    assert "Lowered: amount 5000 → 3000" in whole
    assert 'id="approve"' in whole


async def test_what_became_of_it_is_told_afterwards(control: Control, bot: Gate, people: People) -> None:
    approved = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    await bot.gone(approved)
    await people.approve("carol", approved.approval_id, otp=None)
    text = await page(control, "carol", approved.approval_id)
    assert "not sent yet: let through when the agent asks again" in text
    denied = await bot.consult("POST", TICKETS, {"subject": "another"})
    await people.deny("carol", denied.approval_id, "wrong room")
    text = await page(control, "alice", denied.approval_id)
    assert "wrong room" in text
    assert "carol@example.com" in text


async def test_the_refusal_that_is_previewed_is_the_one_that_is_read(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    reason = "\n".join(['wrong "room"\u202e, ask Ann', *"abcdefghij" * 12, "x" * 400])
    status, text = await preview(control, "carol", held.approval_id, "refusal", {"reason": reason})
    assert status == 200
    _, told, _ = await control.ask(
        "POST",
        f"/console/approvals/{held.approval_id}/refusal",
        key="carol",
        body={"reason": reason},
        headers={"Accept": "application/json"},
    )
    await people.deny("carol", held.approval_id, reason)
    refused = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    assert refused.hint == told["data"]["read"]
    assert "<blockquote>Denied by a person:" in text


async def test_less_is_previewed_with_the_digest_that_consent_to_it_binds(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    body = {"narrowed": {"amount": "3000"}}
    status, text = await preview(control, "alice", held.approval_id, "less", body)
    assert status == 200
    _, one = await people.ask("alice", "POST", f"/approvals/{held.approval_id}/narrow", body)
    assert "refund 3,000.00 EUR" in text
    assert one["data"]["shown_digest"] in text
    for wrong in ({"amount": "9000"}, {"amount": "much"}, {"order": "ORD-2"}):
        status, text = await preview(control, "alice", held.approval_id, "less", {"narrowed": wrong})
        assert (status, 'class="problem"' in text, "data-consent" in text) == (200, True, False)
    same = {"narrowed": {"amount": "5000"}}
    assert "Give a lower value" in (await preview(control, "alice", held.approval_id, "less", same))[1]


async def test_the_next_ones_are_previewed(control: Control, bot: Gate) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    like = {"like": {"count": 3, "minutes": 15, "limits": {"amount": {"max": "100"}}}}
    status, text = await preview(control, "alice", held.approval_id, "standing", like)
    assert status == 200
    assert "3 times" in text
    assert "at most 100" in text
    wrong = {"like": {"count": 0}}
    assert 'class="problem"' in (await preview(control, "alice", held.approval_id, "standing", wrong))[1]


async def test_previews_are_for_those_who_may_ask_and_change_nothing(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert (await preview(control, "victor", held.approval_id, "less", {"narrowed": {"amount": "1"}}))[
        0
    ] == 403
    assert (await preview(control, "alice", "apr-nothing", "less", {"narrowed": {"amount": "1"}}))[0] == 404
    _, one = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    assert (one["data"]["status"], one["data"]["sentence"].count("5,000.00")) == ("pending", 1)


async def test_an_approval_for_consent_in_advance_has_a_page_too(control: Control, people: People) -> None:
    body = {
        "action": "create_ticket",
        "agents": ["billing-bot"],
        "count": 3,
        "open": True,
        "expires_at": "2026-03-03T10:00:00Z",
        "reason": "many",
    }
    _, asked = await people.ask("oscar", "POST", "/standing", body)
    text = await page(control, "carol", asked["data"]["approval_id"])
    assert "this asks for consent in advance" in text
    assert asked["data"]["standing_id"] in text


async def test_one_that_came_by_api_has_a_page_too(control: Control, people: People) -> None:
    body = {"action": "create_ticket", "parameters": {"subject": "x"}, "reason": "a customer called"}
    _, asked = await people.ask("ada", "POST", "/intent", body)
    text = await page(control, "carol", asked["data"]["approval"]["approval_id"])
    assert "the agent asked for this by API" in text
