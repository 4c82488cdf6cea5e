"""The interception CA: a root that stays here, and a one-day intermediate for each sidecar.

Agents trust the root only. Every certificate carries subject and authority key identifiers, and CA certificates a
critical basic constraint and key usage: Python 3.13 checks strictly (``VERIFY_X509_STRICT``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import b64url, thumbprint

ROOT_LIFETIME = timedelta(days=3650)
INTERMEDIATE_LIFETIME = timedelta(hours=24)
BACKDATED = timedelta(minutes=5)  # clients whose clock is a little behind
_MAX_CSR = 16 * 1024


@dataclass(frozen=True, slots=True)
class Intermediate:
    """A sidecar's own CA certificate.

    Attributes:
        chain_pem: The intermediate, then the root.
        thumbprint: ``sha256:<hex>`` of the intermediate's DER.
        not_after: When it ends; the sidecar asks for the next one before.
    """

    chain_pem: str
    thumbprint: str
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Root:
    """The root, with its key."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def thumbprint(self) -> str:
        """``sha256:<hex>`` of the certificate's DER."""
        return _thumbprint(self.certificate)

    @property
    def kid(self) -> str:
        """RFC 7638 thumbprint of its key."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return thumbprint({"kty": "EC", "crv": "P-256", "x": b64url(point[1:33]), "y": b64url(point[33:])})

    def private_der(self) -> bytes:
        """The key, for sealing and nothing else."""
        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def intermediate(
        self, csr_pem: str, agent: str, *, now: datetime, hosts: Sequence[str] = ()
    ) -> Intermediate:
        """Sign a sidecar's key for a day. Only the key is taken from the request, nothing it asks for.

        ``hosts``: when given, certificates under it hold for these DNS names (and names below them) only.

        Errors: ``MalformedError`` for a request that is none, is not signed by its own key, or brings a weak key.
        """
        public = _requested_key(csr_pem)
        name = name_of(f"Vienna sidecar of {agent}")
        end = min(now + INTERMEDIATE_LIFETIME, self.certificate.not_valid_after_utc)
        builder = unsigned(name, self.certificate.subject, public, now - BACKDATED, end)
        builder = as_authority(builder, self.key.public_key(), path_length=0)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        if hosts:
            permitted = [x509.DNSName(host) for host in hosts]
            builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
        certificate = builder.sign(self.key, SHA256())
        pem = certificate.public_bytes(Encoding.PEM).decode()
        return Intermediate(pem + self.pem, _thumbprint(certificate), end)


def new_root(name: str, *, now: datetime, use: str = "interception", path_length: int = 1) -> Root:
    """A fresh root for ten years. P-256: what every client verifies, and the cheapest handshake that it does."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name_of(f"Vienna {use} CA {name}")
    builder = unsigned(subject, subject, key.public_key(), now - BACKDATED, now + ROOT_LIFETIME)
    builder = as_authority(builder, key.public_key(), path_length=path_length)
    return Root(key, builder.sign(key, SHA256()))


def _requested_key(csr_pem: str) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    if len(csr_pem) > _MAX_CSR:
        raise MalformedError("csr_pem", f"larger than {_MAX_CSR} characters")
    try:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        sound, key = request.is_signature_valid, request.public_key()
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise MalformedError("csr_pem", f"not a certificate request: {type(error).__name__}") from None
    if not sound:
        raise MalformedError("csr_pem", "not signed by the key it names")
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.key_size >= 256:
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return key
    raise MalformedError("csr_pem", "expected an EC key of 256 bits, or RSA of 2048 bits, or more")


def name_of(text: str) -> x509.Name:
    """A subject or issuer with this common name."""
    # RFC 5280: a common name has at most 64 characters.
    common = x509.NameAttribute(NameOID.COMMON_NAME, text[:64])
    return x509.Name([common, x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Vienna")])


def unsigned(
    subject: x509.Name, issuer: x509.Name, key: CertificatePublicKeyTypes, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    """A certificate's beginning: names, key, lifetime, a random serial number, the subject's key identifier."""
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def as_authority(
    builder: x509.CertificateBuilder, issuer_key: ec.EllipticCurvePublicKey, *, path_length: int
) -> x509.CertificateBuilder:
    """The extensions of a CA certificate, all that Python's strict check asks for."""
    usage = x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(usage, critical=True)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key)
    return builder.add_extension(authority, critical=False)


def _thumbprint(certificate: x509.Certificate) -> str:
    return "sha256:" + hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
