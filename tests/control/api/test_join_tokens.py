"""Join tokens: for one agent, so many gates, until they expire or are revoked."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from gate_end import application
from people import People
from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.store import Tx
from vienna_kernel.signing import SigningKey


async def make(people: People, **body: Any) -> dict[str, Any]:
    status, answer = await people.ask("ada", "POST", "/join-tokens", {"agent": "ledger-bot", **body})
    assert status == 201, answer
    data: dict[str, Any] = answer["data"]
    return data


async def enrol(
    control: Control, token: str, agent: str = "ledger-bot", holder: SigningKey | None = None
) -> int:
    holder = holder or SigningKey.generate_from(os.urandom(32))
    body = application(control, holder, agent=agent, token=token)
    return (await control.ask("POST", "/api/v1/sidecars/enrol", key=token, body=body))[0]


async def test_a_token_lets_in_one_gate_of_one_agent(
    control: Control, people: People, clock: FixedClock
) -> None:
    token = (await make(people))["token"]
    holder = SigningKey.generate_from(os.urandom(32))
    assert await enrol(control, token, agent="billing-bot") == 403
    assert await enrol(control, token, holder=holder) == 200
    assert await enrol(control, token) == 403
    clock.advance(timedelta(hours=12))
    assert await enrol(control, token, holder=holder) == 200  # it renews what it has
    clock.advance(timedelta(hours=12))
    assert await enrol(control, token, holder=holder) == 200  # that ends when it is revoked


async def test_an_expired_token_lets_nobody_new_in(
    control: Control, people: People, clock: FixedClock
) -> None:
    made = await make(people, uses=2)
    holder = SigningKey.generate_from(os.urandom(32))
    assert await enrol(control, made["token"], holder=holder) == 200
    clock.advance(timedelta(hours=24))
    assert await enrol(control, made["token"]) == 403
    assert await enrol(control, made["token"], holder=holder) == 200
    await people.ask("ada", "DELETE", f"/join-tokens/{made['join_token_id']}")
    assert await enrol(control, made["token"], holder=holder) == 401


async def test_any_number_until_it_is_revoked(control: Control, people: People) -> None:
    made = await make(people, uses=None, name="rollout", expires_in_hours=720)
    assert [await enrol(control, made["token"]) for _ in range(3)] == [200] * 3
    _, answer = await people.ask("ada", "GET", "/join-tokens")
    (shown,) = [one for one in answer["data"]["join_tokens"] if one["name"] == "rollout"]
    assert (shown["uses"], shown["used"], shown["agent"]) == (None, 3, "ledger-bot")
    assert made["token"] not in str(answer)
    path = f"/join-tokens/{made['join_token_id']}"
    assert (await people.ask("ada", "DELETE", path))[0] == 200
    assert (await people.ask("ada", "DELETE", path))[0] == 404
    assert await enrol(control, made["token"]) == 401
    _, trail = await people.ask("audrey", "GET", "/audit?type=key_retired")
    assert trail["data"]["entries"][0]["data"]["kind"] == "join"


async def test_what_is_no_token_and_whose_they_are(control: Control, people: People) -> None:
    for body in (
        {"agent": "a b"},
        {"agent": "*x"},
        {"agent": "a", "uses": 0},
        {"agent": "a", "expires_in_hours": 721},
        {},
    ):
        assert (await people.ask("ada", "POST", "/join-tokens", body))[0] == 422, body
    assert (await people.ask("oscar", "POST", "/join-tokens", {"agent": "a"}))[0] == 403

    def elsewhere(tx: Tx) -> str:
        issue = control.app.identity.credentials.issue
        return issue(tx, "join", "their-bot", tenant="other", actor="system")

    await control.app.store.write(elsewhere)
    _, answer = await people.ask("ada", "GET", "/join-tokens")
    assert "their-bot" not in str(answer)
    key_id = await control.app.store.read(
        lambda conn: conn.exec_driver_sql("SELECT id FROM credentials WHERE tenant = 'other'").scalar()
    )
    assert (await people.ask("ada", "DELETE", f"/join-tokens/{key_id}"))[0] == 404
