"""A WebSocket message put together, and how much of it and of the frames around it is borne."""

from __future__ import annotations

from wsproto import events as frames

MOST_FRAGMENTS = 4096
"""Of one message; those of nothing count too."""

MOST_AT_ONCE, MOST_CONTROL = 4096, 256
"""Frames of one receive (of 64 kB), and those of them that are pings or pongs. Nothing else gets its turn meanwhile."""

type Spoken = frames.TextMessage | frames.BytesMessage


class Fragments:
    """A message that is not whole yet.

    Attributes:
        most: Bytes that it may have.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._whole = bytearray()
        self._count = 0

    @property
    def size(self) -> int:
        """Bytes so far."""
        return len(self._whole)

    def add(self, frame: Spoken) -> bool:
        """Whether it is still not too large, and not in too many pieces."""
        self._whole += frame.data.encode() if isinstance(frame.data, str) else frame.data
        self._count += frame.frame_finished
        return len(self._whole) <= self.most and self._count <= MOST_FRAGMENTS

    def take(self) -> bytes:
        """The whole message; the next one begins."""
        whole, self._whole, self._count = bytes(self._whole), bytearray(), 0
        return whole


class Turn:
    """The frames of one receive, counted."""

    def __init__(self) -> None:
        self._frames = self._control = 0

    def has_room(self, frame: frames.Event) -> bool:
        """Whether this one, too, is borne."""
        self._frames += 1
        self._control += isinstance(frame, (frames.Ping, frames.Pong))
        return self._frames <= MOST_AT_ONCE and self._control <= MOST_CONTROL
