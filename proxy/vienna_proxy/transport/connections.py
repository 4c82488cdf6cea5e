"""The agent's connections inside mitmproxy, reached from outside: cut off while silent, kept while something goes on.

Together with ``hold.Interim`` the only place that touches them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from mitmproxy import http
from mitmproxy.connection import Client, Server

from vienna_proxy.transport.exchange import HEAD_SECONDS
from vienna_proxy.transport.passage import Stopped

_SILENCE_SECONDS = HEAD_SECONDS + 2  # a head that began in time is told why it was cut off


class DeafWriter:
    """Stands for the writer of a connection that nobody listens to any more."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def is_closing(self) -> bool:
        """Nothing more is to be written."""
        return True

    def write(self, data: bytes) -> None:
        """Heard by nobody."""

    async def drain(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Close the connection itself."""
        self._writer.close()


class CalmWriter:
    """A writer that leaves it to the reader to find out that nobody is there any more.

    mitmproxy drains the writers of both ends whenever one of them has said something, and gives up the connection, and
    the upstream with it, where that fails: an agent that hung up a moment ago would cut off the call it has sent.
    """

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    async def drain(self) -> None:
        """Wait until there is room, or nobody."""
        with contextlib.suppress(OSError):
            await self._writer.drain()


class Connections:
    """mitmproxy's open connections, by client id; deadlines of each end by its own id."""

    def __init__(self, handlers: Mapping[Any, Any], *, connect_seconds: float = 10.0) -> None:
        self._handlers = handlers
        self._connect_seconds = connect_seconds
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._telling: set[asyncio.Task[None]] = set()

    def meet(self, client: Client) -> None:
        """An agent's connection is new: its first head must come soon."""
        if (transport := self._transport(client)) is not None:
            transport.writer = CalmWriter(transport.writer)
        self.expect_head(client)

    def expect_head(self, client: Client) -> None:
        """A request head must come soon, else the connection is closed."""
        self.arrived(client)
        loop = asyncio.get_running_loop()
        self._timers[client.id] = loop.call_later(_SILENCE_SECONDS, self._reap, client)

    def arrived(self, client: Client) -> None:
        """The head came, or the connection went."""
        if (timer := self._timers.pop(client.id, None)) is not None:
            timer.cancel()

    def deafen(self, client: Client) -> None:
        """The caller hung up after its call left: mitmproxy must not end the upstream's connection for that."""
        if (transport := self._transport(client)) is not None:
            transport.writer = DeafWriter(transport.writer)

    def cut(self, client: Client) -> None:
        """Close an agent's connection."""
        self.arrived(client)
        self._reap(client)

    def sever(self, client_id: str) -> None:
        """Close an agent's connection and at once all that goes on behind it; ``cut`` lets the upstream finish."""
        handler = self._handlers.get(client_id)
        transport = None if handler is None else handler.transports.get(handler.client)
        if transport is not None and transport.handler is not None:
            transport.handler.cancel("what goes on behind it was stopped")

    def stop(self, flow: http.HTTPFlow, told: tuple[int, str]) -> None:
        """End the stream or the WebSocket of a call. ``told``: code and reason of a WebSocket's close."""
        if (handler := self._handlers.get(flow.client_conn.id)) is not None:
            task = asyncio.get_running_loop().create_task(handler.server_event(Stopped(flow, told)))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    def connecting(self, client: Client, server: Server) -> None:
        """A connection to an upstream is begun: it must be up soon, its name resolved and its TLS agreed."""
        self.settled(server)
        loop = asyncio.get_running_loop()
        self._timers[server.id] = loop.call_later(self._connect_seconds, self._give_up, client, server)

    def settled(self, server: Server) -> None:
        """It is up, or it failed."""
        if (timer := self._timers.pop(server.id, None)) is not None:
            timer.cancel()

    def _give_up(self, client: Client, server: Server) -> None:
        self._timers.pop(server.id, None)
        handler = self._handlers.get(client.id)
        transport = None if handler is None else handler.transports.get(server)
        if transport is not None and transport.handler is not None:
            transport.handler.cancel("the upstream took too long to connect to")

    def _reap(self, client: Client) -> None:
        self._timers.pop(client.id, None)
        if (transport := self._transport(client)) is not None:
            transport.writer.close()

    def _transport(self, client: Client) -> Any:
        """mitmproxy's end of a connection that can be written to; None when there is none."""
        handler = self._handlers.get(client.id)
        transport = None if handler is None else handler.transports.get(client)
        return transport if transport is not None and transport.writer is not None else None
