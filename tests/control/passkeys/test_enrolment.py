"""Enrolling a passkey, keeping it, and coming in with it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from keyholders import Keyholders
from passkey_kit import Authenticator
from planes import Control
from vienna_control.clock import FixedClock
from vienna_control.passkeys.party import party_of
from vienna_control.store import Tx
from vienna_control.store.tables import alerts, entries, operators, passkey_challenges
from vienna_kernel.keyring import b64url, unb64url


async def options(control: Control) -> dict[str, Any]:
    status, answer, _ = await control.ask("POST", "/api/v1/auth/passkey/options")
    assert status == 200, answer
    found: dict[str, Any] = answer["data"]["public_key"]
    return found


async def log_in(control: Control, key: Authenticator, **lies: Any) -> tuple[int, Any]:
    body = key.asserted(await options(control), **lies)
    status, answer, _ = await control.ask("POST", "/api/v1/auth/passkey", body=body)
    return status, answer


@pytest.mark.parametrize("kind", ["ES256", "EdDSA", "RS256"])
async def test_a_passkey_is_enrolled_and_lets_its_owner_in(
    control: Control, holders: Keyholders, kind: Any
) -> None:
    key = await holders.enrol("alice", holders.key(kind=kind, count=0))
    _, listed = await holders.ask("alice", "GET", "/mfa/passkeys")
    (row,) = listed["data"]["passkeys"]
    assert (row["name"], row["kid"], row["backed_up"]) == ("laptop", key.key.kid, False)
    status, answer = await log_in(control, key)
    assert (status, answer["data"]["operator"]["email"]) == (200, "alice@example.com")
    _, me, _ = await control.ask("GET", "/api/v1/operators/me", key=answer["data"]["apiKey"])
    assert me["data"]["email"] == "alice@example.com"
    found = await control.app.store.read(
        lambda conn: conn.scalars(select(entries.c.body).where(entries.c.type == "operator_login")).all()
    )
    assert b'"factor":"passkey"' in found[-1]


async def test_options_say_what_a_browser_must_do(control: Control, holders: Keyholders) -> None:
    await holders.enrol("alice")
    _, answer = await holders.ask("alice", "POST", "/mfa/passkeys/options")
    asked = answer["data"]["public_key"]
    assert asked["rp"]["id"] == "localhost"
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["userVerification"] == "required"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert [row["id"] for row in asked["excludeCredentials"]] == [b64url(holders.keys["alice"].id)]
    login = await options(control)
    assert (login["userVerification"], login["allowCredentials"]) == ("required", [])
    assert login["challenge"] != (await options(control))["challenge"]


async def test_a_public_key_is_one_persons(holders: Keyholders) -> None:
    """Rosters are public, and name keys by it: a copy of somebody's would stand there in another's name."""
    key = await holders.enrol("alice")
    copy = holders.key(kind=key.kind, private=key.private)
    status, answer = await holders.register("bob", copy)
    assert (status, answer["error"] and answer["error"]["code"]) == (422, "validation_failed")


REGISTERED: dict[str, dict[str, Any]] = {
    "on another origin": {"origin": "https://evil.example"},
    "in a foreign frame": {"crossOrigin": True},
    "below a foreign page": {"topOrigin": "https://evil.example"},
    "of an assertion": {"type": "webauthn.get"},
    "without verification": {"flags": 0x01},
    "another challenge": {"challenge": b64url(bytes(32))},
    "no challenge": {"challenge": 1},
}


@pytest.mark.parametrize("lie", REGISTERED)
async def test_what_was_not_made_here_is_not_enrolled(holders: Keyholders, lie: str) -> None:
    status, answer = await holders.register("alice", holders.key(), **REGISTERED[lie])
    assert (status, answer["error"]["code"]) == (422, "validation_failed")


async def test_bytes_that_are_no_attestation(holders: Keyholders) -> None:
    for text in (b"", b"\xa0", b"\xff" * 40, b"\xa3cfmtdnone"):
        _, asked = await holders.ask("alice", "POST", "/mfa/passkeys/options")
        made = holders.key().registered(asked["data"]["public_key"])
        body = {
            "credential_id": made["id"],
            "client_data_json": made["response"]["clientDataJSON"],
            "attestation_object": b64url(text) or "AA",
        }
        status, answer = await holders.ask("alice", "POST", "/mfa/passkeys", body)
        assert (status, answer["error"]["code"]) == (422, "validation_failed")


async def test_a_challenge_serves_once_for_its_person_and_its_purpose(
    control: Control, holders: Keyholders, clock: FixedClock
) -> None:
    key = holders.key()
    _, asked = await holders.ask("alice", "POST", "/mfa/passkeys/options")
    made = key.registered(asked["data"]["public_key"])
    body = {
        "credential_id": made["id"],
        "client_data_json": made["response"]["clientDataJSON"],
        "attestation_object": made["response"]["attestationObject"],
    }
    assert (await holders.ask("bob", "POST", "/mfa/passkeys", body))[0] == 422
    assert (await holders.ask("alice", "POST", "/mfa/passkeys", body))[0] == 422  # bob used it up
    await holders.enrol("alice", key)
    body = key.asserted(await options(control))
    assert (await control.ask("POST", "/api/v1/auth/passkey", body=body))[0] == 200
    elsewhere = {
        "credential_id": "AA",
        "attestation_object": "AA",
        "client_data_json": body["client_data_json"],
    }
    assert (await holders.ask("alice", "POST", "/mfa/passkeys", elsewhere))[0] == 422
    assert (await control.ask("POST", "/api/v1/auth/passkey", body=body))[0] == 401
    stale = key.asserted(await options(control))
    clock.advance(timedelta(minutes=5))
    assert (await control.ask("POST", "/api/v1/auth/passkey", body=stale))[0] == 401


async def test_challenges_are_kept_hashed_and_swept(
    control: Control, holders: Keyholders, clock: FixedClock
) -> None:
    async def kept() -> list[str]:
        query = select(passkey_challenges.c.hash)
        return list(await control.app.store.read(lambda conn: conn.scalars(query).all()))

    _, asked = await holders.ask("alice", "POST", "/mfa/passkeys/options")
    (first,) = await kept()
    assert asked["data"]["public_key"]["challenge"] not in first
    clock.advance(timedelta(minutes=5))
    await holders.ask("alice", "POST", "/mfa/passkeys/options")
    (second,) = await kept()
    assert second != first


async def test_one_person_keeps_few_challenges_waiting(holders: Keyholders) -> None:
    for _ in range(20):
        assert (await holders.ask("alice", "POST", "/mfa/passkeys/options"))[0] == 200
    status, answer = await holders.ask("alice", "POST", "/mfa/passkeys/options")
    assert (status, answer["error"]["code"]) == (429, "rate_limited")
    assert (await holders.ask("bob", "POST", "/mfa/passkeys/options"))[0] == 200


async def test_strangers_who_ask_fill_nothing_and_make_up_nothing(
    control: Control, holders: Keyholders, clock: FixedClock
) -> None:
    key = await holders.enrol("alice")
    asked = await options(control)
    kept = select(func.count()).select_from(passkey_challenges)
    assert await control.app.store.read(lambda conn: conn.scalar(kept)) == 0
    challenge = unb64url(asked["challenge"])
    later = challenge[:16] + (int.from_bytes(challenge[16:24]) + 60).to_bytes(8) + challenge[24:]
    for made_up in (later, challenge[:-1], challenge[:20], b""):
        body = key.asserted({"challenge": b64url(made_up)})
        assert (await control.ask("POST", "/api/v1/auth/passkey", body=body))[0] == 401
    assert (await control.ask("POST", "/api/v1/auth/passkey", body=key.asserted(asked)))[0] == 200


ANSWERS: dict[str, dict[str, Any]] = {
    "on another origin": {"origin": "https://evil.example"},
    "without verification": {"flags": 0x01},
    "for another party": {"rp_id": "evil.example"},
    "for a registration": {"type": "webauthn.create"},
}


@pytest.mark.parametrize("lie", ANSWERS)
async def test_an_answer_that_does_not_hold_lets_nobody_in(
    control: Control, holders: Keyholders, lie: str
) -> None:
    status, answer = await log_in(control, await holders.enrol("alice"), **ANSWERS[lie])
    assert (status, answer["error"]["code"]) == (401, "unauthenticated")


async def test_a_stranger_and_a_disabled_person_hear_the_same(control: Control, holders: Keyholders) -> None:
    key = await holders.enrol("alice")

    def disable(tx: Tx) -> None:
        tx.conn.execute(
            operators.update().where(operators.c.email == "alice@example.com").values(disabled=True)
        )

    stranger = await log_in(control, holders.key())
    await control.app.store.write(disable)
    assert await log_in(control, key) == stranger
    assert stranger[0] == 401


async def test_a_counter_that_goes_back_is_refused_and_told(control: Control, holders: Keyholders) -> None:
    key = await holders.enrol("alice", holders.key(count=5))
    assert (await log_in(control, key))[0] == 200
    key.count = 6
    assert (await log_in(control, key))[0] == 401  # the same number again
    key.count = None
    assert (await log_in(control, key))[0] == 401
    kinds = await control.app.store.read(lambda conn: conn.scalars(select(alerts.c.kind)).all())
    assert kinds == ["passkey_copied"] * 2
    key.count = 7
    assert (await log_in(control, key))[0] == 200


async def test_a_passkey_is_renamed_and_removed_by_its_owner_alone(
    control: Control, holders: Keyholders
) -> None:
    key = await holders.enrol("alice")
    path = f"/mfa/passkeys/{holders.ids['alice']}"
    assert (await holders.ask("bob", "PATCH", path, {"name": "mine"}))[0] == 404
    assert (await holders.ask("bob", "DELETE", path))[0] == 404
    _, answer = await holders.ask("alice", "PATCH", path, {"name": "phone"})
    assert answer["data"]["name"] == "phone"
    assert (await holders.register("bob", key))[0] == 422  # it is somebody's already
    assert (await holders.ask("alice", "DELETE", path))[0] == 200
    assert (await log_in(control, key))[0] == 401


@pytest.mark.parametrize(
    ("url", "party"),
    [
        ("https://vienna.example.com", ("vienna.example.com", ("https://vienna.example.com",))),
        ("https://vienna.example.com:8443", ("vienna.example.com", ("https://vienna.example.com:8443",))),
        ("http://127.0.0.1:8080", ("localhost", ("http://localhost:8080",))),
        ("http://[::1]:8080", ("localhost", ("http://localhost:8080",))),
        ("http://localhost:8080", ("localhost", ("http://localhost:8080",))),
        ("http://vienna.example.com", None),
        ("https://10.0.0.1", None),
        ("unix:///run/vienna.sock", None),
    ],
)
def test_whom_passkeys_answer(url: str, party: Any) -> None:
    found = party_of(url)
    assert (None if found is None else (found.id, found.origins)) == party
