"""Outside dev and test: the first admin, the factor at a login, and a fresh one for what changes people and keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest

from planes import Control, running
from vienna_control import rows
from vienna_control.clock import FixedClock
from vienna_control.identity import operators, setup
from vienna_control.ports import StartError
from vienna_control.store import Tx
from vienna_control.store.tables import passkeys

PASSWORD = "a slow green tram to Vienna"
PROD = {"env": "prod", "bootstrap": None}
ME = "/api/v1/operators/me"


@pytest.fixture
def settings() -> dict[str, Any]:
    return PROD


class Admin:
    """The first admin, from an empty installation on."""

    def __init__(self, control: Control, clock: FixedClock) -> None:
        self.control, self.clock, self.key, self.secret = control, clock, "", ""

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        status, answer, _ = await self.control.ask(method, f"/api/v1{path}", key=self.key or None, body=body)
        self.control.http.cookie_jar.clear()
        return status, answer

    def code(self) -> str:
        self.clock.advance(timedelta(seconds=30))
        return pyotp.TOTP(self.secret).at(self.clock.now())

    async def log_in(self, **more: Any) -> tuple[int, Any]:
        self.key = ""
        body = {"username": "root@example.com", "password": PASSWORD, **more}
        status, answer = await self.ask("POST", "/auth/login", body)
        if status == 200:
            self.key = answer["data"]["apiKey"]
        return status, answer

    async def set_up(self) -> None:
        token = await prepared(self.control)
        body = {"token": token, "email": "Root@example.com", "password": PASSWORD}
        status, answer = await self.ask("POST", "/auth/setup", body)
        assert (status, answer["data"]["role"]) == (201, "admin"), answer

    async def enrol(self) -> None:
        status, answer = await self.ask("POST", "/mfa/totp", {"password": PASSWORD})
        assert status == 201, answer
        self.secret = answer["data"]["secret"]
        status, answer = await self.ask("POST", "/mfa/totp/confirm", {"otp": self.code()})
        assert status == 200, answer


async def prepared(control: Control, given: Path | None = None) -> str:
    """What a start does: the token in its file."""
    app = control.app
    file = await setup.prepare(app.store, app.identity, control.folder.path, given, tenant="default")
    assert file is not None
    assert given or file.stat().st_mode & 0o777 == 0o600
    return file.read_text().strip()


@pytest.fixture
def admin(control: Control, clock: FixedClock) -> Admin:
    return Admin(control, clock)


async def test_the_first_admin_is_made_once(control: Control, admin: Admin) -> None:
    first, second = await prepared(control), await prepared(control)
    body = {"token": first, "email": "root@example.com", "password": PASSWORD}
    assert (await admin.ask("POST", "/auth/setup", body))[0] == 401  # each start makes another
    body["token"] = second
    weak = {**body, "password": "password1234"}
    assert (await admin.ask("POST", "/auth/setup", weak))[0] == 422  # and the token still works
    assert (await admin.ask("POST", "/auth/setup", body))[0] == 201
    again = {**body, "email": "eve@example.com"}
    assert (await admin.ask("POST", "/auth/setup", again))[0] == 401
    app, folder = control.app, control.folder.path
    given = folder / "given"
    given.write_text("0123456789abcdef0123456789abcdef")
    for file in (None, given):
        done = await setup.prepare(app.store, app.identity, folder, file, tenant="default")
        assert done is None
    assert not (folder / setup.FILE).exists()
    held = b"".join(path.read_bytes() for path in folder.glob("vienna.db*"))
    assert second.encode() not in held


async def test_a_setup_token_does_nothing_once_somebody_is_there(control: Control, admin: Admin) -> None:
    token = await prepared(control)
    new = operators.Entered(tenant="default", email="otto@example.com")
    await control.app.store.write(lambda tx: operators.create(tx, new, actor="system"))
    body = {"token": token, "email": "root@example.com", "password": PASSWORD}
    assert (await admin.ask("POST", "/auth/setup", body))[0] == 401


async def test_a_setup_token_can_be_given(control: Control, admin: Admin, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("short\n")
    with pytest.raises(StartError, match="32 to 256 characters"):
        await prepared(control, file)
    file.write_text("0123456789abcdef0123456789abcdef\n")
    assert await prepared(control, file) == await prepared(control, file)
    assert not (control.folder.path / setup.FILE).exists()
    body = {"token": file.read_text().strip(), "email": "root@example.com", "password": PASSWORD}
    assert (await admin.ask("POST", "/auth/setup", body))[0] == 201


async def test_a_second_factor_is_enrolled_with_the_password_and_then_wanted(admin: Admin) -> None:
    await admin.set_up()
    status, answer = await admin.log_in()
    assert (status, answer["data"]["mfaEnrolled"]) == (200, False)
    for proof, code in (({}, "mfa_required"), ({"password": "not mine at all"}, "unauthenticated")):
        status, answer = await admin.ask("POST", "/mfa/totp", proof)  # a stolen session is not enough
        assert (status, answer["error"]["code"]) == (401, code)
    await admin.enrol()
    status, answer = await admin.log_in()
    assert (status, answer["error"]["details"]) == (401, {"factors": ["totp"]})
    status, answer = await admin.log_in(otp=admin.code())
    assert (status, answer["data"]["mfaEnrolled"]) == (200, True)


async def test_what_changes_people_and_keys_wants_a_fresh_factor(admin: Admin, clock: FixedClock) -> None:
    await admin.set_up()
    _, answer = await admin.log_in()
    end = answer["data"]["expiresAt"]
    new = {"email": "nora@example.com"}
    status, answer = await admin.ask("POST", "/operators", new)
    assert (status, answer["error"]["code"]) == (401, "mfa_required")
    assert answer["error"]["details"]["enrol"] == "POST /api/v1/mfa/totp"
    await admin.enrol()
    doors = [
        ("POST", "/operators", new),
        ("PATCH", "/operators/op-0", {}),
        ("DELETE", "/operators/op-0", None),
        ("POST", "/operators/op-0/invitation", None),
        ("DELETE", "/operators/op-0/mfa", None),
        ("DELETE", "/operators/op-0/passkeys/pk-0", None),
        ("DELETE", "/operators/op-0/devices/int-0", None),
        ("POST", "/api-keys", {"name": "x"}),
        ("POST", "/api-keys/key-0/rotate", None),
        ("POST", "/join-tokens", {"agent": "bot"}),
        ("POST", "/delegations", {"to": "nora@example.com", "ends_at": "2026-03-03T10:00:00Z"}),
    ]

    async def refused() -> list[bool]:
        answers = [await admin.ask(*door) for door in doors]
        return [status == 401 and answer["error"]["code"] == "mfa_required" for status, answer in answers]

    assert not any(await refused())  # the code that confirmed it was shown just now
    clock.advance(timedelta(minutes=10))
    assert all(await refused())
    before = admin.key
    assert (await admin.ask("POST", "/auth/step-up", {"otp": "000000"}))[0] == 401
    code = admin.code()
    status, answer = await admin.ask("POST", "/auth/step-up", {"otp": code})
    assert status == 200, answer
    admin.key = answer["data"]["apiKey"]
    assert not any(await refused())
    # the session is another one, that ends when the first would have ended; the code is used up
    old = Admin(admin.control, clock)
    old.key = before
    assert (await old.ask("GET", "/operators/me"))[0] == 401
    assert (await admin.ask("POST", "/auth/step-up", {"otp": code}))[0] == 401
    _, answer = await admin.ask("GET", "/sessions")
    assert [(one["how"], one["expires_at"]) for one in answer["data"]["sessions"]] == [("step_up", end)]
    _, answer = await admin.ask("POST", "/api-keys", {"name": "x", "scopes": ["administer"]})
    old.key = answer["data"]["api_key"]
    clock.advance(timedelta(minutes=10))
    assert all(await refused())
    # a key of its own cannot show one
    status, answer = await old.ask("POST", "/operators", {"email": "otto@example.com"})
    assert (status, answer["error"]["code"]) == (401, "mfa_required")
    assert (await old.ask("POST", "/auth/step-up", {"otp": admin.code()}))[0] == 409
    assert (await old.ask("GET", "/operators"))[0] == 200  # to look needs none


async def test_a_passkey_counts_as_much_as_a_code(control: Control, admin: Admin) -> None:
    """With one, the password alone neither lets in, nor enrols a code, nor changes the password."""
    await admin.set_up()
    await admin.log_in()

    def enrolled(tx: Tx) -> None:
        values: dict[str, Any] = {"credential_id": "c", "kid": "k", "jwk": "{}", "name": "n"}
        values |= {"rp_id": "vienna.example.com", "sign_count": 0, "backed_up": False}
        own = tx.conn.exec_driver_sql("SELECT id FROM operators").scalar()
        rows.add(
            tx.conn,
            passkeys,
            id="pk-1",
            tenant="default",
            operator_id=own,
            created_at=tx.at,
            **values,
        )

    await control.app.store.write(enrolled)
    body = {"current_password": PASSWORD, "new_password": PASSWORD + "!"}
    for path, asked in (("/mfa/totp", {"password": PASSWORD}), ("/auth/password", body)):
        status, answer = await admin.ask("POST", path, asked)
        assert (status, answer["error"]["code"]) == (401, "mfa_required"), path
    _, answer = await admin.ask("GET", "/operators")
    assert [(one["mfa"], one["factors"]) for one in answer["data"]["operators"]] == [(True, ["passkey"])]
    status, answer = await admin.log_in()
    assert (status, answer["error"]["details"]) == (401, {"factors": ["passkey"]})


async def test_a_passkey_is_enrolled_with_the_password_or_a_factor(control: Control, admin: Admin) -> None:
    """Whoever stole a session does not make one of their own with it."""
    await admin.set_up()
    await admin.log_in()
    begin = "/mfa/passkeys/options"
    for proof, code in ((None, "mfa_required"), ({"password": "not mine at all"}, "unauthenticated")):
        status, answer = await admin.ask("POST", begin, proof)
        assert (status, answer["error"] and answer["error"]["code"]) == (401, code)
    assert (await admin.ask("POST", begin, {"password": PASSWORD}))[0] == 200
    await admin.enrol()
    assert (await admin.ask("POST", begin))[0] == 200  # shown a moment ago
    admin.clock.advance(timedelta(minutes=10))
    status, answer = await admin.ask("POST", begin, {"password": PASSWORD})
    assert (status, answer["error"]["code"]) == (401, "mfa_required")
    await admin.log_in(otp=admin.code())
    assert (await admin.ask("POST", begin))[0] == 200


async def test_no_join_token_is_for_any_agent(admin: Admin) -> None:
    await admin.set_up()
    await admin.log_in()
    await admin.enrol()
    await admin.log_in(otp=admin.code())
    assert (await admin.ask("POST", "/join-tokens", {"agent": "*"}))[0] == 403
    assert (await admin.ask("POST", "/join-tokens", {"agent": "bot"}))[0] == 201


async def test_a_restart_does_not_reset_an_attack(tmp_path: Path, clock: FixedClock) -> None:
    """Not on a password, not on a code, whether the account is there or not."""
    data = tmp_path / "data"
    async with running(data, clock=clock, **PROD) as control:
        admin = Admin(control, clock)
        await admin.set_up()
        await admin.log_in()
        await admin.enrol()
        secret = admin.secret
        for _ in range(4):
            assert (await admin.log_in(otp="000000"))[0] == 401
        for _ in range(5):
            body = {"username": "nobody@example.com", "password": "no"}
            await control.ask("POST", "/api/v1/auth/login", body=body)
    async with running(data, clock=clock, **PROD) as control:
        admin = Admin(control, clock)
        admin.secret = secret
        status, _, _ = await control.ask("POST", "/api/v1/auth/login", body=body)
        assert status == 429
        body["username"] = "root@example.com"
        status, _, _ = await control.ask("POST", "/api/v1/auth/login", body=body)
        assert status == 401  # the fifth
        assert (await admin.log_in(otp=admin.code()))[0] == 429
        clock.advance(timedelta(minutes=11))
        assert (await admin.log_in(otp=admin.code()))[0] == 200
        held = await control.app.store.read(
            lambda conn: conn.exec_driver_sql("SELECT key FROM guesses").scalars().all()
        )
        assert not [key for key in held if "@" in key]
