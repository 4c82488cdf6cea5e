"""The pages of agents and gates over HTTP: who may do what, figures, forecasts, and text of others as text."""

from __future__ import annotations

import re

from console_kit import api, data, page
from gate_end import Gate
from planes import Control

HOSTILE = '<img src=x onerror="alert(1)">\u202eevil'
TICKETS = "https://payments.example/v1/tickets"
ORDERS = "https://payments.example/v1/orders/ORD-1"


async def test_an_agent_stands_with_its_gates_its_calls_and_what_waits(control: Control, bot: Gate) -> None:
    await bot.consult("GET", ORDERS)
    held = await bot.consult("POST", TICKETS, {"subject": "x"})
    assert held.approval_id
    (one,) = (await data(control, "/fleet"))["found"]["agents"]
    assert (one["calls_24h"], one["pending"], one["gates_connected"]) == (2, 1, 1)
    assert (one["gates"]["enrolled"], one["gates"]["silent"], one["gates"]["versions"]) == (1, 0, ["test"])
    text = await page(control, "/fleet")
    assert 'href="/console/traffic?q=agent:billing-bot"' in text
    assert "1 of 1 connected" in text


async def test_a_filter_that_nothing_fits_says_so_and_leads_back(control: Control) -> None:
    text = await page(control, "/fleet?name=zz")
    assert "No agent fits" in text
    assert 'href="/console/fleet">Show all' in text


async def test_what_others_wrote_about_an_agent_is_text(control: Control) -> None:
    body = {"name": "odd", "description": HOSTILE, "metadata": {HOSTILE: HOSTILE}}
    await api(control, "POST", "/fleet", body, key="admin")
    await api(control, "PUT", "/fleet/odd/trust", {"trust_score": 20, "reason": HOSTILE}, key="admin")
    await api(control, "POST", "/fleet/odd/suspend", {"reason": HOSTILE}, key="admin")
    for path in ("/fleet", "/fleet/odd", "/fleet/odd/activity", "/fleet/odd/forecast"):
        text = await page(control, path, key="admin")
        assert "<img src=x" not in text, path
        assert "\u202e" not in text, path
    assert "⟨U+202E⟩" in await page(control, "/fleet/odd")


async def test_who_may_only_look_is_offered_nothing_else(control: Control, bot: Gate) -> None:
    for key, offers in (("admin", True), ("viewer", False), ("auditor", False)):
        text = await page(control, "/fleet/billing-bot", key=key)
        told = {
            name: bool(re.search(name, text))
            for name in ("/suspend", "/join-tokens", "DELETE /sidecars", "PUT /fleet")
        }
        assert set(told.values()) == {offers}, (key, told)


async def test_a_command_names_the_control_plane_as_it_is_configured(control: Control) -> None:
    """Behind a proxy the request says http; with a join token beside it, that is the wrong place to send it."""
    status, text, _ = await control.ask(
        "GET", "/console/fleet/billing-bot", key="admin", headers={"Host": "elsewhere.example"}
    )
    assert status == 200
    assert b"elsewhere.example" not in text
    assert f"vienna proxy --control {control.url} --agent".encode() in text


async def test_trust_is_a_chart_with_the_same_as_a_table(control: Control) -> None:
    for score in (60, 30, 45):
        body = {"trust_score": score, "reason": f"review {score}"}
        await api(control, "PUT", "/fleet/billing-bot/trust", body, key="admin")
    text = await page(control, "/fleet/billing-bot")
    assert text.count('<circle class="dot"') == 3
    assert all(f"review {score}" in text for score in (60, 30, 45))
    assert "ada@example.com" in text, "people are named, not numbered"


async def test_a_forecast_says_what_each_rung_above_would_do(control: Control, bot: Gate) -> None:
    await api(control, "POST", "/fleet/billing-bot/promote", {"to": "observe", "confirm": True}, key="admin")
    await bot.fetch()
    for number in range(6):
        await bot.consult("POST", TICKETS, {"subject": f"parcel {number}"})
    told = await data(control, "/fleet/billing-bot/forecast?days=1")
    assert [one["to"] for one in told["above"]] == ["enforce_high", "enforce"]
    assert [one["would_hold"] for one in told["above"]] == [0, 6]
    assert told["above"][1]["approvals_per_thousand_calls"] == 1000
    text = await page(control, "/fleet/billing-bot/forecast?days=1", key="admin")
    assert "Promote to enforce high" in text
    assert 'name="*" data-type="json"' in text, "a proposal can be taken over as it is"
    assert "Promote to" not in await page(control, "/fleet/billing-bot/forecast")


async def test_a_part_of_the_page_is_answered_alone(control: Control) -> None:
    for path, part in (("/fleet", "agents"), ("/fleet/billing-bot", "state"), ("/gates", "gates")):
        headers = {"HX-Request": "true", "HX-Target": f"div#{part}"}
        status, text, _ = await control.ask("GET", f"/console{path}", key="viewer", headers=headers)
        assert status == 200
        assert text.decode().strip().startswith(f'<div id="{part}"')
        assert b"<html" not in text


async def test_a_step_that_waits_for_a_second_person_says_who_asked_first(control: Control) -> None:
    section = control.app.config.control.model_copy(update={"policy_two_person": True})
    control.app.config = control.app.config.model_copy(update={"control": section})
    more = {"trust_score": 90, "reason": "it has done well"}
    told = await api(control, "PUT", "/fleet/billing-bot/trust", more, key="operator")
    assert told["step"] == "second_person_needed"
    asked = (await data(control, "/fleet/billing-bot"))["agent"]["asked_for"]
    assert (asked["lower"], asked["loosen"]["wanted"]) == (None, {"trust": 90.0})
    text = await page(control, "/fleet/billing-bot", key="admin")
    assert "oscar@example.com wants it changed" in text
    await api(control, "PUT", "/fleet/billing-bot/trust", more, key="admin")
    found = (await data(control, "/fleet/billing-bot"))["agent"]
    assert (found["trust_score"], found["asked_for"]["loosen"]) == (90, None)


async def test_silent_gates_come_first(control: Control, bot: Gate) -> None:
    told = await data(control, "/gates")
    assert [one["state"] for one in told["found"]["sidecars"]] == ["connected"]
    await bot.close()
    assert (await data(control, "/gates?silent=true"))["found"]["sidecars"] == []
    assert "No gate is silent" in await page(control, "/gates?silent=true")
