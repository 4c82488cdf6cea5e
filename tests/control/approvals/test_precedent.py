"""What people decided of this kind before stands beside what they are asked now."""

from __future__ import annotations

from typing import Any

from gate_end import Gate
from people import People
from planes import Control

TICKETS = "https://payments.example/v1/tickets"


async def told(people: People, approval_id: str) -> dict[str, Any]:
    status, answer = await people.ask("victor", "GET", f"/approvals/{approval_id}/precedent")
    assert status == 200, answer
    found: dict[str, Any] = answer["data"]
    return found


async def test_the_first_of_its_kind_has_nothing_to_be_compared_with(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", TICKETS, {"subject": "late parcel"})
    found = await told(people, held.approval_id)
    assert (found["last"], found["differs"], found["decided"]) == (None, [], {})


async def test_a_later_one_is_held_against_the_last_that_was_agreed_to(bot: Gate, people: People) -> None:
    agreed = await bot.consult("POST", TICKETS, {"subject": "late parcel", "body": "since Monday"})
    await people.approve("carol", agreed.approval_id, otp=None)
    refused = await bot.consult("POST", TICKETS, {"subject": "another"})
    await people.deny("carol", refused.approval_id)
    held = await bot.consult("POST", TICKETS, {"subject": "early parcel"})
    found = await told(people, held.approval_id)
    assert found["last"]["approval_id"] == agreed.approval_id
    assert found["last"]["by"] == ["carol@example.com"]
    assert found["decided"] == {"approved": 1, "denied": 1}
    assert {row["name"]: row["kind"] for row in found["differs"]} == {
        "target": "same",
        "method": "same",
        "url": "same",
        "parameters.subject": "changed",
        "parameters.body": "removed",
    }
    rows = {row["name"]: row for row in found["differs"]}
    assert (rows["parameters.subject"]["before"], rows["parameters.subject"]["after"]) == (
        "late parcel",
        "early parcel",
    )


async def test_one_that_came_later_is_no_precedent(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", TICKETS, {"subject": "first"})
    later = await bot.consult("POST", TICKETS, {"subject": "second"})
    await people.approve("carol", later.approval_id, otp=None)
    assert (await told(people, held.approval_id))["last"] is None


async def test_there_is_none_of_what_does_not_exist(control: Control, people: People) -> None:
    for what in ("precedent", "people", "prospect"):
        status, _ = await people.ask("victor", "GET", f"/approvals/apr-nothing/{what}")
        assert status == 404
