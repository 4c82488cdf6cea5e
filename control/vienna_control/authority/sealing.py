"""One installation secret, many keys: each use has its own, derived by HKDF-SHA256 (RFC 5869).

Sealed is AES-256-GCM with a random nonce; what it belongs to is authenticated with it, so that a sealed value moved
to another row does not open. Format: version 1 (one byte), nonce (12), ciphertext and tag.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vienna_control.ports import UnavailableError

_VERSION = b"\x01"
_NONCE_BYTES = 12


class Secret:
    """The installation's secret, as the keys derived from it.

    At most 2**32 values are sealed under one secret (random nonces, NIST SP 800-38D); a secret seals a few rows per
    key and operator.
    """

    def __init__(self, secret: bytes) -> None:
        """``secret``: at least 16 bytes of entropy. Errors: ``ValueError`` for fewer than 16 bytes."""
        if len(secret) < 16:
            raise ValueError("the installation secret has fewer than 16 bytes")
        self._secret = secret
        self._sealing = AESGCM(self.derive("sealing"))
        self._hashing = self.derive("keyed-hash")

    def derive(self, use: str) -> bytes:
        """The 32-byte key of one use; uses tell nothing about each other."""
        return HKDF(SHA256(), 32, salt=b"vienna", info=b"vienna/" + use.encode()).derive(self._secret)

    def keyed_hash(self, data: bytes) -> str:
        """Lower-case hex HMAC-SHA256, 64 characters."""
        return hmac.digest(self._hashing, data, hashlib.sha256).hex()

    def seal(self, data: bytes, context: str) -> bytes:
        """Ciphertext that opens with the same ``context`` only."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._sealing.encrypt(nonce, data, _VERSION + context.encode())

    def unseal(self, data: bytes, context: str) -> bytes:
        """Inverse of ``seal``. Raises ``UnavailableError("authority", …)`` for another secret, context or data."""
        nonce, sealed = data[1 : 1 + _NONCE_BYTES], data[1 + _NONCE_BYTES :]
        try:
            if data[:1] != _VERSION:
                raise InvalidTag
            return self._sealing.decrypt(nonce, sealed, _VERSION + context.encode())
        except (InvalidTag, ValueError):
            kind = context.partition(":")[0]
            why = f"a sealed value ({kind}) does not open with this installation's secret"
            raise UnavailableError("authority", why) from None
