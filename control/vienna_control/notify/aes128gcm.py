"""Encryption to one browser (RFC 8291): one record of ``aes128gcm`` (RFC 8188) that only its subscription opens.

What a push service sees is an address, a time to live and so many bytes: they are the same for every message.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vienna_kernel.keyring import unb64url

AUTH_BYTES = 16
SALT_BYTES = 16
RECORD_BYTES = 4096
_LAST = b"\x02"  # the delimiter of the last record; the padding stands behind it


def point(text: str) -> ec.EllipticCurvePublicKey:
    """A subscription's ``p256dh``. Raises ``ValueError`` unless it is an uncompressed point of P-256, as base64url."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(text, 65))


def auth(text: str) -> bytes:
    """A subscription's ``auth``. Raises ``ValueError`` unless it is 16 bytes, as base64url."""
    return _bytes(text, AUTH_BYTES)


def _bytes(text: str, length: int) -> bytes:
    found = unb64url(text)
    if len(found) != length:
        raise ValueError(f"expected {length} bytes as base64url")
    return found


def encrypt(
    plain: bytes,
    *,
    to: ec.EllipticCurvePublicKey,
    auth: bytes,
    length: int = 0,
    key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of one message.

    ``length``: so many bytes ``plain`` is padded to. ``key``, ``salt``: fresh ones, unless a vector names them.
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    salt = salt or secrets.token_bytes(SALT_BYTES)
    ours, theirs = _encoded(key.public_key()), _encoded(to)
    shared = _derived(key.exchange(ec.ECDH(), to), auth, b"WebPush: info\0" + theirs + ours, 32)
    content_key = _derived(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(shared, salt, b"Content-Encoding: nonce\0", 12)
    padded = plain + _LAST + bytes(max(0, length - len(plain)))
    header = salt + RECORD_BYTES.to_bytes(4) + len(ours).to_bytes(1) + ours
    return header + AESGCM(content_key).encrypt(nonce, padded, None)


def _encoded(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=salt, info=info).derive(secret)
