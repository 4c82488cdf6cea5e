"""Budgets in the pipeline: reserved with the warrant, ended with the outcome, never two for the last slice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gate_end import Gate, gate, request
from people import People
from planes import AGENT_KEY, NOW, Control, running, seeds
from vienna_control import rows
from vienna_control.approvals.expiry import Expiry
from vienna_control.clock import FixedClock
from vienna_control.execution.sweep import GRACE, Sweep
from vienna_control.store.tables import budget_accounts, budget_reservations, budget_slots, entries
from vienna_kernel import wire
from vienna_kernel.verdict import Reason

ORDER = ("GET", "https://payments.example/v1/orders/ORD-1")
TICKETS = "https://payments.example/v1/tickets"
REFUNDS = "https://payments.example/v1/refunds"
EUROS = {"name": "euros", "window": "1d", "max": 1000, "currency": "EUR", "over": "parameters.amount"}
CALLS = {"name": "calls", "window": "1h", "max": 3, "over": "count"}


def refund(amount: int, **more: Any) -> dict[str, Any]:
    return {"order": "ORD-1", "amount": amount, "currency": "EUR", **more}


def rule(action: str, *budgets: dict[str, Any], id: str = "spends", then: Any = None) -> dict[str, Any]:
    """At once, whatever the action's own tier, within one budget."""
    (budget,) = budgets
    return {
        "id": id,
        "priority": 1000,
        "expression": f"action == '{action}'",
        "action": then or {"type": "allow", "risk_tier_override": "T0", "may_lower": True},
        "limits": {"budget": budget},
    }


async def create(people: People, wanted: dict[str, Any]) -> None:
    status, answer = await people.ask("oscar", "POST", "/policies", wanted)
    assert status == 201, answer


async def books(people: People, name: str = "euros", **query: str) -> list[dict[str, Any]]:
    """The accounts of a budget as the API tells them."""
    more = "".join(f"&{key}={value}" for key, value in query.items())
    status, answer = await people.ask("oscar", "GET", f"/budgets?name={name}{more}")
    assert status == 200, answer
    return list(answer["data"]["budgets"])


async def figures(people: People, name: str = "euros") -> tuple[str, str, str]:
    """Spent, reserved and left, of the one account."""
    (row,) = await books(people, name)
    return row["spent"], row["reserved"], row["remaining"]


def paid(amount: int, **more: Any) -> dict[str, Any]:
    return {"id": "R-1", "status": "succeeded", **refund(amount), **more}


async def pay(bot: Gate, amount: int, **answer: Any) -> wire.Decision:
    """A refund that is granted, and answered as asked for."""
    decision = await bot.consult("POST", REFUNDS, refund(amount))
    assert decision.verdict == "granted", decision
    await bot.outcome(request("POST", REFUNDS, refund(amount)), decision, 200, paid(amount, **answer))
    return decision


async def test_a_budget_is_reserved_with_the_warrant_and_settled_with_the_outcome(
    bot: Gate, people: People
) -> None:
    await create(people, rule("create_refund", EUROS))
    decision = await bot.consult("POST", REFUNDS, refund(400))
    assert decision.verdict == "granted"
    assert await figures(people) == ("0", "400", "600")
    await bot.outcome(request("POST", REFUNDS, refund(400)), decision, 200, paid(400))
    assert await figures(people) == ("400", "0", "600")
    await pay(bot, 600)
    assert await figures(people) == ("1000", "0", "0")


