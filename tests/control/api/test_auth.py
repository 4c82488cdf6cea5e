"""Logging in: sessions, keys, cookies, codes, links; and what a guesser or another site's page gets."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
import pytest

from planes import PASSWORD, TOTP_SECRET, Control, key_of, running
from vienna_control.clock import FixedClock

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/operators/me"
LOGOUT = "/api/v1/auth/logout"


async def log_in(control: Control, who: str = "alice@example.com", **more: Any) -> tuple[int, Any, Any]:
    return await control.ask("POST", LOGIN, body={"username": who, "password": PASSWORD, **more})


def code_at(clock: FixedClock) -> str:
    return pyotp.TOTP(TOTP_SECRET).at(clock.now())


async def test_a_login_gives_a_session_and_a_key_that_ends_with_it(
    control: Control, clock: FixedClock
) -> None:
    status, answer, response = await log_in(control)
    assert status == 200, answer
    data = answer["data"]
    assert data["operator"]["email"] == "alice@example.com"
    assert data["operator"]["role"] == "approver"
    assert data["sessionId"].startswith("sess-")
    assert data["apiKey"].startswith("vos_live_k1_")
    cookie = response.headers["Set-Cookie"]
    assert cookie.startswith("vienna-dev=")
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert (await control.ask("GET", ME, key=data["apiKey"]))[0] == 200
    clock.advance(timedelta(seconds=28800))
    assert (await control.ask("GET", ME, key=data["apiKey"]))[0] == 401


async def test_logging_out_ends_the_session_and_its_key(control: Control) -> None:
    _, answer, _ = await log_in(control)
    key = answer["data"]["apiKey"]
    assert (await control.ask("POST", LOGOUT, key=key))[0] == 200
    assert (await control.ask("GET", ME, key=key))[0] == 401
    assert (await control.ask("GET", ME))[0] == 401  # the cookie is gone too
    assert (await control.ask("GET", ME, key="approver"))[0] == 200


async def test_a_session_ends_after_fifteen_idle_minutes_and_not_before(
    control: Control, clock: FixedClock
) -> None:
    await log_in(control)
    for _ in range(3):
        clock.advance(timedelta(minutes=14))
        assert (await control.ask("GET", ME))[0] == 200
    clock.advance(timedelta(minutes=15))
    status, answer, _ = await control.ask("GET", ME)
    assert (status, answer["error"]["code"]) == (401, "unauthenticated")


async def test_an_absolute_end_comes_whatever_one_does(control: Control, clock: FixedClock) -> None:
    await log_in(control)
    for _ in range(47):
        clock.advance(timedelta(minutes=10))
        assert (await control.ask("GET", ME))[0] == 200
    clock.advance(timedelta(minutes=10))
    assert (await control.ask("GET", ME))[0] == 401


async def test_whatever_is_wrong_there_is_one_answer(control: Control) -> None:
    """Nobody there, no password set, the password wrong, the code wrong, the person disabled."""
    await control.app.store.write(
        lambda tx: tx.conn.exec_driver_sql("UPDATE operators SET disabled = 1 WHERE email LIKE 'ada@%'")
    )
    wrong = [
        {"username": "nobody@example.com", "password": PASSWORD},
        {"username": "bob@example.com", "password": PASSWORD},
        {"username": "alice@example.com", "password": "no"},
        {"username": "alice@example.com", "password": PASSWORD, "otp": "000000"},
        {"username": "alice@example.com", "password": PASSWORD, "recovery_code": "AAAA-AAAA-AAAA-AAAA"},
        {"username": "ada@example.com", "password": PASSWORD},
    ]
    answers = [(await control.ask("POST", LOGIN, body=body))[:2] for body in wrong]
    assert answers == [answers[0]] * len(wrong)
    assert answers[0][0] == 401


async def test_guessing_locks_the_account_known_or_not(control: Control, clock: FixedClock) -> None:
    for who in ("alice@example.com", "nobody@example.com"):
        for _ in range(5):
            assert (await control.ask("POST", LOGIN, body={"username": who, "password": "no"}))[0] == 401
        status, answer, response = await log_in(control, who)
        assert (status, answer["error"]["code"]) == (429, "rate_limited")
        assert 0 < int(response.headers["Retry-After"]) <= 601
    assert (await log_in(control, "ada@example.com"))[0] == 200
    clock.advance(timedelta(minutes=11))
    assert (await log_in(control))[0] == 200


async def test_a_guess_that_waited_while_the_account_was_locked_hears_nothing(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many at once are worth no more than one after the other."""
    identity = control.app.identity
    real = identity.passwords.check

    async def meanwhile(password: str, stored: str | None) -> bool:
        for _ in range(5):
            await control.app.store.write(lambda tx: identity.failed(tx, "alice@example.com", "198.51.100.7"))
        return await real(password, stored)

    monkeypatch.setattr(identity.passwords, "check", meanwhile)
    assert (await log_in(control))[0] == 401


