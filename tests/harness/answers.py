"""What comes over a socket, as far as one answer goes."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence

SECONDS = 15.0


def answer_to(connection: socket.socket, *parts: bytes, seconds: float = SECONDS) -> bytes:
    """The whole final answer to these bytes; as much as came when the other end hangs up or is silent for long."""
    connection.settimeout(seconds)
    _send(connection, parts)
    said = b""
    with contextlib.suppress(OSError):
        while not is_whole(said) and (more := connection.recv(65536)):
            said += more
    return said


def _send(connection: socket.socket, parts: Sequence[bytes]) -> None:
    """As much as is taken: who answers early may hang up on the rest, and the answer is there all the same."""
    with contextlib.suppress(OSError):
        for part in parts:
            connection.sendall(part)


def is_whole(said: bytes) -> bool:
    """Whether a final answer is there, its body as long as it says; one without a length is whole with its head."""
    while True:
        head, blank, rest = said.partition(b"\r\n\r\n")
        if not blank:
            return False
        if not head.startswith(b"HTTP/1.1 1"):
            break
        said = rest
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(rest) >= int(line.partition(b":")[2])
    return True
