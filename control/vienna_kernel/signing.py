"""Signing keys and JWS compact tokens (RFC 7515), read strictly.

The bytes that travel are signed: there is no canonical form to get wrong. A token is read in five steps, the first
five of the argument in ``warrant.verify``; the numbers are the same:

(0) size; (1) strict base64url, one JSON object without duplicate members; (2) ``typ``; (3) key known for this
purpose, the algorithm is the key's, no header parameter but ``alg kid typ``; (4) signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any, NamedTuple

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, Keyring, Purpose, VerifyingKey, b64url, thumbprint, unb64url
from vienna_kernel.verdict import Reason, Refused

__all__ = [
    "Opened",
    "SigningKey",
    "jws_sign",
    "jws_size",
    "jws_verify",
    "split",
    "strict_object",
    "thumbprint",
]

WARRANT_TYPE = "vienna-warrant+jwt"
BUNDLE_TYPE = "vienna-bundle+jwt"

MAX_DEPTH = 100

_PURPOSES = {WARRANT_TYPE: Purpose.WARRANT, BUNDLE_TYPE: Purpose.BUNDLE}
_ALG = {Algorithm.ED25519: "EdDSA", Algorithm.HS256: "HS256"}
# RFC 9864 gives the curve its own name; EdDSA, which most libraries know, is what we write.
_ACCEPTED = {Algorithm.ED25519: ("EdDSA", "Ed25519"), Algorithm.HS256: ("HS256",)}


class SigningKey:
    """A private key: a 32-byte Ed25519 seed, or an HS256 secret of 32 bytes.

    Attributes:
        kid: RFC 7638 thumbprint.
    """

    __slots__ = ("_private", "_secret", "algorithm", "kid", "material")

    def __init__(self, secret: bytes, algorithm: Algorithm = Algorithm.ED25519) -> None:
        self._secret = secret
        self.algorithm = algorithm
        self._private = (
            Ed25519PrivateKey.from_private_bytes(secret) if algorithm is Algorithm.ED25519 else None
        )
        self.material = secret
        if self._private is not None:
            self.material = self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        public = {"kty": "OKP", "crv": "Ed25519", "x": b64url(self.material)}
        self.kid = thumbprint(public if self._private is not None else {"kty": "oct", "k": b64url(secret)})

    def __repr__(self) -> str:
        return f"SigningKey({self.algorithm.value} {self.kid})"

    @classmethod
    def generate_from(cls, seed: bytes, algorithm: Algorithm = Algorithm.ED25519) -> SigningKey:
        """The key of 32 random bytes. Errors: ``ValueError`` for any other length."""
        if len(seed) != 32:
            raise ValueError(f"expected 32 random bytes, got {len(seed)}")
        return cls(seed, algorithm)

    @property
    def seed(self) -> bytes:
        """The secret itself, for sealing and nothing else."""
        return self._secret

    def jwk(self) -> dict[str, str]:
        """Public JWK. Errors: ``MalformedError`` for an HS256 secret."""
        return self.verifying().jwk()

    def verifying(self, purpose: Purpose | None = None) -> VerifyingKey:
        """The key that verifies what this one signs."""
        return VerifyingKey(kid=self.kid, algorithm=self.algorithm, material=self.material, purpose=purpose)

    def sign(self, message: bytes) -> bytes:
        """64-byte Ed25519 signature, or 32-byte HMAC-SHA256."""
        if self._private is None:
            return hmac.digest(self._secret, message, hashlib.sha256)
        return self._private.sign(message)


class Opened(NamedTuple):
    """A token whose signature held.

    Attributes:
        payload: The signed bytes.
        kid: Thumbprint of the key that signed them.
    """

    payload: bytes
    kid: str


def jws_sign(payload: bytes, key: SigningKey, *, typ: str) -> str:
    """A compact token over exactly these bytes."""
    header = orjson.dumps({"alg": _ALG[key.algorithm], "kid": key.kid, "typ": typ})
    signed = f"{b64url(header)}.{b64url(payload)}"
    return f"{signed}.{b64url(key.sign(signed.encode()))}"


def jws_size(payload_bytes: int, key: SigningKey, *, typ: str) -> int:
    """Bytes that a token over a payload of this many bytes would have."""
    header = orjson.dumps({"alg": _ALG[key.algorithm], "kid": key.kid, "typ": typ})
    signature = 64 if key.algorithm is Algorithm.ED25519 else 32
    return sum(-(-size * 4 // 3) for size in (len(header), payload_bytes, signature)) + 2


def strict_object(data: bytes, where: str) -> dict[str, Any]:
    """One JSON object as signed texts may hold it: no duplicate members, no fractions, integers within 2**53, at
    most ``MAX_DEPTH`` levels.

    Errors: ``MalformedError`` for anything else, whatever the bytes.
    """
    try:
        # refuses what the standard parser lets pass: NaN, lone surrogates, other encodings
        orjson.loads(data)
        found = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_refuse, parse_int=_integer
        )
    except (ValueError, RecursionError) as error:
        raise MalformedError(where, f"not strict JSON: {type(error).__name__}") from None
    if not isinstance(found, dict):
        raise MalformedError(where, "expected an object")
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(found) > MAX_DEPTH:
        raise MalformedError(where, f"nested deeper than {MAX_DEPTH}")
    return found


def _depth(found: Any) -> int:
    """How deep it is nested, by levels: what is compared later recurses, and must not run out of stack there."""
    depth, level = 0, [found]
    while level:
        depth += 1
        held = (item.values() if isinstance(item, dict) else item for item in level)
        level = [item for items in held for item in items if isinstance(item, (dict, list))]
    return depth


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        raise ValueError("duplicate member")
    return out


def _refuse(text: str) -> Any:
    raise ValueError("a fraction; decimals travel as text")


def _integer(text: str) -> int:
    number = int(text) if len(text) <= 17 else 2**54
    if abs(number) > 2**53:
        raise ValueError("an integer beyond 2**53")
    return number


class Parts(NamedTuple):
    """A token taken apart, nothing believed yet."""

    header: dict[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes


def split(token: str | bytes, *, max_bytes: int) -> Parts | Refused:
    """Steps 0 and 1: the token's three parts. Total: any text or bytes give parts or a refusal."""
    # (0) size, before anything is decoded
    if len(token) > max_bytes:
        return Refused(Reason.WARRANT_TOO_LARGE, f"{len(token)} bytes, at most {max_bytes} are read")
    # (1) strict base64url of three parts, the header one JSON object
    try:
        text = token.decode("ascii") if isinstance(token, bytes) else token
        head, body, tail = text.split(".")
        header = strict_object(unb64url(head), "header")
        return Parts(header, unb64url(body), unb64url(tail), f"{head}.{body}".encode())
    except MalformedError as error:
        return Refused(Reason.WARRANT_MALFORMED, str(error))
    except ValueError:
        return Refused(Reason.WARRANT_MALFORMED, "not three base64url parts")


