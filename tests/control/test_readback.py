"""A call that is read back: told once more, recorded once, with all consequences of what was found."""

from __future__ import annotations

from typing import Any

import pytest

from gate_end import Gate, gate, request
from people import People
from planes import Control
from vienna_kernel import wire

TICKETS = "https://payments.example/v1/tickets"
TICKET = {"subject": "late parcel"}
CHECKS = [{"name": "readback subject", "expected": "late parcel", "actual": "other", "held": False}]


@pytest.fixture
async def granted(bot: Gate, people: People) -> wire.Decision:
    """A ticket that may be opened."""
    held = await bot.consult("POST", TICKETS, TICKET)
    await people.approve("carol", held.approval_id, otp=None)
    decision: wire.Decision = await bot.consult("POST", TICKETS, TICKET)
    assert decision.verdict == "granted"
    return decision


async def tell(bot: Gate, decision: wire.Decision, result: str, **more: Any) -> wire.Recorded:
    given = {"checks": [], **more}
    return await bot.outcome(
        request("POST", TICKETS, TICKET), decision, 201, {"subject": "late parcel"}, result=result, **given
    )


def reread(result: str, part: int = 0, **more: Any) -> wire.Reread:
    return wire.Reread(part=part, result=result, intent_id="int-read", **more)


async def intent_of(people: People, decision: wire.Decision) -> dict[str, Any]:
    _, answer = await people.ask("oscar", "GET", f"/intents/{decision.intent_id}")
    data: dict[str, Any] = answer["data"]
    return data


async def verifications(people: People, decision: wire.Decision) -> list[dict[str, Any]]:
    _, answer = await people.ask("oscar", "GET", f"/intents/{decision.intent_id}/timeline")
    return [row["data"] for row in answer["data"]["events"] if row["type"] == "verification_complete"]


async def trust_of(people: People) -> float:
    _, answer = await people.ask("oscar", "GET", "/fleet")
    (found,) = [row for row in answer["data"]["agents"] if row["name"] == "billing-bot"]
    return float(found["trust_score"])


@pytest.mark.parametrize(
    ("first", "second", "result"),
    [
        ("match", "match", "match"),
        ("match", "drift", "drift"),
        ("match", "ambiguous", "ambiguous"),
        ("match", "unverifiable", "match"),
        ("unverifiable", "match", "match"),
        ("unverifiable", "drift", "drift"),
        ("unverifiable", "ambiguous", "ambiguous"),
        ("ambiguous", "match", "ambiguous"),
        ("ambiguous", "drift", "drift"),
        ("drift", "match", "drift"),
        ("failed", "match", "failed"),
        ("failed", "drift", "failed"),
    ],
)
async def test_every_move(
    bot: Gate, people: People, granted: wire.Decision, first: str, second: str, result: str
) -> None:
    await tell(bot, granted, first, reads_due=1)
    await tell(bot, granted, second, reread=reread(second))
    verification = (await intent_of(people, granted))["verification"]
    assert verification["result"] == result
    assert [row["result"] for row in verification["readback"]["told"]] == [second]
    assert [row["result"] for row in await verifications(people, granted)] == [first, result]


async def test_a_drift_that_is_read_back_has_all_consequences_but_withholding(
    bot: Gate, people: People, granted: wire.Decision
) -> None:
    await tell(bot, granted, "match", reads_due=1)
    recorded = await tell(bot, granted, "drift", reread=reread("drift"), checks=CHECKS)
    assert not recorded.withhold
    assert await trust_of(people) == 40
    told = await intent_of(people, granted)
    assert (told["status"], told["execution"]["withheld"]) == ("executed", False)
    assert told["verification"]["checks"] == CHECKS
    (_, again) = await verifications(people, granted)
    assert again["scope_compliance"] is False
    assert again["readback"] == {"result": "drift", "intent_id": "int-read", "part": 0}
    _, alerts = await people.ask("oscar", "GET", f"/intents/{granted.intent_id}/timeline")
    assert any(
        "readback subject" in str(row["data"]) for row in alerts["data"]["events"] if row["type"] == "alert"
    )


async def test_an_agent_that_still_waits_gets_no_answer_that_drifted(
    bot: Gate, people: People, granted: wire.Decision
) -> None:
    await tell(bot, granted, "match", reads_due=1)
    recorded = await tell(bot, granted, "drift", reread=reread("drift", before_answer=True), checks=CHECKS)
    assert recorded.withhold
    assert (await intent_of(people, granted))["execution"]["withheld"]


async def test_told_twice_it_counts_once(bot: Gate, people: People, granted: wire.Decision) -> None:
    await tell(bot, granted, "match", reads_due=1)
    for _ in range(3):
        await tell(bot, granted, "drift", reread=reread("drift"), checks=CHECKS)
    assert await trust_of(people) == 40
    assert len(await verifications(people, granted)) == 2


async def test_each_part_is_read_back_by_itself(bot: Gate, people: People, granted: wire.Decision) -> None:
    await tell(bot, granted, "unverifiable", reads_due=2)
    await tell(bot, granted, "unverifiable", reads_due=1, reread=reread("match", 0))
    assert (await intent_of(people, granted))["verification"]["readback"]["due"] == 1
    await tell(bot, granted, "match", reread=reread("match", 1))
    verification = (await intent_of(people, granted))["verification"]
    assert (verification["result"], verification["readback"]["due"]) == ("match", 0)
    assert [row["part"] for row in verification["readback"]["told"]] == [0, 1]


async def test_a_read_back_that_comes_first_is_the_outcome(
    bot: Gate, people: People, granted: wire.Decision
) -> None:
    recorded = await tell(bot, granted, "drift", reread=reread("drift"), checks=CHECKS)
    assert recorded.withhold
    await tell(bot, granted, "match", reads_due=1)  # from the spool, late
    told = await intent_of(people, granted)
    assert (told["status"], told["verification"]["result"]) == ("executed", "drift")
    assert await trust_of(people) == 40


async def test_nobody_else_reads_back_for_a_gate(
    control: Control, bot: Gate, people: People, granted: wire.Decision
) -> None:
    await tell(bot, granted, "match", reads_due=1)
    async with gate(control, "other-bot") as other:
        recorded = await tell(other, granted, "drift", reread=reread("drift"))
    assert recorded.withhold
    assert (await intent_of(people, granted))["verification"]["result"] == "match"


async def test_undo_and_read_back_are_explained(bot: Gate, people: People, granted: wire.Decision) -> None:
    undo = wire.Undo(action="close_ticket", method="DELETE", path="/v1/tickets/T-1")
    await tell(bot, granted, "match", reads_due=1, undo=[undo])
    note = "The read-back was not answered."
    await tell(bot, granted, "match", reread=reread("unverifiable"), undo=[undo], notes=[note])
    _, answer = await people.ask("oscar", "GET", f"/intents/{granted.intent_id}/explanation")
    assert answer["data"]["undo"] == [undo.model_dump()]
    assert answer["data"]["readback"]["notes"] == [note]
    assert answer["data"]["readback"]["told"][0]["result"] == "unverifiable"


async def test_what_is_not_read_back_has_no_word_of_it(
    bot: Gate, people: People, granted: wire.Decision
) -> None:
    await tell(bot, granted, "match")
    _, answer = await people.ask("oscar", "GET", f"/intents/{granted.intent_id}/explanation")
    assert not {"readback", "undo"} & set(answer["data"])
    (only,) = await verifications(people, granted)
    assert not {"readback", "reads_due"} & set(only)