async def test_guessing_from_one_network_is_from_one_address(control: Control) -> None:
    identity = control.app.identity
    for number in range(30):
        await control.app.store.write(
            lambda tx, number=number: identity.failed(tx, f"a{number}", f"2001:db8:0:1::{number:x}")
        )
    assert identity.wait_seconds("alice@example.com", "2001:db8:0:1:ffff::1") > 0
    assert identity.wait_seconds("alice@example.com", "2001:db8:0:2::1") == 0
    for number in range(30):
        identity.failed_from(f"::ffff:192.0.2.{number}")
    assert identity.wait_seconds("alice@example.com", "::ffff:192.0.2.77") == 0


async def test_a_code_is_checked_when_given_and_works_once(control: Control, clock: FixedClock) -> None:
    assert (await log_in(control, otp="000000"))[0] == 401
    assert (await log_in(control, otp=code_at(clock)))[0] == 200
    assert (await log_in(control, otp=code_at(clock)))[0] == 401
    clock.advance(timedelta(seconds=30))
    assert (await log_in(control, otp=code_at(clock)))[0] == 200


async def test_wrong_codes_close_the_door(control: Control, clock: FixedClock) -> None:
    statuses = [(await log_in(control, otp="000000"))[0] for _ in range(5)]
    assert statuses == [401] * 5  # as a wrong password
    assert (await log_in(control, otp=code_at(clock)))[0] == 429
    clock.advance(timedelta(minutes=11))
    assert (await log_in(control, otp=code_at(clock)))[0] == 200


async def test_a_write_by_cookie_needs_its_token_and_our_own_page(control: Control) -> None:
    _, answer, _ = await log_in(control)
    token = answer["data"]["csrfToken"]
    assert (await control.ask("GET", ME))[1]["data"]["csrf_token"] == token
    for headers in (
        {},
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": token, "Origin": "https://evil.example"},
        {"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site"},
        {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"},
    ):
        status, refused, _ = await control.ask("POST", LOGOUT, headers=headers)
        assert (status, refused["error"]["code"]) == (403, "forbidden"), headers
    good = {"X-CSRF-Token": token, "Origin": control.url, "Sec-Fetch-Site": "same-origin"}
    assert (await control.ask("POST", LOGOUT, headers=good))[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
async def test_another_sites_page_cannot_log_one_in(control: Control, origin: str) -> None:
    body = {"username": "alice@example.com", "password": PASSWORD}
    status, _, _ = await control.ask("POST", LOGIN, body=body, headers={"Origin": origin})
    assert status == 403


async def test_a_link_opens_once_and_not_late(control: Control, clock: FixedClock) -> None:
    async def link() -> dict[str, Any]:
        status, answer, _ = await control.ask("POST", "/api/v1/auth/links", key="operator")
        assert status == 201
        data: dict[str, Any] = answer["data"]
        return data

    made = await link()
    assert made["url"] == f"{control.url}/console/enter#token={made['token']}"
    assert made["token"].startswith("vos_link_k1_")
    # it is no key
    assert (await control.ask("GET", ME, key=made["token"]))[0] == 401
    status, answer, _ = await control.ask("POST", "/api/v1/auth/link", body={"token": made["token"]})
    assert (status, answer["data"]["operator"]["email"]) == (200, "oscar@example.com")
    assert (await control.ask("POST", "/api/v1/auth/link", body={"token": made["token"]}))[0] == 401
    late = await link()
    clock.advance(timedelta(minutes=10))
    assert (await control.ask("POST", "/api/v1/auth/link", body={"token": late["token"]}))[0] == 401


async def test_a_link_of_somebody_else_does_not_take_over_a_browser(control: Control) -> None:
    """Whoever makes another person follow it would have them work in an account that is not theirs."""
    _, answer, _ = await log_in(control)
    made = (await control.ask("POST", "/api/v1/auth/links", key="viewer"))[1]["data"]
    enter = {"token": made["token"]}
    status, refused, _ = await control.ask("POST", "/api/v1/auth/link", body=enter)
    assert (status, refused["error"] and refused["error"]["code"]) == (409, "conflict")
    assert (await control.ask("GET", ME))[1]["data"]["email"] == "alice@example.com"
    headers = {"X-CSRF-Token": answer["data"]["csrfToken"]}
    assert (await control.ask("POST", LOGOUT, headers=headers))[0] == 200
    assert (await control.ask("POST", "/api/v1/auth/link", body=enter))[0] == 200


async def test_a_login_is_in_the_trail_without_its_secrets(control: Control, clock: FixedClock) -> None:
    _, answer, _ = await log_in(control, otp=code_at(clock))
    _, trail, _ = await control.ask("GET", "/api/v1/audit?type=operator_login", key="auditor")
    (entry,) = trail["data"]["entries"]
    assert entry["data"]["mfa"] is True
    assert entry["data"]["session"] == answer["data"]["sessionId"]
    assert PASSWORD not in str(trail)
    assert answer["data"]["apiKey"] not in str(trail)


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer vos_live_k1_unknown",
        f"bearer {'x' * 4000}",
        "Token abc",
    ],
)
async def test_a_key_that_does_not_hold_is_nobodys(control: Control, header: str) -> None:
    status, answer, response = await control.ask("GET", ME, headers={"Authorization": header})
    assert (status, answer["error"]["code"]) == (401, "unauthenticated")
    assert "Bearer" in response.headers["WWW-Authenticate"]


