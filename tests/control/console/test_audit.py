"""The trail's pages over HTTP: who reads them, what an entry says, and what breaks."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import update
from yarl import URL

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.store import Tx
from vienna_control.store.tables import entries
from vienna_kernel.ledger.trail import EntryType

NASTY = "<script>alert(1)</script>\u202e"


async def read(control: Control, path: str, *, who: str = "audrey", **query: str) -> str:
    """The page, which is there."""
    status, page, _ = await control.ask("GET", str(URL(f"/console{path}").with_query(query)), key=who)
    assert status == 200, page
    return str(page.decode())


async def enter(control: Control, **data: Any) -> str:
    """One entry; its id."""

    def unit(tx: Tx) -> None:
        tx.record(EntryType.CONFIG_CHANGED, tenant="default", actor="system", data=data)

    await control.app.store.write(unit)
    await control.app.sequencer.flush()
    _, told, _ = await control.ask("GET", "/api/v1/audit?limit=1", key="audrey")
    return str(told["data"]["entries"][0]["id"])


async def verified(control: Control, **body: str) -> str:
    status, page, _ = await control.ask("POST", "/console/audit/verified", key="audrey", body=body)
    assert status == 200
    return str(page.decode())


async def test_who_is_no_auditor_is_told_why_there_is_nothing(control: Control) -> None:
    page = await read(control, "/audit", who="oscar")
    assert "The trail is for auditors" in page
    assert "You are logged in as operator" in page
    assert "data-fresh=" not in page


async def test_entries_are_found_and_told_in_a_line(control: Control) -> None:
    entry = await enter(control, thing="the thing", digest="sha256:00")
    page = await read(control, "/audit", q="type:config_changed")
    assert f'id="{entry}"' in page
    assert "the thing" in page
    assert "sha256:00" not in page
    assert "No entry fits this filter" in await read(control, "/audit", q="nowhere-to-be-found")
    misread = await read(control, "/audit", q="tear:T2")
    assert 'id="q-problem"' in misread
    assert "Keep this filter" not in misread


async def test_the_list_renews_itself(control: Control) -> None:
    await enter(control, number=1)
    headers = {"HX-Request": "true", "HX-Target": "div#entries"}
    _, part, _ = await control.ask("GET", "/console/audit", key="audrey", headers=headers)
    assert part.decode().lstrip().startswith('<div id="entries"')


async def test_people_and_agents_stand_there_by_name(control: Control, bot: Gate, people: People) -> None:
    await bot.consult("GET", "https://payments.example/v1/orders/ORD-1")
    await people.ask("oscar", "POST", "/filters", {"screen": "traffic", "name": "x", "q": "refund"})
    page = await read(control, "/audit")
    assert "oscar@example.com" in page
    assert "billing-bot" in page


async def test_one_entry_has_its_bytes_its_proof_and_its_neighbours(control: Control) -> None:
    first = await enter(control, number=1)
    second = await enter(control, number=2)
    page = await read(control, f"/audit/{second}")
    assert f"/console/audit/{first}" in page
    assert "&#34;number&#34;:2" in page
    assert re.search(r'data-root="([0-9a-f]{64})" data-signed="\1"', page)
    _, _, response = await control.ask("GET", "/console/audit/aud-none", key="audrey")
    assert response.status == 404


async def test_a_trail_that_holds_is_said_to(control: Control) -> None:
    await enter(control, number=1)
    page = await verified(control)
    assert "The trail holds" in page


async def test_a_changed_entry_is_named_and_its_page_still_opens(control: Control) -> None:
    entry = await enter(control, number=1)
    await enter(control, number=2)
    edited = update(entries).where(entries.c.id == entry).values(body=b'{"number":9}')
    await control.app.store.write(lambda tx: tx.conn.execute(edited))
    page = await verified(control)
    assert "The trail is broken at entry" in page
    assert f'href="/console/audit/{entry}"' in page
    assert await read(control, "/audit", q="type:config_changed")


@pytest.mark.parametrize("body", [b"no json", b"[]", b"\xff", b"{}"])
async def test_an_entry_that_cannot_be_read_breaks_no_page(control: Control, body: bytes) -> None:
    entry = await enter(control, number=1)
    edited = update(entries).where(entries.c.id == entry).values(body=body)
    await control.app.store.write(lambda tx: tx.conn.execute(edited))
    assert "Unreadable" in await read(control, "/audit")
    assert "cannot be read any more" in await read(control, f"/audit/{entry}")
    assert entry in await verified(control)


async def test_a_note_that_is_none_is_refused_in_words(control: Control) -> None:
    await enter(control, number=1)
    assert "broken" in await verified(control, checkpoint="nonsense")


async def test_that_it_only_grew_is_proved(control: Control) -> None:
    for number in range(3):
        await enter(control, number=number)
    page = await read(control, "/audit/heads", first="2")
    assert "It only grew from 2 to" in page
    assert 'role="alert"' in await read(control, "/audit/heads", first="999999")
    assert 'role="alert"' in await read(control, "/audit/heads", first="x")


async def test_what_entries_hold_is_text(control: Control) -> None:
    entry = await enter(control, thing=NASTY)
    for path in ("/audit", f"/audit/{entry}"):
        page = await read(control, path)
        assert "<script>alert" not in page
        seen = re.sub(
            r'data-(canonical|copy)="[^"]*"', "", page
        )  # what is hashed and copied is exact, and not shown
        assert "\u202e" not in seen
