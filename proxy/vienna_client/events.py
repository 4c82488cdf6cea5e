"""Server-sent events as data: lines in, events out. It does not reconnect; ``Event.id`` lets the caller resume."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    Attributes:
        id: To resume after it (``Last-Event-ID``); empty when the server gave none.
        name: E.g. ``approval_required``.
        data: Its JSON data; None when it carries none that can be read.
    """

    id: str
    name: str
    data: Any


class Parser:
    """Collects the lines of one stream (WHATWG HTML, section 9.2.6); comments say nothing."""

    def __init__(self) -> None:
        self._id = ""
        self._name = ""
        self._data: list[str] = []

    def feed(self, line: str) -> Event | None:
        """The event that this line completes, if it does."""
        if line:
            self._field(line)
            return None
        data, name = self._data, self._name
        self._data, self._name = [], ""
        if not data:
            return None
        return Event(self._id, name or "message", _decode("\n".join(data)))

    def _field(self, line: str) -> None:
        field, _, value = line.partition(":")
        value = value[1:] if value.startswith(" ") else value
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """Every event of a stream of lines without their line ends."""
    parser = Parser()
    for line in lines:
        event = parser.feed(line)
        if event is not None:
            yield event


def _decode(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
