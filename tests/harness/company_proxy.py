"""A company's egress proxy: CONNECT and absolute targets, with a password, and every head it was sent."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class CompanyProxy:
    """Start with ``with CompanyProxy("127.0.0.1:1234") as proxy:``; whatever is asked for is there.

    Attributes:
        heads: Request heads, in order.
        connect: What a CONNECT is answered; anything but ``OPENED`` ends the connection, None says nothing at all.
    """

    USER, PASSWORD = "corp", "hop-s3cr3t"
    CREDENTIALS = b"Basic Y29ycDpob3AtczNjcjN0"

    def __init__(self, upstream: str) -> None:
        host, _, port = upstream.rpartition(":")
        self._upstream = host, int(port)
        self.heads: list[bytes] = []
        self.connect: bytes | None = OPENED
        self._open: set[socket.socket] = set()

    def __enter__(self) -> CompanyProxy:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._server, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    @property
    def url(self) -> str:
        """With credentials."""
        return f"http://{self.USER}:{self.PASSWORD}@127.0.0.1:{self.port}"

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._open.add(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := client.recv(4096)):
                    return
                head += more
            self.heads.append(head)
            if b"\r\nProxy-Authorization: " + self.CREDENTIALS + b"\r\n" not in head:
                client.sendall(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            elif not head.startswith(b"CONNECT "):
                self._join(client, self._passed_on(head))
            elif self.connect is None:
                client.recv(1)
            else:
                client.sendall(self.connect)
                if self.connect == OPENED:
                    self._join(client, b"")

    def _passed_on(self, head: bytes) -> bytes:
        method, target, rest = head.split(b" ", 2)
        path = b"/" + target.split(b"/", 3)[3]
        line = b"Proxy-Authorization: " + self.CREDENTIALS + b"\r\n"
        return b" ".join((method, path, rest.replace(line, b"")))

    def _join(self, client: socket.socket, first: bytes) -> None:
        with socket.create_connection(self._upstream) as upstream:
            self._open.add(upstream)
            upstream.sendall(first)
            back = threading.Thread(target=_copy, args=(upstream, client), daemon=True)
            back.start()
            _copy(client, upstream)
            back.join()


def _copy(source: Any, target: Any) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
