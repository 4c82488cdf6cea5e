"""The client CA: what a sidecar shows in the TLS handshake with the control plane.

A CA of its own, apart from the interception CA: whoever holds a gate's intermediate can vouch for hosts, never for a
sidecar. A certificate certifies the very key whose possession was proven at enrolment; its common name is the
sidecar's id. TLS 1.3 signs under a context of its own (RFC 8446 section 4.4.3), so no signature of one use of the key
passes for one of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from vienna_control.authority.ca import BACKDATED, Root, name_of, new_root, unsigned

LIFETIME = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A sidecar's certificate.

    Attributes:
        not_after: When it ends; enrolling again renews it with the intermediate.
    """

    pem: str
    not_after: datetime


def new_client_root(name: str, *, now: datetime) -> Root:
    """A fresh client CA."""
    return new_root(name, now=now, use="client", path_length=0)


def certify(root: Root, material: bytes, sidecar_id: str, *, now: datetime) -> ClientCertificate:
    """Certify an Ed25519 key (32 bytes) as this sidecar's for a day.

    Errors: ``ValueError`` for bytes that are no such key.
    """
    public = Ed25519PublicKey.from_public_bytes(material)
    end = now + LIFETIME
    builder = unsigned(name_of(sidecar_id), root.certificate.subject, public, now - BACKDATED, end)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(authority, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
    certificate = builder.sign(root.key, SHA256())
    return ClientCertificate(certificate.public_bytes(Encoding.PEM).decode(), end)
