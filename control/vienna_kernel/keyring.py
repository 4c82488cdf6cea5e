"""Which key may verify what, and when: public keys by their thumbprint.

1. A key knows its algorithm and its one purpose; a token's opinion about either is never asked.
2. Retired: verifies what was signed before, signs nothing more. Revoked: verifies nothing any more, because
   whoever stole it can write any date.
3. Ed25519 is strict: 64-byte signatures, S below the group order (RFC 8032 5.1.7), no small-order and no
   non-canonical public key. OpenSSL alone accepts a small-order key, under which one signature fits many texts.
4. HS256 is the labelled alternative of a closed installation: every verifier could also sign, so its keys are
   never published, and only ``shared_jwks`` hands them to those who verify inside.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import canonical


class Algorithm(StrEnum):
    """JWS algorithm of a key: ``Ed25519`` (RFC 9864; ``EdDSA``, RFC 8037, means the same here), ``HS256``."""

    ED25519 = "Ed25519"
    HS256 = "HS256"


class Purpose(StrEnum):
    """The one thing a key signs."""

    WARRANT = "warrant"
    LOG = "log"
    BUNDLE = "bundle"
    SESSION = "session"
    SIDECAR = "sidecar"


_MEMBERS = {
    "OKP": ("crv", "kty", "x"),
    "EC": ("crv", "kty", "x", "y"),
    "RSA": ("e", "kty", "n"),
    "oct": ("k", "kty"),
}
_ORDER = 2**252 + 27742317777372353535851937790883648493  # L of RFC 8032
_PRIME = 2**255 - 19
# y-coordinates of the points of order 1, 2, 4 and 8: the two of order 8 as in libsodium's ge25519_has_small_order.
_SMALL_Y = frozenset(
    {
        0,
        1,
        _PRIME - 1,
        int.from_bytes(
            bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"
        ),
        int.from_bytes(
            bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
        ),
    }
)


def b64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64url(text: str) -> bytes:
    """Inverse of ``b64url``, one spelling per value.

    Errors: ``MalformedError`` for padding, white space, other alphabets and non-zero unused bits.
    """
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedError("base64url", type(error).__name__) from None
    # The library skips foreign characters and ignores unused bits: only the spelling we would write counts.
    if b64url(data) != text:
        raise MalformedError("base64url", "not the one spelling of its bytes")
    return data


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """RFC 7638 SHA-256 thumbprint of a JWK (OKP, EC, RSA or oct), base64url, 43 characters.

    Errors: ``MalformedError`` for a JWK without its required members.
    """
    members = _MEMBERS.get(str(jwk.get("kty")), ())
    if not members or not all(isinstance(jwk.get(name), str) for name in members):
        raise MalformedError("jwk", "not a key of a known type with its required members")
    return b64url(hashlib.sha256(canonical({name: jwk[name] for name in members})).digest())


def _sound_point(public: bytes) -> bool:
    y = int.from_bytes(public, "little") & (2**255 - 1)
    return y < _PRIME and y not in _SMALL_Y


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingKey:
    """One key that verifies.

    Attributes:
        kid: RFC 7638 thumbprint.
        material: 32-byte Ed25519 public key, or the HS256 secret (at least 32 bytes).
        added_at: First instant it may have signed (aware, UTC).
        retired_at: From this instant it signs nothing more; what it signed before stays valid.
        revoked_at: Set: nothing it ever signed is valid.
    """

    kid: str
    algorithm: Algorithm
    material: bytes
    purpose: Purpose | None = None
    added_at: datetime | None = None
    retired_at: datetime | None = None
    revoked_at: datetime | None = None

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key signed exactly these bytes. Total: any bytes give an answer."""
        if self.algorithm is Algorithm.HS256:
            return hmac.compare_digest(hmac.digest(self.material, message, "sha256"), signature)
        if len(self.material) != 32 or len(signature) != 64 or not _sound_point(self.material):
            return False
        if int.from_bytes(signature[32:], "little") >= _ORDER:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.material).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def jwk(self) -> dict[str, str]:
        """Public JWK with ``kid``, ``alg``, ``use`` and our ``purpose`` and dates.

        Errors: ``MalformedError`` for an HS256 key, which is never published.
        """
        if self.algorithm is not Algorithm.ED25519:
            raise MalformedError(f"key {self.kid}", "a symmetric key is never published")
        out = {"kty": "OKP", "crv": "Ed25519", "x": b64url(self.material)}
        return {**out, "kid": self.kid, "use": "sig", "alg": "EdDSA", **self._annotations()}

    def shared_jwk(self) -> dict[str, str]:
        """The JWK for a verifier inside a closed installation: of an HS256 key the secret itself."""
        if self.algorithm is Algorithm.ED25519:
            return self.jwk()
        secret = {"kty": "oct", "k": b64url(self.material), "kid": self.kid, "use": "sig", "alg": "HS256"}
        return {**secret, **self._annotations()}

    def _annotations(self) -> dict[str, str]:
        out = {"purpose": self.purpose.value} if self.purpose else {}
        for name in ("added_at", "retired_at", "revoked_at"):
            if (at := getattr(self, name)) is not None:
                out[name] = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return out

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, purpose: Purpose | None = None) -> VerifyingKey:
        """A key from its JWK; ``purpose`` overrides what the JWK says.

        Errors: ``MalformedError`` for anything but Ed25519 (``kty OKP``) or an HS256 secret of at least 32 bytes,
        and for a ``kid`` that is not its thumbprint.
        """
        kid = thumbprint(jwk)
        if jwk.get("kid", kid) != kid:
            raise MalformedError("jwk /kid", "not the key's RFC 7638 thumbprint")
        operations = jwk.get("key_ops", ["verify"])
        if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
            raise MalformedError("jwk", "not a key for signatures")
        try:
            said = Purpose(jwk["purpose"]) if "purpose" in jwk else None
            dates = {name: _instant(jwk.get(name)) for name in ("added_at", "retired_at", "revoked_at")}
        except (ValueError, TypeError):
            raise MalformedError("jwk", "an unknown purpose, or a date that is none") from None
        if (
            jwk["kty"] == "OKP"
            and jwk["crv"] == "Ed25519"
            and jwk.get("alg", "EdDSA") in ("EdDSA", "Ed25519")
        ):
            algorithm, material, least = Algorithm.ED25519, unb64url(jwk["x"]), 32
        elif jwk["kty"] == "oct" and jwk.get("alg", "HS256") == "HS256":
            algorithm, material, least = Algorithm.HS256, unb64url(jwk["k"]), 32
        else:
            raise MalformedError("jwk", "neither an Ed25519 key nor an HS256 secret")
        if len(material) < least or (algorithm is Algorithm.ED25519 and len(material) != 32):
            raise MalformedError("jwk", f"{len(material)} bytes of key material")
        return cls(kid=kid, algorithm=algorithm, material=material, purpose=purpose or said, **dates)


