"""YAML of others as plain data: the core scalars, and what descriptions of APIs in the wild hold besides.

Unlike ``document``, keys may be numbers (a status) and are read as text, and an anchor may be used again; it is one
object then, not a copy, so that a page of them holds no more than was written. Nothing recurses.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from vienna_kernel.errors import MalformedError

_MAX_DEPTH = 200
_MAX_INT_CHARS = 40
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][-+]?[0-9]{1,3})?\Z")
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


def load(text: str, *, name: str) -> Any:
    """The data of one document. Errors: ``MalformedError`` with file, line and column."""
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=_QUICK):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise MalformedError(place, f"not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise MalformedError(name, f"not YAML: {type(error).__name__}") from None
    return builder.data


class _Open:
    """A container that is being filled; ``key`` waits for its value."""

    def __init__(self, value: Any, anchor: str | None) -> None:
        self.value, self.anchor, self.key = value, anchor, _NO_KEY


_NO_KEY: Any = object()


class _Builder:
    def __init__(self, name: str) -> None:
        self.data: Any = None
        self._name = name
        self._stack: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self._documents = 0

    def feed(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._fail(event, "a second document")
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self._stack.pop()
            if done.anchor:
                self._anchors[done.anchor] = done.value
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise self._fail(
                    event, f"the alias *{event.anchor} stands within what it names, or names nothing"
                )
            self._put(event, self._anchors[event.anchor])
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            self._node(event)

    def _fail(self, event: Any, why: str) -> MalformedError:
        mark = event.start_mark
        return MalformedError(f"{self._name}:{mark.line + 1}:{mark.column + 1}", why)

    def _node(self, event: Any) -> None:
        if event.tag and event.tag != "!":
            raise self._fail(event, "tags are not accepted")
        if isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = value
            self._put(event, value)
            return
        if len(self._stack) >= _MAX_DEPTH:
            raise self._fail(event, f"nested deeper than {_MAX_DEPTH}")
        container: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(event, container)
        self._stack.append(_Open(container, event.anchor))

    def _put(self, event: Any, value: Any) -> None:
        if not self._stack:
            self.data = value
            return
        at = self._stack[-1]
        if isinstance(at.value, list):
            at.value.append(value)
        elif at.key is _NO_KEY:
            if not isinstance(event, yaml.ScalarEvent):
                raise self._fail(event, "a key that is no text")
            if event.value == "<<" and not event.style:
                raise self._fail(event, "a merge key; write the members out")
            if event.value in at.value:
                raise self._fail(event, f"the key {event.value[:60]!r} stands here twice")
            at.key = event.value
        else:
            at.value[at.key] = value
            at.key = _NO_KEY


def _scalar(event: Any) -> Any:
    text: str = event.value
    if event.style:  # quoted or a block; None or "" of a plain one, by reader
        return text
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _MAX_INT_CHARS and _INT.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
