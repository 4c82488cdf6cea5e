"""Public keys from a file: a JWK, a JWK set, or a log key as transparency tools write it (``origin+hash+base64``)."""

from __future__ import annotations

import base64
import binascii
import json
from pathlib import Path
from typing import Any

from vienna_cli.output import Code, Failure
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Keyring, Purpose, VerifyingKey, b64url

_ED25519 = b"\x01"  # signature type of signed-note


def read_text(file: Path, what: str) -> str:
    """A small text file that the user named."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise Failure(f"cannot read {what} {file}: {reason}", Code.USAGE) from None


def keyring(file: Path, purpose: Purpose) -> Keyring:
    """The keys in a file that serve a purpose, or say none. Errors: ``Failure`` when there is none."""
    text = read_text(file, "key file").strip()
    try:
        found = _keys(text)
    except (MalformedError, ValueError, binascii.Error) as error:
        raise Failure(f"{file} holds no key: {error}", Code.USAGE) from None
    fitting = [key for key in found if key.purpose in (purpose, None)]
    if not fitting:
        raise Failure(f"{file} holds no key for {purpose.value}", Code.USAGE)
    return Keyring(VerifyingKey.from_jwk(key.jwk(), purpose=purpose) for key in fitting)


def _keys(text: str) -> list[VerifyingKey]:
    if not text.startswith("{"):
        return [_note_key(text)]
    data: Any = json.loads(text)
    if "keys" in data:
        return Keyring.from_jwks(data).keys()
    return [VerifyingKey.from_jwk(data)]


def _note_key(text: str) -> VerifyingKey:
    blob = base64.b64decode(text.split("+", 2)[-1], validate=True)
    if not blob.startswith(_ED25519):
        raise ValueError("neither JSON nor an Ed25519 log key")
    return VerifyingKey.from_jwk({"kty": "OKP", "crv": "Ed25519", "x": b64url(blob[1:])})
