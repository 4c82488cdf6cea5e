"""YAML text as data with places: one document of plain scalars, lists and objects, whichever of two readers reads it.

1. libyaml reads ten times as fast as PyYAML's own reader. It is not built everywhere, and its complaints are vaguer:
   what it refuses is read again by the other, for the place and the words.
2. What the two read differently is left to PyYAML's own reader, or refused (``fuzz/document.py`` looks for more).
3. Tags, anchors and aliases are refused (a page of aliases can hold a billion nodes), and what nests too deep is,
   before it is built: that recurses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import yaml
from yaml.composer import ComposerError

from vienna_kernel.errors import MalformedError

type Path = tuple[str | int, ...]
type Event = Any  # each kind has what others have not

_MAX_DEPTH = 64
_MAX_NUMBER_CHARS = 128
_MAX_EXPONENT = 400

_HALF = re.compile("[\ud800-\udfff]")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]*)?\.[0-9]+([eE][-+]?[0-9]+)?\Z|[-+]?[1-9][0-9]*[eE][-+]?[0-9]+\Z")

_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_FRAME = (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentStartEvent, yaml.DocumentEndEvent)
_ENDS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)

_SEPARATOR = re.compile("[\x85\u2028\u2029]")  # YAML 1.1 ends a line there, 1.2 and JSON do not


def place_of(name: str, mark: Any) -> str:
    """``file:line:column`` of a PyYAML mark, 1-based; the file alone where there is no mark."""
    return f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name


def _judge_lines(text: str, name: str) -> None:
    found = None if text.isascii() else _SEPARATOR.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise MalformedError(f"{name}:{line}:{column}", "a line separator of Unicode; write it as an escape")


def reading(text: str, name: str) -> tuple[Any, dict[Path, tuple[int, int]]]:
    """The data of one document, and the place of each value; None where there is nothing.

    Errors: ``MalformedError`` for what is refused here; ``yaml.YAMLError``, ``ValueError``, ``RecursionError`` for what
    is no YAML.
    """
    _judge_lines(text, name)
    if "\t" not in text:  # libyaml takes tabs where PyYAML's own reader refuses them
        try:
            return _read(text, name, _QUICK)
        except (yaml.YAMLError, UnicodeEncodeError):
            pass
    return _read(text, name, yaml.SafeLoader)


def _read(text: str, name: str, loader: Any) -> tuple[Any, dict[Path, tuple[int, int]]]:
    builder = _Builder(name)
    return builder.build(_events(text, name, loader)), builder.places


def _events(text: str, name: str, loader: Any) -> Iterator[Event]:
    ends: list[bool] = []  # of each open collection, whether it is in flow style
    begun: Event = None
    event: Event
    for event in yaml.parse(text, Loader=loader):
        kind = type(event)
        if kind in _FRAME:
            if kind is yaml.DocumentStartEvent:
                _judge_alone(begun, event)
                begun = event
            continue
        if kind in _ENDS:
            ends.pop()
            yield event
            continue
        if kind is yaml.AliasEvent or event.tag is not None or event.anchor:
            raise MalformedError(
                place_of(name, event.start_mark), "tags, anchors and aliases are not accepted"
            )
        if len(ends) > _MAX_DEPTH:  # before it is built: that recurses
            raise MalformedError(place_of(name, event.start_mark), f"nested deeper than {_MAX_DEPTH}")
        if kind is not yaml.ScalarEvent:
            ends.append(bool(event.flow_style))
        elif ends and ends[-1] and not event.style and "?" in event.value:
            raise yaml.YAMLError  # libyaml takes it within a word in braces, PyYAML's own reader does not
        yield event


def _judge_alone(first: Any, event: Event) -> None:
    if first is not None:
        told = "expected a single document in the stream", "but found another document"
        raise ComposerError(told[0], first.start_mark, told[1], event.start_mark)


class _Builder:
    """Data of the events of one document; they are well nested."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[Path, tuple[int, int]] = {}

    def fail(self, event: Event, why: str) -> MalformedError:
        return MalformedError(place_of(self.name, event.start_mark), why)

    def build(self, events: Iterator[Event]) -> Any:
        """All of a document, to its end."""
        root = next(events, None)
        data = None if root is None else self._value(root, events, ())
        for _ in events:  # none is left but what is refused
            pass
        return data

    def _value(self, event: Event, events: Iterator[Event], path: Path) -> Any:
        if path not in self.places:
            self.places[path] = event.start_mark.line + 1, event.start_mark.column + 1
        if type(event) is yaml.ScalarEvent:
            return self._scalar(event)
        if type(event) is yaml.SequenceStartEvent:
            return self._list(events, path)
        return self._object(events, path)

    def _list(self, events: Iterator[Event], path: Path) -> list[Any]:
        out: list[Any] = []
        while type(event := next(events)) is not yaml.SequenceEndEvent:
            out.append(self._value(event, events, (*path, len(out))))
        return out

    def _object(self, events: Iterator[Event], path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        while type(event := next(events)) is not yaml.MappingEndEvent:
            key = self._scalar(event) if type(event) is yaml.ScalarEvent else None
            if not isinstance(key, str):
                raise self.fail(event, "a key must be a string; put it in quotes")
            if key in out:
                raise self.fail(event, f"the key {key!r} stands here twice")
            at = (*path, key)
            self.places[at] = event.start_mark.line + 1, event.start_mark.column + 1
            out[key] = self._value(next(events), events, at)
        return out

    def _scalar(self, node: Event) -> Any:
        text: str = node.value
        if not text.isascii() and _HALF.search(text):
            raise self.fail(node, "half a surrogate pair; write the character itself")
        if node.style:  # None or "" of a plain one, by reader
            return text
        if text in ("null", "~", ""):
            return None
        if text in ("true", "false"):
            return text == "true"
        if _INT.match(text) or _DECIMAL.match(text):
            return self._number(node, text)
        return text

    def _number(self, node: Event, text: str) -> int | Decimal:
        exponent = text.lower().partition("e")[2]
        if len(text) > _MAX_NUMBER_CHARS or (exponent and abs(int(exponent)) > _MAX_EXPONENT):
            raise self.fail(node, "a number with too many digits; put text in quotes")
        return int(text) if _INT.match(text) else Decimal(text)
