"""Traffic over HTTP: what is listed, what does not read, and everything about one call."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from yarl import URL

from gate_end import Gate
from people import People
from planes import Control
from vienna_control.api import intent_histogram
from vienna_control.clock import FixedClock
from vienna_control.console import histogram

ORDERS = "https://payments.example/v1/orders"
NASTY = "<img src=x onerror=alert(1)>\u202egnp"


async def read(control: Control, path: str, *, who: str = "oscar", **query: str) -> str:
    """The page, which is there."""
    status, page, _ = await control.ask("GET", str(URL(f"/console{path}").with_query(query)), key=who)
    assert status == 200, page
    return str(page.decode())


async def data(control: Control, path: str, **query: str) -> Any:
    url = str(URL(f"/console{path}").with_query(query))
    status, told, _ = await control.ask("GET", url, key="oscar", headers={"Accept": "application/json"})
    assert status == 200, told
    return told["data"]


async def newest(people: People, **query: str) -> dict[str, Any]:
    _, told = await people.ask("oscar", "GET", str(URL("/intents").with_query({"limit": "1", **query})))
    found: dict[str, Any] = told["data"]["intents"][0]
    return found


async def test_nothing_yet_says_what_to_do(control: Control) -> None:
    page = await read(control, "/traffic")
    assert "No call has come yet" in page
    assert "/console/setup" in page


async def test_a_call_is_a_row_with_what_it_means(control: Control, bot: Gate, people: People) -> None:
    await bot.consult("GET", f"{ORDERS}/ORD-1")
    page = await read(control, "/traffic")
    one = await newest(people)
    assert f'id="{one["intent_id"]}"' in page
    for told in ("billing-bot", "GET payments.example/v1/orders/ORD-1", one["rule"]):
        assert told in page
    assert "No call fits this filter" in await read(control, "/traffic", q="verdict:deny")


@pytest.mark.parametrize(
    ("q", "says", "marked"),
    [
        ("host:x tear:T2", "unknown key", "tear:T2"),
        ("tier:T9", "tier: has no value", "T9"),
        ("(agent:x", "", ""),
        ("<b>:1", "", "&lt;b&gt;:1"),
    ],
)
async def test_what_does_not_read_is_told_with_its_place(
    control: Control, q: str, says: str, marked: str
) -> None:
    page = await read(control, "/traffic", q=q)
    assert says in page
    assert re.search(rf"<mark>{re.escape(marked)}", page)
    assert 'aria-invalid="true"' in page
    assert "<b>:1" not in page
    assert "Keep this filter" not in page


async def test_a_filter_that_is_too_long_is_told_as_such(control: Control) -> None:
    assert 'id="q-problem"' in await read(control, "/traffic", q="x" * 1001)


async def test_common_terms_are_put_in_and_taken_away(control: Control) -> None:
    chips = {one["name"]: one for one in (await data(control, "/traffic", q="verdict:hold host:x"))["chips"]}
    assert (chips["Held"]["on"], chips["Held"]["q"]) == (True, "host:x")
    assert (chips["T2"]["on"], chips["T2"]["q"]) == (False, "verdict:hold host:x tier:T2")
    chips = {one["name"]: one for one in (await data(control, "/traffic", q="host:x or host:y"))["chips"]}
    assert chips["T2"]["q"] == "(host:x or host:y) tier:T2"


async def test_kept_filters_are_links_and_only_who_may_share_is_offered_to(
    control: Control, people: People
) -> None:
    body = {"screen": "traffic", "name": "Big <b>refunds</b>", "q": "host:payments", "shared": True}
    status, _ = await people.ask("oscar", "POST", "/filters", body)
    assert status == 201
    for who, may in (("oscar", True), ("victor", False)):
        page = await read(control, "/traffic", who=who)
        assert "?q=host%3Apayments" in page
        assert "Big &lt;b&gt;refunds" in page
        assert ("for everybody" in page) is may
        assert ('data-api="DELETE /filters/' in page) is may


async def test_pages_go_on_where_the_last_ended(control: Control, bot: Gate) -> None:
    for number in range(52):
        await bot.consult("GET", f"{ORDERS}/ORD-{number}")
    first = await data(control, "/traffic")
    second = await data(control, "/traffic", cursor=first["found"]["next_cursor"])
    seen = [one["intent_id"] for told in (first, second) for one in told["found"]["intents"]]
    assert len(seen) == len(set(seen)) == 52
    page = await read(control, "/traffic", cursor=first["found"]["next_cursor"])
    assert 'data-fresh="no"' in page


async def test_a_part_of_the_page_comes_alone(control: Control, bot: Gate) -> None:
    await bot.consult("GET", f"{ORDERS}/ORD-1")
    for part in ("div#calls", "section#histogram"):
        asked = {"HX-Request": "true", "HX-Target": part}
        _, told, _ = await control.ask("GET", "/console/traffic", key="oscar", headers=asked)
        tag, _, name = part.partition("#")
        assert told.decode().lstrip().startswith(f'<{tag} id="{name}"')
        assert ("<svg" in told.decode()) is (name == "histogram")


async def test_bars_and_their_sums_lead_to_what_they_counted(
    control: Control, bot: Gate, clock: FixedClock
) -> None:
    for hours, number in ((48, 1), (5, 1), (2, 2), (0, 1)):
        for _ in range(number):
            await bot.consult("GET", f"{ORDERS}/ORD-1")
            await bot.consult("DELETE", "https://new.example/v2/things")
        clock.advance(timedelta(hours=hours))
    for q in ("", "since:7h -id:int-x", "agent:billing-bot or refund"):
        told = (await data(control, "/traffic", q=q))["histogram"]
        assert [sum(bar["counts"].values()) for bar in told["bars"]] == [2, 4, 2]
        for bar in told["bars"]:
            found = (await data(control, "/traffic", q=bar["q"]))["found"]
            assert found["total"] == sum(bar["counts"].values())
            assert sum(part["high"] for part in bar["parts"]) <= histogram.HIGH + 0.1
        for one in told["legend"]:
            assert (await data(control, "/traffic", q=one["q"]))["found"]["total"] == one["count"]
    page = await read(control, "/traffic")
    assert page.count("data-from=") == page.count('tabindex="-1" data-from=') == 3
    assert "style=" not in page


async def test_bars_are_there_where_there_is_something_to_show(control: Control, bot: Gate) -> None:
    assert '<section id="histogram"' in (page := await read(control, "/traffic"))
    assert '<svg class="bars"' not in page
    await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": NASTY})
    page = await read(control, "/traffic", q='"<img src=x"')
    assert '<svg class="bars"' in page
    assert "<img src=x" not in page
    assert '<svg class="bars"' not in await read(control, "/traffic", q="agent:nobody")
    assert 'id="histogram"' not in await read(control, "/traffic", q="tear:T2")


async def test_what_the_bars_leave_out_is_said(
    control: Control, bot: Gate, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intent_histogram, "WITHOUT_FILTER", 1)
    for _ in range(3):
        await bot.consult("GET", f"{ORDERS}/ORD-1")
        clock.advance(timedelta(minutes=1))
    assert "older ones were not looked at" in await read(control, "/traffic")
    assert "not looked at" not in await read(control, "/traffic", q="since:61s")


async def test_one_call_is_told_whole(control: Control, bot: Gate, people: People) -> None:
    body = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}
    await bot.consult("POST", "https://payments.example/v1/refunds", body)
    one = await newest(people)
    page = await read(control, f"/traffic/{one['intent_id']}")
    for told in (
        "5000.00",
        "ORD-1",
        "parameters.amount",
        "&gt; 1000 EUR",
        one["summary"],
        "What the agent read",
    ):
        assert told in page, told
    assert f"/console/policies/new?from={one['intent_id']}" in page
    assert "/console/mappings/new" not in page
    assert f"vienna explain {one['intent_id']}" in page
    assert f"/console/approvals/{one['approval_id']}" in page
    assert "sk_canary_secret" not in page


async def test_parts_of_a_call_renew_themselves(control: Control, bot: Gate, people: People) -> None:
    await bot.consult("GET", f"{ORDERS}/ORD-1")
    path = f"/console/traffic/{(await newest(people))['intent_id']}"
    for part in ("span#standing", "section#story"):
        headers = {"HX-Request": "true", "HX-Target": part}
        status, told, _ = await control.ask("GET", path, key="oscar", headers=headers)
        assert (status, b"<h1" in told) == (200, False)
        assert f'id="{part.partition("#")[2]}"'.encode() in told


async def test_who_may_not_read_the_trail_is_led_nowhere(control: Control, bot: Gate, people: People) -> None:
    await bot.consult("GET", f"{ORDERS}/ORD-1")
    path = f"/traffic/{(await newest(people))['intent_id']}"
    assert "/console/audit/" not in await read(control, path)
    assert "/console/audit/" in await read(control, path, who="audrey")


async def test_a_call_that_nothing_reads_leads_to_a_mapping(
    control: Control, bot: Gate, people: People
) -> None:
    await bot.consult("POST", "https://new.example/v2/things", {"subject": NASTY})
    one = await newest(people, q="grade:unmapped")
    page = await read(control, f"/traffic/{one['intent_id']}")
    assert f"/console/mappings/new?from={one['intent_id']}" in page
    assert "No mapping reads this call" in page


async def test_a_call_is_held_against_the_policy_of_today(
    control: Control, bot: Gate, people: People
) -> None:
    body = {"order": "ORD-1", "amount": "5000.00", "currency": "EUR"}
    await bot.consult("POST", "https://payments.example/v1/refunds", body)
    one = await newest(people)
    path = f"/traffic/{one['intent_id']}"
    assert "The same would be decided today" in await read(control, path, replay="yes")
    _, draft = await people.ask("ada", "GET", f"/intents/{one['intent_id']}/rule-draft?then=deny")
    status, told = await people.ask(
        "ada", "POST", "/policies", {**draft["data"]["rule"]["body"], "priority": 900}
    )
    assert status == 201, told
    page = await read(control, path, replay="yes")
    assert "Today it would be decided otherwise" in page
    assert "<del>pending approval</del>" in page
    assert "<ins>denied</ins>" in page


async def test_what_the_agent_wrote_is_text_on_both_pages(
    control: Control, bot: Gate, people: People
) -> None:
    await bot.consult("POST", "https://payments.example/v1/tickets", {"subject": NASTY})
    one = await newest(people)
    listed, whole = await read(control, "/traffic"), await read(control, f"/traffic/{one['intent_id']}")
    assert "<img src=x" not in listed + whole
    assert "\u202e" not in listed + whole
    assert "⟨U+202E⟩" in whole