async def test_identity_comes_from_the_credential_alone(control: Control) -> None:
    headers = {"X-Forwarded-User": "ada@example.com", "X-Operator-Id": "op-1", "X-Role": "admin"}
    status, answer, _ = await control.ask("GET", ME, key="viewer", headers=headers)
    assert (status, answer["data"]["email"]) == (200, "victor@example.com")
    body = {"reason": "x", "tenant_id": "another"}
    status, answer, _ = await control.ask("POST", "/api/v1/warrants/wrt-1/revoke", key="admin", body=body)
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    same = {"reason": "x", "tenant_id": "default"}
    assert (await control.ask("POST", "/api/v1/warrants/wrt-1/revoke", key="admin", body=same))[0] == 404


async def test_prod_wants_the_code_and_a_cookie_that_only_https_carries(
    tmp_path: Path, clock: FixedClock
) -> None:
    async with running(tmp_path / "data", clock=clock):
        pass  # seeds the operators, which prod does not
    prod = {"env": "prod", "bootstrap": None}
    async with running(tmp_path / "data", clock=clock, **prod) as control:
        status, answer, _ = await log_in(control)
        assert (status, answer["error"]["code"]) == (401, "mfa_required")
        status, _, response = await log_in(control, otp=code_at(clock))
        assert status == 200
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-vienna=")
        assert "Secure" in cookie


async def test_keys_are_kept_only_as_keyed_hashes(control: Control) -> None:
    _, answer, _ = await log_in(control)
    await control.app.store.write(lambda tx: tx.conn.exec_driver_sql("SELECT 1").scalar())
    held = b"".join(path.read_bytes() for path in control.folder.path.glob("vienna.db*"))
    for secret in (answer["data"]["apiKey"], key_of("admin"), PASSWORD, TOTP_SECRET):
        assert secret.encode() not in held


async def test_the_session_cookie_is_not_kept_either(control: Control) -> None:
    _, _, response = await log_in(control)
    secret = response.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    held = b"".join(path.read_bytes() for path in control.folder.path.glob("vienna.db*"))
    assert secret.encode() not in held


async def test_two_credentials_in_one_request_are_refused(control: Control) -> None:
    async with aiohttp.ClientSession() as http:
        headers = [
            ("Authorization", f"Bearer {key_of('admin')}"),
            ("Authorization", f"Bearer {key_of('viewer')}"),
        ]
        async with http.get(control.url + ME, headers=headers) as response:
            assert response.status == 401


async def test_a_link_out_of_a_session_does_not_outlive_it(control: Control, clock: FixedClock) -> None:
    """Else whoever has stolen one key of eight hours has them for ever, a link at a time."""
    _, answer, _ = await control.ask(
        "POST", "/api/v1/auth/login", body={"username": "ada@example.com", "password": PASSWORD}
    )
    first = answer["data"]
    control.http.cookie_jar.clear()
    clock.advance(timedelta(hours=7, minutes=55))
    links = []
    for _ in range(2):
        _, answer, _ = await control.ask("POST", "/api/v1/auth/links", key=first["apiKey"])
        links.append(answer["data"]["token"])
    _, answer, _ = await control.ask("POST", "/api/v1/auth/link", body={"token": links[0]})
    control.http.cookie_jar.clear()
    assert answer["data"]["expiresAt"] == first["expiresAt"]
    assert (await control.ask("POST", "/api/v1/auth/logout", key=first["apiKey"]))[0] == 200
    assert (await control.ask("POST", "/api/v1/auth/link", body={"token": links[1]}))[0] == 401


async def test_a_stream_of_events_ends_with_the_session(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vienna_control.api.events._RECHECK_SECONDS", 0.0)
    _, answer, _ = await log_in(control, "ada@example.com")
    key = answer["data"]["apiKey"]
    control.http.cookie_jar.clear()
    headers = {"Authorization": f"Bearer {key}"}
    async with control.http.get(f"{control.url}/api/v1/events", headers=headers) as stream:
        assert b"connected" in await stream.content.readuntil(b"\n\n")
        control.app.bus.publish("alert", {"text": "before"}, tenant="default")
        assert b"before" in await stream.content.readuntil(b"\n\n")
        await control.ask("POST", LOGOUT, key=key)
        control.app.bus.publish("alert", {"text": "after"}, tenant="default")
        async with asyncio.timeout(60):
            assert b"after" not in await stream.content.read()
