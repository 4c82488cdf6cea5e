"""An upstream that speaks WebSocket over TLS, and the client of an agent: real ones, at both ends of a gate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import WSMessage, WSMsgType, web

from harness.upstream import Upstream

HOST = "live.example"
URL = f"https://{HOST}/v1/sessions/s-1"


class Room:
    """What came to the upstream, in order, and a way to say something from there.

    Attributes:
        heads: Header lines of each opening.
        heard: Each message, as text or bytes; pings as ``("ping", payload)``, the close as ``("close", code, reason)``.
    """

    def __init__(self) -> None:
        self.heads: list[dict[str, str]] = []
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.sockets: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.protocols: tuple[str, ...] = ()
        self.refuses: web.Response | None = None

    async def enter(self, request: web.Request) -> web.StreamResponse:
        self.heads.append({name.lower(): value for name, value in request.headers.items()})
        if self.refuses is not None:
            return self.refuses
        speaking = web.WebSocketResponse(
            autoping=False, autoclose=True, compress=True, protocols=self.protocols, max_msg_size=1 << 28
        )
        await speaking.prepare(request)
        await self.sockets.put(speaking)
        while True:
            message = await speaking.receive()
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await self.heard.put(message.data)
            elif message.type is WSMsgType.PING:
                await self.heard.put(("ping", message.data))
                await speaking.pong(message.data)
            elif message.type is not WSMsgType.PONG:
                await self.heard.put(_ended(message))
                return speaking


def _ended(message: WSMessage) -> tuple[Any, ...]:
    if message.type is WSMsgType.CLOSE:
        return ("close", message.data, message.extra)
    return ("lost",)


@asynccontextmanager
async def serving(upstream: Upstream, listening: socket.socket, host: str = HOST) -> AsyncIterator[Room]:
    """A room where somebody listens already; it has the upstream's certificates."""
    room = Room()
    app = web.Application()
    app.router.add_get("/{rest:.*}", room.enter)
    runner = web.AppRunner(app, shutdown_timeout=0.5)
    await runner.setup()
    site = web.SockSite(runner, listening.dup(), ssl_context=upstream.authority.server_context([host]))
    await site.start()
    try:
        yield room
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(gate: Any, url: str = URL, **rest: Any) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """An agent's WebSocket, by aiohttp, through the gate."""
    trust = ssl.create_default_context(cafile=gate.ca)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, proxy=gate.proxy, ssl=trust, autoping=False, **rest) as speaking,
    ):
        yield speaking
