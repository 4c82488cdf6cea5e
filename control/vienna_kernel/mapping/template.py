"""Texts with holes for parameters: targets, preflight paths, summaries.

``{params.charge|params.payment_intent}`` (or ``{charge|payment_intent}``) is the first that is there;
``{amount|money}`` an amount with its currency, for people. A hole names a declared parameter or the text does not
load.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote

from vienna_kernel import money
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import HIDDEN
from vienna_kernel.value import Value, canonical, plain_decimal

_HOLE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"(?:params\.)?([a-z][a-z0-9_]*)\Z")
_SEGMENT = re.compile(r"[A-Za-z0-9_.~:@=+,-]{1,200}\Z")
_UNQUOTED = re.compile(r"[A-Za-z0-9_.~:@+,=-]*\Z")  # what ``quote`` leaves as it is
_MAX_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Hole:
    """The first of ``names`` that has a value."""

    names: tuple[str, ...]
    as_money: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts and holes, in order."""

    parts: tuple[str | Hole, ...]

    def fill(self, text_of: Callable[[Hole], str | None]) -> str | None:
        """The text, or None when a hole stays empty."""
        filled = [part if isinstance(part, str) else text_of(part) for part in self.parts]
        return None if None in filled else "".join(part for part in filled if part is not None)


def compile_template(text: str, names: Iterable[str], *, where: str) -> Template:
    """Errors: ``MalformedError`` at ``where`` for a hole that names nothing declared, or stray braces."""
    declared = set(names)
    parts: list[str | Hole] = []
    last = 0
    for found in _HOLE.finditer(text):
        parts += [text[last : found.start()], _hole(found[1], declared, where)]
        last = found.end()
    parts.append(text[last:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise MalformedError(where, "a brace without its other half")
    return Template(tuple(part for part in parts if part != ""))


def _hole(text: str, declared: set[str], where: str) -> Hole:
    words = text.split("|")
    as_money = words[-1] == "money"
    names = []
    for word in words[:-1] if as_money else words:
        found = _NAME.match(word)
        if not found or found[1] not in declared:
            raise MalformedError(where, f"{{{text}}} names {word!r}, which is no parameter of this action")
        names.append(found[1])
    if not names:
        raise MalformedError(where, f"{{{text}}} names no parameter")
    return Hole(tuple(names), as_money)


def _first(hole: Hole, values: Mapping[str, Value]) -> Value:
    return next((values[name] for name in hole.names if values.get(name) is not None), None)


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        return plain_decimal(value)
    return canonical(value).decode("utf-8")


def target(
    template: Template,
    values: Mapping[str, Value],
    *,
    whole: frozenset[str],
    coded: frozenset[str] = frozenset(),
) -> str | None:
    """A target name; a value cannot pass for more than one step of it, but for those in ``whole`` (``{var+}``).

    Those in ``coded`` are written as they stand in the path: one step, encoded already.
    """

    def fill(hole: Hole) -> str | None:
        value = _first(hole, values)
        if value is None:
            return None
        if coded & set(hole.names):
            return _text(value)
        text = _text(value)
        if _UNQUOTED.match(text):
            return text
        safe = "-._~:@+,=/" if whole & set(hole.names) else "-._~:@+,="
        return quote(text, safe=safe)

    return template.fill(fill)


def path(template: Template, values: Mapping[str, Value]) -> str | None:
    """A request path whose values are plain path segments; None when one is missing or is not plain."""

    def fill(hole: Hole) -> str | None:
        text = _text(value) if (value := _first(hole, values)) is not None else ""
        return text if _SEGMENT.match(text) and text not in (".", "..") else None

    return template.fill(fill)


def for_people(text: str, *, limit: int = _MAX_SHOWN) -> str:
    """Text with control, format and bidirectional characters written as ``\\u…`` and a bounded length."""
    if len(text) <= limit and text.isprintable():
        return text
    shown = "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp") else char
        for char in text[: limit + 1]
    )
    return shown if len(text) <= limit else shown[:limit] + "…"


def summary(
    template: Template, values: Mapping[str, Value], *, currencies: Mapping[str, str], hidden: frozenset[str]
) -> str:
    """A sentence for people. ``currencies``: by parameter, the parameter that holds its currency."""

    def fill(hole: Hole) -> str:
        name = next((name for name in hole.names if values.get(name) is not None), None)
        if name is None:
            return "an amount not given" if hole.as_money else "not given"
        if name in hidden:
            return HIDDEN
        value = values[name]
        if hole.as_money and isinstance(value, (int, Decimal)):
            currency = values.get(currencies.get(name, "currency"))
            amount = Decimal(value)
            return money.shown(amount, currency) if isinstance(currency, str) else plain_decimal(amount)
        return for_people(_text(value))

    return template.fill(fill) or ""
