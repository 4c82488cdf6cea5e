"""What push services know this installation by (RFC 8292): a P-256 key that browsers name when they subscribe.

It is never replaced: every subscription is bound to it, and would be lost with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from vienna_kernel.keyring import b64url, thumbprint

LIFETIME = timedelta(hours=1)
"""Of a token; RFC 8292 allows a day."""

_HEADER = b64url(b'{"typ":"JWT","alg":"ES256"}')


@dataclass(frozen=True, slots=True)
class PushKey:
    """The key, and the tokens that it signs."""

    key: ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls) -> PushKey:
        """A fresh one."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_der(cls, private: bytes) -> PushKey:
        """Inverse of ``private_der``. Raises ``ValueError`` for a key of another kind."""
        key = load_der_private_key(private, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("not an EC key")
        return cls(key)

    @property
    def public(self) -> bytes:
        """The uncompressed point, 65 bytes: a browser's ``applicationServerKey``."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        point = self.public
        return {"kty": "EC", "crv": "P-256", "x": b64url(point[1:33]), "y": b64url(point[33:])}

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint."""
        return thumbprint(self.jwk)

    def private_der(self) -> bytes:
        """The key, for sealing and nothing else."""
        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def authorization(self, audience: str, *, subject: str, now: datetime) -> str:
        """The ``Authorization`` header for the push service of this origin.

        ``subject``: where its operators reach us, an ``https:`` or ``mailto:`` URL.
        """
        expires_at = int((now + LIFETIME).timestamp())
        claims = b64url(orjson.dumps({"aud": audience, "exp": expires_at, "sub": subject}))
        signed = f"{_HEADER}.{claims}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(SHA256())))
        signature = b64url(r.to_bytes(32) + s.to_bytes(32))
        return f"vapid t={signed}.{signature},k={b64url(self.public)}"
