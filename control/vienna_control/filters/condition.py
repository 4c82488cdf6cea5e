"""A filter as one condition of the database.

1. A condition is true or false of every row, never null: what does not match is what ``not`` of it matches.
2. Lists walk from the newest on (``api.window``): whatever a condition asks, it is asked of one row after the other, so
   that an index on one column does not make the database sort all of its rows first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, not_, or_, true

from vienna_kernel.filter.term import Either, Every, Filter, Has, Is, Not, Says


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom and when a filter is asked."""

    tenant: str
    now: datetime


type Test = Callable[[str, Scope], ColumnElement[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What the conditions of one screen ask of its rows.

    Attributes:
        tests: By key.
        says: Of text.
        has: Of a parameter's name and text; None: the screen has none.
        inside: Keys that look into what is large.
    """

    tests: Mapping[str, Test]
    says: Callable[[str], ColumnElement[bool]]
    has: Callable[[str, str], ColumnElement[bool]] | None = None
    inside: frozenset[str] = field(default=frozenset())


def condition(what: Filter, language: Language, scope: Scope) -> ColumnElement[bool]:
    """What a filter, read for the screen of this language, asks of a row."""
    match what:
        case Is(key, value):
            return language.tests[key](value, scope)
        case Has(name, text):
            if language.has is None:
                raise RuntimeError("the reader refuses parameters on this screen")
            return language.has(name, text)
        case Says(text):
            return language.says(text)
        case Not(one):
            return not_(condition(one, language, scope))
        case Every(parts):
            return and_(true(), *(condition(part, language, scope) for part in parts))
        case Either(parts):
            return or_(*(condition(part, language, scope) for part in parts))


def looks_inside(what: Filter, language: Language) -> int:
    """How many of its conditions read what is large in a row."""
    match what:
        case Is(key, _):
            return int(key in language.inside)
        case Has() | Says():
            return 1
        case Not(one):
            return looks_inside(one, language)
        case Every(parts) | Either(parts):
            return sum(looks_inside(part, language) for part in parts)


def told(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A column that is never null, and that no index is looked up for."""
    return func.coalesce(column, "")


def named(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    """The value itself; with a ``*`` for anything, letters from A to Z in either case."""
    return told(column) == value if "*" not in value else like(told(column), value)


def like(text: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    """``*`` stands for anything, every other character for itself."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    return text.ilike(escaped, escape="\\")


def contains(text: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Letters from A to Z in either case."""
    return told(text).icontains(part, autoescape=True)
