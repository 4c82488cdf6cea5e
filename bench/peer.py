"""The two ends of a measured call: a bare HTTPS upstream, and a keep-alive client that goes through a proxy.

Both speak just enough HTTP/1.1 for what they send each other, over asyncio streams, so that the proxy between them is
what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import ipaddress
import json
import ssl
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ANSWER = json.dumps({"id": "ORD-1", "amount": "12.50", "currency": "EUR", "status": "paid"}).encode()
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
) + ANSWER


def make_certificates(folder: Path, host: str) -> tuple[Path, Path]:
    """A test CA and a leaf for ``host``; returns (CA pem, leaf pem with its key)."""
    now = datetime.datetime.now(datetime.UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench upstream CA")])
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())

    def builder(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder(ca_name, subject, public, x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False
            )
        )

    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    ca = (
        builder(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=False, key_cert_sign=True, crl_sign=True, **usage), critical=True
        )
        .sign(ca_key, hashes.SHA256())
    )
    leaf = (
        builder(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]), key.public_key())
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(ca_key, hashes.SHA256())
    )
    ca_path, leaf_path = folder / "upstream-ca.pem", folder / "upstream.pem"
    ca_path.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    leaf_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + leaf.public_bytes(serialization.Encoding.PEM)
    )
    return ca_path, leaf_path


async def serve(leaf: Path) -> asyncio.Server:
    """Answer every request on a free loopback port with the same small JSON object."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(leaf)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(_RESPONSE)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context, backlog=1024)


@dataclass(frozen=True)
class Figures:
    """One measured round.

    Attributes:
        rate: Answers a second.
        p50_ms, p99_ms: Latency of one call, milliseconds.
        errors: Calls that did not end in 200.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    errors: int


async def _connect(
    proxy: tuple[str, int], host: str, tls: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(*proxy)
    writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nhost: {host}:443\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n", 1)[0]:
        raise ConnectionError(head.decode(errors="replace"))
    await writer.start_tls(tls, server_hostname=host)
    return reader, writer


async def load(
    proxy: tuple[str, int], *, host: str, ca: Path, connections: int, seconds: float, path: str
) -> Figures:
    """Closed loop: each connection sends its next request when the last was answered."""
    tls = ssl.create_default_context(cafile=str(ca))
    request = f"GET {path} HTTP/1.1\r\nhost: {host}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n".encode()
    latencies: list[float] = []
    errors = 0
    pairs = await asyncio.gather(*(_connect(proxy, host, tls) for _ in range(connections)))

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        at = lower.index(b"content-length:")
        await reader.readexactly(int(lower[at + 15 : lower.index(b"\r\n", at)]))
        return head.startswith(b"HTTP/1.1 200")

    async def worker(pair: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        nonlocal errors
        while time.perf_counter() < until:
            begun = time.perf_counter()
            errors += not await one(*pair)
            latencies.append(time.perf_counter() - begun)

    for pair in pairs:
        await one(*pair)
    begin = time.perf_counter()
    until = begin + seconds
    await asyncio.gather(*(worker(pair) for pair in pairs))
    took = time.perf_counter() - begin
    for _, writer in pairs:
        writer.close()
    ranks = statistics.quantiles(latencies, n=100, method="inclusive")
    return Figures(len(latencies) / took, ranks[49] * 1000, ranks[98] * 1000, errors)


async def _main(arguments: argparse.Namespace) -> None:
    server = await serve(arguments.serve)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="the bare HTTPS upstream; prints its port")
    parser.add_argument("--serve", type=Path, required=True, metavar="LEAF.pem")
    try:
        asyncio.run(_main(parser.parse_args()))
    except KeyboardInterrupt:
        sys.exit(0)
