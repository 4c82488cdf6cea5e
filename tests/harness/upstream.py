"""A real HTTPS upstream that keeps every request that reached it, byte for byte and in order.

It speaks HTTP/1.1 on one loopback port under any of ``apis.HOSTS``. What it answers is ``apis.respond``, unless a
test said otherwise with ``answer``.
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h11

from harness import apis
from harness.certificates import Authority


@dataclass(frozen=True)
class Received:
    """One request as it came over the wire.

    Attributes:
        at: Seconds since the epoch when its last byte was there.
        headers: In order, names as sent.
        head: The exact bytes up to and including the empty line.
    """

    at: float
    scheme: str
    sni: str | None
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    head: bytes

    def header(self, name: str) -> str | None:
        """The value of the first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def host(self) -> str:
        return (self.header("host") or "").split(":")[0]

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def __str__(self) -> str:
        return f"{self.method} {self.scheme}://{self.header('host')}{self.target} {self.body[:80]!r}"


@dataclass
class Answer:
    """What to answer.

    Attributes:
        delay: Seconds before the first byte.
        interim: Statuses of 1xx answers sent before it.
        chunks: Sent one by one as a chunked body, ``gap`` seconds apart, instead of ``body``; may be endless. A
            generator is closed when the connection ends.
        abort_after: Close the connection rudely after so many bytes of the body.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    interim: tuple[int, ...] = ()
    chunks: Iterable[bytes] | None = None
    gap: float = 0.0
    abort_after: int | None = None

    @classmethod
    def json(cls, value: Any, status: int = 200, **rest: Any) -> Answer:
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"}, **rest)

    @classmethod
    def sse(cls, events: Iterable[tuple[str | None, Any]], gap: float = 0.0) -> Answer:
        """Server-sent events; ``(name or None, data)`` each, data as JSON unless it is a string."""

        def lines() -> Iterable[bytes]:
            for name, data in events:
                text = data if isinstance(data, str) else json.dumps(data)
                yield (f"event: {name}\n" if name else "").encode() + f"data: {text}\n\n".encode()

        return cls(headers={"Content-Type": "text/event-stream"}, chunks=lines(), gap=gap)


type Responder = Callable[[Received], Answer]


class Upstream:
    """Start with ``with Upstream(folder) as upstream:``.

    Attributes:
        received: Every request, in the order in which they were complete.
        connections: How many connections were accepted: nothing refused may even cause one.
    """

    def __init__(
        self, folder: Path, *, tls: bool = True, hosts: list[str] | None = None, at: str = "127.0.0.1"
    ) -> None:
        self._at = at
        self.hosts = hosts or apis.HOSTS
        self.authority = Authority(folder)
        self.scheme = "https" if tls else "http"
        self._context = self.authority.server_context(self.hosts) if tls else None
        self.received: list[Received] = []
        self.connections = 0
        self._rules: list[tuple[str, str, str, Responder, list[int]]] = []
        self._arrived = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upstream", daemon=True)
        self._sni: dict[int, str] = {}

    def __enter__(self) -> Upstream:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gone: from now on connections are refused. Harmless when it is gone already."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    @property
    def address(self) -> str:
        return f"{self._at}:{self.port}"

    @property
    def resolve(self) -> dict[str, str]:
        """For the gate's ``resolve`` setting: every host of ours, here."""
        return dict.fromkeys(self.hosts, self.address)

    def answer(
        self, method: str, path: str, answer: Answer | Responder, *, host: str = "*", times: int = -1
    ) -> None:
        """Answer requests of ``method`` to ``path`` (globs) so, the newest rule first, at most ``times``."""
        responder = answer if callable(answer) else lambda _: answer
        self._rules.insert(0, (method, host, path, responder, [times]))

    @contextmanager
    def waits(self, method: str, path: str, answer: Answer) -> Iterator[None]:
        """Answer such requests at the end of the block; nothing else is answered before that either."""
        ended = threading.Event()

        def late(_: Received) -> Answer:
            ended.wait(60)
            return answer

        self.answer(method, path, late)
        try:
            yield
        finally:
            ended.set()

    def wait_for(self, count: int, *, seconds: float = 40.0) -> list[Received]:
        """All requests, once ``count`` have come. Errors: ``AssertionError`` when they do not."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.received) >= count, seconds), (
                f"expected {count} requests at the upstream, saw {[str(r) for r in self.received]}"
            )
            return list(self.received)

    def to(self, method: str, path: str = "*") -> list[Received]:
        """What was received of ``method`` to ``path`` (globs)."""
        return [
            r for r in self.received if fnmatch.fnmatch(r.method, method) and fnmatch.fnmatch(r.path, path)
        ]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        async def start() -> None:
            if self._context:
                self._context.sni_callback = self._note_sni  # type: ignore[assignment]
            server = await asyncio.start_server(self._serve, self._at, 0, ssl=self._context)
            self.port: int = server.sockets[0].getsockname()[1]
            self._ready.set()

        self._loop.run_until_complete(start())
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _note_sni(self, tls: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            self._sni[id(tls)] = name

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, h11.ProtocolError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        protocol = h11.Connection(h11.SERVER)
        head = await reader.readuntil(b"\r\n\r\n")
        protocol.receive_data(head)
        request = protocol.next_event()
        assert isinstance(request, h11.Request)
        if protocol.they_are_waiting_for_100_continue:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = bytearray()
        while not isinstance(event := protocol.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                protocol.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Data):
                body += event.data
        received = Received(
            at=time.time(),
            scheme=self.scheme,
            sni=self._sni.get(id(writer.get_extra_info("ssl_object"))),
            method=request.method.decode(),
            target=request.target.decode(),
            headers=tuple(
                (name.decode(), value.decode("latin-1")) for name, value in request.headers.raw_items()
            ),
            body=bytes(body),
            head=head,
        )
        with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        return await self._send(self._choose(received), writer, with_body=received.method != "HEAD")

    def _choose(self, received: Received) -> Answer:
        for method, host, path, responder, left in self._rules:
            fits = (
                fnmatch.fnmatch(received.method, method)
                and fnmatch.fnmatch(received.path, path)
                and fnmatch.fnmatch(received.host, host)
            )
            if fits and left[0]:
                left[0] -= 1
                return responder(received)
        status, value = apis.respond(received)
        return Answer.sse(value) if isinstance(value, apis.Events) else Answer.json(value, status)

    async def _send(self, answer: Answer, writer: asyncio.StreamWriter, *, with_body: bool) -> bool:
        await asyncio.sleep(answer.delay)
        for status in answer.interim:
            writer.write(f"HTTP/1.1 {status} Interim\r\n\r\n".encode())
            await writer.drain()
        chunked = answer.chunks is not None
        framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(answer.body))}
        head = "".join(f"{name}: {value}\r\n" for name, value in {**answer.headers, **framing}.items())
        writer.write(f"HTTP/1.1 {answer.status} Answer\r\n{head}\r\n".encode())
        if not with_body:
            await writer.drain()
            return True
        if answer.chunks is None:
            body = answer.body if answer.abort_after is None else answer.body[: answer.abort_after]
            writer.write(body)
        sent = 0
        try:
            for chunk in answer.chunks or ():
                writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                await writer.drain()
                sent += len(chunk)
                if answer.abort_after is not None and sent >= answer.abort_after:
                    break
                await asyncio.sleep(answer.gap)
        finally:
            if isinstance(answer.chunks, Generator):
                answer.chunks.close()
        if answer.abort_after is not None:
            writer.transport.abort()
            return False
        if chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True
