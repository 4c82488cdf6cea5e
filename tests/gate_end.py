"""The gate's end of the stream, for tests of the control plane: real enrolment, real mappings, a real WebSocket.

It maps and asks as a gate does, and sends nothing anywhere.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from planes import Control
from vienna_control.clock import iso
from vienna_kernel import wire
from vienna_kernel.call.request import Call, RawRequest, canonicalise
from vienna_kernel.keyring import Keyring, Purpose, VerifyingKey
from vienna_kernel.mapping.kept import compiled
from vienna_kernel.mapping.reading import Mapped, MappingSet
from vienna_kernel.possession import prove
from vienna_kernel.signing import BUNDLE_TYPE, SigningKey, jws_verify
from vienna_kernel.value import pack, plain
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import ResponseView, verify

_PATIENCE = 60.0


def request(method: str, url: str, body: Any = None) -> Call:
    """A canonical call; ``body`` is sent as JSON."""
    parts = urlsplit(url)
    content = b"" if body is None else json.dumps(body).encode()
    headers = [(b"Host", parts.netloc.encode()), (b"Authorization", b"Bearer sk_canary_secret")]
    if body is not None:
        headers += [
            (b"Content-Type", b"application/json"),
            (b"Content-Length", str(len(content)).encode()),
        ]
    call = canonicalise(
        RawRequest(
            scheme="https",
            connect=(parts.hostname or "", parts.port or 443),
            sni=parts.hostname,
            method=method.encode(),
            target=(parts.path + (f"?{parts.query}" if parts.query else "")).encode(),
            http_version=b"HTTP/1.1",
            headers=tuple(headers),
            body=content,
        )
    )
    assert isinstance(call, Call), call
    return call


def csr() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate")])
    signed = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


@dataclass
class Gate:
    """One enrolled gate, connected."""

    control: Control
    sidecar_id: str
    key: str
    agent: dict[str, str]
    redaction_key: bytes = b""
    holder: SigningKey = field(default_factory=lambda: SigningKey.generate_from(os.urandom(32)))
    bundle: dict[str, Any] = field(default_factory=dict)
    mappings: MappingSet | None = None
    socket: aiohttp.ClientWebSocketResponse | None = None
    welcome: wire.Welcome | None = None
    unasked: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _reader: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Fetch the bundle, open the stream, say hello."""
        await self.fetch()
        url = f"{self.control.url}/api/v1/sidecars/stream"
        self.socket = await self.control.http.ws_connect(url, headers={"Authorization": f"Bearer {self.key}"})
        hello = wire.Hello(version="test", bundle=self.bundle["digest"])
        await self.socket.send_str(hello.model_dump_json())
        async with asyncio.timeout(_PATIENCE):
            self.welcome = wire.Welcome.model_validate_json(await self.socket.receive_str())
        self._reader = asyncio.create_task(self._read())

    async def fetch(self) -> None:
        status, answer, _ = await self.control.ask("GET", "/api/v1/sidecars/bundle", key=self.key)
        assert status == 200, answer
        app = self.control.app
        keys = Keyring([VerifyingKey.from_jwk(app.authority.bundle_jwk, purpose=Purpose.BUNDLE)])
        opened = jws_verify(answer["data"]["token"], keys, typ=BUNDLE_TYPE, max_bytes=1 << 24)
        assert not isinstance(opened, Refused), opened
        self.bundle = orjson.loads(opened.payload)
        self.mappings = compiled(tuple((one["name"], one["text"]) for one in self.bundle["mappings"]))

    async def fetch_until(self, holds: Callable[[dict[str, Any]], bool]) -> None:
        """Fetch the bundle until it is as it has to become: gates are told a moment after a change is answered."""
        await self.fetch()
        while not holds(self.bundle):
            await self.told(wire.BundleChanged)
            await self.fetch()

    async def _read(self) -> None:
        assert self.socket is not None
        async for message in self.socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            frame = wire.from_control.validate_json(message.data)
            if isinstance(frame, wire.Wake | wire.Revoked | wire.BundleChanged | wire.Welcome):
                self.unasked.put_nowait(frame)
            elif frame.id in self._answers:
                self._answers.pop(frame.id).set_result(frame)

    async def told(self, kind: type) -> Any:
        """The next thing of this kind that is said unasked."""
        async with asyncio.timeout(_PATIENCE):
            while not isinstance(frame := await self.unasked.get(), kind):
                pass
        return frame

    async def ask(self, frame: Any, *, text: str | None = None) -> Any:
        """The answer to a frame; ``text``: what is sent in its place."""
        assert self.socket is not None
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[frame.id] = answer
        await self.socket.send_str(text or frame.model_dump_json())
        async with asyncio.timeout(_PATIENCE):
            return await answer

    def mapped(self, call: Call) -> Mapped:
        assert self.mappings is not None
        found = self.mappings.map(call)
        assert isinstance(found, Mapped), found
        return found

    def frame(self, call: Call, *, attempt: str | None = None, **more: Any) -> wire.Consult:
        mapped = self.mapped(call)
        number = next(self._ids)
        view = wire.CallView(
            method=call.method,
            url=mapped.shown_url,
            origin=call.origin,
            headers=[],
            body=plain(mapped.shown_body),
            body_bytes=len(call.body),
            content_type=call.content_type,
            body_digest=call.body_digest,
            request_digest=call.request_digest,
            writable=list(mapped.writable),
        )
        return wire.Consult(
            id=number,
            attempt=attempt or f"att-{self.sidecar_id}-{number}",
            call=view,
            intents=[intent.redact(self.redaction_key).to_json() for intent in mapped.intents],
            fingerprint=mapped.fingerprint_for(self.agent["name"]),
            bundle=self.bundle["digest"],
            mapped=mapped.mapped,
            **more,
        )

    async def consult(
        self, method: str, url: str, body: Any = None, *, attempt: str | None = None, **more: Any
    ) -> Any:
        """The answer to one call; a decision, or a fault."""
        return await self.ask(self.frame(request(method, url, body), attempt=attempt, **more))

    async def outcome(
        self, call: Call, decision: wire.Decision, status: int | None, answer: Any = None, **more: Any
    ) -> wire.Recorded:
        """Tell what came back, verified as a gate does."""
        mapped = self.mapped(call)
        content = b"" if answer is None else json.dumps(answer).encode()
        values: dict[str, Any] = {"result": "ambiguous", "error": Reason.OUTCOME_UNKNOWN, "unknown": True}
        if status is not None:
            seen = ResponseView(
                status=status,
                content_type="application/json",
                body=content,
                digest="sha-256=:x:",
                size=len(content),
            )
            verified = verify(mapped.promises, seen)
            values = {
                "result": verified.result.value,
                "checks": [check.to_json() for check in verified.checks],
                "extracted": pack(verified.extracted),
            }
        return await self.ask(
            wire.Outcome(
                id=next(self._ids),
                intent_id=decision.intent_id,
                warrant_id=decision.warrant_id or "",
                attempt="outcome",
                status=status,
                duration_ms=12.5,
                response_bytes=len(content),
                **{**values, **more},
            )
        )

    async def report(self, **event: Any) -> wire.Recorded:
        row = wire.Reported(at=self.control.app.clock.now().isoformat(), **event)
        return await self.ask(wire.Report(id=next(self._ids), events=[row]))

    async def gone(self, decision: wire.Decision) -> wire.Recorded:
        frame = wire.Gone(
            id=next(self._ids), approval_id=decision.approval_id or "", intent_id=decision.intent_id
        )
        return await self.ask(frame)

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        if self._reader is not None:
            await self._reader


