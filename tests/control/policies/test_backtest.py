"""A candidate policy on recorded traffic: what changes, whom it asks how often, what cannot be told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from gate_end import Gate
from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.policies import backtests

type Ask = Callable[..., Awaitable[tuple[int, Any]]]

API = "https://payments.example/v1"
NO_TICKETS = {
    "id": "no-tickets",
    "priority": 900,
    "expression": "action == 'create_ticket'",
    "action": {"type": "deny"},
}
DEVOPS = {
    "priority": 900,
    "expression": "action == 'get_order'",
    "action": {"type": "require_approval", "approvals": {"groups": ["devops"]}},
}


async def traffic(bot: Gate, clock: FixedClock) -> None:
    """Over three hours: three tickets in the second, and an order in each."""
    for hour in range(3):
        await bot.consult("GET", f"{API}/orders/ORD-{hour}")
        if hour == 1:
            for number in range(3):
                await bot.consult("POST", f"{API}/tickets", {"subject": str(number)}, wait=False)
        clock.advance(timedelta(hours=1))


async def test_what_a_rule_would_change_and_ask(
    control: Control, ask: Ask, bot: Gate, clock: FixedClock
) -> None:
    await traffic(bot, clock)
    before = control.app.policies.current
    status, told = await ask("POST", "/policies/backtest", {"rules": [NO_TICKETS, DEVOPS]})
    assert (status, told["status"], told["intents"], told["judged"], told["changed"]) == (
        200,
        "done",
        6,
        6,
        6,
    )
    assert {(one["from"], one["to"], one["count"]) for one in told["changes"]} == {
        ("allowed T0", "pending_approval T1", 3),
        ("pending_approval T1", "denied", 3),
    }
    assert told["new_denials"] == [{"name": "create_ticket", "count": 3}]
    asked = told["approvals"]
    assert (asked["before"]["total"], asked["before"]["peak_hour"], asked["before"]["per_hour"]) == (
        3,
        3,
        1.0,
    )
    assert (asked["after"]["total"], asked["after"]["peak_hour"]) == (3, 1)
    assert asked["after"]["by_group"] == [{"name": "devops", "count": 3}]
    assert [(one["before"], one["after"]) for one in told["by_hour"]] == [(0, 1), (3, 1), (0, 1)]
    example = next(one for one in told["examples"] if one["action"] == "create_ticket")
    assert (example["before"]["decision"], example["after"]["rule"]) == ("pending_approval", "no-tickets")
    assert "no-tickets" not in [one["rule"] for one in told["never_fired"]["after"]]
    assert "refund-ceiling" in [one["rule"] for one in told["never_fired"]["before"]]
    assert control.app.policies.current is before
    assert (await ask("GET", f"/policies/backtests/{told['id']}", key="victor"))[1]["changed"] == 6


async def test_rules_of_files_are_exchanged_and_left_out(ask: Ask, bot: Gate, clock: FixedClock) -> None:
    await bot.consult("POST", f"{API}/refunds", {"order": "O", "amount": 50_000, "currency": "EUR"})
    _, told = await ask("POST", "/policies/backtest", {"remove": ["refund-ceiling"]})
    assert [(one["from"], one["count"]) for one in told["changes"]] == [("denied", 1)]
    lower = {
        "id": "refund-ceiling",
        "priority": 200,
        "expression": "action == 'none'",
        "action": {"type": "deny"},
    }
    assert (await ask("POST", "/policies/backtest", {"rule": lower}))[1]["changed"] == 1
    rule = "{id: all, when: action.effect == 'spend', then: {action: allow}}"
    page = f"apiVersion: vienna/v1\nkind: Rules\nid: mine\nrules:\n  - {rule}\n"
    _, told = await ask("POST", "/policies/backtest", {"bundle": [{"name": "mine.yaml", "text": page}]})
    assert told["examples"][0]["after"]["rule"] == "all"
    assert (await ask("POST", "/policies/backtest", {"default": "allow"}))[1]["changed"] == 0


async def test_it_is_bounded_and_says_what_it_cannot_tell(ask: Ask, bot: Gate, clock: FixedClock) -> None:
    await traffic(bot, clock)
    budget = {"name": "t", "per": "agent", "window": "1d", "max": 10, "over": "count"}
    counting = {"id": "n", "expression": "rate > 3", "action": {"type": "rate_limit"}}
    booking = {
        "id": "b",
        "expression": "action == 'x'",
        "action": {"type": "allow"},
        "limits": {"budget": budget},
    }
    _, told = await ask("POST", "/policies/backtest", {"rules": [counting, booking], "limit": 2})
    assert (told["intents"], told["cut"]) == (2, True)
    named = {one["rule"]: one["on"] for one in told["not_replayable"]}
    assert (named["n"], named["b"]) == ("rate", "budget")
    earlier = (clock.now() - timedelta(hours=2)).isoformat()
    assert (await ask("POST", "/policies/backtest", {"to": earlier}))[1]["intents"] == 1
    assert (await ask("POST", "/policies/backtest", {"agent": "billing-bot"}))[1]["intents"] == 6


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"remove": ["no-such"]}, 422, "/remove"),
        ({"rule": {"expression": "action ~ 'x'", "action": {"type": "deny"}}}, 422, "/rule/expression"),
        (
            {"rules": [{"expression": "action == 'x'", "action": {"type": "nod"}}]},
            422,
            "/rules/0/action/type",
        ),
        ({"bundle": [{"name": "m.yaml", "text": "kind: Mapping"}]}, 422, "m.yaml:1"),
        (
            {"remove": ["reads"], "bundle": [{"name": "m.yaml", "text": "kind: Rules\nrules: [{}, 1]"}]},
            422,
            "/remove",
        ),
        ({"bundle": [{"name": "m.yaml", "text": "kind: Rules\nrules: [{}, 1]"}]}, 422, "m.yaml:1"),
        ({"from": "2026-03-02T10:00:00"}, 422, "/from"),
        ({"from": "0001-01-01T00:00:00+23:59", "to": "0001-01-02T00:00:00Z"}, 422, "/from"),
        ({"limit": 50_001}, 422, "/limit"),
        ({"agent": "nobody"}, 404, ""),
    ],
)
async def test_what_is_no_candidate_is_named(ask: Ask, body: dict[str, Any], status: int, field: str) -> None:
    came, error = await ask("POST", "/policies/backtest", body)
    assert came == status
    assert not field or error["details"][0]["field"].startswith(field), error


async def test_another_tenant_has_no_traffic_and_none_of_its_results(ask: Ask, bot: Gate, acme: str) -> None:
    await bot.consult("GET", f"{API}/orders/ORD-1")
    _, mine = await ask("POST", "/policies/backtest", {})
    assert (mine["intents"], mine["changed"]) == (1, 0)
    assert (await ask("POST", "/policies/backtest", {}, key=acme))[1]["intents"] == 0
    assert (await ask("GET", f"/policies/backtests/{mine['id']}", key=acme))[0] == 404


async def test_so_many_wait_and_no_more(control: Control, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtests, "_MOST_WAITING", 0)
    status, error = await ask("POST", "/policies/backtest", {})
    assert (status, error["code"]) == (429, "rate_limited")


async def test_what_takes_long_is_told_later(
    control: Control, ask: Ask, bot: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bot.consult("GET", f"{API}/orders/ORD-1")
    monkeypatch.setattr("vienna_control.api.policy_backtests._PATIENCE_SECONDS", 0)
    status, told = await ask("POST", "/policies/backtest", {})
    assert (status, told["status"]) == (202, "running")
    for task in list(control.app.backtests._running.values()):
        await task
    assert (await ask("GET", f"/policies/backtests/{told['id']}"))[1]["intents"] == 1


async def test_one_that_fails_says_so(control: Control, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("vienna_control.policies.rejudge.page", broken)
    _, told = await ask("POST", "/policies/backtest", {})
    for task in list(control.app.backtests._running.values()):
        await task
    _, told = await ask("GET", f"/policies/backtests/{told['id']}")
    assert (told["status"], told["error"]) == ("failed", "internal")


async def test_shadow_rules_tell_what_they_saw_and_what_they_would_change(
    ask: Ask, bot: Gate, clock: FixedClock
) -> None:
    assert (await ask("POST", "/policies", {**NO_TICKETS, "shadow": True}))[0] == 201
    await traffic(bot, clock)
    status, told = await ask("GET", "/policies/no-tickets/shadow", key="victor")
    assert (status, told["fired"], len(told["examples"])) == (200, 3, 3)
    assert told["enforced"]["changes"] == [{"from": "pending_approval T1", "to": "denied", "count": 3}]
    _, rule = await ask("GET", "/policies/no-tickets")
    assert (rule["hits"], rule["shadow_hits"]) == (0, 3)
    assert (await ask("PATCH", "/policies/no-tickets", {"shadow": False}))[1]["shadow"] is False
    assert (await ask("GET", "/policies/no-tickets/shadow"))[0] == 409
    assert (await ask("GET", "/policies/none/shadow"))[0] == 404


async def test_hits_are_counted_once_for_each_decision_and_outlive_the_memory(
    control: Control, ask: Ask, bot: Gate, clock: FixedClock
) -> None:
    await ask("POST", "/policies", {**NO_TICKETS, "action": {"type": "flag"}})
    await traffic(bot, clock)
    await control.app.store.write(control.app.policies.hits.flush)
    await bot.consult("POST", f"{API}/tickets", {"subject": "again"}, wait=False)
    await bot.consult("POST", f"{API}/tickets", {"subject": "again"}, wait=False)  # the same question
    _, rule = await ask("GET", "/policies/no-tickets")
    assert (rule["hits"], rule["last_hit_at"]) == (4, clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"))
    await control.app.store.write(control.app.policies.hits.flush)
    assert (await ask("GET", "/policies/no-tickets"))[1]["hits"] == 4
    _, never = await ask("GET", "/policies?fired=never&limit=500")
    assert "no-tickets" not in [one["id"] for one in never["policies"]]
    assert "refund-ceiling" in [one["id"] for one in never["policies"]]
