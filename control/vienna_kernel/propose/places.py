"""Where in a text something stands, found when it is asked for: line and column by path.

A description of ten megabytes has a million places, and a handful are ever told. So none is kept while it is read.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import yaml

type Path = tuple[str | int, ...]

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_KEPT_LEVELS = 3  # paths, a path, a method
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Places(Protocol):
    """The places of one text."""

    def where(self, path: Path) -> str:
        """``file:line:column`` of a member's key or an item, or of its nearest ancestor that is there."""


def of_json(text: str, name: str) -> Places:
    """Places of a text that is JSON."""
    return _JsonPlaces(text, name)


def of_yaml(text: str, name: str) -> Places:
    """Places of a text that is YAML."""
    return _YamlPlaces(text, name)


class _JsonPlaces:
    """Members of each object and list that was asked about: key or index to (offset of key, offset of value)."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._members: dict[int, dict[str | int, tuple[int, int]]] = {}
        self._ends = [found.start() for found in re.finditer("\n", text)]

    def where(self, path: Path) -> str:
        at = shown = self._skip(0)
        for step in path:
            if at not in self._members:
                self._members[at] = dict(self._inside(at))
            if step not in self._members[at]:
                break
            shown, at = self._members[at][step]
        line = bisect_left(self._ends, shown)
        start = self._ends[line - 1] + 1 if line else 0
        return f"{self._name}:{line + 1}:{shown - start + 1}"

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _inside(self, at: int) -> Iterator[tuple[str | int, tuple[int, int]]]:
        """Members of the container at an offset, none of anything else."""
        opening = self._text[at : at + 1]
        count, at = 0, self._skip(at + 1)
        while opening in ("{", "[") and self._text[at : at + 1] not in ("}", "]", ""):
            key: str | int = count
            value = at
            if opening == "{":
                key, value = _DECODER.raw_decode(self._text, at)
                value = self._skip(self._skip(value) + 1)
            yield key, (at, value)
            _, after = _DECODER.raw_decode(self._text, value)
            after = self._skip(after)
            at, count = (self._skip(after + 1) if self._text[after : after + 1] == "," else after), count + 1


class _YamlPlaces:
    """What stands in the first levels is found in one walk over the text, what stands deeper in one of its own."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._known: dict[Path, tuple[int, int]] = {}

    def where(self, path: Path) -> str:
        if not self._known:
            self._known = {(): (1, 1)} | self._places(lambda at: len(at) <= _KEPT_LEVELS)
        known = self._known
        if len(path) > _KEPT_LEVELS:
            known = known | self._places(lambda at: at == path[: len(at)])
        at = path
        while at not in known:
            at = at[:-1]
        line, column = known[at]
        return f"{self._name}:{line}:{column}"

    def _places(self, wanted: Callable[[Path], bool]) -> dict[Path, tuple[int, int]]:
        walk = _walk(yaml.parse(self._text, Loader=_QUICK))
        return {at: (mark.line + 1, mark.column + 1) for at, mark in walk if wanted(at)}


@dataclass(slots=True)
class _Open:
    """A container that the walk is inside of. ``key``: the one whose value comes next."""

    path: Path
    is_object: bool
    key: str | None = None
    index: int = 0

    def next_path(self) -> Path:
        """Where the value that comes next stands."""
        step: str | int = self.index if self.key is None else self.key
        self.key, self.index = None, self.index + 1
        return (*self.path, step)


def _walk(events: Any) -> Iterator[tuple[Path, Any]]:
    """Path and mark of every key and item, in the order of the text."""
    stack: list[_Open] = []
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            stack.pop()
        elif isinstance(event, yaml.NodeEvent):
            at = stack[-1] if stack else None
            if at is not None and at.is_object and at.key is None:
                at.key = str(getattr(event, "value", ""))
                yield (*at.path, at.key), event.start_mark
                continue
            path = at.next_path() if at is not None else ()
            if at is not None and not at.is_object:
                yield path, event.start_mark
            if isinstance(event, yaml.CollectionStartEvent):
                stack.append(_Open(path, isinstance(event, yaml.MappingStartEvent)))
