"""The emergency stop over HTTP: the banner everywhere, what a freeze stopped, and lifting it by two."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from console_kit import api, data, page
from gate_end import Gate
from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.store.tables import operators

HOSTILE = '<img src=x onerror="alert(1)">\u202eevil'
TICKETS = "https://payments.example/v1/tickets"
BANNER = "data-frozen hidden"


async def test_while_anything_is_frozen_every_page_says_so(control: Control) -> None:
    assert BANNER in await page(control, "/fleet")
    await api(control, "POST", "/freeze", {"action": "wire_money", "reason": "drill"}, key="ada")
    for path in ("/fleet", "/", "/warrants"):
        assert BANNER not in await page(control, path)
    for path, key, why in (("/nothing", "viewer", 404), ("/settings/people", "viewer", 403)):
        status, text, _ = await control.ask("GET", f"/console{path}", key=key)
        assert (status, BANNER in text.decode()) == (why, False), path


async def test_only_an_admin_is_led_to_freezing(control: Control) -> None:
    assert 'data-offer="Freeze…"' in await page(control, "/fleet", key="admin")
    assert "data-offer" not in await page(control, "/fleet", key="operator")
    assert 'data-api="POST /freeze"' in await page(control, "/freeze", key="admin")
    assert 'data-api="POST /freeze"' not in await page(control, "/freeze")


async def test_a_freeze_tells_what_it_ended_and_what_it_refused_since(
    control: Control, bot: Gate, clock: FixedClock
) -> None:
    await bot.consult("POST", TICKETS, {"subject": "before"})
    clock.advance(timedelta(seconds=1))
    body = {"agent": "billing-bot", "action": "create_ticket", "reason": HOSTILE}
    made = await api(control, "POST", "/freeze", body, key="ada")
    clock.advance(timedelta(seconds=1))
    refused = await bot.consult("POST", TICKETS, {"subject": "after"})
    await bot.consult("GET", "https://payments.example/v1/orders/ORD-1")
    assert refused.reason == "frozen"
    told = (await data(control, f"/freeze/{made['freeze_id']}"))["freeze"]
    assert (told["ended"]["pending_intents_cancelled"], len(told["ended"]["intents"])) == (1, 1)
    assert (told["refused"], len(told["refused_intents"])) == (1, 1), "and not what it is not about"
    for path in ("/freeze", f"/freeze/{made['freeze_id']}"):
        text = await page(control, path)
        assert "<img src=x" not in text
        assert "⟨U+202E⟩" in text


async def test_the_second_admin_is_told_who_asked_first_and_the_first_to_wait(
    control: Control, clock: FixedClock
) -> None:
    oscar = operators.c.email == "oscar@example.com"
    await control.app.store.write(
        lambda tx: tx.conn.execute(update(operators).where(oscar).values(role="admin"))
    )
    made = await api(control, "POST", "/freeze", {"tenant": True, "reason": "drill"}, key="ada")
    asked = {"freeze_id": made["freeze_id"], "reason": "over"}
    assert (await api(control, "POST", "/unfreeze", asked, key="ada"))["step"] == "second_person_needed"
    mine = await page(control, "/freeze", key="ada")
    assert "You have asked to lift it" in mine
    assert 'data-api="POST /unfreeze"' not in mine
    theirs = await page(control, "/freeze", key="oscar")
    assert "ada@example.com has asked to lift it" in theirs
    assert "Lift it, as the second" in theirs
    clock.advance(timedelta(hours=1))
    assert "has asked to lift it" not in await page(control, "/freeze", key="oscar"), (
        "a word counts for an hour"
    )
    assert "Ask to lift it" in await page(control, "/freeze", key="ada")


async def test_a_freeze_of_somebody_else_is_not_there(control: Control) -> None:
    status, _, _ = await control.ask("GET", "/console/freeze/stp-nothing", key="viewer")
    assert status == 404
