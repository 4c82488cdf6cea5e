"""YAML text as nodes: one document of plain scalars, lists and objects, whichever of two readers reads it.

1. libyaml reads ten times as fast as PyYAML's own reader. It is not built everywhere, and its complaints are vaguer:
   what it refuses is read again by the other, for the place and the words.
2. What the two read differently is left to PyYAML's own reader, or refused (``fuzz/document.py`` looks for more).
3. Tags, anchors and aliases are refused (a page of aliases can hold a billion nodes), and what nests too deep is,
   before it is composed: that recurses.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from vienna_kernel.errors import MalformedError

_MAX_DEPTH = 64

_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

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


def compose(text: str, name: str) -> yaml.Node | None:
    """The root node, None where there is nothing.

    Errors: ``MalformedError`` for what is refused here; ``yaml.YAMLError``, ``ValueError``, ``RecursionError`` for what
    is no YAML.
    """
    _judge_lines(text, name)
    if "\t" not in text:  # libyaml takes tabs where PyYAML's own reader refuses them
        try:
            return _checked(text, name, _QUICK)
        except (yaml.YAMLError, UnicodeEncodeError):
            pass
    return _checked(text, name, yaml.SafeLoader)


def _checked(text: str, name: str, loader: Any) -> yaml.Node | None:
    ends: list[bool] = []  # of each open collection, whether it is in flow style
    for event in yaml.parse(text, Loader=loader):
        tag = getattr(event, "tag", None)
        if isinstance(event, yaml.AliasEvent) or tag is not None or getattr(event, "anchor", None):
            raise MalformedError(
                place_of(name, event.start_mark), "tags, anchors and aliases are not accepted"
            )
        if isinstance(event, yaml.CollectionEndEvent):
            ends.pop()
        elif len(ends) > _MAX_DEPTH:  # before it is composed: that recurses
            raise MalformedError(place_of(name, event.start_mark), f"nested deeper than {_MAX_DEPTH}")
        elif isinstance(event, yaml.CollectionStartEvent):
            ends.append(bool(event.flow_style))
        elif ends and ends[-1] and not getattr(event, "style", "x") and "?" in getattr(event, "value", ""):
            raise yaml.YAMLError  # libyaml takes it within a word in braces, PyYAML's own reader does not
    return yaml.compose(text, Loader=loader)
