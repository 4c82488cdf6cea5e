"""Secrets planted wherever one can be given stand in no log, no error, no trail, and in no database in plain text."""

from __future__ import annotations

import json
from typing import Any

import pyotp
import pytest

from people import People
from planes import Control

NEW = "CANARY-a-slow-green-tram"


async def test_no_secret_comes_back(
    control: Control, people: People, capfd: pytest.CaptureFixture[str]
) -> None:
    answers: list[str] = []
    secrets: list[str] = [NEW, "CANARY-wrong-password"]

    async def ask(who: str | None, method: str, path: str, body: Any = None) -> Any:
        status, answer, response = await control.ask(method, f"/api/v1{path}", key=who, body=body)
        control.http.cookie_jar.clear()
        if status >= 400:
            answers.append(json.dumps(answer) + str(response.headers))
        return answer["data"]

    made = await ask("admin", "POST", "/operators", {"email": "nora@example.com", "role": "admin"})
    wrong = {"token": "CANARY-token-0123456789", "password": NEW}
    for path in ("/auth/invitation", "/auth/link", "/auth/setup"):
        await ask(None, "POST", path, wrong)
    await ask(None, "POST", "/auth/invitation", {"token": made["token"], "password": "CANARYshort"})
    await ask(None, "POST", "/auth/invitation", {"token": made["token"], "password": NEW})
    login = {"username": "nora@example.com", "password": "CANARY-wrong-password", "otp": "CANARY-otp"}
    await ask(None, "POST", "/auth/login", login)
    await ask(None, "POST", "/auth/login", {**login, "password": ["CANARY-list"], "otp": 123456})
    nora = (await ask(None, "POST", "/auth/login", {"username": "nora@example.com", "password": NEW}))[
        "apiKey"
    ]
    secret = (await ask(nora, "POST", "/mfa/totp"))["secret"]
    code = pyotp.TOTP(secret).at(control.app.clock.now())
    codes = (await ask(nora, "POST", "/mfa/totp/confirm", {"otp": code}))["recovery_codes"]
    await ask(nora, "POST", "/mfa/totp/remove", {"recovery_code": "CANARY-recovery-code"})
    await ask(None, "POST", "/auth/login", {**login, "password": NEW, "recovery_code": codes[0], "otp": None})
    await ask(nora, "POST", "/auth/password", {"current_password": "CANARY-now", "new_password": NEW + "1"})
    key = (await ask(nora, "POST", "/api-keys", {"name": "ci", "scopes": ["read"]}))["api_key"]
    await ask(key + "x", "GET", "/operators/me")
    token = (await ask(nora, "POST", "/join-tokens", {"agent": "bot"}))["token"]
    link = (await ask(nora, "POST", "/auth/links"))["token"]
    secrets += [made["token"], nora, secret, key, token, link, *codes, "CANARY"]

    _, trail = await people.ask("audrey", "GET", "/audit?limit=500")
    told = "".join(answers) + json.dumps(trail) + "".join(capfd.readouterr())
    assert "nora@example.com" not in told  # the log and the trail name people by id
    assert not [one for one in secrets if one in told]
    held = b"".join(path.read_bytes() for path in control.folder.path.glob("vienna.db*"))
    assert not [one for one in secrets if one.encode() in held]
