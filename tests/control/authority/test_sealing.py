from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from vienna_control.authority.sealing import Secret
from vienna_control.ports import UnavailableError

ONE, OTHER = Secret(b"a" * 32), Secret(b"b" * 32)


@given(st.binary(max_size=100), st.text(max_size=20))
def test_what_was_sealed_opens(data: bytes, context: str) -> None:
    assert ONE.unseal(ONE.seal(data, context), context) == data


@given(st.binary(max_size=40), st.integers(0, 10**6), st.integers(1, 255))
def test_a_sealed_value_with_one_byte_changed_does_not_open(data: bytes, at: int, change: int) -> None:
    sealed = bytearray(ONE.seal(data, "totp:op-1"))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(UnavailableError):
        ONE.unseal(bytes(sealed), "totp:op-1")


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), b"\x02" + bytes(60), bytes(60)])
def test_what_was_never_sealed_does_not_open(sealed: bytes) -> None:
    with pytest.raises(UnavailableError):
        ONE.unseal(sealed, "totp:op-1")


def test_a_value_moved_to_another_row_does_not_open() -> None:
    sealed = ONE.seal(b"secret", "totp:op-1")
    for secret, context in ((ONE, "totp:op-2"), (OTHER, "totp:op-1")):
        with pytest.raises(UnavailableError, match="totp") as caught:
            secret.unseal(sealed, context)
        assert "op-" not in caught.value.why


def test_the_same_value_is_never_sealed_alike() -> None:
    assert ONE.seal(b"x", "a") != ONE.seal(b"x", "a")


def test_each_use_has_a_key_of_its_own() -> None:
    keys = {
        secret.derive(use)
        for secret in (ONE, OTHER)
        for use in ("sealing", "keyed-hash", "redaction/a", "redaction/b")
    }
    assert len(keys) == 8
    assert all(len(key) == 32 for key in keys)


def test_a_keyed_hash_is_stable_and_needs_the_secret() -> None:
    assert ONE.keyed_hash(b"key") == Secret(b"a" * 32).keyed_hash(b"key")
    assert ONE.keyed_hash(b"key") != OTHER.keyed_hash(b"key")
    assert len(ONE.keyed_hash(b"")) == 64


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Secret(b"short")


WYCHEPROOF = Path(__file__).parents[4] / "shared" / "vectors" / "wycheproof" / "aes_gcm.json"
# Sizes that the library under us does not take: nothing of ours can ever be sealed with such a nonce.
NONCES_NOT_TAKEN = {0, 8, 16, 32, 48, 2056}


@pytest.mark.skipif(not WYCHEPROOF.exists(), reason="../shared/vectors is not beside this checkout")
def test_wycheproof_aes_gcm() -> None:
    """The cipher that seals: every vector as it says, both ways; what we write is a 96-bit nonce, a 256-bit key."""
    ran: Counter[str] = Counter()
    for group in json.loads(WYCHEPROOF.read_text())["testGroups"]:
        for case in group["tests"]:
            key, nonce, aad, text = (bytes.fromhex(case[name]) for name in ("key", "iv", "aad", "msg"))
            sealed = bytes.fromhex(case["ct"]) + bytes.fromhex(case["tag"])
            cipher = AESGCM(key)
            if group["ivSize"] in NONCES_NOT_TAKEN:
                with pytest.raises(ValueError, match=r"[Nn]once"):
                    cipher.decrypt(nonce, sealed, aad)
                ran["not taken"] += 1
            elif case["result"] == "valid":
                assert cipher.decrypt(nonce, sealed, aad) == text, case
                assert cipher.encrypt(nonce, text, aad) == sealed, case
                ran["valid"] += 1
            else:
                with pytest.raises(InvalidTag):
                    cipher.decrypt(nonce, sealed, aad)
                ran["invalid"] += 1
    assert ran == {"valid": 202, "invalid": 81, "not taken": 33}
    assert len(ONE.seal(b"", "")) == 1 + 12 + 16
    assert len(ONE.derive("sealing")) == 32
