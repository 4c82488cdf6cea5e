"""A software authenticator: real keys, real assertions, and every lie that a test wants."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vienna_kernel.consent.chain import Signature, Signed
from vienna_kernel.consent.chain import challenge_of as change_challenge
from vienna_kernel.consent.passkey import Assertion, Party, Passkey
from vienna_kernel.consent.roster import Member, Quorum, Roster
from vienna_kernel.consent.statement import Proof, Subject, Terms, challenge_of
from vienna_kernel.intent import Tier
from vienna_kernel.keyring import b64url
from vienna_kernel.warrant.terms import Consent

HOST = "vienna.example.com"
ORIGIN = f"https://{HOST}"
PARTY = Party.of(HOST, (ORIGIN,))
PRESENT, VERIFIED = 0x01, 0x04

type Kind = Literal["ES256", "EdDSA", "RS256"]

_COSE = {"ES256": -7, "EdDSA": -8, "RS256": -257}


@dataclass
class Authenticator:
    """One passkey of somebody.

    Attributes:
        count: Signature counter, moved on by each assertion; None: it keeps none.
    """

    kind: Kind = "ES256"
    party: Party = PARTY
    count: int | None = None
    private: Any = None
    id: bytes = field(default_factory=lambda: os.urandom(16))

    def __post_init__(self) -> None:
        make = {
            "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate,
            "RS256": lambda: rsa.generate_private_key(65537, 2048),
        }
        self.private = self.private or make[self.kind]()

    @property
    def jwk(self) -> dict[str, str]:
        public = self.private.public_key()
        if self.kind == "EdDSA":
            return {"kty": "OKP", "crv": "Ed25519", "x": b64url(_raw(public))}
        numbers = public.public_numbers()
        if self.kind == "RS256":
            return {"kty": "RSA", "n": b64url(_bytes(numbers.n)), "e": b64url(_bytes(numbers.e))}
        x, y = numbers.x.to_bytes(32), numbers.y.to_bytes(32)
        return {"kty": "EC", "crv": "P-256", "x": b64url(x), "y": b64url(y)}

    @property
    def key(self) -> Passkey:
        return Passkey.from_jwk(self.jwk)

    def sign(self, message: bytes) -> bytes:
        if self.kind == "EdDSA":
            return bytes(self.private.sign(message))
        if self.kind == "RS256":
            return bytes(self.private.sign(message, padding.PKCS1v15(), hashes.SHA256()))
        # RFC 6979: the same signature every time, so that vectors can be made of it
        return bytes(self.private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))

    def data(self, *, flags: int = PRESENT | VERIFIED, rp_id: str | None = None) -> bytes:
        if self.count is not None:
            self.count += 1
        name = self.party.id if rp_id is None else rp_id
        return hashlib.sha256(name.encode()).digest() + bytes([flags]) + (self.count or 0).to_bytes(4)

    def answer(
        self,
        challenge: bytes,
        /,
        *,
        flags: int = PRESENT | VERIFIED,
        rp_id: str | None = None,
        more: bytes = b"",
        **client: Any,
    ) -> Assertion:
        """An assertion; ``client`` are members of its client data, None for none."""
        said = {
            "type": "webauthn.get",
            "challenge": b64url(challenge),
            "origin": self.party.origins[0],
            "crossOrigin": False,
            **client,
        }
        client_data = json.dumps({name: row for name, row in said.items() if row is not None}).encode()
        data = self.data(flags=flags, rp_id=rp_id) + more
        return Assertion(data, client_data, self.sign(data + hashlib.sha256(client_data).digest()))

    def agree(self, operator: str, subject: Subject, terms: Terms, at: Any, **lies: Any) -> Consent:
        """A consent as a warrant carries it."""
        proof = Proof(self.key.kid, terms, self.answer(challenge_of(subject, terms), **lies))
        return Consent(operator, at, terms.shown, "passkey", False, proof)

    # As a browser tells it to the API.

    def registered(self, options: dict[str, Any], **client: Any) -> dict[str, Any]:
        """What ``navigator.credentials.create`` gives for these options, attestation ``none``."""
        from webauthn.helpers import encode_cbor

        said = {
            "type": "webauthn.create",
            "challenge": options["challenge"],
            "origin": self.party.origins[0],
            "crossOrigin": False,
            **client,
        }
        flags = said.pop("flags", PRESENT | VERIFIED) | 0x40
        attested = bytes(16) + len(self.id).to_bytes(2) + self.id + encode_cbor(self._cose())
        made = {"fmt": "none", "attStmt": {}, "authData": self.data(flags=flags) + attested}
        return {
            "id": b64url(self.id),
            "rawId": b64url(self.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64url(json.dumps(said).encode()),
                "attestationObject": b64url(encode_cbor(made)),
                "transports": ["internal"],
            },
        }

    def asserted(self, options: dict[str, Any], **lies: Any) -> dict[str, str]:
        """What ``navigator.credentials.get`` gives for these options, as the API takes it."""
        from vienna_kernel.keyring import unb64url

        found = self.answer(unb64url(options["challenge"]), **lies)
        return {
            "credential_id": b64url(self.id),
            "authenticator_data": b64url(found.authenticator_data),
            "client_data_json": b64url(found.client_data),
            "signature": b64url(found.signature),
        }

    def _cose(self) -> dict[int, Any]:
        from vienna_kernel.keyring import unb64url

        part = {name: unb64url(text) for name, text in self.jwk.items() if name in ("x", "y", "n", "e")}
        head = {3: _COSE[self.kind]}
        if self.kind == "EdDSA":
            return {1: 1, **head, -1: 6, -2: part["x"]}
        if self.kind == "RS256":
            return {1: 3, **head, -1: part["n"], -2: part["e"]}
        return {1: 2, **head, -1: 1, -2: part["x"], -3: part["y"]}


def _raw(public: Any) -> bytes:
    return bytes(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _bytes(number: int) -> bytes:
    return number.to_bytes(-(-number.bit_length() // 8))


def member(one: Authenticator, operator: str, *groups: str, expires_at: int | None = None) -> Member:
    return Member(key=one.key, operator=operator, groups=groups, added_at=0, expires_at=expires_at)


def roster(*members: Member, version: int = 1, threshold: int = 2, **more: Any) -> Roster:
    """A first version, unless said otherwise."""
    given: dict[str, Any] = {
        "previous": None,
        "made_at": 1000,
        "party": PARTY,
        "quorum": {Tier.T2: Quorum(2), Tier.T3: Quorum(3, ("executive",))},
        **more,
    }
    return Roster(version=version, threshold=threshold, members=members, **given)


def signed(one: Roster, *by: Authenticator, nonce: str = "n", **lies: Any) -> Signed:
    rows = [Signature(who.key.kid, nonce, who.answer(change_challenge(one, nonce), **lies)) for who in by]
    return Signed(one, tuple(rows))
