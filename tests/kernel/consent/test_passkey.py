"""An assertion counts when all of it is as asked; one thing otherwise, and it does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passkey_kit import HOST, ORIGIN, PARTY, Authenticator
from vienna_kernel.consent.passkey import MAX_CLIENT_DATA, Answered, Assertion, Party, Passkey, answered
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import b64url, thumbprint
from vienna_kernel.verdict import Reason, Refused

CHALLENGE = hashlib.sha256(b"what is agreed to").digest()
KEYS = {kind: Authenticator(kind) for kind in ("ES256", "EdDSA", "RS256")}  # type: ignore[arg-type]
ONE = KEYS["ES256"]


def judged(assertion: Assertion, *, key: Passkey = ONE.key, party: Party = PARTY) -> Answered | Refused:
    return answered(assertion, key, challenge=CHALLENGE, party=party)


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_each_kind_answers(kind: str) -> None:
    one = KEYS[kind]
    assert judged(one.answer(CHALLENGE), key=one.key) == Answered(0, False)
    assert one.key.kid == thumbprint(one.jwk)
    counted = replace(one, count=6)
    assert judged(counted.answer(CHALLENGE, flags=0x1D), key=one.key) == Answered(7, True)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("part", ["authenticator_data", "client_data", "signature"])
def test_no_bit_of_it_can_be_changed(kind: str, part: str) -> None:
    one = KEYS[kind]
    assertion = one.answer(CHALLENGE)
    data = getattr(assertion, part)
    for at in range(0, len(data), 7):
        bent = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        assert isinstance(judged(replace(assertion, **{part: bent}), key=one.key), Refused)


LIES: dict[str, dict[str, Any]] = {
    "made for another party": {"rp_id": "evil.example"},
    "nobody present": {"flags": 0x04},
    "nobody verified": {"flags": 0x01},
    "backed up though it cannot be": {"flags": 0x15},
    "with a key in it": {"flags": 0x45},
    "with extensions": {"flags": 0x85, "more": b"\xa0"},
    "with something behind": {"more": b"\0"},
    "of a registration": {"type": "webauthn.create"},
    "of no type": {"type": None},
    "another challenge": {"challenge": b64url(bytes(32))},
    "a padded challenge": {"challenge": b64url(CHALLENGE) + "="},
    "on another origin": {"origin": "https://evil.example"},
    "on an origin below it": {"origin": f"https://sub.{HOST}"},
    "on another port": {"origin": f"{ORIGIN}:8443"},
    "in a foreign frame": {"crossOrigin": True},
    "in a frame, by word": {"crossOrigin": "false"},
    "below another page": {"topOrigin": ORIGIN},
    "too large": {"padding": "x" * MAX_CLIENT_DATA},
}


@pytest.mark.parametrize("lie", LIES)
def test_one_thing_otherwise_refuses(lie: str) -> None:
    found = judged(ONE.answer(CHALLENGE, **LIES[lie]))
    assert isinstance(found, Refused)
    assert found.reason is Reason.CONSENT_UNPROVEN


def test_what_browsers_leave_out_or_add_is_borne() -> None:
    assert isinstance(judged(ONE.answer(CHALLENGE, crossOrigin=None)), Answered)
    assert isinstance(judged(ONE.answer(CHALLENGE, other_keys_can_be_added_here="yes")), Answered)


def test_another_key_of_the_same_kind_does_not_verify() -> None:
    assert isinstance(judged(Authenticator().answer(CHALLENGE)), Refused)
    assert isinstance(judged(ONE.answer(CHALLENGE), key=KEYS["EdDSA"].key), Refused)


def test_an_origin_counts_as_listed_and_another_party_is_another() -> None:
    port = Party.of(HOST, (ORIGIN, f"{ORIGIN}:8443"))
    assert isinstance(judged(ONE.answer(CHALLENGE, origin=f"{ORIGIN}:8443"), party=port), Answered)
    below = Party.of("example.com", (ORIGIN,))
    assert isinstance(judged(ONE.answer(CHALLENGE), party=below), Refused)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"null", b'{"type":"webauthn.get","type":"webauthn.get"}', b"\xff", b'{"a":NaN}']
)
def test_client_data_that_are_none(text: bytes) -> None:
    data = ONE.data()
    whole = Assertion(data, text, ONE.sign(data + hashlib.sha256(text).digest()))
    assert isinstance(judged(whole), Refused)


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_give_an_answer(data: bytes, client: bytes, signature: bytes) -> None:
    assert isinstance(judged(Assertion(data, client, signature)), Refused)


@given(st.binary(max_size=300))
def test_any_signature_gives_an_answer(signature: bytes) -> None:
    for one in KEYS.values():
        assert not one.key.verify(b"message", signature)


def test_an_assertion_round_trips() -> None:
    assertion = ONE.answer(CHALLENGE)
    assert Assertion.from_json(assertion.to_json()) == assertion
    assert set(assertion.to_json()) == {"ad", "cd", "sig"}
    with pytest.raises(MalformedError):
        Assertion.from_json({**assertion.to_json(), "sig": "a="})


def _jwk(kind: str, **change: Any) -> dict[str, Any]:
    return {name: row for name, row in {**KEYS[kind].jwk, **change}.items() if row is not None}


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": b64url(bytes(32))},
        _jwk("ES256", alg="ES256"),
        _jwk("ES256", y=None),
        _jwk("ES256", crv="P-384"),
        _jwk("ES256", y=b64url(bytes(32))),
        _jwk("ES256", x=b64url(b"\0" + bytes(32))),
        _jwk("ES256", x=1),
        _jwk("ES256", x="a="),
        _jwk("EdDSA", x=b64url(bytes(31))),
        _jwk("EdDSA", crv="Ed448"),
        _jwk("RS256", e=b64url(b"\x03")),
        _jwk("RS256", e=b64url(b"\0\x01\0\x01")),
        _jwk("RS256", n=b64url(b"\0" + b"\xff" * 256)),
        _jwk("RS256", n=b64url(b"\xff" * 255)),
        _jwk("RS256", n=b64url(b"\xff" * 513)),
        _jwk("RS256", crv="P-256"),
    ],
    ids=lambda jwk: json.dumps(sorted(jwk)) + str(len(str(jwk.get("n", "")) + str(jwk.get("x", "")))),
)
def test_a_key_that_is_none(jwk: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Passkey.from_jwk(jwk)


def test_a_small_order_key_verifies_nothing() -> None:
    weak = Passkey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64url(bytes(31) + b"\x80")})
    assert not weak.verify(b"anything", bytes(32) + bytes(32))


@pytest.mark.parametrize(
    ("host", "origins"),
    [
        ("", ("https://",)),
        (HOST, ()),
        (HOST, ("https://evil.example",)),
        (HOST, (f"https://evil{HOST}",)),
        (HOST, (f"http://{HOST}",)),
        (HOST, (ORIGIN, "null")),
        (HOST, (f"{ORIGIN}/",)),
        (HOST, (f"https://user@{HOST}",)),
        (HOST, (f"{ORIGIN}:port",)),
        (HOST, ("https://[",)),
        ("localhost", ("http://localhost.evil.example",)),
    ],
)
def test_a_party_that_is_none(host: str, origins: tuple[str, ...]) -> None:
    with pytest.raises(MalformedError):
        Party.of(host, origins)


def test_pages_of_this_machine_need_no_tls() -> None:
    assert Party.of("localhost", ("http://localhost:8080",)).id == "localhost"
    assert Party.of("example.com", (ORIGIN,)).origins == (ORIGIN,)
