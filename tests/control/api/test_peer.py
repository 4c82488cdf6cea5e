"""Certificates in the TLS handshake, over real sockets: whom they name, and when they do not count."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gate_end import application, csr, join_token
from harness.certificates import Authority
from planes import Control, running
from vienna_control.authority import clients
from vienna_control.authority.ca import name_of, unsigned
from vienna_control.clock import Clock
from vienna_kernel.signing import SigningKey

BUNDLE = "/api/v1/sidecars/bundle"


def pem_of(key: SigningKey) -> bytes:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(key.seed)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass
class Place:
    """A control plane that ends TLS by itself, and clients of it."""

    control: Control
    folder: Path
    authority: Authority

    def context(self, certificate: str = "", key: bytes = b"") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.authority.path)
        if certificate:
            file = self.folder / "client.pem"
            file.write_bytes(key + certificate.encode())
            context.load_cert_chain(file)
        return context

    async def ask(
        self, context: ssl.SSLContext, *, key: str | None = None, path: str = BUNDLE, **more: Any
    ) -> Any:
        """Status and envelope; None: the handshake failed."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        method = "POST" if "json" in more else "GET"
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(connector=connector) as session:
            try:
                async with session.request(
                    method, self.control.url + path, headers=headers | more.pop("headers", {}), **more
                ) as response:
                    return response.status, await response.json()
            except aiohttp.ClientConnectionError:  # as it ends before, while or after the request is written
                return None, None

    async def enrol(self, agent: str) -> dict[str, Any]:
        """A sidecar's answer of enrolment, with its holder key under ``holder``."""
        token, holder = join_token(self.control), SigningKey.generate_from(agent.ljust(32).encode())
        body = application(self.control, holder, token=token, agent=agent)
        status, answer = await self.ask(self.context(), key=token, path="/api/v1/sidecars/enrol", json=body)
        assert status == 200, answer
        return {**answer["data"], "holder": holder}


@pytest.fixture
def place(tmp_path: Path) -> Callable[..., Any]:
    @asynccontextmanager
    async def start(**tls: Any) -> AsyncIterator[Place]:
        authority = Authority(tmp_path, "Test control root")
        authority.server_context(["127.0.0.1", "localhost"])
        pair = tmp_path / "upstream-server.pem"
        control = {
            "listen": "127.0.0.1:0",
            "data_dir": tmp_path / "data",
            "tls": {"cert": pair, "key": pair, **tls},
        }
        async with running(tmp_path / "data", clock=Clock(), control=control) as started:
            assert started.url.startswith("https://")
            yield Place(started, tmp_path, authority)

    return start


async def test_a_certificate_alone_is_its_sidecar_and_beside_a_key_it_must_be_the_same(place: Any) -> None:
    async with place() as there:
        one, two = await there.enrol("one-bot"), await there.enrol("two-bot")
        mine = there.context(one["client_cert_pem"], pem_of(one["holder"]))
        assert (await there.ask(mine))[0] == 200
        assert (await there.ask(mine, key=one["api_key"]))[0] == 200
        assert (await there.ask(mine, key=two["api_key"]))[0] == 401
        assert (await there.ask(there.context(), key=one["api_key"]))[0] == 200
        assert (await there.ask(there.context()))[0] == 401
        assert (await there.ask(mine, path="/api/v1/fleet"))[0] == 403  # it is a sidecar, no operator
        beat = {"sequence": 1, "at": datetime.now(UTC).isoformat()}
        path = "/api/v1/sidecars/heartbeat"
        foreign = {"Origin": "https://evil.example"}
        assert (await there.ask(mine, path=path, json=beat, headers=foreign))[0] == 403
        assert (await there.ask(mine, path=path, json=beat))[0] == 200
        await there.ask(there.context(), key=one["api_key"])
        status, _, _ = await revoke(there, one["sidecar_id"])
        assert status == 200
        assert (await there.ask(mine))[0] == 401


async def revoke(there: Place, sidecar_id: str) -> tuple[int, Any, Any]:
    return await there.control.ask("DELETE", f"/api/v1/sidecars/{sidecar_id}", key="ada", ssl=there.context())


async def test_where_both_are_required_neither_alone_will_do(place: Any) -> None:
    async with place(require_client_cert="sidecars") as there:
        one, two = await there.enrol("one-bot"), await there.enrol("two-bot")
        mine = there.context(one["client_cert_pem"], pem_of(one["holder"]))
        assert (await there.ask(mine))[0] == 401
        assert (await there.ask(there.context(), key=one["api_key"]))[0] == 401
        assert (await there.ask(mine, key=two["api_key"]))[0] == 401
        assert (await there.ask(mine, key=one["api_key"]))[0] == 200
        status, _, _ = await there.control.ask("GET", "/api/v1/fleet", key="audrey", ssl=there.context())
        assert status == 200  # people have none


async def test_a_certificate_that_does_not_hold_ends_the_handshake(place: Any) -> None:
    async with place() as there:
        one = await there.enrol("one-bot")
        holder, authority = one["holder"], there.control.app.authority
        roots = authority._keys
        past = datetime.now(UTC) - timedelta(hours=25)
        stranger = clients.new_client_root("another", now=datetime.now(UTC))
        material = holder.material
        expired = clients.certify(roots.clients, material, one["sidecar_id"], now=past).pem
        strangers = clients.certify(stranger, material, one["sidecar_id"], now=datetime.now(UTC)).pem
        interception = clients.certify(roots.root, material, one["sidecar_id"], now=datetime.now(UTC)).pem
        for certificate in (expired, strangers, interception):
            assert await there.ask(there.context(certificate, pem_of(holder)), key=one["api_key"]) == (
                None,
                None,
            )
        own = ec.generate_private_key(ec.SECP256R1())
        intermediate = authority.intermediate(csr(), "one-bot")
        name = name_of(one["sidecar_id"])
        forged = unsigned(name, name, own.public_key(), past, datetime.now(UTC) + timedelta(hours=1))
        text = forged.sign(own, clients.SHA256()).public_bytes(Encoding.PEM).decode()
        key = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        context = there.context(text + intermediate.chain_pem, key)
        assert await there.ask(context, key=one["api_key"]) == (None, None)


async def test_older_tls_is_not_spoken(place: Any) -> None:
    async with place() as there:
        context = there.context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        assert await there.ask(context) == (None, None)
