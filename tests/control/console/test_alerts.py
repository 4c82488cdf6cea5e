"""Alerts over HTTP: what is open, who sees to it, and links to what it is about."""

from __future__ import annotations

from typing import Any

import pytest
from yarl import URL

from people import People
from planes import Control
from vienna_control.fleet import alerts
from vienna_control.store import Tx

NASTY = "<img src=x onerror=alert(1)>\u202e"


async def read(control: Control, *, who: str = "oscar", **query: str) -> str:
    """The page, which is there."""
    status, page, _ = await control.ask("GET", str(URL("/console/alerts").with_query(query)), key=who)
    assert status == 200, page
    return str(page.decode())


async def raised(control: Control, text: str = "something is off", **more: Any) -> str:
    def unit(tx: Tx) -> str:
        told = {"severity": "warning", "kind": "drift", "text": text, **more}
        return alerts.raise_alert(tx, tenant="default", **told)

    return await control.app.store.write(unit)


async def test_nothing_is_wrong(control: Control) -> None:
    assert "Nothing is wrong" in await read(control)
    assert "No alert is like this" in await read(control, state="all", kind="nothing_like_it")


@pytest.mark.parametrize(
    ("who", "may"), [("oscar", True), ("alice", True), ("victor", False), ("audrey", False)]
)
async def test_an_alert_is_seen_to_by_who_may(control: Control, who: str, may: bool) -> None:
    alert = await raised(control)
    page = await read(control, who=who)
    assert "Something is off" in page
    assert (f'data-api="POST /alerts/{alert}/acknowledge"' in page) is may
    assert ("in the trail" in page) is (who == "audrey")


async def test_what_was_seen_to_says_by_whom_and_is_not_open(control: Control, people: People) -> None:
    alert = await raised(control)
    await people.ask("oscar", "POST", f"/alerts/{alert}/acknowledge", {"note": f"called them {NASTY}"})
    assert "something is off" not in await read(control)
    page = await read(control, state="acknowledged")
    assert "oscar@example.com acknowledged it" in page
    assert "<img src=x" not in page
    assert f'id="{alert}"' in await read(control, id=alert)


async def test_alerts_are_filtered_and_lead_to_their_call(control: Control) -> None:
    await raised(control, text="about a call", intent_id="int-1", severity="critical")
    await raised(control, text="about none", kind="delivery_dead")
    page = await read(control, severity="critical")
    assert "/console/traffic/int-1" in page
    assert "about none" not in page
    assert "about a call" not in await read(control, kind="delivery_dead")


async def test_what_others_wrote_is_text(control: Control) -> None:
    await raised(control, text=NASTY)
    page = await read(control)
    assert "<img src=x" not in page
    assert "\u202e" not in page


async def test_the_list_renews_itself(control: Control) -> None:
    await raised(control)
    headers = {"HX-Request": "true", "HX-Target": "div#list"}
    _, part, _ = await control.ask("GET", "/console/alerts", key="oscar", headers=headers)
    assert part.decode().lstrip().startswith('<div id="list"')
