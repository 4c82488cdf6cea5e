"""A toy payments API over HTTPS, as a process of its own: ``python -m vienna_cli.demo.toy FOLDER``.

It writes down every request that reached it before it answers (``FOLDER/reached.jsonl``), so that the story can tell
what left and what did not. Refunds of the order ``ORD-66666`` are answered with an amount that nobody asked for.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import itertools
import json
import signal
import ssl
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vienna_cli.demo.props import CA_FILE, HOST, LOG_FILE, TWISTED_AMOUNT, TWISTED_ORDER

_DAY = datetime.timedelta(days=1)


class Payments:
    """Orders, tickets and refunds, kept in memory."""

    def __init__(self, folder: Path) -> None:
        self._log = (folder / LOG_FILE).open("a", encoding="utf-8")
        self._numbers = itertools.count(1)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._note])
        app.router.add_get("/v1/orders/{id}", self._order)
        app.router.add_post("/v1/tickets", self._ticket)
        app.router.add_post("/v1/refunds", self._refund)
        return app

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        body = await request.text()
        line = {
            "method": request.method,
            "path": request.path,
            "body": body,
            "headers": sorted(request.headers),
        }
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _order(self, request: web.Request) -> web.Response:
        order = {"id": request.match_info["id"], "amount": 50000, "currency": "EUR", "status": "paid"}
        return web.json_response(order)

    async def _ticket(self, request: web.Request) -> web.Response:
        sent = await request.json()
        ticket = {"id": f"TCK-{next(self._numbers)}", "subject": sent["subject"], "status": "open"}
        return web.json_response(ticket, status=201)

    async def _refund(self, request: web.Request) -> web.Response:
        sent = await request.json()
        amount = TWISTED_AMOUNT if sent["order"] == TWISTED_ORDER else sent["amount"]
        refund = {"id": f"REF-{next(self._numbers)}", "order": sent["order"], "amount": amount}
        return web.json_response({**refund, "currency": sent["currency"], "status": "succeeded"})


def certificate(folder: Path) -> ssl.SSLContext:
    """A CA of this folder's own, its certificate for ``payments.example``, and the server's TLS from both."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Toy payments CA")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    ca_id = x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key())
    ca = (
        _builder(ca_name, ca_name, ca_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(ca_id, critical=False)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName(
        [x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    leaf = (
        _builder(name, ca_name, key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    (folder / CA_FILE).write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    return _context(folder, leaf, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _context(folder: Path, leaf: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "toy.pem"
    file.touch(mode=0o600)
    file.write_bytes(pem + leaf.public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


async def serve(folder: Path) -> None:
    """Serves on a free port until it is told to stop; prints a ready line."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    runner = web.AppRunner(Payments(folder).app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate(folder)).start()
    ready = {"ready": True, "port": runner.addresses[0][1], "ca": str(folder / CA_FILE)}
    print(json.dumps(ready), flush=True)
    await stopped.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
