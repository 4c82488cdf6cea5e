"""The inbox as a page: what it lists, by which address, and what it says when there is nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gate_end import Gate
from people import People
from planes import Control

TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"


async def page(control: Control, who: str, path: str = "/", **headers: str) -> str:
    status, text, _ = await control.ask("GET", f"/console{path}", key=who, headers=headers)
    assert status == 200, (path, text)
    found: str = text.decode()
    return found


def rows(text: str) -> list[str]:
    return re.findall(r'<li id="(apr-[^"]+)"', text)


async def test_nothing_waits_and_it_says_so(control: Control) -> None:
    assert "Nothing waits" in await page(control, "alice")
    assert "Nothing waits for you" in await page(control, "alice", "/?view=mine")
    assert "None yet" in await page(control, "alice", "/?view=denied")
    assert "Nothing fits this filter" in await page(control, "alice", "/?q=tier:T3")
    assert "Nothing waits" in await page(control, "alice", "/?view=alike")


async def test_each_view_has_an_address(control: Control, bot: Gate, people: People) -> None:
    refund = await bot.consult("POST", REFUNDS, {"order": "ORD-1", "amount": 5000, "currency": "EUR"})
    ticket = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    denied = await bot.consult("POST", TICKETS, {"subject": "again"})
    await people.deny("carol", denied.approval_id, "not this one")
    assert rows(await page(control, "carol")) == [ticket.approval_id, refund.approval_id]
    assert rows(await page(control, "carol", "/?view=mine")) == [ticket.approval_id]
    assert rows(await page(control, "carol", "/?mine=true")) == [ticket.approval_id]
    assert rows(await page(control, "carol", "/?tier=T2")) == [refund.approval_id]
    assert rows(await page(control, "carol", "/?rule=tickets")) == [ticket.approval_id]
    assert rows(await page(control, "carol", "/?agent=billing-bot&q=action:create_refund or tier:T3")) == [
        refund.approval_id
    ]
    decided = await page(control, "carol", "/?view=denied")
    assert rows(decided) == [denied.approval_id]
    assert "not this one" in decided
    assert "Not yours: asked are 2 of group finance" in await page(control, "carol", "/?tier=T2")


async def test_a_filter_that_is_none_is_told_beside_the_box(control: Control) -> None:
    text = await page(control, "alice", "/?q=tear:T3")
    assert "unknown key &#39;tear&#39;" in text
    assert 'aria-invalid="true"' in text


@pytest.mark.parametrize("query", ["only={other},{id}", "these={id}", "these={id}%22 or id:%22{other}"])
async def test_rows_are_read_anew_by_their_ids(
    control: Control, bot: Gate, people: People, query: str
) -> None:
    held = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    await bot.consult("POST", TICKETS, {"subject": "another"})
    part = {"HX-Request": "true", "HX-Target": "ol#rows"}
    text = await page(control, "carol", f"/?{query.format(id=held.approval_id, other='apr-nothing')}", **part)
    assert rows(text) in ([held.approval_id], [])
    assert "<html" not in text
    if query == "these={id}":
        await people.deny("carol", held.approval_id)
        again = await page(control, "carol", f"/?view=alike&these={held.approval_id}", **part)
        assert rows(again) == [held.approval_id], "whatever became of it, and whatever the view is"


async def test_alike_ones_are_told_once_and_open_as_what_they_are(control: Control, bot: Gate) -> None:
    held = [await bot.consult("POST", TICKETS, {"subject": f"parcel {number}"}) for number in range(3)]
    refunds = [
        await bot.consult("POST", REFUNDS, {"order": f"ORD-{n}", "amount": 5000 + n, "currency": "EUR"})
        for n in range(2)
    ]
    text = await page(control, "alice", "/?view=alike")
    assert "3 × create_ticket" in text
    assert "5000 – 5001" in text
    opened = await page(control, "alice", f"/?view=alike&open={held[1].approval_id}")
    assert rows(opened) == [one.approval_id for one in reversed(held)]
    assert opened.count("data-each") == 3
    two = await page(control, "alice", f"/?view=alike&open={refunds[0].approval_id}")
    assert "data-each" not in two
    assert "T2 is decided one by one" in two


async def test_its_data_is_the_answer_of_the_api(control: Control, bot: Gate, people: People) -> None:
    await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    _, told, _ = await control.ask("GET", "/console/", key="alice", headers={"Accept": "application/json"})
    _, answer = await people.ask("alice", "GET", "/approvals?status=pending&limit=50")
    found: dict[str, Any] = told["data"]["found"]
    assert found == answer["data"]
