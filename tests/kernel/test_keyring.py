from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, Keyring, Purpose, VerifyingKey, b64url, thumbprint, unb64url
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(b"k" * 32)
SECRET = SigningKey.generate_from(b"s" * 32, Algorithm.HS256)
ORDER = 2**252 + 27742317777372353535851937790883648493


def _ed25519(public: bytes) -> VerifyingKey:
    return VerifyingKey(kid="", algorithm=Algorithm.ED25519, material=public)


def _roots(square: int) -> set[int]:
    """Square roots modulo 2**255 - 19 (RFC 8032 5.1.3), none or two."""
    p = 2**255 - 19
    root = pow(square, (p + 3) // 8, p)
    candidates = {root, root * pow(2, (p - 1) // 4, p) % p}
    return {sign * x % p for x in candidates for sign in (1, -1) if (x * x - square) % p == 0}


def _small_order_points() -> list[bytes]:
    """Every encoding of a point of order 1, 2, 4 or 8, computed on the curve, canonical or not.

    Doubling a point of order 8 gives y = 0, so y² = -x², and the curve equation leaves d·y⁴ + 2y² - 1 = 0.
    """
    p = 2**255 - 19
    d = -121665 * pow(121666, -1, p) % p
    squares = {(root - 1) * pow(d, -1, p) % p for root in _roots((1 + d) % p)}
    ys = {0, 1, p - 1} | {y for square in squares for y in _roots(square)}
    assert len(ys) == 5
    encodings = [y + more for y in ys for more in (0, p) if y + more < 2**255]
    return [(y | sign << 255).to_bytes(32, "little") for y in encodings for sign in (0, 1)]


SMALL = _small_order_points()


def test_thumbprint_is_rfc_7638s_example_and_rfc_8037s() -> None:
    rfc8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint({**rfc8037, "kid": "ignored"}) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    "jwk", [{}, {"kty": "OKP", "x": "AA"}, {"kty": "none"}, {"kty": "OKP", "crv": "Ed25519", "x": 7}]
)
def test_thumbprint_of_no_key_is_malformed(jwk: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        thumbprint(jwk)


@given(st.binary(max_size=100))
def test_base64url_round_trips(data: bytes) -> None:
    assert unb64url(b64url(data)) == data


@pytest.mark.parametrize("text", ["AA==", "A", "AB", " AA", "AA\n", "A+8", "A/8", "ÄÄ", "AA=", "A A"])
def test_base64url_has_one_spelling(text: str) -> None:
    with pytest.raises(MalformedError):
        unb64url(text)


@given(st.text(max_size=20))
def test_base64url_that_is_read_is_what_would_be_written(text: str) -> None:
    try:
        data = unb64url(text)
    except MalformedError:
        return
    assert b64url(data) == text


@pytest.mark.parametrize("point", SMALL, ids=lambda point: point.hex()[:16])
def test_step_4_a_small_order_key_verifies_nothing(point: bytes) -> None:
    # R = A and S = 0 satisfies the equation for small-order A and a fitting challenge: try several messages.
    key = _ed25519(point)
    for number in range(16):
        for r in (point, SMALL[0], (1).to_bytes(32, "little")):
            assert not key.verify(b"message %d" % number, r + bytes(32))


def test_the_small_order_forgery_is_real() -> None:
    """What the explicit check is for: the library alone takes one signature for every message."""
    point = (1).to_bytes(32, "little")
    library = Ed25519PublicKey.from_public_bytes(point)
    library.verify(point + bytes(32), b"pay 5")
    library.verify(point + bytes(32), b"pay 5000")


@given(st.binary(max_size=64))
def test_step_4_s_plus_the_order_is_refused(message: bytes) -> None:
    signature = KEY.sign(message)
    assert KEY.verifying().verify(message, signature)
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not KEY.verifying().verify(message, signature[:32] + s.to_bytes(32, "little"))


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=40))
def test_verify_is_total(message: bytes, signature: bytes, material: bytes) -> None:
    assert not _ed25519(material).verify(message, signature)
    assert not SECRET.verifying().verify(message, signature)


def test_jwk_round_trips_with_its_dates() -> None:
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    key = replace(KEY.verifying(Purpose.WARRANT), added_at=at, retired_at=at, revoked_at=at)
    assert VerifyingKey.from_jwk(key.jwk()) == key


def test_a_symmetric_key_is_never_published() -> None:
    with pytest.raises(MalformedError):
        SECRET.jwk()
    assert Keyring([SECRET.verifying(Purpose.WARRANT)]).jwks() == {"keys": []}


def test_a_secret_is_shared_only_for_the_purpose_that_is_asked() -> None:
    at = datetime(2026, 1, 5, 10, tzinfo=UTC)
    inside = replace(SECRET.verifying(Purpose.WARRANT), added_at=at, retired_at=at, revoked_at=at)
    session = SigningKey.generate_from(b"t" * 32, Algorithm.HS256).verifying(Purpose.SESSION)
    ring = Keyring([inside, session, KEY.verifying(Purpose.LOG)])
    shared = ring.shared_jwks(Purpose.WARRANT)
    assert [row["kid"] for row in shared["keys"]] == [KEY.kid, SECRET.kid]
    assert Keyring.from_jwks(shared).find(SECRET.kid, Purpose.WARRANT) == inside
    assert ring.jwks() == {"keys": [KEY.verifying(Purpose.LOG).jwk()]}
    assert KEY.verifying().shared_jwk() == KEY.jwk()


@pytest.mark.parametrize(
    "changes",
    [
        {"kid": "another"},
        {"x": "AAAA"},
        {"x": KEY.jwk()["x"] + "="},
        {"alg": "HS256"},
        {"alg": "none"},
        {"crv": "Ed448"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "oct", "k": "c2hvcnQ"},
        {"kty": "oct", "k": b64url(b"s" * 31), "alg": "HS256"},
        {"kty": "oct", "k": b64url(b"s" * 32), "alg": "HS512"},
        {"x": b64url(b"x" * 31)},
        {"x": b64url(b"x" * 33)},
        {"purpose": "everything"},
        {"use": "enc"},
        {"key_ops": ["encrypt"]},
        {"key_ops": None},
        {"revoked_at": "yesterday"},
        {"revoked_at": "2026-01-05T10:00:00"},
    ],
)
def test_a_key_that_is_not_what_it_says_is_malformed(changes: dict[str, Any]) -> None:
    jwk = {**KEY.jwk(), **changes}
    if "kid" not in changes:  # the key must be refused for what it is, not for its name
        jwk.pop("kid")
    with pytest.raises(MalformedError):
        VerifyingKey.from_jwk(jwk)


def test_a_longer_secret_is_one_too() -> None:
    key = VerifyingKey.from_jwk({"kty": "oct", "k": b64url(b"s" * 33)}, purpose=Purpose.WARRANT)
    assert (key.algorithm, len(key.material), key.purpose) == (Algorithm.HS256, 33, Purpose.WARRANT)


def test_what_a_key_is_for_can_be_said_for_it() -> None:
    jwk = KEY.verifying(Purpose.LOG).jwk()
    assert VerifyingKey.from_jwk(jwk).purpose is Purpose.LOG
    assert VerifyingKey.from_jwk(jwk, purpose=Purpose.WARRANT).purpose is Purpose.WARRANT


def test_a_ring_tells_its_keys_in_their_order() -> None:
    keys = [KEY.verifying(Purpose.LOG), SECRET.verifying(Purpose.WARRANT)]
    assert Keyring(keys).keys() == keys
    assert (len(Keyring(keys)), len(Keyring())) == (2, 0)


@pytest.mark.parametrize("data", [{}, {"keys": {}}, {"keys": [7]}, {"keys": [{}]}, {"keys": [KEY.jwk(), 7]}])
def test_a_key_set_that_is_none_is_malformed(data: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        Keyring.from_jwks(data)


def test_a_key_serves_its_purpose_and_no_other() -> None:
    ring = Keyring([KEY.verifying(Purpose.LOG)])
    assert ring.find(KEY.kid, Purpose.LOG) is not None
    assert ring.find(KEY.kid) is not None
    for purpose in set(Purpose) - {Purpose.LOG}:
        assert ring.find(KEY.kid, purpose) is None
    assert Keyring([KEY.verifying()]).find(KEY.kid, Purpose.WARRANT) is None