async def test_what_does_not_fit_is_refused_and_told_when_it_frees(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    await create(people, rule("create_refund", EUROS))
    await pay(bot, 800)
    clock.advance(timedelta(hours=2))
    refused = await bot.consult("POST", REFUNDS, refund(201))
    assert (refused.verdict, refused.reason, refused.rule) == ("refused", Reason.BUDGET_EXCEEDED, "spends")
    assert "200.00 EUR of 1,000.00 EUR in 1d left" in refused.hint
    assert "Enough frees at 2026-03-03T10:24:00Z" in refused.hint
    assert (refused.retryable, refused.retry_after_seconds) == (False, 22 * 3600 + 24 * 60)
    assert await figures(people) == ("800", "0", "200")
    status, told = await people.ask("oscar", "GET", f"/intents/{refused.intent_id}/explanation")
    (row,) = told["data"]["explanation"]["budgets"]
    assert status == 200
    assert {name: row[name] for name in ("budget", "spent", "reserved", "limit", "amount", "fits")} == {
        "budget": "euros", "spent": "800", "reserved": "0", "limit": "1000", "amount": "201", "fits": False,
    }  # fmt: skip
    clock.advance(timedelta(seconds=refused.retry_after_seconds))
    await pay(bot, 201)


async def test_a_refusal_by_budget_costs_no_trust(bot: Gate, people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    assert (await bot.consult("POST", REFUNDS, refund(2000))).reason is Reason.BUDGET_EXCEEDED
    _, answer = await people.ask("oscar", "GET", "/fleet/billing-bot")
    assert answer["data"]["trust_score"] == 50


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (402, {"error": "no"}, ("0", "0", "1000")),  # failed: nothing happened
        (200, paid(400), ("400", "0", "600")),
        (200, paid(300), ("400", "0", "600")),  # drift to less: all of it is kept
        (200, paid(450), ("450", "0", "550")),  # drift to more: what it says is true
        (200, {"id": "R-1"}, ("400", "0", "600")),  # nobody can tell
        (500, {"error": "oops"}, ("400", "0", "600")),
        (None, None, ("400", "0", "600")),
    ],
)
async def test_what_an_outcome_makes_of_it(
    bot: Gate, people: People, status: int | None, answer: Any, expected: tuple[str, str, str]
) -> None:
    await create(people, rule("create_refund", EUROS))
    decision = await bot.consult("POST", REFUNDS, refund(400))
    call = request("POST", REFUNDS, refund(400))
    await bot.outcome(call, decision, status, answer)
    assert await figures(people) == expected
    await bot.outcome(call, decision, status, answer)
    assert await figures(people) == expected  # told twice, booked once


