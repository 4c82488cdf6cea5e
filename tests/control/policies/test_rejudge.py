"""Recorded intents under another bundle: the facts of their moment decide, not those of today."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gate_end import Gate
from people import People
from planes import AGENT_KEY, NOW, Control
from vienna_control.clock import FixedClock
from vienna_control.fleet import registry, trust
from vienna_control.policies import rejudge
from vienna_control.policies.rejudge import Rejudged, Span, recorded
from vienna_control.store import Tx
from vienna_kernel.verdict import Reason

API = "https://payments.example/v1"
TICKET = ("POST", f"{API}/tickets", {"subject": "late"})


def refund(amount: int) -> tuple[str, str, dict[str, Any]]:
    return ("POST", f"{API}/refunds", {"order": "ORD-1", "amount": amount, "currency": "EUR"})


async def again(control: Control, **more: Any) -> list[Rejudged]:
    bundle = control.app.policies.current
    span: dict[str, Any] = {
        "tenant": "default",
        "since": NOW - timedelta(days=1),
        "until": NOW + timedelta(days=1),
    }
    return await control.app.store.read(lambda conn: list(rejudge.rejudge(conn, bundle, **{**span, **more})))


def same(one: Rejudged) -> bool:
    after = one.after
    return after is not None and (one.before["outcome"], one.before["tier"], one.before["rule_id"]) == (
        after.outcome,
        after.tier,
        after.rule_id,
    )


async def lower_trust(control: Control, to: float) -> None:
    def unit(tx: Tx) -> None:
        agent = registry.find(tx.conn, "default", "billing-bot")
        assert agent is not None
        trust.move(tx, agent, to, reason="r", actor="op-1")

    await control.app.store.write(unit)


async def test_the_bundle_in_force_says_again_what_it_said_whatever_became_of_the_agent(
    control: Control, people: People, bot: Gate, clock: FixedClock
) -> None:
    rule = {"id": "wary", "priority": 900, "expression": "trust_score < 40", "action": {"type": "deny"}}
    busy = {"id": "busy", "priority": 800, "action": {"type": "rate_limit"},
            "expression": "action == 'create_ticket' AND rate > 1"}  # fmt: skip
    for body in (rule, busy):
        assert (await people.ask("oscar", "POST", "/policies", body))[0] == 201
    await bot.consult("GET", f"{API}/orders/ORD-1")
    await bot.consult(*TICKET, wait=False)
    await bot.consult(*TICKET, attempt="second", wait=False)
    await bot.consult("POST", f"{API}/tickets", {"subject": "another"}, wait=False)
    await bot.consult(*refund(50_000))
    await bot.consult("POST", "https://unknown.example/x", {"a": 1})
    await lower_trust(control, 30)
    await bot.consult("GET", f"{API}/orders/ORD-2")
    await lower_trust(control, 90)
    clock.advance(timedelta(hours=3))
    found = await again(control)
    assert [one.before["outcome"] for one in found].count("denied") == 3
    assert {one.before["outcome"] for one in found} == {"proceed", "hold", "denied", "rate_limited"}
    assert all(one.exact and same(one) for one in found)
    assert [one.row["created_at"] for one in found] == sorted(
        (one.row["created_at"] for one in found), reverse=True
    )


async def test_what_was_turned_away_before_policy_has_no_decision_and_a_span_is_a_span(
    control: Control, bot: Gate, clock: FixedClock
) -> None:
    await bot.consult("GET", f"{API}/orders/ORD-1")
    await bot.report(reason=Reason.POLICY_DENIED, detail="d", method="GET", url="https://x.example/")
    first, second = await again(control)
    assert (first.after, first.before["by"]) == (None, "gate")
    assert same(second)
    assert [one.row["id"] for one in await again(control, limit=1)] == [first.row["id"]]
    assert await again(control, agent_id="agt-other") == []
    assert await again(control, tenant="other") == []
    assert await again(control, until=NOW) == []


async def test_pages_are_read_to_the_end(control: Control, bot: Gate, monkeypatch: Any) -> None:
    monkeypatch.setattr(rejudge, "_PAGE", 2)
    for number in range(5):
        await bot.consult("GET", f"{API}/orders/ORD-{number}")
    found = await again(control)
    assert len({one.row["id"] for one in found}) == len(found) == 5
    assert len(await again(control, limit=3)) == 3


async def test_rules_on_books_and_counters_are_named(control: Control, people: People) -> None:
    rules = [
        {"id": "counted", "action": {"type": "rate_limit", "limit": 5}, "expression": "action == 'x'"},
        {"id": "booked", "action": {"type": "allow"}, "expression": "action == 'llm_completion'",
         "limits": {"budget": {"name": "t", "per": "agent", "window": "1d", "max": 10, "over": "parameters.tokens"}}},
        {"id": "plain", "action": {"type": "deny"}, "expression": "action == 'y'"},
    ]  # fmt: skip
    for body in rules:
        status, answer = await people.ask("oscar", "POST", "/policies", body)
        assert status == 201, answer
    named = {rule.id: why for rule, why in rejudge.not_replayable(control.app.policies.current)}
    assert (named.get("counted"), named.get("booked"), named.get("plain")) == ("rate", "budget", None)


async def test_what_an_agent_claims_at_length_is_told_as_not_kept(control: Control) -> None:
    for words in ("short", "x" * 3000):
        body = {"action": "create_ticket", "parameters": {"subject": words[:9]}, "context": {"why": words}}
        await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
    now = control.app.clock.now()
    span = Span(tenant="default", since=now - timedelta(hours=1), until=now + timedelta(hours=1))
    found = await control.app.store.read(lambda conn: list(recorded(conn, span)))
    assert sorted(one.exact for one in found) == [False, True]