@asynccontextmanager
async def gate(control: Control, agent: str = "billing-bot") -> AsyncIterator[Gate]:
    """Enrol for an agent with the join token of the data folder, and connect."""
    made = await enrolled(control, agent)
    await made.connect()
    try:
        yield made
    finally:
        await made.close()


_INSTANTS = itertools.count(1)


def join_token(control: Control) -> str:
    """The join token of the data folder, good for any agent."""
    return (control.folder.path / "sidecar.join").read_text().strip()


def application(
    control: Control,
    holder: SigningKey,
    *,
    token: str,
    agent: str = "billing-bot",
    at: str = "",
    request: str = "",
) -> dict[str, Any]:
    """What a gate sends to enrol; ``at``: another instant than now, which is later each time."""
    request_ = request or csr()
    at = at or iso(control.app.clock.now() + timedelta(milliseconds=next(_INSTANTS)))
    return {
        "agent": agent,
        "public_jwk": holder.jwk(),
        "csr_pem": request_,
        "version": "test",
        "proved_at": at,
        "proof": prove(holder, token=token, csr_pem=request_, at=at),
    }


async def enrolled(control: Control, agent: str = "billing-bot") -> Gate:
    """Enrolled, not connected."""
    token, holder = join_token(control), SigningKey.generate_from(os.urandom(32))
    body = application(control, holder, token=token, agent=agent)
    status, answer, _ = await control.ask("POST", "/api/v1/sidecars/enrol", key=token, body=body)
    assert status == 200, answer
    data = answer["data"]
    return Gate(
        control=control,
        sidecar_id=data["sidecar_id"],
        key=data["api_key"],
        agent=data["agent"],
        holder=holder,
        redaction_key=control.app.authority.redaction_key("default"),
    )
