"""The pages of warrants over HTTP: filters, custody, what is told to whom, and verifying without using up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from console_kit import data, page
from gate_end import Gate
from planes import Control
from vienna_control.clock import FixedClock

ORDERS = "https://payments.example/v1/orders/ORD-1"


@pytest.fixture
async def warrant(bot: Gate) -> str:
    decision = await bot.consult("GET", ORDERS)
    assert decision.warrant_id
    return str(decision.warrant_id)


async def test_what_is_live_is_listed_until_its_time_is_over(
    control: Control, warrant: str, clock: FixedClock
) -> None:
    async def ids(query: str) -> list[str]:
        found = (await data(control, f"/warrants{query}"))["found"]["warrants"]
        return [one["warrant_id"] for one in found]

    assert await ids("?status=any") == [warrant]
    used = (await data(control, "/warrants?status=any"))["found"]["warrants"][0]["status"] == "consumed"
    assert await ids("") == ([] if used else [warrant])
    assert await ids("?status=any&agent_id=billing-bot") == [warrant]
    assert await ids("?status=any&agent_id=nobody") == []
    clock.advance(timedelta(seconds=3600))
    assert await ids("") == []


async def test_one_is_a_document_with_its_custody(control: Control, warrant: str) -> None:
    told = await data(control, f"/warrants/{warrant}")
    steps = [step["what"].partition(":")[0] for step in told["custody"]]
    assert steps[0] == "Asked for"
    assert "Issued" in steps
    assert steps.index("Asked for") < steps.index("Issued")
    assert told["document"]["scope"]["action"] == "get_order"


async def test_the_token_is_for_who_may_let_it_go(control: Control, warrant: str) -> None:
    for key, told in (("admin", True), ("operator", True), ("viewer", False), ("auditor", False)):
        found = await data(control, f"/warrants/{warrant}", key=key)
        assert ("token" in found["warrant"], found["verdict"] is not None) == (told, told), key
        assert "token" not in found["document"]
    assert "Your role is not told the token" in await page(control, f"/warrants/{warrant}")


async def test_a_token_is_held_against_what_one_wants_to_do(control: Control, warrant: str) -> None:
    token = (await data(control, f"/warrants/{warrant}", key="operator"))["warrant"]["token"]
    within = await page(control, "/warrants/verified", body={"token": token})
    outside = await page(control, "/warrants/verified", body={"token": token, "action": "drop_table"})
    forged = await page(control, "/warrants/verified", body={"token": token[:-4] + "AAAA"})
    assert warrant in within
    assert "It does not hold: warrant" in forged
    assert "It holds" not in outside
    assert "Paste a token" in await page(control, "/warrants/verified", body={})
    assert "problem" in await page(control, "/warrants/verified", body={"token": 7})


async def test_revoking_is_offered_where_it_does_something(
    control: Control, warrant: str, clock: FixedClock
) -> None:
    live = (await data(control, f"/warrants/{warrant}"))["warrant"]["status"] == "issued"
    offers = "/revoke" in await page(control, f"/warrants/{warrant}", key="operator")
    assert offers == live
    assert "/revoke" not in await page(control, f"/warrants/{warrant}")
    clock.advance(timedelta(seconds=3600))
    assert "/revoke" not in await page(control, f"/warrants/{warrant}", key="operator")
