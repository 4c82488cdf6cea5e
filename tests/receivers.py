"""Servers that channels are tried against, on loopback: one for HTTP that keeps what came, one that speaks SMTP."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import orjson
from aiohttp import web

_PATIENCE = 60.0


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


def verified(request: Request, secret: str, now: float) -> None:
    """As the specification of Standard Webhooks has it, written from it alone."""
    sent_at = int(request.headers["webhook-timestamp"])
    assert abs(now - sent_at) <= 300
    signed = b".".join([request.headers["webhook-id"].encode(), str(sent_at).encode(), request.body])
    key = base64.b64decode(secret.split("_", 1)[1])
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = [one.split(",", 1) for one in request.headers["webhook-signature"].split(" ")]
    assert ["v1", wanted] in given
    published = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["x-vienna-signature"] == published


type Answering = Callable[[Request], web.StreamResponse]


@dataclass
class Receiver:
    """Attributes: ``answer``: what it says; a test sets another. ``stall``: a path that it never answers."""

    url: str = ""
    answer: Answering = field(default=lambda _: web.json_response({"ok": True}))
    came: asyncio.Queue[Request] = field(default_factory=asyncio.Queue)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    stall: str = ""

    async def next(self) -> Request:
        async with asyncio.timeout(_PATIENCE):
            return await self.came.get()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        one = Request(request.path, headers, await request.read())
        self.came.put_nowait(one)
        if self.stall and one.path == self.stall:
            await self.held.wait()
        return self.answer(one)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """A web server on a free port."""
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        found.held.set()
        await runner.cleanup()


@dataclass
class Mailbox:
    """An SMTP server (RFC 5321, as far as a client needs it). ``refuse``: codes by verb; ``tls``: it has STARTTLS."""

    port: int = 0
    refuse: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    secured: bool = False
    came: asyncio.Queue[tuple[list[str], EmailMessage]] = field(default_factory=asyncio.Queue)

    async def next(self) -> tuple[list[str], EmailMessage]:
        async with asyncio.timeout(_PATIENCE):
            return await self.came.get()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to: list[str] = []
        writer.write(b"220 mail.test ESMTP\r\n")
        offers = "250-mail.test\r\n250 STARTTLS" if self.tls else "250 mail.test"
        usual = {"EHLO": offers, "STARTTLS": "220 go", "DATA": "354 go on", "QUIT": "221 bye"}
        while line := (await reader.readline()).decode().strip():
            verb = line.split(" ")[0].upper()
            said = self.refuse.get(verb, usual.get(verb, "250 ok"))
            writer.write(f"{said}\r\n".encode())
            if verb == "STARTTLS" and self.tls:
                await writer.start_tls(self.tls)
                self.secured = True
            if verb == "RCPT":
                to.append(line.partition("<")[2].partition(">")[0])
            if verb == "DATA" and said.startswith("354"):
                lines = []
                while (part := await reader.readline()) != b".\r\n":
                    lines.append(part.removeprefix(b"."))
                self.came.put_nowait((to, message_from_bytes(b"".join(lines), policy=default)))  # type: ignore[arg-type]
                writer.write(b"250 taken\r\n")
            if verb == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """An SMTP server on a free port."""
    found = Mailbox()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