def _instant(text: object) -> datetime | None:
    if text is None:
        return None
    at = datetime.fromisoformat(str(text))
    if at.tzinfo is None:
        raise ValueError("a date without its zone")
    return at


class Keyring:
    """Verifying keys by ``kid``; a new ring for every change."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[VerifyingKey] = ()) -> None:
        self._keys = {key.kid: key for key in keys}

    def __len__(self) -> int:
        return len(self._keys)

    def keys(self) -> list[VerifyingKey]:
        """Every key, in the order they were given."""
        return list(self._keys.values())

    def find(self, kid: str, purpose: Purpose | None = None) -> VerifyingKey | None:
        """The key of this name, if it serves this purpose; a key without a purpose serves none but None."""
        key = self._keys.get(kid)
        return key if key is not None and (purpose is None or key.purpose is purpose) else None

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """RFC 7517 key set of the publishable keys."""
        return {"keys": [key.jwk() for key in self._keys.values() if key.algorithm is Algorithm.ED25519]}

    def shared_jwks(self, purpose: Purpose) -> dict[str, list[dict[str, str]]]:
        """The key set with the secrets of one purpose in it: whoever has it can sign with them."""
        inside = (key for key in self._keys.values() if key.purpose is purpose)
        secrets = [key.shared_jwk() for key in inside if key.algorithm is Algorithm.HS256]
        return {"keys": [*self.jwks()["keys"], *secrets]}

    @classmethod
    def from_jwks(cls, data: Mapping[str, Any], *, purpose: Purpose | None = None) -> Keyring:
        """A ring from a key set. Errors: ``MalformedError`` for a set with a key that ``from_jwk`` does not read."""
        rows = data.get("keys")
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise MalformedError("jwks", "expected an object with a list of keys")
        return cls(VerifyingKey.from_jwk(row, purpose=purpose) for row in rows)
