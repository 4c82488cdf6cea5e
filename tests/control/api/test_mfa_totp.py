"""A second factor of one's own: offered, confirmed, removed; and the codes for when it is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from keyholders import Keyholders
from people import People
from planes import PASSWORD, Control
from vienna_control.clock import FixedClock
from vienna_control.identity.totp import OFFER

LOGIN = "/api/v1/auth/login"


class Person:
    """Alice, who has a device and a sheet of paper."""

    def __init__(self, control: Control, people: People, clock: FixedClock) -> None:
        self.control, self.people, self.clock = control, people, clock

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return await self.people.ask("alice", method, path, body)

    def code(self, secret: str) -> str:
        """A code that was not used yet."""
        self.clock.advance(timedelta(seconds=30))
        return pyotp.TOTP(secret).at(self.clock.now())

    def old(self) -> str:
        self.clock.advance(timedelta(seconds=30))
        return self.people.code()

    async def replace(self) -> tuple[str, list[str]]:
        """A new device instead of the seeded one: its secret, and the recovery codes."""
        status, answer = await self.ask("POST", "/mfa/totp", {"otp": self.old()})
        assert status == 201, answer
        secret = answer["data"]["secret"]
        status, answer = await self.ask("POST", "/mfa/totp/confirm", {"otp": self.code(secret)})
        assert status == 200, answer
        return secret, answer["data"]["recovery_codes"]

    async def log_in(self, **more: Any) -> tuple[int, Any]:
        body = {"username": "alice@example.com", "password": PASSWORD, **more}
        status, answer, _ = await self.control.ask("POST", LOGIN, body=body)
        self.control.http.cookie_jar.clear()
        return status, answer


@pytest.fixture
def alice(control: Control, people: People, clock: FixedClock) -> Person:
    return Person(control, people, clock)


async def test_a_new_secret_holds_once_a_code_of_it_came_back(alice: Person) -> None:
    status, answer = await alice.ask("POST", "/mfa/totp", {"otp": alice.old()})
    assert status == 201, answer
    offered = answer["data"]
    told = parse_qs(urlsplit(offered["otpauth_uri"]).query)
    assert (told["secret"], told["issuer"]) == ([offered["secret"]], ["Vienna"])
    assert (await alice.log_in(otp=alice.code(offered["secret"])))[0] == 401  # not yet
    assert (await alice.log_in(otp=alice.old()))[0] == 200
    assert (await alice.ask("POST", "/mfa/totp/confirm", {"otp": "000000"}))[0] == 401
    code = alice.code(offered["secret"])
    status, answer = await alice.ask("POST", "/mfa/totp/confirm", {"otp": code})
    assert (status, len(answer["data"]["recovery_codes"])) == (200, 10)
    assert (await alice.ask("POST", "/mfa/totp/confirm", {"otp": code}))[0] == 409  # offered once
    assert (await alice.log_in(otp=code))[0] == 401  # a code works once
    assert (await alice.log_in(otp=alice.code(offered["secret"])))[0] == 200
    assert (await alice.log_in(otp=alice.old()))[0] == 401
    _, answer = await alice.ask("GET", "/mfa")
    assert (answer["data"]["totp"], answer["data"]["recovery_codes_left"]) == (True, 10)


async def test_an_offer_ends(alice: Person) -> None:
    _, answer = await alice.ask("POST", "/mfa/totp", {"otp": alice.old()})
    alice.clock.advance(OFFER)
    body = {"otp": pyotp.TOTP(answer["data"]["secret"]).at(alice.clock.now())}
    assert (await alice.ask("POST", "/mfa/totp/confirm", body))[0] == 409


async def test_what_is_enrolled_is_changed_only_with_it(alice: Person) -> None:
    wrong = [{}, {"password": PASSWORD}, {"otp": "000000"}, {"recovery_code": "AAAA-AAAA-AAAA-AAAA"}]
    for body in wrong + wrong:
        for path in ("/mfa/totp", "/mfa/totp/remove"):
            status, answer = await alice.ask("POST", path, body)
            assert (status, answer["error"]["code"]) in ((401, "mfa_required"), (429, "rate_limited"))
    assert (await alice.ask("POST", "/mfa/totp/remove", {"otp": alice.old()}))[0] == 429  # guesses count
    alice.clock.advance(timedelta(minutes=11))
    assert (await alice.ask("POST", "/mfa/totp/remove", {"otp": alice.old()}))[0] == 200
    assert (await alice.ask("POST", "/mfa/totp/remove", {"otp": alice.old()}))[0] == 409
    _, trail = await alice.people.ask("audrey", "GET", "/audit?type=alert")
    assert trail["data"]["entries"][0]["data"]["kind"] == "mfa_removed"


async def test_a_recovery_code_lets_in_once_and_removes_and_never_votes(alice: Person) -> None:
    secret, codes = await alice.replace()
    assert (await alice.log_in(recovery_code=codes[0].lower()))[0] == 200
    assert (await alice.log_in(recovery_code=codes[0]))[0] == 401
    assert (await alice.log_in(otp=codes[1].replace("-", "")[:10]))[0] == 401
    _, answer = await alice.log_in(recovery_code=codes[2])
    key = answer["data"]["apiKey"]
    ask = alice.control.ask
    _, answer, _ = await ask("GET", "/api/v1/operators/me", key=key)
    assert answer["data"]["mfa_until"] is None  # nothing that asks for a step-up
    for field in ({"otp": codes[1].replace("-", "")}, {"recovery_code": codes[1]}):
        status, _, _ = await ask("POST", "/api/v1/auth/step-up", key=key, body=field)
        assert status == 422
        body = {"reason": "no", **field}
        assert (await ask("POST", "/api/v1/approvals/apr-0/deny", key=key, body=body))[0] == 422
    assert not await alice.control.app.store.write(
        lambda tx: alice.control.app.identity.totp.check(tx, answer["data"]["id"], codes[1])
    )
    _, trail = await alice.people.ask("audrey", "GET", "/audit?type=alert")
    assert trail["data"]["entries"][0]["data"]["kind"] == "recovery_code_used"
    assert not [one for one in (secret, *codes) if one in str(trail)]
    # new ones end the old, and need the device
    for body in ({"otp": "000000"}, {"otp": alice.code(secret)}):
        status, answer = await alice.ask("POST", "/mfa/recovery-codes", body)
    assert (status, len(set(answer["data"]["recovery_codes"]) - set(codes))) == (201, 10)
    assert (await alice.log_in(recovery_code=codes[3]))[0] == 401
    lost = {"recovery_code": answer["data"]["recovery_codes"][0]}
    assert (await alice.ask("POST", "/mfa/totp/remove", lost))[0] == 200
    assert (await alice.log_in(recovery_code=answer["data"]["recovery_codes"][1]))[0] == 401


async def test_an_admin_takes_factors_away_and_everybody_hears_of_it(alice: Person) -> None:
    secret, codes = await alice.replace()
    await Keyholders(alice.control, alice.people).enrol("alice")
    _, answer = await alice.log_in()
    key, who = answer["data"]["apiKey"], answer["data"]["operator"]["id"]
    assert (await alice.people.ask("bob", "DELETE", f"/operators/{who}/mfa"))[0] == 403
    status, answer = await alice.people.ask("ada", "DELETE", f"/operators/{who}/mfa")
    assert (status, answer["data"]["mfa"]) == (200, False)
    assert (await alice.control.ask("GET", "/api/v1/operators/me", key=key))[0] == 401
    assert (await alice.log_in(recovery_code=codes[0]))[0] == 401
    assert (await alice.log_in(otp=alice.code(secret)))[0] == 401
    _, trail = await alice.people.ask("audrey", "GET", "/audit?type=alert")
    assert trail["data"]["entries"][0]["data"]["kind"] == "mfa_reset"
    _, admin = await alice.people.ask("ada", "GET", "/operators/me")
    _, trail = await alice.people.ask("audrey", "GET", "/audit?type=operator_mfa")
    did = {one["data"]["what"]: one["actor"] for one in trail["data"]["entries"]}
    assert did["passkey_removed"] == did["reset"] == f"operator:{admin['data']['id']}"
    _, answer = await alice.people.ask("ada", "GET", "/operators/me")
    assert (await alice.people.ask("ada", "DELETE", f"/operators/{answer['data']['id']}/mfa"))[0] == 409


async def test_codes_are_kept_only_sealed_or_hashed(alice: Person) -> None:
    secret, codes = await alice.replace()
    held = b"".join(path.read_bytes() for path in alice.control.folder.path.glob("vienna.db*"))
    for one in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert one.encode() not in held
