"""Break-glass: one person in an emergency, told to everybody, reviewed before the next; never at T3."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from gate_end import Gate
from keyholders import Keyholders
from people import People
from planes import Control, running, seeds
from vienna_control import rows
from vienna_control.clock import FixedClock
from vienna_control.store.tables import alerts, entries, operators

REFUNDS = "https://payments.example/v1/refunds"
TICKETS = "https://payments.example/v1/tickets"
REFUND = {"order": "ORD-1", "amount": 5000, "currency": "EUR"}
WHY = {"incident": "INC-7", "reason": "customers are charged twice"}
T3 = {
    "id": "critical",
    "priority": 1000,
    "expression": "action == 'create_ticket'",
    "action": {"type": "require_approval", "risk_tier_override": "T3"},
}


def in_incident(*names: str) -> dict[str, Any]:
    """The people of a test, some of them in the group incident too."""
    found = seeds()
    for one in found["operators"]:
        if one["email"].partition("@")[0] in names:
            one["groups"].append("incident")
    return found


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    place = {"listen": "127.0.0.1:0", "data_dir": tmp_path / "data", "break_glass": True}
    return {"control": place, "bootstrap": in_incident("carol", "oscar", "xenia")}


async def smash(people: People, who: str, code: int | None = 0, **more: Any) -> tuple[int, Any]:
    body = {**WHY, **more}
    if code is not None:
        body["otp"] = people.code(code)
    return await people.ask(who, "POST", "/break-glass", body)


async def test_one_person_lets_one_approval_go_and_everybody_is_told(
    control: Control, bot: Gate, people: People
) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)  # two of finance
    assert (await people.approve("alice", held.approval_id))[0] == 200
    after = control.app.bus.last_id
    status, answer = await smash(people, "carol", approval_id=held.approval_id)
    assert (status, answer["data"]["approvals"], answer["data"]["mfa"]) == (201, [held.approval_id], "totp")
    with control.app.bus.subscribe(["break_glass", "alert"], after=after) as events:
        events.close()
        told = {event.name: event.data async for event in events}
    assert told["alert"]["severity"] == "critical"
    query = select(operators.c.email).where(operators.c.id.in_(told["break_glass"]["people"]))
    found = await control.app.store.read(lambda conn: sorted(conn.scalars(query)))
    assert [email.partition("@")[0] for email in found] == ["ada", "alice", "audrey", "bob", "xenia"]
    assert (await bot.consult("POST", REFUNDS, REFUND)).verdict == "granted"
    _, one = await people.ask("audrey", "GET", f"/approvals/{held.approval_id}")
    assert (one["data"]["status"], one["data"]["break_glass_id"]) == (
        "approved", answer["data"]["break_glass_id"],
    )  # fmt: skip
    trail = select(entries.c.body).where(entries.c.type == "break_glass").order_by(entries.c.arrival)
    kept = await control.app.store.read(lambda conn: rows.every(conn, trail))
    assert [orjson.loads(row["body"])["data"]["did"] for row in kept] == ["opened", "used"]


async def test_the_next_one_waits_for_somebody_elses_review(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    other = await bot.consult("POST", REFUNDS, REFUND | {"order": "ORD-2"})
    _, first = await smash(people, "carol", approval_id=held.approval_id)
    path = f"/break-glass/{first['data']['break_glass_id']}/review"
    status, answer = await smash(people, "xenia", approval_id=other.approval_id)
    assert (status, "has no closed review" in answer["error"]["message"]) == (409, True)
    for who, expected in (("carol", 403), ("audrey", 403), ("bob", 200), ("alice", 409)):
        assert (await people.ask(who, "POST", path, {"verdict": "it was right"}))[0] == expected
    assert (await people.ask("bob", "POST", "/break-glass/bg-none/review", {"verdict": "x"}))[0] == 404
    assert (await smash(people, "xenia", approval_id=other.approval_id))[0] == 201
    _, listed = await people.ask("audrey", "GET", "/break-glass")
    assert [one["reviewed_by"] for one in listed["data"]["break_glass"]] == [None, "bob@example.com"]


async def test_never_at_t3_for_ones_own_or_without_all_that_it_takes(
    control: Control, bot: Gate, people: People
) -> None:
    assert (await people.ask("oscar", "POST", "/policies", T3))[0] == 201
    critical = await bot.consult("POST", TICKETS, {"subject": "late"})
    held = await bot.consult("POST", REFUNDS, REFUND)
    one = {"approval_id": held.approval_id}
    for who, code, more, expected in (
        ("carol", 0, {"approval_id": critical.approval_id}, 403),  # T3
        ("bob", 0, one, 403),  # not of the group
        ("oscar", 0, one, 403),  # of the group, no approver
        ("carol", None, one, 401),
        ("carol", 9, one, 401),
        ("carol", 0, {**one, "reason": ""}, 422),
        ("carol", 0, {**one, "incident": "\u200b"}, 422),  # nobody can read it
        ("carol", 0, {}, 422),
        ("carol", 0, {**one, "agent": "billing-bot", "action": "create_refund"}, 422),
        ("carol", 0, {"agent": "billing-bot"}, 422),
        ("carol", 0, {"agent": "billing-bot", "action": "create_refund", "minutes": 31}, 422),
        ("carol", 0, {"agent": "nobody", "action": "create_refund"}, 404),
        ("carol", 0, {"approval_id": "apr-none"}, 404),
    ):
        status, answer = await smash(people, who, code, **more)
        assert status == expected, (who, more, answer)
    change = {"metadata": {"owner": "carol@example.com"}}
    assert (await people.ask("ada", "PATCH", "/fleet/billing-bot", change))[0] == 200
    assert (await smash(people, "carol", **one))[0] == 403
    _, listed = await people.ask("audrey", "GET", "/break-glass")
    assert listed["data"]["total"] == 0
    assert await control.app.store.read(lambda conn: rows.every(conn, select(alerts))) == []
    _, still = await people.ask("alice", "GET", f"/approvals/{held.approval_id}")
    assert (still["data"]["status"], still["data"]["groups"]) == ("pending", ["finance"])


async def test_an_agents_action_goes_for_a_while_and_no_longer(
    bot: Gate, people: People, clock: FixedClock
) -> None:
    waiting = await bot.consult("POST", REFUNDS, REFUND)
    scope = {"agent": "billing-bot", "action": "create_refund", "minutes": 10}
    status, answer = await smash(people, "carol", **scope)
    assert (status, answer["data"]["approvals"]) == (201, [waiting.approval_id])
    assert (await bot.consult("POST", REFUNDS, REFUND)).verdict == "granted"
    assert (await bot.consult("POST", REFUNDS, REFUND | {"order": "ORD-2"})).verdict == "granted"
    # another action waits for people as ever
    assert (await bot.consult("POST", TICKETS, {"subject": "late"})).verdict == "held"
    _, listed = await people.ask("ada", "GET", "/break-glass")
    assert len(listed["data"]["break_glass"][0]["approvals"]) == 2
    clock.advance(timedelta(minutes=10))
    assert (await bot.consult("POST", REFUNDS, REFUND | {"order": "ORD-3"})).verdict == "held"


async def test_a_review_ends_what_was_left_and_so_does_leaving_the_group(
    control: Control, bot: Gate, people: People
) -> None:
    _, opened = await smash(people, "carol", agent="billing-bot", action="create_refund")

    def leave(groups: str) -> Any:
        return control.app.store.write(
            lambda tx: tx.conn.execute(
                operators.update().where(operators.c.email == "carol@example.com").values(groups=groups)
            )
        )

    await leave('["devops"]')
    assert (await bot.consult("POST", REFUNDS, REFUND)).verdict == "held"
    await leave('["devops","incident"]')
    assert (await bot.consult("POST", REFUNDS, REFUND | {"order": "ORD-2"})).verdict == "granted"
    path = f"/break-glass/{opened['data']['break_glass_id']}/review"
    assert (await people.ask("bob", "POST", path, {"verdict": "enough"}))[0] == 200
    assert (await bot.consult("POST", REFUNDS, REFUND | {"order": "ORD-3"})).verdict == "held"


async def test_a_rule_hardened_to_t3_meanwhile_wins(bot: Gate, people: People) -> None:
    held = await bot.consult("POST", REFUNDS, REFUND)
    assert (await smash(people, "carol", approval_id=held.approval_id))[0] == 201
    harder = {**T3, "expression": "action == 'create_refund'"}
    assert (await people.ask("oscar", "POST", "/policies", harder))[0] == 201
    again = await bot.consult("POST", REFUNDS, REFUND)
    assert (again.verdict, again.tier) == ("held", "T3")


async def test_it_is_off_unless_it_is_switched_on(tmp_path: Path) -> None:
    async with running(tmp_path / "off", bootstrap=in_incident("carol")) as off:
        status, answer = await smash(People(off), "carol", approval_id="apr-1")
        assert (status, "control.break_glass" in answer["error"]["message"]) == (409, True)


async def test_where_a_passkey_is_asked_a_code_does_not_do(tmp_path: Path) -> None:
    place = {"listen": "127.0.0.1:0", "data_dir": tmp_path / "on", "public_url": "https://vienna.example.com"}
    on = {**place, "break_glass": True, "break_glass_passkey": True}
    scope = {"agent": "billing-bot", "action": "create_refund"}
    async with running(tmp_path / "on", control=on, bootstrap=in_incident("carol")) as control:
        people = People(control)
        status, answer = await smash(people, "carol", **scope)
        assert (status, "takes a passkey" in answer["error"]["message"]) == (401, True)
        holders = Keyholders(control, people)
        assert (await people.ask("carol", "POST", "/break-glass/challenge", scope))[0] == 401  # none enrolled
        await holders.enrol("carol")
        other = await holders.asserted(
            "carol", "/break-glass/challenge", {**scope, "action": "create_ticket"}
        )
        status, answer = await smash(people, "carol", None, **scope, webauthn=other)
        assert (status, answer["error"]["code"]) == (401, "mfa_required")  # it was for something else
        given = await holders.asserted("carol", "/break-glass/challenge", scope)
        status, answer = await smash(people, "carol", None, **scope, webauthn=given)
        assert (status, answer["data"]["mfa"]) == (201, "passkey")
        path = f"/break-glass/{answer['data']['break_glass_id']}/review"
        assert (await people.ask("bob", "POST", path, {"verdict": "fine"}))[0] == 200
        assert (await smash(people, "carol", None, **scope, webauthn=given))[0] == 401  # answered once
