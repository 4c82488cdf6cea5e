"""A server that keeps what it hears byte for byte, reads as little of it as it can, and answers what a test wants."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable

from harness.ports import kept_place

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

type Answer = bytes | Callable[[socket.socket], None]


class Tap:
    """Start with ``with Tap() as tap:``.

    Attributes:
        connections: How many were accepted: nothing refused may even cause one.
        heard: One entry for each request: its head, and as much of a body as its ``Content-Length`` says.
        answer: What is sent to each request, or what is done with its connection.
    """

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses or ("127.0.0.1",)
        self.connections = 0
        self.heard: list[bytes] = []
        self.answer: Answer = OK
        self._open: set[socket.socket] = set()
        self._servers: list[socket.socket] = []
        self._place: socket.socket | None = None

    def __enter__(self) -> Tap:
        # The port is nobody's at 127.0.0.1 either: a gate that listened there would take calls to us for calls to it.
        self._place = kept_place()
        for address in self.addresses:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            server = socket.create_server((address, self.port), family=family)
            self._servers.append(server)
            threading.Thread(target=self._accept, args=[server], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in [*self._servers, *self._open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        if self._place is not None:
            self._place.close()

    @property
    def port(self) -> int:
        """The one port at all addresses; 0 before they listen."""
        return int(self._place.getsockname()[1]) if self._place else 0

    @property
    def address(self) -> str:
        return f"{self.addresses[0]}:{self.port}"

    def reset(self) -> None:
        """Forget what was heard, hang up, and answer as ever."""
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.connections, self.answer = 0, OK
        self.heard = []  # who was heard before goes on writing to the other

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = server.accept()
                self.connections += 1
                self._open.add(one)
                threading.Thread(target=self._serve, args=[one, self.heard], daemon=True).start()

    def _serve(self, one: socket.socket, heard: list[bytes]) -> None:
        try:
            with one:
                while (request := _one_request(one)) is not None:
                    heard.append(request)
                    if callable(self.answer):
                        self.answer(one)
                        return
                    one.sendall(self.answer)
        except OSError:
            pass
        finally:
            self._open.discard(one)


def _one_request(one: socket.socket) -> bytes | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := one.recv(65536)):
            return data or None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    found = _LENGTH.search(head + b"\r\n")
    while found and len(body) < int(found[1]):
        if not (more := one.recv(65536)):
            break
        body += more
    return head + b"\r\n\r\n" + body
