"""A retry of a write that left before is the same call, and is not sent a second time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gate_end import Gate, enrolled, gate, request
from people import People
from planes import Control, running, seeds
from vienna_control.clock import FixedClock
from vienna_kernel import wire
from vienna_kernel.value import digest
from vienna_kernel.verdict import Reason

TICKETS = "https://payments.example/v1/tickets"
ORDER = "https://payments.example/v1/orders/ORD-1"
HOUR, TEN_MINUTES = timedelta(hours=1), timedelta(minutes=10)
KEY, OTHER_KEY = digest("key-1"), digest("key-2")


@pytest.fixture
async def control(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Control]:
    async with running(tmp_path / "data", clock=clock, bootstrap=seeds()) as started:
        yield started


@pytest.fixture
def people(control: Control) -> People:
    return People(control)


@pytest.fixture
async def bot(control: Control) -> AsyncIterator[Gate]:
    async with gate(control) as connected:
        yield connected


def ticket(subject: str) -> dict[str, str]:
    return {"subject": subject}


async def leave(bot: Gate, people: People, subject: str, **more: Any) -> wire.Decision:
    """A ticket that one person agreed to, under way."""
    held = await bot.consult("POST", TICKETS, ticket(subject), **more)
    assert held.verdict == "held", held
    assert (await people.approve("carol", held.approval_id, otp=None))[0] == 200
    granted: wire.Decision = await bot.consult("POST", TICKETS, ticket(subject), **more)
    assert granted.verdict == "granted", granted
    return granted


async def answered(bot: Gate, decision: wire.Decision, subject: str, status: int = 201, **more: Any) -> None:
    call = request("POST", TICKETS, ticket(subject))
    await bot.outcome(call, decision, status, {"id": "T-1", "subject": subject}, **more)


async def again(bot: Gate, subject: str, **more: Any) -> wire.Decision:
    decision: wire.Decision = await bot.consult("POST", TICKETS, ticket(subject), **more)
    return decision


def repeats(said: wire.Decision, first: wire.Decision) -> bool:
    return said.reason is Reason.ALREADY_EXECUTED and (said.verdict, said.intent_id, said.warrant_id) == (
        "refused",
        first.intent_id,
        first.warrant_id,
    )


async def test_a_marked_retry_within_the_replay_window_is_the_call_it_repeats(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    first = await leave(bot, people, "a")
    under_way = await again(bot, "a", retry=True)
    assert repeats(under_way, first)
    assert "has not been answered yet" in under_way.hint
    await answered(bot, first, "a")
    said = await again(bot, "a", retry=True)
    assert repeats(said, first)
    assert "was answered with HTTP 201" in said.hint
    assert not said.retryable
    clock.advance(TEN_MINUTES)
    assert (await again(bot, "a", retry=True)).verdict == "held"


async def test_the_window_is_the_mappings(bot: Gate, people: People, clock: FixedClock) -> None:
    first = await leave(bot, people, "a")
    clock.advance(HOUR)
    assert repeats(await again(bot, "a", retry=True, replay_seconds=3601), first)
    assert (await again(bot, "a", retry=True, replay_seconds=3600)).verdict == "held"


async def test_without_a_mark_an_identical_call_is_one_of_its_own(bot: Gate, people: People) -> None:
    await answered(bot, await leave(bot, people, "a"), "a")
    own = await again(bot, "a")
    assert own.verdict == "held"
    # a retry belongs to the later wish, which people still decide about
    assert (await again(bot, "a", retry=True)).approval_id == own.approval_id


async def test_the_same_idempotency_key_is_the_same_call_for_a_day(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    first = await leave(bot, people, "a", key=KEY)
    await answered(bot, first, "a")
    other = await leave(bot, people, "a", key=OTHER_KEY)
    clock.advance(HOUR)
    assert repeats(await again(bot, "a", key=KEY), first)
    assert repeats(await again(bot, "a", key=OTHER_KEY), other)
    assert (await again(bot, "b", key=KEY)).verdict == "held"  # another call
    clock.advance(23 * HOUR)
    assert (await again(bot, "a", key=KEY)).verdict == "held"


async def test_a_call_whose_answer_reached_nobody_is_repeated_without_a_mark(
    bot: Gate, people: People
) -> None:
    first = await leave(bot, people, "a")
    await answered(bot, first, "a", agent_gone=True)
    assert repeats(await again(bot, "a"), first)
    unknown = await leave(bot, people, "b")
    await answered(bot, unknown, "b", status=None, agent_gone=True)
    said = await again(bot, "b")
    assert repeats(said, unknown)
    assert "nobody knows what became of it" in said.hint


async def test_what_a_gate_was_sending_when_it_went_is_not_sent_by_the_next_one(
    control: Control, people: People
) -> None:
    async with gate(control) as lost:
        first = await leave(lost, people, "a")
    next_one = await enrolled(control)
    await next_one.connect()
    try:
        assert repeats(await again(next_one, "a"), first)
        await answered(
            next_one, first, "a"
        )  # it comes back and says what became of it, and that it was answered
        assert (await again(next_one, "a")).verdict == "held"
    finally:
        await next_one.close()


async def test_what_the_upstream_did_not_do_may_be_tried_again(bot: Gate, people: People) -> None:
    refused = await leave(bot, people, "a", key=KEY)
    await answered(bot, refused, "a", status=422)
    assert (await again(bot, "a", retry=True, key=KEY)).verdict == "held"
    broken = await leave(bot, people, "b")
    await answered(bot, broken, "b", status=503)  # who knows what it did
    assert repeats(await again(bot, "b", retry=True), broken)
    garbled = await leave(bot, people, "c")
    await answered(bot, garbled, "c", status=None, unknown=False, error=Reason.RESPONSE_INVALID)
    assert repeats(await again(bot, "c", retry=True), garbled)


async def test_reads_are_never_repeated(bot: Gate) -> None:
    for _ in range(2):
        assert (await bot.consult("GET", ORDER, key=KEY, retry=True)).verdict == "granted"


async def test_what_only_observes_is_never_repeated(bot: Gate, people: People) -> None:
    body = {"to": "observe", "confirm": True}
    assert (await people.ask("ada", "POST", "/fleet/billing-bot/promote", body))[0] == 200
    await bot.told(wire.BundleChanged)
    await bot.fetch()
    for _ in range(2):
        assert (await again(bot, "a", key=KEY, retry=True)).verdict == "observed"


async def test_the_key_that_came_first_is_the_one_to_send_and_both_mean_the_call(
    bot: Gate, people: People
) -> None:
    def frame(key: str) -> wire.Consult:
        plain = bot.frame(request("POST", TICKETS, ticket("a")), key=digest(key))
        return plain.model_copy(
            update={"call": plain.call.model_copy(update={"headers": [("idempotency-key", key)]})}
        )

    held = await bot.ask(frame("key-1"))
    assert (await bot.ask(frame("key-2"))).approval_id == held.approval_id
    await people.approve("carol", held.approval_id, otp=None)
    granted = await bot.ask(frame("key-2"))
    assert (granted.verdict, granted.first_key) == ("granted", "key-1")
    await answered(bot, granted, "a")
    for key in ("key-1", "key-2"):
        assert repeats(await bot.ask(frame(key)), granted)
