"""Sessions: looked at and ended, one's own by everybody, anybody's by an admin."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from people import People
from planes import PASSWORD, Control
from vienna_control.clock import FixedClock

ME = "/api/v1/operators/me"


async def log_in(control: Control, who: str = "alice") -> dict[str, Any]:
    body = {"username": f"{who}@example.com", "password": PASSWORD}
    _, answer, _ = await control.ask("POST", "/api/v1/auth/login", body=body)
    control.http.cookie_jar.clear()
    data: dict[str, Any] = answer["data"]
    return data


async def test_one_is_looked_at_and_ended_and_all_others(
    control: Control, people: People, clock: FixedClock
) -> None:
    first = await log_in(control)
    clock.advance(timedelta(minutes=15))
    second, third = await log_in(control), await log_in(control)
    _, answer, _ = await control.ask("GET", "/api/v1/sessions", key=third["apiKey"])
    shown = {one["session_id"]: one for one in answer["data"]["sessions"]}
    assert shown.keys() == {one["sessionId"] for one in (first, second, third)}
    assert [one["current"] for one in shown.values()].count(True) == 1
    assert shown[third["sessionId"]]["current"]
    assert (shown[first["sessionId"]]["idle"], shown[second["sessionId"]]["idle"]) == (True, False)
    assert (shown[second["sessionId"]]["how"], shown[second["sessionId"]]["client"]) == (
        "password",
        "127.0.0.1",
    )
    path = f"/api/v1/sessions/{second['sessionId']}"
    assert (await control.ask("DELETE", path, key=third["apiKey"]))[0] == 200
    assert (await control.ask("DELETE", path, key=third["apiKey"]))[0] == 404
    assert (await control.ask("GET", ME, key=second["apiKey"]))[0] == 401
    _, answer, _ = await control.ask("DELETE", "/api/v1/sessions", key=third["apiKey"])
    assert answer["data"]["ended"] == 1
    assert (await control.ask("GET", ME, key=first["apiKey"]))[0] == 401
    assert (await control.ask("GET", ME, key=third["apiKey"]))[0] == 200
    assert (await people.ask("alice", "GET", "/operators/me"))[0] == 200  # a key of its own is no session


async def test_those_of_others_are_for_an_admin(control: Control, people: People) -> None:
    alices = await log_in(control)
    who = alices["operator"]["id"]
    path = f"/sessions/{alices['sessionId']}"
    assert (await people.ask("bob", "DELETE", path))[0] == 404
    for method, tail in (("GET", "/sessions"), ("DELETE", "/sessions"), ("DELETE", path)):
        status, answer = await people.ask("bob", method, f"{tail}?operator_id={who}")
        assert (status, answer["error"]["code"]) == (403, "forbidden")
    _, answer = await people.ask("ada", "GET", f"/sessions?operator_id={who}")
    assert [one["session_id"] for one in answer["data"]["sessions"]] == [alices["sessionId"]]
    _, answer = await people.ask("ada", "DELETE", f"/sessions?operator_id={who}")
    assert answer["data"]["ended"] == 1
    assert (await control.ask("GET", ME, key=alices["apiKey"]))[0] == 401
