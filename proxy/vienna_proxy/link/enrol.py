"""How a gate gets its identity: a join token exchanged for a key, an intermediate CA and the keys to believe.

1. Two private keys are made at start and stay in memory: the intermediate's, which mitmproxy reads from a file in
   ``/dev/shm``; and the holder key, which warrants are bound to, which signs that it is ours when we enrol, and whose
   certificate we show in the TLS handshake from then on.
2. The same exchange renews intermediate and certificate before their day is over; the holder key stays, so warrants
   stay valid.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import BaseModel, ConfigDict, ValidationError

from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Keyring, Purpose, VerifyingKey
from vienna_kernel.possession import prove
from vienna_kernel.signing import SigningKey
from vienna_proxy.ports import StartError, UnavailableError
from vienna_proxy.transport.addresses import exempt

_TRY_SECONDS = 10.0
_REQUEST_SECONDS = 5.0
_MAX_BYTES = 64 * 1024 * 1024


class _Agent(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    name: str


class _Enrolled(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    sidecar_id: str
    api_key: str
    agent: _Agent
    issuer: str
    jwks: dict[str, Any]
    ca_chain_pem: str
    client_cert_pem: str = ""
    root_ca_pem: str
    bundle_key: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """Private keys of this process."""

    holder: SigningKey = field(default_factory=lambda: SigningKey.generate_from(os.urandom(32)))
    ca: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def csr(self, agent: str) -> str:
        """Request for the intermediate, PEM."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Vienna gate of {agent}"[:64])])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.ca, hashes.SHA256())
        return request.public_bytes(Encoding.PEM).decode()

    def ca_pem(self) -> bytes:
        """The intermediate's private key, PEM, in the clear."""
        return self.ca.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def holder_pem(self) -> bytes:
        """The holder key, PEM, in the clear."""
        private = ed25519.Ed25519PrivateKey.from_private_bytes(self.holder.seed)
        return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this gate is, and whom it believes.

    Attributes:
        api_key: Secret; opens the stream and the sidecar's endpoints.
        ca_chain: Intermediate first, root last.
        ca_expires_at: End of the intermediate.
        certificate: For the TLS handshake with the control plane, PEM; empty: it gave none.
        bundle_keys: The one key that signs bundles.
    """

    sidecar_id: str
    api_key: str = field(repr=False)
    agent_id: str
    agent_name: str
    issuer: str
    keyring: Keyring
    bundle_keys: Keyring
    ca_chain: str
    root_ca: str
    ca_expires_at: datetime
    certificate: str = ""


class Control:
    """The control plane over HTTP: one session whose connections are exempt from the address guard.

    Attributes:
        session: For the channel too.
        base: ``http://host:port``.
    """

    def __init__(self, url: str, *, ca: Path | None = None) -> None:
        """``ca``: PEM file of the one CA that vouches for the control plane; None: the public ones.

        Raises ``StartError`` for a file that is none.
        """
        self.base = url
        self._tls: ssl.SSLContext | None = None
        connector: aiohttp.BaseConnector
        if url.startswith("unix://"):
            connector, self.base = (
                aiohttp.UnixConnector(url.removeprefix("unix://")),
                "http://control.invalid",
            )
        elif url.startswith("https://"):
            self._tls = _trust(ca)
            connector = aiohttp.TCPConnector(limit=32, ssl=self._tls)
        else:
            connector = aiohttp.TCPConnector(limit=32)
        self.session = aiohttp.ClientSession(connector=connector, trust_env=False)

    def show(self, certificate: str, key: bytes, folder: Path) -> None:
        """Show this certificate (PEM) in handshakes from now on. ``folder``: ours alone, in memory where it can be."""
        if self._tls is None or not certificate:
            return
        file = folder / "client.pem"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(key + certificate.encode())
            self._tls.load_cert_chain(file)  # it takes files only
        finally:
            file.unlink(missing_ok=True)

    async def close(self) -> None:
        """Give the connections back."""
        await self.session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        key: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        seconds: float = _REQUEST_SECONDS,
    ) -> tuple[int, bytes, str]:
        """Status, body and content type of one exchange. Raises ``UnavailableError``."""
        said = {"Authorization": f"Bearer {key}", **(headers or {})}
        if body is not None:
            said["Content-Type"] = "application/json"
        limit = aiohttp.ClientTimeout(total=seconds, connect=min(seconds, 2.0))
        try:
            with exempt():
                async with self.session.request(
                    method, self.base + path, data=body, headers=said, timeout=limit, allow_redirects=False
                ) as response:
                    content = await _whole(response)
                    return response.status, content, response.headers.get("Content-Type", "")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UnavailableError("control", f"{self.base}: {type(error).__name__}") from None


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise StartError(
            f"gate.control_ca: cannot read certificates from {ca}: {type(error).__name__}"
        ) from None


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """The whole body; what came first of it is not all of it. Raises ``UnavailableError`` beyond the limit."""
    parts, size = [], 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > _MAX_BYTES:
            raise UnavailableError("control", f"an answer of more than {_MAX_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def data_of(content: bytes) -> Any:
    """``data`` of the API's envelope. Raises ``UnavailableError`` for anything else."""
    try:
        envelope = orjson.loads(content)
        return envelope["data"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise UnavailableError("control", "the answer is not the API's") from None


def _complaint(status: int, content: bytes) -> str:
    try:
        return str(orjson.loads(content)["error"]["message"])[:200]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"HTTP {status}"


def read_token(key_file: Path | None) -> str:
    """The join token. Raises ``StartError`` with what to do."""
    if key_file is None:
        raise StartError(
            "no join token: set gate.key_file (or --key-file) to the control plane's sidecar.join"
        )
    try:
        token = key_file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise StartError(f"cannot read the join token {key_file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StartError(f"the join token {key_file} is not text") from None
    if not token:
        raise StartError(f"the join token {key_file} is empty")
    return token


async def enrol(
    control: Control, *, token: str, agent: str, keys: Keys, version: str, now: Callable[[], datetime]
) -> Identity:
    """One exchange. Raises ``UnavailableError`` when nobody answers, ``StartError`` when the answer is no.

    ``now``: what is proven is proven for an instant; where our clock is off, for the one that the control plane names.
    """
    status, content = await _apply(control, token, agent, keys, version, now())
    if status == 400 and (theirs := _their_clock(content)) is not None:
        status, content = await _apply(control, token, agent, keys, version, theirs)
    if status >= 500:
        raise UnavailableError("control", f"{control.base} answered {_complaint(status, content)}")
    if status >= 400:
        raise StartError(f"the control plane refused to enrol agent {agent!r}: {_complaint(status, content)}")
    try:
        return _identity(_Enrolled.model_validate(data_of(content)))
    except (ValidationError, MalformedError, ValueError) as error:
        raise StartError(f"the control plane's enrolment has no reading: {type(error).__name__}") from None


async def _apply(
    control: Control, token: str, agent: str, keys: Keys, version: str, now: datetime
) -> tuple[int, bytes]:
    at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    csr_pem = keys.csr(agent)
    body = orjson.dumps(
        {
            "agent": agent,
            "public_jwk": keys.holder.jwk(),
            "csr_pem": csr_pem,
            "version": version,
            "proved_at": at,
            "proof": prove(keys.holder, token=token, csr_pem=csr_pem, at=at),
        }
    )
    # A connection of its own: those that are kept are to carry the certificate that comes with the answer.
    status, content, _ = await control.call(
        "POST", "/api/v1/sidecars/enrol", key=token, body=body, headers={"Connection": "close"}
    )
    return status, content


def _their_clock(content: bytes) -> datetime | None:
    """The instant that the control plane names where it found ours to be another."""
    try:
        found = datetime.fromisoformat(orjson.loads(content)["error"]["details"]["now"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _identity(said: _Enrolled) -> Identity:
    chain = x509.load_pem_x509_certificates(said.ca_chain_pem.encode())
    return Identity(
        sidecar_id=said.sidecar_id,
        api_key=said.api_key,
        agent_id=said.agent.id,
        agent_name=said.agent.name,
        issuer=said.issuer,
        keyring=Keyring.from_jwks(said.jwks),
        bundle_keys=Keyring([VerifyingKey.from_jwk(said.bundle_key, purpose=Purpose.BUNDLE)]),
        ca_chain=said.ca_chain_pem,
        root_ca=said.root_ca_pem,
        ca_expires_at=chain[0].not_valid_after_utc,
        certificate=said.client_cert_pem,
    )


async def patiently(attempt: Callable[[], Any], tell: Callable[[str], None]) -> Any:
    """Try for ten seconds while nobody answers. Raises ``StartError`` then."""
    loop = asyncio.get_running_loop()
    until, told = loop.time() + _TRY_SECONDS, False
    while True:
        try:
            return await attempt()
        except UnavailableError as error:
            if loop.time() > until:
                raise StartError(f"the control plane does not answer ({error.why})") from None
            if not told:
                tell(f"waiting for the control plane ({error.why})")
                told = True
        await asyncio.sleep(0.25)
