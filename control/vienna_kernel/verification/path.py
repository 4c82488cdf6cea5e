"""Paths of further requests that an answer leads to: literal text, approved parameters, places in the answer.

``/v1/refunds/{response:/id}/cancel`` or ``/repos/{params.owner}/{repo}/pulls/{response:/number|params.pull}``: of
several words in one hole the first that has a value. What fills a hole is one plain path segment, or the path is not
filled at all: neither an agent nor an upstream chooses where a further request goes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value, plain_decimal

_HOLE = re.compile(r"\{([^{}]*)\}")
_NAME = re.compile(r"(?:params\.)?([a-z][a-z0-9_]*)\Z")
_RESPONSE = "response:"
_PLAIN = re.compile(r"[A-Za-z0-9_.~:@=+,-]{1,200}\Z")
_WHOLE = re.compile(r"/[!-~]{0,2000}\Z")
_DOTS = re.compile(r"/\.{1,2}(?:[/?]|\Z)")


@dataclass(frozen=True, slots=True)
class Param:
    """The approved value of a parameter."""

    name: str


@dataclass(frozen=True, slots=True)
class Told:
    """What stands at a place in the part's own answer."""

    pointer: Pointer


@dataclass(frozen=True, slots=True)
class Hole:
    """The first of ``words`` that has a value."""

    words: tuple[Param | Told, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """Literal texts and holes, in order."""

    parts: tuple[str | Hole, ...]

    @property
    def reads_answer(self) -> bool:
        """Whether it cannot be filled without the answer's body."""
        holes = (part for part in self.parts if isinstance(part, Hole))
        return any(all(isinstance(word, Told) for word in hole.words) for hole in holes)

    def fill(self, approved: Mapping[str, Value], answer: Found) -> str | None:
        """The path and query; None when a hole stays empty or what fills it is not one plain segment."""
        texts = [
            part if isinstance(part, str) else _text(_first(part, approved, answer)) for part in self.parts
        ]
        whole = "".join(text for text in texts if text is not None)
        good = None not in texts and _WHOLE.match(whole) and "//" not in whole and not _DOTS.search(whole)
        return whole if good else None


def parse(text: str, params: Collection[str], *, where: str) -> Path:
    """A path as a mapping writes it.

    Errors: ``MalformedError`` at ``where`` for a hole that names no declared parameter and no pointer, a brace without
    its other half, or a path that does not start with a slash.
    """
    if not text.startswith("/"):
        raise MalformedError(where, "expected a path that starts with a slash")
    parts: list[str | Hole] = []
    last = 0
    for found in _HOLE.finditer(text):
        parts += [text[last : found.start()], _hole(found[1], params, where)]
        last = found.end()
    parts.append(text[last:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise MalformedError(where, "a brace without its other half")
    return Path(tuple(part for part in parts if part != ""))


def _hole(text: str, params: Collection[str], where: str) -> Hole:
    words: list[Param | Told] = []
    for word in text.split("|"):
        if word.startswith(_RESPONSE):
            words.append(Told(pointer.parse(word.removeprefix(_RESPONSE))))
            continue
        found = _NAME.match(word)
        if not found or found[1] not in params:
            raise MalformedError(where, f"{{{text}}} names {word!r}, which is no parameter of this action")
        words.append(Param(found[1]))
    return Hole(tuple(words))


def _first(hole: Hole, approved: Mapping[str, Value], answer: Found) -> Found:
    for word in hole.words:
        if isinstance(word, Param):
            value: Found = approved.get(word.name)
        else:
            value = MISSING if answer is MISSING else pointer.find(answer, word.pointer)
        if value is not MISSING and value is not None:
            return value
    return MISSING


def _text(value: Found) -> str | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, Decimal)):
        value = plain_decimal(Decimal(value))
    return value if isinstance(value, str) and _PLAIN.match(value) and value not in (".", "..") else None
