"""Warrants over HTTP: read, verified against what one wants, revoked with what was derived, used once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from planes import Control
from vienna_control import rows
from vienna_control.authority import Grant, Issued
from vienna_control.clock import FixedClock
from vienna_control.store import Tx
from vienna_control.store.tables import agents, intents, warrants
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier

WARRANTS = "/api/v1/warrants"
REFUND = Intent(
    action="create_refund",
    target="toy:order/1",
    parameters={"amount": Decimal("75.00"), "currency": "EUR", "note": "for Jane"},
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T1,
    redacted=frozenset({"note"}),
)


async def issued(
    control: Control, *, observed: bool = False, holder: str | None = None, times: int = 1
) -> Issued:
    """A passback warrant of the seeded agent, for the refund, or for several."""
    authority = control.app.authority

    def unit(tx: Tx) -> Issued:
        agent = tx.conn.execute(select(agents.c.id, agents.c.name)).one()
        intent_id = tx.id("int")
        rows.add(
            tx.conn,
            intents,
            id=intent_id,
            tenant="default",
            agent_id=agent.id,
            source=f"agent:{agent.id}",
            action=REFUND.action,
            target=REFUND.target,
            status="approved",
            grade="reported",
            tier="T1",
            meaning="[]",
            decision='{"rule_id": "refunds"}',
            created_at=tx.at,
            updated_at=tx.at,
        )
        return authority.issue(
            tx,
            Grant(
                tenant="default",
                intent_id=intent_id,
                agent_id=agent.id,
                agent=agent.name,
                tier=Tier.T1,
                ttl_seconds=300,
                intents=(REFUND.redact(authority.redaction_key("default")),) * times,
                actor="system",
                observed=observed,
                holder_jkt=holder,
            ),
        )

    return await control.app.store.write(unit)


async def verify(control: Control, token: str, *, key: str = "auditor", **more: Any) -> Any:
    status, answer, _ = await control.ask(
        "POST", f"{WARRANTS}/verify", key=key, body={"token": token, **more}
    )
    assert status == 200, answer
    return answer["data"]


async def test_one_is_shown_as_the_published_document(control: Control) -> None:
    made = await issued(control)
    status, answer, _ = await control.ask("GET", f"{WARRANTS}/{made.warrant.id}", key="operator")
    assert status == 200, answer
    shown = answer["data"]
    assert shown["warrant_id"] == made.warrant.id
    assert shown["scope"]["action"] == "create_refund"
    assert shown["scope"]["parameters"]["amount"] == "75"
    assert "Jane" not in str(answer)
    assert shown["ttl"] == 300
    assert shown["signature"].startswith("ed25519:")
    assert shown["chain_of_custody"]["policy_match"] == "refunds"
    assert (shown["status"], shown["token"]) == ("issued", made.token)
    for role, may_see in (("auditor", False), ("viewer", False), ("approver", False), ("agent", True)):
        answer = (await control.ask("GET", f"{WARRANTS}/{made.warrant.id}", key=role))[1]
        assert ("token" in answer["data"]) is may_see, role
    assert (await control.ask("GET", f"{WARRANTS}/wrt-none", key="admin"))[0] == 404


async def test_they_are_listed_newest_first_and_filtered(control: Control, clock: FixedClock) -> None:
    first, second = await issued(control), await issued(control)
    data = (await control.ask("GET", WARRANTS, key="viewer"))[1]["data"]
    assert [one["warrant_id"] for one in data["warrants"]] == [second.warrant.id, first.warrant.id]
    path = f"{WARRANTS}?intent_id={first.warrant.intent_id}"
    data = (await control.ask("GET", path, key="viewer"))[1]["data"]
    assert [one["warrant_id"] for one in data["warrants"]] == [first.warrant.id]
    assert "token" not in data["warrants"][0]
    clock.advance(timedelta(seconds=300))
    data = (await control.ask("GET", WARRANTS, key="viewer"))[1]["data"]
    assert {one["status"] for one in data["warrants"]} == {"expired"}


async def test_a_genuine_one_is_valid_for_what_it_names_and_nothing_else(control: Control) -> None:
    token = (await issued(control)).token
    assert (await verify(control, token))["valid"]
    same = {
        "action": "create_refund",
        "target": "toy:order/1",
        "parameters": {"amount": "75", "currency": "EUR", "note": "for Jane"},
    }
    assert (await verify(control, token, action="create_refund"))["valid"]
    for change, reason in (
        ({"action": "delete_order"}, "warrant_scope"),
        ({"target": "toy:order/2"}, "warrant_scope"),
        ({"parameters": {**same["parameters"], "amount": 750000}}, "warrant_scope"),  # type: ignore[dict-item]
        ({"parameters": {**same["parameters"], "note": "for John"}}, "warrant_scope"),  # type: ignore[dict-item]
        ({"parameters": {"amount": 75}}, "warrant_scope"),
    ):
        data = await verify(control, token, **{**same, **change})
        assert (data["valid"], data["reason"]) == (False, reason), change
    exact = {**same, "parameters": {"amount": 75, "currency": "EUR", "note": "for Jane"}}
    assert (await verify(control, token, **exact))["valid"]


async def test_one_for_more_intents_than_it_can_list_is_genuine_and_shows_their_number(
    control: Control,
) -> None:
    made = await issued(control, times=200)
    data = await verify(control, made.token)
    assert (data["valid"], data["reason"]) == (True, None)
    assert data["warrant"]["roll"]["count"] == 200
    named = await verify(control, made.token, action="create_refund")
    assert (named["valid"], named["reason"]) == (False, "warrant_scope")


async def test_a_forged_one_is_not(control: Control) -> None:
    token = (await issued(control)).token
    head, payload, signature = token.split(".")
    for forged in (
        f"{head}.{payload}.{'A' * 86}",
        f"{head}.{payload[:-2]}AA.{signature}",
        "x",
        "e30.e30.",
        "a.b.c",
    ):
        data = await verify(control, forged)
        assert not data["valid"]
        assert data["reason"].startswith("warrant_")


async def test_an_expired_one_is_not(control: Control, clock: FixedClock) -> None:
    token = (await issued(control)).token
    clock.advance(timedelta(seconds=300))
    assert (await verify(control, token))["reason"] == "warrant_expired"


async def test_an_observed_one_permits_nothing(control: Control) -> None:
    made = await issued(control, observed=True)
    assert (await verify(control, made.token))["reason"] == "warrant_observed"
    status, answer, _ = await control.ask(
        "POST", f"{WARRANTS}/{made.warrant.id}/consume", key="agent", body={"attempt": "attempt-1"}
    )
    assert (status, answer["error"]["code"]) == (403, "forbidden")


async def test_revoking_ends_it_and_what_was_derived_from_it(control: Control) -> None:
    parent, child, grandchild = [await issued(control) for _ in range(3)]

    def derive(tx: Tx) -> None:
        rows.change(tx.conn, warrants, child.warrant.id, parent=parent.warrant.id)
        rows.change(tx.conn, warrants, grandchild.warrant.id, parent=child.warrant.id)

    await control.app.store.write(derive)
    with control.app.bus.subscribe(["_revoked"]) as gates:
        path = f"{WARRANTS}/{parent.warrant.id}/revoke"
        status, answer, _ = await control.ask("POST", path, key="operator", body={"reason": "wrong customer"})
        assert status == 200, answer
        family = [parent.warrant.id, child.warrant.id, grandchild.warrant.id]
        assert answer["data"]["revoked"] == family
        assert (await anext(gates)).data["warrant_ids"] == family
    assert (await verify(control, grandchild.token))["reason"] == "warrant_revoked"
    assert (await control.ask("POST", path, key="operator", body={"reason": "again"}))[0] == 409
    trail = (await control.ask("GET", "/api/v1/audit?type=warrant_revoked", key="auditor"))[1]["data"]
    assert {entry["data"]["reason"] for entry in trail["entries"]} == {"wrong customer"}
    assert len(trail["entries"]) == 3


async def test_the_one_use_is_taken_once_whoever_races(control: Control) -> None:
    made = await issued(control)
    path = f"{WARRANTS}/{made.warrant.id}/consume"
    answers = await asyncio.gather(
        *(control.ask("POST", path, key="agent", body={"attempt": f"attempt-{n}"}) for n in range(8))
    )
    won = [answer["data"] for status, answer, _ in answers if status == 200]
    assert len(won) == 1
    assert {answer["error"]["code"] for status, answer, _ in answers if status != 200} == {"warrant_consumed"}
    # the same attempt, asked again after a lost answer
    again = await control.ask("POST", path, key="agent", body={"attempt": won[0]["attempt"]})
    assert (again[0], again[1]["data"]) == (200, won[0])
    data = await verify(control, made.token)
    assert (data["valid"], data["consumed"], data["reason"]) == (False, True, "warrant_consumed")
    status, answer, _ = await control.ask(
        "POST", f"{WARRANTS}/{made.warrant.id}/revoke", key="admin", body={"reason": "late"}
    )
    assert (status, answer["error"]["code"]) == (409, "warrant_consumed")


async def test_what_cannot_be_used_says_why(control: Control, clock: FixedClock) -> None:
    bound = await issued(control, holder="h" * 43)
    use = {"attempt": "attempt-1"}
    path = f"{WARRANTS}/{bound.warrant.id}/consume"
    assert (await control.ask("POST", path, key="agent", body=use))[1]["error"]["code"] == "forbidden"
    assert (await verify(control, bound.token, key="agent"))["reason"] == "warrant_holder"
    late = await issued(control)
    clock.advance(timedelta(seconds=300))
    path = f"{WARRANTS}/{late.warrant.id}/consume"
    assert (await control.ask("POST", path, key="agent", body=use))[1]["error"]["code"] == "gone"
    assert (await control.ask("POST", f"{WARRANTS}/wrt-none/consume", key="agent", body=use))[0] == 404
    bad = await control.ask("POST", path, key="agent", body={"attempt": "a b"})
    assert bad[1]["error"]["code"] == "validation_failed"
