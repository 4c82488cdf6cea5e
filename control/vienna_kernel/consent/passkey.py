"""Passkeys (WebAuthn level 3): their public keys, and whether one of them answered a challenge.

Verifying an assertion. Whoever answers must hold the key, be there, and have shown that it is they:

1. ``clientDataJSON`` is strict JSON of at most 1 kB: a ``webauthn.get`` over exactly this challenge, from one of the
   relying party's origins, not from a frame of another site.
2. ``authenticatorData`` is 37 bytes, neither key nor extension in it: none was asked for. It names the relying party;
   the user was present and verified; a key is not backed up unless it can be.
3. The signature holds, by the key's own algorithm, over the two together.

ES256, EdDSA (Ed25519) and RS256 are read: the last is what Windows Hello makes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, VerifyingKey, b64url, thumbprint, unb64url
from vienna_kernel.signing import strict_object
from vienna_kernel.verdict import Reason, Refused

MAX_CLIENT_DATA = 1024
_DATA_BYTES = 37
_PRESENT, _VERIFIED, _MAY_BACK_UP, _BACKED_UP, _HAS_KEY, _HAS_MORE = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
_MEMBERS = {"EC": {"kty", "crv", "x", "y"}, "OKP": {"kty", "crv", "x"}, "RSA": {"kty", "n", "e"}}
_EXPONENT = 65537
_RSA_BITS = range(2048, 4097)
_LOCAL = ("localhost",)


@dataclass(frozen=True, slots=True)
class Passkey:
    """The public key of one passkey.

    Attributes:
        kid: RFC 7638 thumbprint.
        jwk: Its members and no others.
    """

    kid: str
    jwk: Mapping[str, str]

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any]) -> Passkey:
        """Errors: ``MalformedError`` for all but P-256, Ed25519 and RSA keys of 2048 to 4096 bits, in one spelling."""
        members = _MEMBERS.get(str(jwk.get("kty")))
        if (
            members is None
            or set(jwk) != members
            or not all(isinstance(value, str) for value in jwk.values())
        ):
            raise MalformedError("passkey", "not a key of a known type with exactly its members")
        _public(jwk)
        return cls(thumbprint(jwk), dict(jwk))

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key signed exactly these bytes. Total: any bytes give an answer."""
        public = _public(self.jwk)
        try:
            if isinstance(public, VerifyingKey):
                return public.verify(message, signature)
            if isinstance(public, ec.EllipticCurvePublicKey):
                public.verify(signature, message, ec.ECDSA(hashes.SHA256()))
            else:
                public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def _public(jwk: Mapping[str, Any]) -> VerifyingKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    numbers = {name: unb64url(jwk[name]) for name in ("x", "y", "n", "e") if name in jwk}
    try:
        match jwk["kty"], jwk.get("crv"):
            case "OKP", "Ed25519" if len(numbers["x"]) == 32:
                return VerifyingKey(kid=thumbprint(jwk), algorithm=Algorithm.ED25519, material=numbers["x"])
            case "EC", "P-256" if len(numbers["x"]) == len(numbers["y"]) == 32:
                x, y = (int.from_bytes(numbers[name]) for name in ("x", "y"))
                return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
            case "RSA", None if numbers["n"][:1] != b"\0" and numbers["e"] == b"\x01\x00\x01":
                n = int.from_bytes(numbers["n"])
                if n.bit_length() in _RSA_BITS:
                    return rsa.RSAPublicNumbers(_EXPONENT, n).public_key()
    except ValueError as error:
        raise MalformedError("passkey", f"no such key: {type(error).__name__}") from None
    raise MalformedError("passkey", "neither P-256, nor Ed25519, nor RSA of 2048 to 4096 bits")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator answered, as its bytes came."""

    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    def to_json(self) -> dict[str, str]:
        """Base64url text by ``ad``, ``cd`` and ``sig``: it travels in warrants, so it is short."""
        return {
            "ad": b64url(self.authenticator_data),
            "cd": b64url(self.client_data),
            "sig": b64url(self.signature),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, str]) -> Assertion:
        """Inverse of ``to_json``. Errors: ``MalformedError``, ``KeyError`` for a member that is missing."""
        return cls(unb64url(data["ad"]), unb64url(data["cd"]), unb64url(data["sig"]))


@dataclass(frozen=True, slots=True)
class Party:
    """Whom passkeys answer: the relying party.

    Attributes:
        id: Host name; passkeys are made for it.
        origins: Origins of its pages, each of that host or below it.
    """

    id: str
    origins: tuple[str, ...]

    @classmethod
    def of(cls, id: str, origins: tuple[str, ...]) -> Party:
        """Errors: ``MalformedError`` for an origin elsewhere, or that is not ``https`` (but for localhost)."""
        for origin in origins:
            try:
                parts = urlsplit(origin)
                host, exact = parts.hostname or "", f"{parts.scheme}://{parts.netloc}" == origin
                parts.port  # noqa: B018  # read for what it refuses
            except ValueError:
                host, exact = "", False
            below = host == id or host.endswith("." + id)
            secure = exact and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL))
            if not id or not below or not secure or "@" in origin:
                raise MalformedError("relying party", f"{origin[:80]!r} is no origin of {id[:80]!r}")
        if not origins:
            raise MalformedError("relying party", "it has no origin")
        return cls(id, origins)


@dataclass(frozen=True, slots=True)
class Answered:
    """That a passkey answered.

    Attributes:
        count: Its signature counter; 0 where it keeps none.
    """

    count: int
    backed_up: bool


def answered(assertion: Assertion, key: Passkey, *, challenge: bytes, party: Party) -> Answered | Refused:
    """Whether this key answered this challenge; the argument is the module's. Total."""
    if (wrong := _client_wrong(assertion.client_data, challenge, party)) is not None:  # (1)
        return _refused(wrong)
    data = assertion.authenticator_data  # (2)
    if len(data) != _DATA_BYTES or data[32] & (_HAS_KEY | _HAS_MORE):
        return _refused("the authenticator data are not those of a plain assertion")
    flags = data[32]
    if not hmac.compare_digest(data[:32], hashlib.sha256(party.id.encode()).digest()):
        return _refused("made for another relying party")
    if not flags & _PRESENT or not flags & _VERIFIED:
        return _refused("the user was not present, or not verified")
    if flags & _BACKED_UP and not flags & _MAY_BACK_UP:
        return _refused("backed up, though it cannot be")
    if not key.verify(data + hashlib.sha256(assertion.client_data).digest(), assertion.signature):  # (3)
        return _refused("not signed by this passkey")
    return Answered(int.from_bytes(data[33:]), bool(flags & _BACKED_UP))


def _client_wrong(client_data: bytes, challenge: bytes, party: Party) -> str | None:
    if len(client_data) > MAX_CLIENT_DATA:
        return "client data too large"
    try:
        said = strict_object(client_data, "client data")
    except MalformedError as error:
        return str(error)
    if said.get("type") != "webauthn.get":
        return "not an assertion"
    if said.get("challenge") != b64url(challenge):
        return "another challenge was answered"
    if said.get("origin") not in party.origins:
        return "answered on a page of another origin"
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        return "answered in a frame of another site"
    return None


def _refused(why: str) -> Refused:
    return Refused(Reason.CONSENT_UNPROVEN, f"passkey: {why}")
