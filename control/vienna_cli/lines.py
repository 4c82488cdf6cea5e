"""Lines of facts: text that is escaped already, one value to a line, each cut by itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vienna_cli.output import escape

CUT = 400
"""Characters of one value where not all of it is asked for."""

_NAME_COLUMNS = 9


@dataclass(frozen=True, slots=True)
class Line:
    """One line, escaped.

    Attributes:
        indent: Columns before it, also where it goes on after a fold.
        style: Of rich.
    """

    text: str
    indent: int = 0
    style: str = ""


def head(text: str) -> Iterator[Line]:
    """A heading, after an empty line."""
    yield Line("")
    yield Line(text, style="bold")


def named(rows: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Names in a column; those without text are left out."""
    for name, text in rows:
        if text:
            yield Line(f"{name.ljust(_NAME_COLUMNS)} {text}", 2)


def tree(data: Any, *, indent: int, most: int | None) -> Iterator[Line]:
    """JSON data, a line for each leaf: names before values, text in quotation marks."""
    rows: Iterable[tuple[str, Any]]
    if isinstance(data, Mapping):
        rows = ((f"{escape(str(name))}:", one) for name, one in data.items())
    else:
        rows = (("-", one) for one in data)
    for name, one in rows:
        if one and isinstance(one, Mapping | list | tuple):
            yield Line(name, indent)
            yield from tree(one, indent=indent + 2, most=most)
        else:
            yield Line(f"{name} {value(one, most)}", indent)


def value(data: Any, most: int | None) -> str:
    """A leaf of JSON; text in quotation marks, cut at so many characters."""
    if not isinstance(data, str):
        return escape(json.dumps(data, default=str))
    more = 0 if most is None else len(data) - most
    return f'"{escape(data[:most])}"… (+{more} characters)' if more > 0 else f'"{escape(data)}"'


def cut(text: str, most: int | None) -> str:
    """Text that is escaped already, cut."""
    more = 0 if most is None else len(text) - most
    return f"{text[:most]}… (+{more} characters)" if more > 0 else text


def left(until: str, now: datetime) -> str:
    """How long it still is: ``3 h 59 min``, ``4 min 05 s``, ``0 s``."""
    seconds = max(0, int((instant(until) - now).total_seconds()))
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"
    return f"{seconds // 60} min {seconds % 60:02} s" if seconds >= 60 else f"{seconds} s"


def instant(text: str) -> datetime:
    """An instant of the API."""
    return datetime.fromisoformat(text)


def local(text: Any) -> str:
    """An instant in the zone of this machine."""
    return instant(text).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") if text else ""
