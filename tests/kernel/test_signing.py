from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, Keyring, Purpose, VerifyingKey
from vienna_kernel.signing import (
    BUNDLE_TYPE,
    MAX_DEPTH,
    WARRANT_TYPE,
    Opened,
    SigningKey,
    jws_sign,
    jws_verify,
    strict_object,
)
from vienna_kernel.verdict import Reason, Refused

KEY = SigningKey.generate_from(b"k" * 32)
RING = Keyring([KEY.verifying(Purpose.BUNDLE)])


@given(st.binary(max_size=300))
def test_what_was_signed_is_read_back(payload: bytes) -> None:
    token = jws_sign(payload, KEY, typ=BUNDLE_TYPE)
    assert jws_verify(token, RING, typ=BUNDLE_TYPE, max_bytes=2000) == Opened(payload, KEY.kid)


def test_a_bundle_key_signs_no_warrant() -> None:
    token = jws_sign(b"{}", KEY, typ=WARRANT_TYPE)
    verdict = jws_verify(token, RING, typ=WARRANT_TYPE, max_bytes=2000)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Reason.WARRANT_KEY_UNKNOWN


def test_a_revoked_key_verifies_nothing() -> None:
    jwk = {**KEY.jwk(), "revoked_at": "2026-01-05T10:00:00Z"}
    ring = Keyring([VerifyingKey.from_jwk(jwk, purpose=Purpose.BUNDLE)])
    verdict = jws_verify(jws_sign(b"{}", KEY, typ=BUNDLE_TYPE), ring, typ=BUNDLE_TYPE, max_bytes=2000)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Reason.WARRANT_REVOKED


@pytest.mark.parametrize("seed", [b"", b"x" * 31, b"x" * 33])
def test_a_key_is_made_of_32_bytes(seed: bytes) -> None:
    with pytest.raises(ValueError, match="32 random bytes"):
        SigningKey.generate_from(seed)


def test_a_key_does_not_show_its_secret() -> None:
    assert "k" * 8 not in repr(KEY)
    assert KEY.kid in repr(KEY)


@given(st.binary(max_size=60))
def test_strict_object_is_total(data: bytes) -> None:
    try:
        assert isinstance(strict_object(data, "claims"), dict)
    except MalformedError:
        return


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()))
def test_strict_object_reads_plain_objects(data: dict[str, Any]) -> None:
    assert strict_object(json.dumps(data).encode(), "claims") == data


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":2}',
        '{"a":{"b":1,"b":2}}',
        '{"a":1.0}',
        '{"a":1e3}',
        '{"a":9007199254740993}',
        '{"a":Infinity}',
        '{"a":"\\ud800"}',
        '{"a":1}x',
        "{'a':1}",
        "[]",
        "1",
        "",
        '{"a":01}',
        "{" * 2000,
        '{"a":' + "[" * 100 + "]" * 100 + "}",
    ],
)
def test_strict_object_refuses(text: str) -> None:
    with pytest.raises(MalformedError):
        strict_object(text.encode(), "claims")


@pytest.mark.parametrize("opening", ['{"a":', "["])
def test_strict_object_reads_up_to_its_depth(opening: str) -> None:
    inner = opening * (MAX_DEPTH - 1) + "1" + {"[": "]", '{"a":': "}"}[opening] * (MAX_DEPTH - 1)
    assert strict_object(f'{{"a":{inner}}}'.encode(), "claims")
    with pytest.raises(MalformedError, match=f"deeper than {MAX_DEPTH}"):
        strict_object(f'{{"a":[{inner}]}}'.encode(), "claims")


def test_levels_are_counted_where_there_are_many_brackets() -> None:
    side = '"b":[' + "[]," * 200 + "[]]"
    for levels, sound in ((MAX_DEPTH, True), (MAX_DEPTH + 1, False)):
        inner = "[" * (levels - 1) + "]" * (levels - 1)
        text = f'{{"a":{inner},{side}}}'.encode()
        if sound:
            assert strict_object(text, "claims")
        else:
            with pytest.raises(MalformedError):
                strict_object(text, "claims")


def test_the_largest_integer_is_read() -> None:
    for number in (2**53, -(2**53)):
        assert strict_object(f'{{"a":{number}}}'.encode(), "claims") == {"a": number}


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", Reason.WARRANT_MALFORMED),
        ("x" * 2001, Reason.WARRANT_TOO_LARGE),
        (jws_sign(b"{}", SigningKey.generate_from(b"o" * 32), typ=BUNDLE_TYPE), Reason.WARRANT_KEY_UNKNOWN),
        (jws_sign(b"{}", KEY, typ="other"), Reason.WARRANT_TYPE),
        (jws_sign(b"{}", KEY, typ=BUNDLE_TYPE)[:-4] + "AAAA", Reason.WARRANT_SIGNATURE),
    ],
)
@pytest.mark.parametrize("revoked", [False, True])
def test_what_is_no_bundle_is_told_by_its_first_fault(token: str, reason: Reason, revoked: bool) -> None:
    jwk = {**KEY.jwk(), **({"revoked_at": "2026-01-05T10:00:00Z"} if revoked else {})}
    ring = Keyring([VerifyingKey.from_jwk(jwk, purpose=Purpose.BUNDLE)])
    verdict = jws_verify(token, ring, typ=BUNDLE_TYPE, max_bytes=2000)
    assert isinstance(verdict, Refused)
    assert verdict.reason is reason


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert strict_object(b'{"a":[' + b"[]," * 500 + b"[]]}", "claims")


def test_hs256_is_a_key_of_its_own() -> None:
    secret = SigningKey.generate_from(b"s" * 32, Algorithm.HS256)
    ring = Keyring([secret.verifying(Purpose.BUNDLE)])
    assert isinstance(
        jws_verify(jws_sign(b"x", secret, typ=BUNDLE_TYPE), ring, typ=BUNDLE_TYPE, max_bytes=999), Opened
    )
