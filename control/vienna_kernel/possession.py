"""Proof of possession at enrolment: whoever names a public key shows that the private one is theirs.

The statement binds the join token, the key, the certificate request and an instant. So it is of no use with another
token, for another request, or a second time: the control plane takes only a later instant than the last one of the
key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Algorithm, VerifyingKey, b64url, unb64url
from vienna_kernel.signing import SigningKey

_CONTEXT = "vienna-enrolment-v1"


def statement(*, token: str, holder: str, csr_pem: str, at: str) -> bytes:
    """The bytes that are signed. ``holder``: thumbprint of the key; ``at``: ISO 8601 instant, as it is sent."""
    lines = (_CONTEXT, _digest(token), holder, _digest(csr_pem), at)
    return "".join(line + "\n" for line in lines).encode()


def prove(key: SigningKey, *, token: str, csr_pem: str, at: str) -> str:
    """The signature over the statement, base64url."""
    return b64url(key.sign(statement(token=token, holder=key.kid, csr_pem=csr_pem, at=at)))


def proven(jwk: Mapping[str, str], proof: str, *, token: str, csr_pem: str, at: str) -> bool:
    """Whether the private key of ``jwk`` signed this statement.

    Errors: ``MalformedError`` for a key that is no Ed25519 key, and for a proof that is not base64url.
    """
    key = VerifyingKey.from_jwk(jwk)
    if key.algorithm is not Algorithm.ED25519:
        raise MalformedError("public_jwk", "expected an Ed25519 key")
    said = statement(token=token, holder=key.kid, csr_pem=csr_pem, at=at)
    return key.verify(said, unb64url(proof))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
