"""The canary: a request that must be refused, sent through each of the gate's own ports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from mitmproxy.connection import Client

from vienna_kernel.verdict import Reason
from vienna_proxy.modes import Kind, Mode

MOST_SILENT = 3
_NAME = "canary.invalid"


@dataclass(frozen=True, slots=True)
class Listener:
    """An open port.

    Attributes:
        host: As it was bound.
    """

    mode: Mode
    host: str
    port: int

    @property
    def address(self) -> tuple[str, int]:
        """Where this process reaches it."""
        everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # compared only
        return everywhere.get(self.host, self.host), self.port

    @property
    def shown(self) -> str:
        """``host:port`` of where this process reaches it."""
        host, port = self.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _request(listener: Listener) -> tuple[bytes, Reason]:
    """What is sent, and the reason that must come back."""
    target, host, reason = "/", _NAME, Reason.ADDRESS_REFUSED
    if listener.mode.kind is Kind.REGULAR:
        target = f"http://{_NAME}/"
    elif listener.mode.kind is Kind.TRANSPARENT:
        host = f"{_NAME}:{listener.port}"  # nothing redirects us: that is the port we dial
    else:
        reason = Reason.TARGET_MISMATCH
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii"), reason


class Canary:
    """Sends it, and knows it again: it is no call of the agent's, so nobody is told of it.

    Attributes:
        silent: How many times in a row it had no answer.
    """

    def __init__(self) -> None:
        self.silent = 0
        self._places: set[tuple[str, int]] = set()

    def is_from(self, client: Client) -> bool:
        """Whether this connection is the canary's."""
        return client.peername is not None and (client.peername[0], client.peername[1]) in self._places

    async def look(
        self, listeners: Sequence[Listener], *, patience: int = MOST_SILENT, seconds: float = 5.0
    ) -> str | None:
        """What is wrong, None when it is refused everywhere as it must be, or that is not known yet.

        A wrong answer is wrong at once. No answer lets nothing past, and a gate under a flood has none in time: that is
        wrong only the ``patience``-th time in a row. ``seconds``: for each answer.
        """
        silence = ""
        for listener in listeners:
            try:
                async with asyncio.timeout(seconds):
                    wrong = await self._unrefused(listener)
            except (OSError, TimeoutError) as error:
                silence = type(error).__name__
            else:
                if wrong is not None:
                    return wrong
        self.silent = self.silent + 1 if silence else 0
        return silence if silence and self.silent >= patience else None

    async def _unrefused(self, listener: Listener) -> str | None:
        """What is wrong with the answer. Raises ``OSError`` when there is none."""
        request, reason = _request(listener)
        answer = await self._ask(listener.address, request)
        if not answer:
            raise ConnectionResetError
        told = f"\r\nVienna-Reason: {reason.value}\r\n".encode("ascii")
        refused = answer.startswith(b"HTTP/1.1 4") and told in answer
        return None if refused else answer[:40].decode("latin-1")

    async def _ask(self, address: tuple[str, int], request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(*address)
        host, port, *_ = writer.get_extra_info("sockname")
        self._places.add((host, port))
        try:
            writer.write(request)
            await writer.drain()
            return await reader.read(65536)
        finally:
            writer.close()
            self._places.discard((host, port))