async def test_a_late_outcome_gives_back_what_was_kept(bot: Gate, people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    call = request("POST", REFUNDS, refund(400))
    lost = await bot.consult("POST", REFUNDS, refund(400))
    await bot.outcome(call, lost, None)
    assert await figures(people) == ("400", "0", "600")
    await bot.outcome(call, lost, 402, {"error": "no"})
    assert await figures(people) == ("0", "0", "1000")


async def test_a_read_is_counted_when_it_was_answered_and_not_when_it_was_refused(
    bot: Gate, people: People
) -> None:
    await create(people, rule("get_order", CALLS))
    call = request(*ORDER)
    for status, spent in ((200, "1"), (429, "1"), (500, "1"), (200, "2")):
        await bot.outcome(call, await bot.consult(*ORDER), status, {"id": "ORD-1"})
        assert (await figures(people, "calls"))[:2] == (spent, "0")
    gone = await bot.consult(*ORDER)
    more = {"result": "failed", "error": Reason.OUTCOME_UNKNOWN, "unknown": False}
    await bot.outcome(call, gone, None, **more)  # it left, and no answer came
    assert await figures(people, "calls") == ("3", "0", "0")


async def test_nothing_was_sent_so_nothing_was_used(bot: Gate, people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    decision = await bot.consult("POST", REFUNDS, refund(400))
    more = {"result": "failed", "error": Reason.UPSTREAM_UNREACHABLE, "unknown": False}
    await bot.outcome(request("POST", REFUNDS, refund(400)), decision, None, **more)
    assert await figures(people) == ("0", "0", "1000")


async def test_forty_that_ask_at_once_get_what_there_is_and_no_more(
    control: Control, bot: Gate, people: People
) -> None:
    await create(people, rule("create_refund", {**EUROS, "per": "tenant"}))
    async with gate(control, "other-bot") as other:
        asked = [one.consult("POST", REFUNDS, refund(300)) for _ in range(20) for one in (bot, other)]
        answers = await asyncio.gather(*asked)
    granted = [one for one in answers if one.verdict == "granted"]
    assert len(granted) == 3
    assert {one.reason for one in answers if one.verdict != "granted"} == {Reason.BUDGET_EXCEEDED}
    assert await figures(people) == ("0", "900", "100")


async def test_forty_submissions_by_api_at_once(control: Control, people: People) -> None:
    await create(people, rule("create_refund", EUROS))

    async def submit(n: int) -> tuple[int, Any]:
        body = {"action": "create_refund", "parameters": refund(300, reason=str(n)), "mode": "passback"}
        status, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
        return status, answer["data"]

    answers = [data for _, data in await asyncio.gather(*(submit(n) for n in range(40)))]
    assert sorted(data["status"] for data in answers) == ["approved"] * 3 + ["denied"] * 37
    assert {data["code"] for data in answers if data["status"] == "denied"} == {"budget_exceeded"}
    assert await figures(people) == ("0", "900", "100")


async def test_accounts_are_per_agent_tenant_or_counterparty(
    control: Control, bot: Gate, people: People
) -> None:
    for per, max in (("agent", 2), ("tenant", 4), ("counterparty", 3)):
        await create(people, rule("get_order", {**CALLS, "name": "c", "per": per, "max": max}, id=per))
        async with gate(control, "other-bot") as other:
            paths = [(bot, "1"), (bot, "1"), (bot, "2"), (other, "1"), (other, "1"), (other, "2")]
            verdicts = [
                (await one.consult("GET", f"https://payments.example/v1/orders/{order}")).verdict[0]
                for one, order in paths
            ]
        expected = {"agent": "ggrggr", "tenant": "ggggrr", "counterparty": "ggggrg"}[per]
        assert "".join(verdicts) == expected, per
        assert (await people.ask("oscar", "DELETE", f"/policies/{per}"))[0] == 200
    keys = {(row["per"], row["account"], row["reserved"]) for row in await books(people, "c")}
    assert keys == {
        ("agent", "billing-bot", "2"),
        ("agent", "other-bot", "2"),
        ("tenant", "default", "4"),
        ("counterparty", "payments:order/1", "3"),
        ("counterparty", "payments:order/2", "2"),
    }


async def test_people_are_asked_only_for_what_fits_and_it_is_reserved_at_dispatch(
    bot: Gate, people: People
) -> None:
    asks = {"type": "require_approval", "risk_tier_override": "T1", "may_lower": True}
    await create(people, rule("create_refund", EUROS, then=asks))
    assert (await bot.consult("POST", REFUNDS, refund(1001))).reason is Reason.BUDGET_EXCEEDED
    held = await bot.consult("POST", REFUNDS, refund(700))
    rival = await bot.consult("POST", REFUNDS, refund(600))
    assert (held.verdict, rival.verdict) == ("held", "held")
    assert await books(people) == []
    for one in (held, rival):
        assert (await people.approve("carol", one.approval_id, otp=None))[0] == 200
    granted = await bot.consult("POST", REFUNDS, refund(600))
    assert granted.verdict == "granted"
    late = await bot.consult("POST", REFUNDS, refund(700))
    assert (late.verdict, late.reason) == ("refused", Reason.BUDGET_EXCEEDED)
    assert await figures(people) == ("0", "600", "400")
    await bot.outcome(request("POST", REFUNDS, refund(600)), granted, 402, {"error": "no"})
    again = await bot.consult("POST", REFUNDS, refund(700))  # the consent was not lost
    assert (again.verdict, again.intent_id) == ("granted", held.intent_id)


async def test_a_warrant_that_nobody_used_frees_what_it_held(
    control: Control, people: People, clock: FixedClock
) -> None:
    await create(people, rule("create_refund", EUROS))
    body = {"action": "create_refund", "parameters": refund(700), "mode": "passback"}
    for end in ("expired", "revoked", "suspended"):
        asked = {**body, "idempotency_key": end}
        _, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=asked)
        warrant = answer["data"]["warrant"]
        assert await figures(people) == ("0", "700", "300")
        if end == "expired":
            clock.advance(timedelta(seconds=warrant["ttl"] + 1))
            await Expiry(control.app.store, clock).sweep()
        elif end == "revoked":
            path = f"/warrants/{warrant['warrant_id']}/revoke"
            assert (await people.ask("oscar", "POST", path, {"reason": "no"}))[0] == 200
        else:
            stop = {"reason": "look into it", "duration": "indefinite"}
            assert (await people.ask("ada", "POST", "/fleet/billing-bot/suspend", stop))[0] == 200
        assert await figures(people) == ("0", "0", "1000"), end


async def test_a_warrant_that_was_handed_out_is_not_in_its_own_way(
    control: Control, bot: Gate, people: People
) -> None:
    await create(people, rule("create_refund", EUROS))
    body = {
        "action": "create_refund",
        "parameters": refund(700),
        "target": "payments:order/ORD-1",
        "mode": "passback",
    }
    _, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
    token = answer["data"]["warrant"]["token"]
    used = await bot.consult("POST", REFUNDS, refund(700), presented=token)
    assert used.verdict == "granted", used
    assert await figures(people) == ("0", "700", "300")
    await bot.outcome(request("POST", REFUNDS, refund(700)), used, 200, paid(700))
    assert await figures(people) == ("700", "0", "300")


async def test_what_people_agreed_to_is_not_in_its_own_way_when_it_is_asked_for_again(
    control: Control, people: People
) -> None:
    asks = {"type": "require_approval", "risk_tier_override": "T1", "may_lower": True}
    await create(people, rule("create_refund", EUROS, then=asks))
    body = {"action": "create_refund", "parameters": refund(700), "mode": "passback"}
    _, held, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
    approval_id = held["data"]["approval"]["approval_id"]
    assert (await people.approve("carol", approval_id, otp=None))[0] == 200
    answers = [
        (await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body))[1]["data"]
        for _ in range(2)
    ]
    assert [one["status"] for one in answers] == ["approved", "approved"]
    assert answers[0]["warrant"]["warrant_id"] == answers[1]["warrant"]["warrant_id"]
    assert await figures(people) == ("0", "700", "300")
    _, told = await people.ask("oscar", "GET", f"/intents/{answers[0]['intent_id']}/timeline")
    judged = [
        event["data"]["decision"] for event in told["data"]["events"] if event["type"] == "policy_evaluated"
    ]
    assert judged == ["hold"] * 4


