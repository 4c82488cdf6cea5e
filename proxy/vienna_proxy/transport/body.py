"""A body as it comes: the parts of one receive together, and a bound on what frames them.

A chunk of one byte costs six on the way, and as much work as one of 64 kB where each is handed on by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import h11
from h11._receivebuffer import ReceiveBuffer

FRAMING_BYTES = 65536
"""Of a chunk's size line with its extensions, of trailers; and of all framing beyond what the body's size allows."""

FRAMING_PER_BYTE = 2
"""Bytes of framing for each byte of the body. Chunks of three bytes and more stay below it, however many."""


class Reader(Protocol):
    """h11's, for one way of framing."""

    def __call__(self, buf: ReceiveBuffer) -> h11.Data | h11.EndOfMessage | None:
        """The next part; None: more must come first. Raises ``h11.ProtocolError``."""

    def read_eof(self) -> h11.EndOfMessage:
        """The other side closed. Raises ``h11.ProtocolError`` where that is no end."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one receive brought.

    Attributes:
        data: Bytes of the body, maybe none.
        end: The body is whole; it may hold trailers.
        wrong: Why nothing behind ``data`` can be read; empty: nothing is wrong.
    """

    data: bytes
    end: h11.EndOfMessage | None = None
    wrong: str = ""


class Body:
    """What was read of one body."""

    def __init__(self) -> None:
        self._excess = 0  # framing beyond what the body's bytes allow

    def read(self, reader: Reader, buf: ReceiveBuffer, *, closed: bool) -> Parts:
        """All that is in ``buf``, which is emptied of it. ``closed``: nothing more will come."""
        data, before = bytearray(), len(buf)
        part: h11.Data | h11.EndOfMessage | None = None
        try:
            while isinstance(part := reader.read_eof() if closed else reader(buf), h11.Data):
                data += part.data
        except h11.ProtocolError as error:
            return Parts(bytes(data), wrong=str(error))
        if part is not None:
            return Parts(bytes(data), part)
        self._excess += before - len(buf) - (1 + FRAMING_PER_BYTE) * len(data)
        if len(buf) > FRAMING_BYTES:
            return Parts(bytes(data), wrong="a chunk's head without end")
        wrong = "more framing than body" if self._excess > FRAMING_BYTES else ""
        return Parts(bytes(data), wrong=wrong)
