"""The one thing that stands out, on recorded traffic: what succeeded is usual, what was only tried is not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vienna_control import rows
from vienna_control.approvals import unusual
from vienna_control.clock import FixedClock
from vienna_control.fleet import profile, registry
from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask, Caller
from vienna_control.store import Store
from vienna_control.store.tables import intents
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.wire import CallView

HOST = "payments.example"
BOTS = "create_refund of billing-bot"


@pytest.fixture
async def store(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'v.db'}", clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def agent(store: Store) -> Agent:
    wanted = Agent(id="", tenant="default", name="billing-bot")
    return await store.write(lambda tx: registry.register(tx, wanted, actor="system", most=9))


def refund(amount: Any = 10, order: str = "ORD-1", **more: Any) -> Intent:
    return Intent(
        action="create_refund",
        target=f"payments:order/{order}",
        parameters={"amount": Decimal(amount), "currency": "EUR", **more},
        money={"amount": "currency"},
        effect=Effect.SPEND,
        reversibility=Reversibility.IRREVERSIBLE,
        default_tier=Tier.T2,
        mapping="toy@1",
    )


def ask(agent: Agent, *intents: Intent, host: str = HOST, **view: Any) -> Ask:
    seen = {"body": {}, "body_digest": "d", "request_digest": "r", **view}
    return Ask(
        caller=Caller(tenant="default", agent_id=agent.id, source="sidecar:s", sidecar_id="s"),
        attempt="a",
        fingerprint="f",
        intents=intents,
        bundle="b",
        call=CallView(method="POST", url=f"https://{host}/v1/refunds", origin=f"https://{host}", **seen),
    )


@pytest.fixture
async def lived(store: Store, agent: Agent, clock: FixedClock) -> Callable[..., Any]:
    """Ten refunds of up to 100 for two orders, on ten mornings; returns ``told``: what stands out in a call now."""
    profiles = profile.Profiles()
    for day in range(10):
        part = refund(10 * (day + 1), f"ORD-{day % 2}", to="shop@example.com")
        await store.write(lambda tx, part=part: profiles.done(tx, agent.id, HOST, [part]))
        clock.advance(timedelta(days=1))

    async def told(*intents: Intent, by: Agent = agent, **more: Any) -> list[str]:
        return await store.read(lambda conn: unusual.told(conn, by, ask(by, *intents, **more), clock.now()))

    return told


async def test_a_call_like_those_before_has_nothing(lived: Callable[..., Any]) -> None:
    assert await lived(refund(100, to="shop@example.com")) == []


@pytest.mark.parametrize(
    ("change", "first"),
    [
        ({"amount": 5000}, f"the largest {BOTS} in the last 90 days was 100.00 EUR; this is 50 times that"),
        ({"order": "ORD-9"}, f"the first {BOTS} on payments:order/ORD-9"),
        ({"to": "eve@evil.example"}, f"no {BOTS} has involved this before: to eve@evil.example"),
        ({"currency": "USD"}, f"the first {BOTS} in USD"),
    ],
    ids=["amount", "target", "counterparty", "currency"],
)  # fmt: skip
async def test_what_differs_is_told(lived: Callable[..., Any], change: dict[str, Any], first: str) -> None:
    assert await lived(refund(**{"to": "shop@example.com", **change})) == [first]


async def test_the_one_thing_comes_first_and_the_rest_beneath(lived: Callable[..., Any]) -> None:
    told = await lived(
        refund(5000, "ORD-9", to="eve@evil.example"),
        host="other.example",
        unknown=["memo"],
        body_bytes=9,
        body=None,
    )
    assert [line.split(" ")[:3] for line in told] == [
        ["billing-bot", "has", "not"],  # called other.example before
        ["the", "largest", "create_refund"],
        ["no", "create_refund", "of"],
        ["it", "carries", "what"],
        ["its", "body", "cannot"],
        ["the", "first", "create_refund"],
    ]


async def test_the_largest_of_several_parts_cannot_hide(lived: Callable[..., Any]) -> None:
    told = await lived(*[refund(1, to="shop@example.com")] * 60, refund(5000, to="shop@example.com"))
    assert told[0].startswith("the largest create_refund")
    assert told[-1] == "only the first 50 of 61 parts were compared with what is usual"


async def test_no_counterparty_hides_behind_many_or_one_that_begins_alike(
    lived: Callable[..., Any], store: Store, agent: Agent
) -> None:
    known, alike = (refund(10, destination="a" * 300 + end) for end in "xy")
    await store.write(lambda tx: profile.Profiles().done(tx, agent.id, HOST, [known]))
    assert await lived(known) == []
    assert len(await lived(alike)) == 1
    many = await lived(refund(10, recipients=[f"r{number}" for number in range(60)]))
    assert "only 50 of the 60 that it involves were compared with what is usual" in many


async def test_an_odd_hour_and_lost_trust(lived: Callable[..., Any], agent: Agent, clock: FixedClock) -> None:
    clock.advance(timedelta(hours=17))
    assert await lived(refund(to="shop@example.com"), by=replace(agent, trust=40.0)) == [
        "billing-bot was never active between 03:00 and 04:00 UTC lately",
        "billing-bot has lost trust: 40 of 100",
    ]


async def test_a_first_action_says_no_more_of_it(lived: Callable[..., Any], agent: Agent) -> None:
    payout = replace(refund(5000, to="eve@evil.example"), action="create_payout")
    assert await lived(payout) == ["the first create_payout of billing-bot"]


async def test_amounts_of_long_ago_are_not_usual_any_more(
    lived: Callable[..., Any], clock: FixedClock
) -> None:
    clock.advance(timedelta(days=100))
    assert await lived(refund(1, to="shop@example.com")) == ["the first create_refund of billing-bot in EUR"]


async def test_an_action_with_ever_new_targets_has_no_new_one(
    store: Store, agent: Agent, clock: FixedClock
) -> None:
    profiles = profile.Profiles()

    def unit(tx: Any) -> None:
        for number in range(profile.MOST_DIFFERENT + 50):
            profiles.done(tx, agent.id, HOST, [refund(5, f"ORD-{number}", to=f"a{number}@example.com")])

    await store.write(unit)
    part = refund(5, "ORD-new", to="new@example.com")
    told = await store.read(lambda conn: unusual.told(conn, agent, ask(agent, part), clock.now()))
    assert told == []


async def test_more_within_a_minute_than_in_the_busiest_hour(
    store: Store, agent: Agent, lived: Callable[..., Any], clock: FixedClock
) -> None:
    def asked(tx: Any) -> None:
        for number in range(9):
            columns = dict.fromkeys(("tenant", "source", "target", "grade", "tier"), "x")
            known = {
                "id": f"int-{number}",
                "agent_id": agent.id,
                "action": "create_refund",
                "status": "denied",
            }
            rows.add(tx.conn, intents, **columns, **known, meaning="[]", created_at=tx.at, updated_at=tx.at)

    await store.write(asked)
    part = refund(to="shop@example.com")
    burst = "10 create_refund within a minute; in the busiest hour of two weeks 1 succeeded"
    assert await lived(part) == [burst]
    clock.advance(timedelta(minutes=2))
    assert await lived(part) == []