async def test_an_agents_own_report_gives_nothing_back(control: Control, people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    for success, key in ((False, "a"), (True, "b")):
        body = {
            "action": "create_refund",
            "parameters": refund(400),
            "mode": "passback",
            "idempotency_key": key,
        }
        _, answer, _ = await control.ask("POST", "/api/v1/agent/intent", key=AGENT_KEY, body=body)
        told = {"warrant_id": answer["data"]["warrant"]["warrant_id"], "success": success}
        status, _, _ = await control.ask("POST", "/api/v1/executions", key=AGENT_KEY, body=told)
        assert status in (200, 201)
    assert await figures(people) == ("800", "0", "200")


async def test_what_was_never_told_is_kept(
    control: Control, bot: Gate, people: People, clock: FixedClock
) -> None:
    await create(people, rule("create_refund", EUROS))
    await bot.consult("POST", REFUNDS, refund(400))
    clock.advance(timedelta(hours=1) + GRACE)
    sweep = Sweep(control.app.store, clock, control.app.pipeline.merits, lambda _: [])
    assert await sweep.sweep() == 1
    assert await figures(people) == ("400", "0", "600")


async def test_in_observe_mode_what_leaves_is_counted_and_what_would_not_fit_is_recorded(
    bot: Gate, people: People
) -> None:
    await create(people, rule("create_refund", EUROS))
    body = {"to": "observe", "confirm": True}
    assert (await people.ask("ada", "POST", "/fleet/billing-bot/promote", body))[0] == 200
    await bot.told(wire.BundleChanged)
    await bot.fetch()
    first = await bot.consult("POST", REFUNDS, refund(800))
    second = await bot.consult("POST", REFUNDS, refund(800))
    unknown = await bot.consult("POST", REFUNDS, refund(800, currency="USD"))
    assert [(one.verdict, one.would) for one in (first, second, unknown)] == [
        ("observed", None),
        ("observed", "refused"),
        ("observed", "refused"),
    ]
    assert await figures(people) == ("0", "1600", "0")


async def test_books_outlive_the_process(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    async with running(tmp_path / "data", clock=clock, bootstrap=seeds()) as first:
        people = People(first)
        await create(people, rule("create_refund", EUROS))
        async with gate(first) as bot:
            await pay(bot, 400)
            open_call = await bot.consult("POST", REFUNDS, refund(500))
    async with running(tmp_path / "data", clock=clock, bootstrap=seeds()) as second:
        people = People(second)
        assert await figures(people) == ("400", "500", "100")
        async with gate(second) as bot:
            assert (await bot.consult("POST", REFUNDS, refund(101))).reason is Reason.BUDGET_EXCEEDED
            await bot.outcome(request("POST", REFUNDS, refund(500)), open_call, 402, {"error": "no"})
        assert await figures(people) == ("400", "0", "600")


async def test_the_trail_says_what_was_reserved_and_how_it_ended(
    control: Control, bot: Gate, people: People
) -> None:
    await create(people, rule("create_refund", EUROS))
    decision = await pay(bot, 400)
    query = select(entries.c.type, entries.c.body).where(entries.c.intent_id == decision.intent_id)
    bodies = {
        row["type"]: rows.load(bytes(row["body"]).decode())["data"]
        for row in await control.app.store.read(lambda conn: rows.every(conn, query))
    }
    assert bodies["warrant_issued"]["budgets"] == [{"name": "euros", "amount": "400", "currency": "EUR"}]
    assert bodies["execution_finished"]["budgets"] == [
        {"name": "euros", "currency": "EUR", "amount": "400", "used": "400", "state": "settled"}
    ]


async def test_conditions_and_dry_runs_read_the_books(bot: Gate, people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    await pay(bot, 900)
    low = {
        "id": "low",
        "priority": 2000,
        "expression": "action == 'create_ticket' AND budget.euros.remaining < 200 EUR",
        "action": {"type": "deny", "reason": "the budget is nearly used up"},
    }
    await create(people, low)
    assert (await bot.consult("POST", TICKETS, {"subject": "x"})).rule == "low"
    trial = {"action": "create_refund", "parameters": refund(200), "agent_id": "billing-bot"}
    status, answer = await people.ask("oscar", "POST", "/policies/evaluate", trial)
    assert (status, answer["data"]["code"]) == (200, "budget_exceeded")
    assert answer["data"]["explanation"]["budgets"][0]["spent"] == "900"
    assert await figures(people) == ("900", "0", "100")


async def test_a_rule_that_names_an_unknown_budget_or_defines_another_is_not_taken(people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    other = rule("get_order", {**EUROS, "max": 5}, id="other")
    status, answer = await people.ask("oscar", "POST", "/policies", other)
    assert status == 422
    assert "is defined otherwise" in answer["error"]["message"]
    unknown = {**rule("get_order", EUROS, id="unknown"), "limits": {"budgets": ["euroes"]}}
    status, answer = await people.ask("oscar", "POST", "/policies", unknown)
    assert status == 422
    assert "did you mean 'euros'?" in answer["error"]["message"]


async def test_a_budget_that_is_defined_otherwise_starts_anew_and_its_old_books_have_no_limit(
    bot: Gate, people: People
) -> None:
    await create(people, rule("create_refund", EUROS))
    await pay(bot, 900)
    wider = {"limits": {"budget": {**EUROS, "max": 2000, "window": "2d"}}}
    assert (await people.ask("oscar", "PATCH", "/policies/spends", wider))[0] == 200
    assert await figures(people) == ("900", "0", "1100")  # the same account, another limit
    dollars = {"limits": {"budget": {**EUROS, "currency": "USD"}}}
    assert (await people.ask("oscar", "PATCH", "/policies/spends", dollars))[0] == 200
    (row,) = await books(people)
    assert (row["limit"], row["reserved"]) == (None, "0")


async def test_books_of_another_tenant_are_not_shown(control: Control, bot: Gate, people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    await pay(bot, 400)
    await control.app.store.write(
        lambda tx: rows.change(tx.conn, budget_accounts, _only(tx.conn), tenant="other")
    )
    assert await books(people) == []


def _only(conn: Any) -> str:
    found: str = conn.execute(select(budget_accounts.c.id)).scalar_one()
    return found


async def test_the_list_names_what_is_defined(bot: Gate, people: People) -> None:
    await create(people, rule("create_refund", EUROS))
    await pay(bot, 400)
    _, answer = await people.ask("oscar", "GET", "/budgets?agent_id=billing-bot")
    data = answer["data"]
    assert data["defined"] == [
        {
            "name": "euros",
            "per": "agent",
            "counterparty": None,
            "over": "parameters.amount",
            "currency": "EUR",
            "window": "1d",
            "limit": "1000",
        }
    ]
    assert [(row["account"], row["window"], row["limit"]) for row in data["budgets"]] == [
        ("billing-bot", "1d", "1000")
    ]
    assert await books(people, agent_id="nobody") == []
    assert (await people.ask("audrey", "GET", "/budgets"))[0] == 200


async def test_every_row_agrees_after_a_storm(control: Control, bot: Gate, people: People) -> None:
    """What the accounts say is the sum of what the reservations say."""
    await create(people, rule("create_refund", {**EUROS, "max": 5000}))

    async def one(n: int) -> None:
        amount = 100 + n
        decision = await bot.consult("POST", REFUNDS, refund(amount))
        if decision.verdict != "granted":
            return
        call = request("POST", REFUNDS, refund(amount))
        match n % 4:
            case 0:
                await bot.outcome(call, decision, 200, paid(amount))
            case 1:
                await bot.outcome(call, decision, 402, {"error": "no"})
            case 2:
                await bot.outcome(call, decision, None)

    await asyncio.gather(*(one(n) for n in range(60)))

    def read(conn: Any) -> tuple[int, int, int, int]:
        booked = rows.every(conn, select(budget_reservations))
        (account,) = rows.every(conn, select(budget_accounts))
        slots = rows.every(conn, select(budget_slots))
        return (
            int(account["reserved"]),
            sum(int(row["amount"]) for row in booked if row["state"] == "reserved"),
            sum(int(row["spent"]) for row in slots),
            sum(int(row["used"]) for row in booked),
        )

    reserved, opened, spent, used = await control.app.store.read(read)
    assert (reserved, spent) == (opened, used)
    assert 0 < reserved + spent <= 5000
