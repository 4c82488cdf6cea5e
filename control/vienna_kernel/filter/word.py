"""The words of a filter, each with the column where it begins."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vienna_kernel.errors import MalformedError

type WordKind = Literal["open", "close", "not", "and", "or", "key", "parameter", "text", "end"]

MAX_CHARS = 1000

_SPACE = re.compile(r"\s*")
_KEY = re.compile(r"([A-Za-z_]+):")
_PARAMETER = re.compile(r"~([A-Za-z0-9_][A-Za-z0-9_.\-]{0,99})\s+")
_BARE = re.compile(r"[^\s()\"]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')
_ESCAPE = re.compile(r'\\(["\\])')
_MARKS: dict[str, WordKind] = {"(": "open", ")": "close", "-": "not"}
_WORDS: dict[str, WordKind] = {"and": "and", "or": "or", "not": "not"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word.

    Attributes:
        name: Before the colon, or after the tilde.
        column: From 1.
    """

    kind: WordKind
    column: int
    name: str = ""
    text: str = ""


def malformed(column: int, why: str) -> MalformedError:
    """What is wrong at a column."""
    return MalformedError(f"column {column}", why)


def words(text: str) -> Iterator[Word]:
    """The words of a text of at most ``MAX_CHARS``, then one of kind ``end``. Errors: ``MalformedError``."""
    if len(text) > MAX_CHARS:
        raise malformed(MAX_CHARS + 1, f"a filter has at most {MAX_CHARS} characters, this has {len(text)}")
    for at, char in enumerate(text):
        if unicodedata.category(char) in ("Cc", "Cs"):
            raise malformed(at + 1, f"a character that cannot be typed, U+{ord(char):04X}")
    at = _skip(text, 0)
    while at < len(text):
        word, at = _word(text, at)
        yield word
        at = _skip(text, at)
    yield Word("end", len(text) + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _word(text: str, at: int) -> tuple[Word, int]:
    """The word that begins here, and where it ends."""
    column = at + 1
    if text[at] in _MARKS:
        return Word(_MARKS[text[at]], column), at + 1
    if key := _KEY.match(text, at):
        value, end = _value(text, key.end(), f"{key[1]}: expects a value right behind the colon")
        return Word("key", column, key[1], value), end
    if text[at] == "~":
        named = _PARAMETER.match(text, at)
        if named is None:
            raise malformed(column, "expected the name of a parameter and a text, as in ~amount 5000")
        value, end = _value(text, named.end(), f"~{named[1]} expects a text")
        return Word("parameter", column, named[1], value), end
    value, end = _value(text, at, "expected a condition")
    if text[at] != '"' and value.lower() in _WORDS:
        return Word(_WORDS[value.lower()], column), end
    if text[at] != '"' and ":" in value:
        raise malformed(
            column, f"expected a key before the colon, or quotes around text with one, got {value!r}"
        )
    return Word("text", column, text=value), end


def _value(text: str, at: int, missing: str) -> tuple[str, int]:
    quoted = _QUOTED.match(text, at)
    if quoted is None and text.startswith('"', at):
        raise malformed(at + 1, 'a quote that does not end; within quotes write \\" and \\\\')
    found = quoted or _BARE.match(text, at)
    if found is None:
        raise malformed(at + 1, missing)
    if text.startswith('"', found.end()):
        raise malformed(found.end() + 1, "expected a space before a quote")
    value = _ESCAPE.sub(r"\1", quoted[1]) if quoted else found[0]
    if not value.strip():
        raise malformed(
            at + 1,
            f"{missing}, got an empty one"
            if missing.endswith("text")
            else "expected a text within the quotes",
        )
    return value, found.end()
