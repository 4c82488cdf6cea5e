"""What is about to go wrong is alerted, once, before it does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gate_end import Gate, request
from people import People
from planes import Control
from vienna_control import rows
from vienna_control.api.route import API
from vienna_control.clock import FixedClock, iso
from vienna_control.doctor.lookout import Lookout
from vienna_control.store import Tx
from vienna_control.store.tables import break_glasses, operators

PAYMENTS = "https://payments.example/v1"
BUDGET = {"name": "euros", "window": "1d", "max": 1000, "currency": "EUR", "over": "parameters.amount"}
SPENDS = {
    "id": "spends",
    "priority": 1000,
    "expression": "action == 'create_refund'",
    "action": {"type": "allow", "risk_tier_override": "T0", "may_lower": True},
    "limits": {"budget": BUDGET},
}


def lookout(control: Control) -> Lookout:
    return Lookout(control.app.store, control.app.clock, control.app.policies.of)


async def alerts(control: Control, kind: str) -> list[dict[str, Any]]:
    _, answer, _ = await control.ask("GET", f"{API}/alerts?kind={kind}", key="victor")
    return list(answer["data"]["alerts"])


async def test_a_gate_that_does_not_renew_is_told_of_once(
    control: Control, bot: Gate, clock: FixedClock
) -> None:
    clock.advance(timedelta(hours=21))
    assert await lookout(control).look() == 0
    clock.advance(timedelta(hours=2))
    assert [await lookout(control).look() for _ in range(2)] == [1, 0]
    (one,) = await alerts(control, "sidecar_certificate")
    assert one["agent"] == "billing-bot"
    path = f"{API}/alerts/{one['alert_id']}/acknowledge"
    assert (await control.ask("POST", path, key="oscar", body={}))[0] == 200
    assert await lookout(control).look() == 0
    clock.advance(timedelta(days=1, seconds=1))
    assert await lookout(control).look() == 1, "it was seen to, and is as it was a day later"


async def test_an_emergency_waits_for_its_review_once_it_is_over(control: Control, clock: FixedClock) -> None:
    def unit(tx: Tx) -> None:
        carol = rows.first(tx.conn, operators.select().where(operators.c.email == "carol@example.com"))
        assert carol is not None
        rows.add(
            tx.conn,
            break_glasses,
            id="brk-1",
            tenant="default",
            operator_id=carol["id"],
            email=carol["email"],
            incident="INC-7",
            reason="on fire",
            mfa="totp",
            opened_at=tx.at,
            expires_at=iso(tx.now + timedelta(minutes=15)),
        )

    await control.app.store.write(unit)
    assert await lookout(control).look() == 0
    clock.advance(timedelta(minutes=15))
    assert [await lookout(control).look() for _ in range(2)] == [1, 0]
    (one,) = await alerts(control, "break_glass_review")
    assert "INC-7" in one["text"]


async def test_a_budget_is_told_of_at_nine_tenths(control: Control, people: People, bot: Gate) -> None:
    assert (await people.ask("oscar", "POST", "/policies", SPENDS))[0] == 201
    for amount, raised in ((899, 0), (1, 1), (1, 0)):
        body = {"order": "ORD-1", "amount": amount, "currency": "EUR"}
        decision = await bot.consult("POST", f"{PAYMENTS}/refunds", body)
        assert decision.verdict == "granted", decision
        assert await lookout(control).look() == raised, amount
    (one,) = await alerts(control, "budget_nearly_used")
    assert (one["agent"], one["severity"]) == ("billing-bot", "warning")
    assert "billing-bot" in one["text"]


async def test_a_write_of_which_nobody_knows_what_came_is_told_of(
    control: Control, people: People, bot: Gate, clock: FixedClock
) -> None:
    assert (await people.ask("oscar", "POST", "/policies", SPENDS))[0] == 201
    body = {"order": "ORD-1", "amount": 1, "currency": "EUR"}
    refund = request("POST", f"{PAYMENTS}/refunds", body)
    for call in (request("GET", f"{PAYMENTS}/orders/ORD-1"), refund, refund):
        sent = await bot.consult(call.method, call.url, body if call.method == "POST" else None)
        assert sent.verdict == "granted", sent
        await bot.outcome(call, sent, None)
        clock.advance(timedelta(seconds=1))
    assert [await lookout(control).look() for _ in range(2)] == [1, 0], "reads do nothing; alike ones are one"
    (one,) = await alerts(control, "outcome_unknown")
    assert "create_refund" in one["text"]
    assert one["intent_id"]
    clock.advance(timedelta(minutes=11))
    path = f"{API}/alerts/{one['alert_id']}/acknowledge"
    assert (await control.ask("POST", path, key="oscar", body={}))[0] == 200
    assert await lookout(control).look() == 0
