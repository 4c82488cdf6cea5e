"""The listener for operators: whether the gate lives, whether it is ready, and its metrics.

In a pod the agent reaches it too. So there is nothing secret, nothing that changes anything, and little that it could
use up: few connections, each with one short request and a few seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from vienna_proxy.modes import host_and_port
from vienna_proxy.ports import StartError

_HEAD_BYTES = 8192
_SECONDS = 5.0
_MOST = 16  # connections at a time
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    status: HTTPStatus
    content: bytes
    kind: str = _TEXT


type Pages = Mapping[str, Callable[[], Awaitable[Page]]]


class Admin:
    """Answers ``GET`` of a few paths.

    Attributes:
        address: Where it listens, host and port.
    """

    address: tuple[str, int]

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._open = 0
        self._server: asyncio.Server | None = None

    async def open(self, listen: str) -> None:
        """Listen at ``host:port``. Raises ``StartError``."""
        host, port = host_and_port(listen)
        try:
            self._server = await asyncio.start_server(self._meet, host, port, limit=_HEAD_BYTES)
        except OSError as error:
            raise StartError(f"cannot listen on gate.admin_listen {listen}: {error.strerror}") from None
        bound = self._server.sockets[0].getsockname()
        self.address = str(bound[0]), int(bound[1])

    @property
    def url(self) -> str:
        """Where this process reaches it."""
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def close(self) -> None:
        """Stop listening and hang up."""
        if self._server is not None:
            self._server.close()
            self._server.close_clients()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open > _MOST:
                return
            with contextlib.suppress(
                TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
            ):
                async with asyncio.timeout(_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(await self._answer(head))
                    await writer.drain()
        finally:
            self._open -= 1
            writer.close()

    async def _answer(self, head: bytes) -> bytes:
        words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        method, target = (
            (words[0], words[1]) if len(words) == 3 and words[2].startswith("HTTP/1.") else ("", "")
        )
        page = await self._page(method, target.partition("?")[0])
        lines = [
            f"HTTP/1.1 {page.status.value} {page.status.phrase}",
            f"Content-Type: {page.kind}",
            f"Content-Length: {len(page.content)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        ]
        if page.status is HTTPStatus.METHOD_NOT_ALLOWED:
            lines.append("Allow: GET, HEAD")
        told = "\r\n".join(lines).encode() + b"\r\n\r\n"
        return told if method == "HEAD" else told + page.content

    async def _page(self, method: str, path: str) -> Page:
        if not method:
            return Page(HTTPStatus.BAD_REQUEST, b"not HTTP/1.1\n")
        if method not in ("GET", "HEAD"):
            return Page(HTTPStatus.METHOD_NOT_ALLOWED, b"GET only\n")
        made = self._pages.get(path)
        if made is None:
            return Page(HTTPStatus.NOT_FOUND, b"there is /healthz, /readyz and /metrics\n")
        return await made()
