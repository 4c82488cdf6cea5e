"""The key that push services know us by."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from push_kit import b64, shown_by
from receivers import Request
from vienna_control.authority.push import PushKey

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_it_is_the_same_after_it_was_kept() -> None:
    key = PushKey.generate()
    kept = PushKey.from_der(key.private_der())
    assert (kept.public, kept.kid) == (key.public, key.kid)
    other = ed25519.Ed25519PrivateKey.generate()
    with pytest.raises(ValueError, match="not an EC key"):
        PushKey.from_der(other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def test_a_token_is_for_one_service_and_a_while() -> None:
    key = PushKey.generate()
    for _ in range(64):  # whatever the length of the numbers that the signature is made of
        header = key.authorization("https://push.example", subject="mailto:a@b.example", now=NOW)
        claims = shown_by(Request("/", {"authorization": header}, b""), b64(key.public))
    assert claims == {
        "aud": "https://push.example",
        "exp": int(NOW.timestamp()) + 3600,
        "sub": "mailto:a@b.example",
    }
