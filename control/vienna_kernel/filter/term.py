"""What a filter says: conditions, all of them, one of them, or not; and how that is written.

``read(show(what)) == what`` for whatever ``read``, ``every``, ``either`` and ``Not`` can make.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

WORDS = frozenset({"and", "or", "not"})
"""Words of the language: text that is one of them is written in quotes."""

_BARE = re.compile(r"[^\s()\"~:\-][^\s()\":]*\Z")
_BARE_VALUE = re.compile(r"[^\s()\"]+\Z")


@dataclass(frozen=True, slots=True)
class Is:
    """``key:value``. ``value`` is in its one spelling; in names a ``*`` stands for anything."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Has:
    """``~name text``: the parameter of this name contains the text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Says:
    """The sentence about it contains the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """It does not hold."""

    one: Filter


@dataclass(frozen=True, slots=True)
class Every:
    """All hold; of none, anything does. None of them is an ``Every``."""

    parts: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of at least two holds. None of them is an ``Either``."""

    parts: tuple[Filter, ...]


type Filter = Is | Has | Says | Not | Every | Either


def every(parts: Iterable[Filter]) -> Filter:
    """All of these, in one level; one is itself."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Every) else (part,)))
    return flat[0] if len(flat) == 1 else Every(flat)


def either(parts: Iterable[Filter]) -> Filter:
    """One of these (at least one is given), in one level; one is itself."""
    flat = tuple(inner for part in parts for inner in (part.parts if isinstance(part, Either) else (part,)))
    return flat[0] if len(flat) == 1 else Either(flat)


def conditions(what: Filter) -> tuple[Filter, ...]:
    """What must all hold."""
    return what.parts if isinstance(what, Every) else (what,)


def show(what: Filter) -> str:
    """A filter as it is typed."""
    match what:
        case Is(key, value):
            return f"{key}:{_quoted(value, _BARE_VALUE)}"
        case Has(name, text):
            return f"~{name} {_quoted(text, _BARE_VALUE)}"
        case Says(text):
            return _quoted(text, _BARE) if text.lower() not in WORDS else f'"{text}"'
        case Not(one):
            return f"-{_within(one)}"
        case Every(parts):
            return " ".join(_within(part) if isinstance(part, Either) else show(part) for part in parts)
        case Either(parts):
            return " or ".join(show(part) for part in parts)


def _within(what: Filter) -> str:
    return f"({show(what)})" if isinstance(what, Every | Either) else show(what)


def _quoted(text: str, bare: re.Pattern[str]) -> str:
    if bare.match(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
