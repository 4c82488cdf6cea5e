"""A new passkey: made by the browser for us, discoverable, its user verified, nothing else known of its maker."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.identity.operators import Operator
from vienna_control.invariant import there
from vienna_control.passkeys import keys
from vienna_control.passkeys.challenges import Asked, Challenges
from vienna_control.store import Tx
from vienna_control.store.tables import passkeys
from vienna_kernel.consent.passkey import MAX_CLIENT_DATA, Party, Passkey
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import b64url, unb64url
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.signing import strict_object

ALGORITHMS = (-8, -7, -257)  # EdDSA, ES256, RS256
_MOST_BYTES = 16_384


class EnrolmentError(ValueError):
    """It cannot be taken; the text says why, to its owner."""


@dataclass(frozen=True, slots=True)
class Created:
    """What ``navigator.credentials.create`` gave, binary members as base64url."""

    credential_id: str
    client_data: str
    attestation: str


def creation_options(conn: Connection, operator: Operator, challenge: bytes, party: Party) -> dict[str, Any]:
    """What ``navigator.credentials.create`` takes as ``publicKey``, binary members as base64url."""
    return {
        "challenge": b64url(challenge),
        "rp": {"id": party.id, "name": "Vienna"},
        "user": {
            "id": b64url(operator.id.encode()),
            "name": operator.email,
            "displayName": operator.name or operator.email,
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in ALGORITHMS],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "timeout": 300_000,
        "excludeCredentials": [keys.descriptor(row) for row in keys.of_operator(conn, operator.id)],
    }


def fresh() -> bytes:
    """A challenge: 256 random bits."""
    return secrets.token_bytes(32)


def enrol(
    tx: Tx, challenges: Challenges, operator: Operator, created: Created, *, name: str, party: Party
) -> rows.Row:
    """Keep a new passkey. Raises ``EnrolmentError``."""
    challenge = _challenge(created)
    if challenges.take(tx, challenge, Asked(purpose="enrol", operator_id=operator.id)) is None:
        raise EnrolmentError("the challenge is not known, was answered already, or has expired: begin again")
    made = _verified(created, challenge, party)
    if keys.is_enrolled(tx.conn, made.credential_id, made.key.kid):
        raise EnrolmentError("this passkey is enrolled already")
    if keys.count(tx.conn, operator.id) >= keys.MOST_EACH:
        raise EnrolmentError(f"at most {keys.MOST_EACH} passkeys each")
    passkey_id = tx.id("pk")
    rows.add(
        tx.conn,
        passkeys,
        id=passkey_id,
        tenant=operator.tenant,
        operator_id=operator.id,
        credential_id=made.credential_id,
        kid=made.key.kid,
        jwk=rows.dump(dict(made.key.jwk)),
        name=name,
        rp_id=party.id,
        sign_count=made.count,
        backed_up=made.backed_up,
        created_at=tx.at,
        used_at=None,
    )
    tx.record(
        EntryType.OPERATOR_MFA,
        tenant=operator.tenant,
        actor=f"operator:{operator.id}",
        data={"what": "passkey_enrolled", "passkey": passkey_id, "kid": made.key.kid},
    )
    return there(keys.by_id(tx.conn, operator.id, passkey_id), "added above, in this transaction")


def _challenge(created: Created) -> bytes:
    """What the client says that it answered; whether we asked it is found out by that."""
    if max(len(created.client_data), len(created.attestation)) > _MOST_BYTES:
        raise EnrolmentError("too large")
    try:
        client_data = unb64url(created.client_data)
        said = strict_object(client_data, "client data")
        framed = said.get("crossOrigin", False) is not False or "topOrigin" in said
        if len(client_data) > MAX_CLIENT_DATA or framed:
            raise EnrolmentError("the client data are not those of a page of ours")
        return unb64url(str(said.get("challenge", "")))
    except MalformedError as error:
        raise EnrolmentError(str(error)) from None


@dataclass(frozen=True, slots=True)
class _Made:
    credential_id: str
    key: Passkey
    count: int
    backed_up: bool


def _verified(created: Created, challenge: bytes, party: Party) -> _Made:
    # Only here is the library needed: an import that takes as long as a third of the start.
    from webauthn import verify_registration_response
    from webauthn.helpers import decode_credential_public_key
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.exceptions import WebAuthnException
    from webauthn.helpers.structs import AttestationFormat

    credential = {
        "id": created.credential_id,
        "rawId": created.credential_id,
        "type": "public-key",
        "response": {"clientDataJSON": created.client_data, "attestationObject": created.attestation},
    }
    try:
        found = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(alg) for alg in ALGORITHMS],
        )
        if found.fmt not in (AttestationFormat.NONE, AttestationFormat.PACKED):
            raise EnrolmentError(f"an attestation {found.fmt.value!r} was not asked for")
        key = Passkey.from_jwk(_jwk(decode_credential_public_key(found.credential_public_key)))
    except EnrolmentError:
        raise
    except (
        WebAuthnException,
        MalformedError,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
    ) as error:
        raise EnrolmentError(f"not a passkey made here: {type(error).__name__}") from None
    except (EOFError, ValueError) as error:  # of CBOR that is none
        raise EnrolmentError(f"not a passkey made here: {type(error).__name__}") from None
    return _Made(b64url(found.credential_id), key, found.sign_count, found.credential_backed_up)


def _jwk(decoded: Any) -> dict[str, str]:
    """The library's reading of a COSE key as a JWK; what it is not, ``Passkey`` finds."""
    name = type(decoded).__name__
    if name == "DecodedRSAPublicKey":
        return {"kty": "RSA", "n": b64url(decoded.n), "e": b64url(decoded.e)}
    if name == "DecodedOKPPublicKey":
        return {"kty": "OKP", "crv": {6: "Ed25519"}.get(int(decoded.crv), ""), "x": b64url(decoded.x)}
    x, y = b64url(decoded.x), b64url(decoded.y)
    return {"kty": "EC", "crv": {1: "P-256"}.get(int(decoded.crv), ""), "x": x, "y": y}