def judge(parts: Parts, key: VerifyingKey | None, *, typ: str) -> Opened | Refused:
    """Steps 2 to 4 for a token taken apart; ``key`` is what the ring holds for this purpose, None for nothing."""
    # (2) a token of another kind is never taken for this one
    if parts.header.get("typ") != typ:
        return Refused(Reason.WARRANT_TYPE, f"typ is not {typ}")
    # (3) key known; its own algorithm; nothing in the header that could bring another key or reading
    #     (jwk jku x5u x5c crit b64: RFC 8725 3.1, 3.10), so nothing but these three at all
    if extra := sorted(set(parts.header) - {"alg", "kid", "typ"}):
        return Refused(Reason.WARRANT_ALGORITHM, f"header parameter {extra[0][:40]!r} is not accepted")
    if key is None:
        return Refused(Reason.WARRANT_KEY_UNKNOWN, "no key of this name signs tokens of this kind")
    if parts.header.get("alg") not in _ACCEPTED[key.algorithm]:
        return Refused(
            Reason.WARRANT_ALGORITHM, f"the key is for {key.algorithm.value}, the token claims another"
        )
    # (4) signature over the bytes that travelled
    if not key.verify(parts.signed, parts.signature):
        return Refused(Reason.WARRANT_SIGNATURE, f"not signed by key {key.kid}")
    return Opened(parts.payload, key.kid)


def jws_verify(token: str | bytes, keyring: Keyring, *, typ: str, max_bytes: int) -> Opened | Refused:
    """The signed bytes of a token, and which key signed them.

    Total: any text or bytes give an answer. A revoked key verifies nothing (``warrant_revoked``). The purpose that
    the key must have follows from ``typ``.
    """
    parts = split(token, max_bytes=max_bytes)
    if isinstance(parts, Refused):
        return parts
    kid = parts.header.get("kid")
    key = keyring.find(kid, _PURPOSES.get(typ)) if isinstance(kid, str) else None
    opened = judge(parts, key, typ=typ)
    if isinstance(opened, Opened) and key is not None and key.revoked_at is not None:
        return Refused(Reason.WARRANT_REVOKED, f"key {key.kid} was revoked")
    return opened
