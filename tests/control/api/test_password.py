"""One's own password: changed with the current one, bounded, brought to today's work; and kept from everybody."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher

from people import People
from planes import PASSWORD, Control
from vienna_control.clock import FixedClock
from vienna_control.identity import operators
from vienna_control.identity.passwords import Passwords

NEW = "a slow green tram to Vienna"
CHANGE = "/api/v1/auth/password"


async def log_in(control: Control, password: str) -> tuple[int, Any]:
    body = {"username": "alice@example.com", "password": password}
    status, answer, _ = await control.ask("POST", "/api/v1/auth/login", body=body)
    control.http.cookie_jar.clear()
    return status, answer


async def test_it_is_changed_with_the_current_one_and_a_code(
    control: Control, people: People, clock: FixedClock
) -> None:
    (_, here), (_, there) = await log_in(control, PASSWORD), await log_in(control, PASSWORD)
    key, other = here["data"]["apiKey"], there["data"]["apiKey"]

    async def change(**more: Any) -> tuple[int, Any]:
        body = {"current_password": PASSWORD, "new_password": NEW, "otp": people.code(), **more}
        sent = {name: value for name, value in body.items() if value is not None}
        status, answer, _ = await control.ask("POST", CHANGE, key=key, body=sent)
        return status, answer["error"] and answer["error"]["code"]

    assert await change(new_password="password1234") == (422, "validation_failed")
    assert await change(new_password="alice@example.com") == (422, "validation_failed")
    assert await change(otp=None) == (401, "mfa_required")
    assert await change(otp="000000") == (401, "unauthenticated")
    assert await change(current_password="not mine at all") == (401, "unauthenticated")
    assert (await log_in(control, NEW))[0] == 401
    assert await change() == (200, None)
    me = "/api/v1/operators/me"
    assert (await control.ask("GET", me, key=key))[0] == 200
    assert (await control.ask("GET", me, key=other))[0] == 401
    assert (await log_in(control, PASSWORD))[0] == 401
    assert (await log_in(control, NEW))[0] == 200


async def test_a_change_that_is_under_way_does_not_undo_what_an_admin_did(
    control: Control, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, answer = await log_in(control, PASSWORD)
    alice, passwords = answer["data"], control.app.identity.passwords
    real = passwords.make

    async def meanwhile(password: str) -> str:
        path = f"/operators/{alice['operator']['id']}/invitation"
        assert (await people.ask("ada", "POST", path))[0] == 201
        return await real(password)

    monkeypatch.setattr(passwords, "make", meanwhile)
    body = {"current_password": PASSWORD, "new_password": NEW, "otp": people.code()}
    assert (await control.ask("POST", CHANGE, key=alice["apiKey"], body=body))[0] == 401
    assert (await log_in(control, NEW))[0] == 401


async def test_whoever_stole_a_session_does_not_guess_the_password(
    control: Control, people: People, clock: FixedClock
) -> None:
    _, answer = await log_in(control, PASSWORD)
    key = answer["data"]["apiKey"]
    body = {"current_password": "no", "new_password": NEW, "otp": people.code()}
    statuses = [(await control.ask("POST", CHANGE, key=key, body=body))[0] for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    assert (await log_in(control, PASSWORD))[0] == 429
    clock.advance(timedelta(minutes=11))
    assert (await log_in(control, PASSWORD))[0] == 200


async def test_a_hash_of_less_work_is_made_anew_at_a_login(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stored() -> str:
        found = await control.app.store.read(lambda conn: operators.by_email(conn, "alice@example.com"))
        assert found is not None
        assert found.password is not None
        return found.password

    before = await stored()
    assert (await log_in(control, PASSWORD))[0] == 200
    assert await stored() == before
    grown = functools.partial(PasswordHasher, time_cost=2, memory_cost=64, parallelism=1)
    monkeypatch.setattr("vienna_control.identity.passwords.PasswordHasher", grown)
    control.app.identity.passwords = Passwords()
    assert (await log_in(control, "wrong"))[0] == 401
    assert await stored() == before
    assert (await log_in(control, PASSWORD))[0] == 200
    assert "t=2" in await stored()
    assert (await log_in(control, PASSWORD))[0] == 200
