"""Fields of an answer that passes as events (``text/event-stream``), gathered as it passes; nothing else is kept.

1. A field is looked for in each event, at its pointer: in the event itself, then in an object that the event carries
   (``{"type": "message_start", "message": {"usage": …}}``).
2. Objects are put together, and of what stands there twice the later counts: usage grows as a stream goes on. Of
   anything else the first that is not null is kept.
3. What has no reading is passed over: a stream tells nothing by what cannot be read in it. An event, and what is kept
   of a field, has a bound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vienna_kernel.decode import json, pointer
from vienna_kernel.decode.pointer import MISSING, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value
from vienna_kernel.verification.part import is_small

MAX_EVENT_BYTES = 1024 * 1024


class Gathered:
    """The fields of one stream.

    Attributes:
        values: By pointer, as far as they are known.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.values: dict[str, Value] = {}
        self._wanted = [(name, pointer.parse(name)) for name in names]
        self._line = bytearray()
        self._is_blank = True
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> None:
        """Take what passes next, of any length."""
        if not self._wanted:
            return
        *whole, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            self._extend(line)
            self._ends_line()
        self._extend(rest)

    def _extend(self, part: bytes) -> None:
        self._size += len(part)
        self._is_blank = self._is_blank and not part
        if self._size <= MAX_EVENT_BYTES:
            self._line += part

    def _ends_line(self) -> None:
        line, is_blank = bytes(self._line), self._is_blank
        self._line.clear()
        self._is_blank = True
        if line.startswith(b"data:"):
            self._data.append(line.removeprefix(b"data:").removeprefix(b" "))
        elif is_blank:
            if self._data and self._size <= MAX_EVENT_BYTES:
                self._read(b"\n".join(self._data))
            self._data, self._size = [], 0

    def _read(self, data: bytes) -> None:
        wanted = [(name, steps) for name, steps in self._wanted if self._may_grow(name)]
        if not any(not steps or steps[-1].encode() in data for _, steps in wanted):
            return
        try:
            event = json.loads(data)
        except MalformedError:
            return
        if isinstance(event, Mapping):
            for name, steps in wanted:
                for found in _found(event, steps):
                    self._keep(name, found)

    def _may_grow(self, name: str) -> bool:
        return isinstance(self.values.get(name, {}), Mapping)

    def _keep(self, name: str, found: Value) -> None:
        known = self.values.get(name)
        if isinstance(known, Mapping) and isinstance(found, Mapping):
            found = {**known, **{key: value for key, value in found.items() if value is not None}}
        elif known is not None:
            return
        if is_small(found):
            self.values[name] = found


def _found(event: Mapping[str, Value], steps: Pointer) -> Iterator[Value]:
    """What stands there, in the event or in what it carries; nulls left out."""
    for place in (event, *event.values()):
        found = pointer.find(place, steps) if isinstance(place, Mapping) else MISSING
        if found is not MISSING and found is not None:
            yield found
