"""Reports over HTTP: asked for, made, read as tables."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.clock import FixedClock

NASTY = "<img src=x onerror=alert(1)>"


async def read(control: Control, path: str = "", *, who: str = "audrey") -> str:
    """The page, which is there."""
    status, page, _ = await control.ask("GET", f"/console/reports{path}", key=who)
    assert status == 200, page
    return str(page.decode())


async def made(people: People, **body: Any) -> str:
    _, told = await people.ask("audrey", "POST", "/compliance/reports/generate", body)
    report = str(told["data"]["report_id"])
    async with asyncio.timeout(60):
        while (await people.ask("audrey", "GET", f"/compliance/reports/{report}"))[1]["data"][
            "status"
        ] == "generating":
            await asyncio.sleep(0.02)
    return report


@pytest.mark.parametrize("who", ["oscar", "alice", "victor"])
async def test_who_is_no_auditor_is_told_so(control: Control, who: str) -> None:
    assert "Reports are for auditors" in await read(control, who=who)


async def test_none_was_made_yet(control: Control) -> None:
    page = await read(control)
    assert "No report yet" in page
    assert 'data-api="POST /compliance/reports/generate"' in page


async def test_a_report_is_read_as_tables_and_taken_away(control: Control, bot: Gate, people: People) -> None:
    await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": NASTY})
    report = await made(people, type="audit")
    assert f"/console/reports/{report}" in await read(control)
    page = await read(control, f"/{report}")
    for told in (
        "What was asked, and where it stands",
        "sha256:",
        f"/compliance/reports/{report}/csv",
        "audrey",
    ):
        assert told in page
    assert "<img src=x" not in page


async def test_a_report_says_what_it_was_narrowed_to(control: Control, bot: Gate, people: People) -> None:
    assert "Only agent" not in await read(control, f"/{await made(people)}")
    narrowed = await made(people, filters={"agent_id": "billing-bot", "action": "get_order"})
    assert "Only agent billing-bot, action get_order." in await read(control, f"/{narrowed}")


async def test_there_is_no_page_of_a_report_that_is_none(control: Control) -> None:
    _, _, response = await control.ask("GET", "/console/reports/rpt-none", key="audrey")
    assert response.status == 404


async def test_what_is_being_made_renews_itself(control: Control, people: People) -> None:
    report = await made(people)
    for path, part in (("", "list"), (f"/{report}", "made")):
        headers = {"HX-Request": "true", "HX-Target": f"div#{part}"}
        status, told, _ = await control.ask("GET", f"/console/reports{path}", key="audrey", headers=headers)
        assert status == 200
        assert told.decode().lstrip().startswith(f'<div id="{part}"')


async def test_a_table_goes_on_by_itself(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    await bot.consult("GET", "https://payments.example/v1/orders/ORD-1")
    clock.advance(timedelta(minutes=1))
    report = await made(people, type="audit")
    page = await read(control, f"/{report}?section=status&at=0")
    assert page.count("<table") == 1
    assert "<table" not in await read(control, f"/{report}?section=nothing-like-it&at=x")
