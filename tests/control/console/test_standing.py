"""The pages of standing warrants over HTTP: terms in words, what is left, and trying terms before asking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from console_kit import page
from gate_end import Gate
from people import People
from planes import Control
from vienna_control.clock import iso

HOSTILE = '<img src=x onerror="alert(1)">\u202eevil'
TICKETS = "https://payments.example/v1/tickets"


def terms(control: Control, **changes: Any) -> dict[str, Any]:
    ends = iso(control.app.clock.now() + timedelta(days=2))
    limits = {"subject": {}, "body": {"optional": True}}
    given = {"action": "create_ticket", "agents": ["billing-bot"], "limits": limits, "count": 5}
    return {**given, "expires_at": ends, "reason": HOSTILE, **changes}


async def test_asked_for_it_leads_to_its_approval_and_granted_it_says_what_is_left(
    control: Control, people: People, bot: Gate
) -> None:
    _, answer = await people.ask("oscar", "POST", "/standing", terms(control))
    made = answer["data"]
    waiting = await page(control, "/standing")
    assert f"/console/approvals/{made['approval_id']}" in waiting
    assert "<img src=x" not in waiting
    await people.approve("carol", made["approval_id"])
    await bot.consult("POST", TICKETS, {"subject": "late"})
    text = await page(control, f"/standing/{made['standing_id']}")
    assert "4 of 5 left" in text
    assert "<img src=x" not in text
    assert "⟨U+202E⟩" in text
    assert "oscar@example.com" in text
    assert "/revoke" not in text
    assert "/revoke" in await page(control, f"/standing/{made['standing_id']}", key="approver")


async def test_terms_are_tried_before_they_are_asked_for(control: Control, bot: Gate) -> None:
    await bot.consult("POST", TICKETS, {"subject": "one"})
    covered = await page(control, "/standing/preview", body=terms(control))
    assert "<strong>1</strong> of 1 such call would have been covered" in covered
    missed = await page(
        control, "/standing/preview", body=terms(control, limits={"subject": {"one_of": ["x"]}})
    )
    assert "<strong>0</strong> of 1 such call" in missed
    assert "Not covered:" in missed
    tried: list[Any] = [{}, {"action": HOSTILE}, terms(control, agents=["nobody"])]
    for unfit in tried:
        text = await page(control, "/standing/preview", body=unfit)
        assert "Not yet:" in text
        assert "<img src=x" not in text


async def test_the_form_has_a_field_for_each_parameter_of_the_action(control: Control) -> None:
    text = await page(control, "/standing/new?action=create_ticket&agent=billing-bot", key="operator")
    assert 'name="limits.subject.one_of"' in text
    assert 'value="billing-bot"' in text
    assert "Ask for it" in text
    assert "Ask for it" not in await page(control, "/standing/new?action=create_ticket")
    assert "No action is called" in await page(control, "/standing/new?action=none")
