"""Reading a filter: ``agent:billing-bot -status:executed (tier:T2 or tier:T3) ~amount 5000 refund``.

Conditions side by side must all hold (``and`` may be written); ``or`` binds less; ``not`` and ``-`` bind closest.
"""

from __future__ import annotations

from collections.abc import Iterator

from vienna_kernel.document import nearest
from vienna_kernel.filter.key import KEYS, PARAMETERS, Screen
from vienna_kernel.filter.term import Filter, Has, Is, Not, Says, conditions, either, every
from vienna_kernel.filter.word import Word, malformed, words

MAX_TERMS = 40
MAX_DEPTH = 12
"""Parentheses and negations within each other."""


def read(text: str, screen: Screen) -> Filter:
    """What a filter of a screen says; of an empty text that is everything.

    Errors: ``MalformedError``; ``where`` is ``column 7``.
    """
    return _Reader(words(text), screen).whole()


class _Reader:
    def __init__(self, found: Iterator[Word], screen: Screen) -> None:
        self._words = found
        self._screen = screen
        self._at = next(found)
        self._depth = 0
        self._terms = 0
        self._alone: list[tuple[Filter, int]] = []

    def whole(self) -> Filter:
        if self._at.kind == "end":
            return every(())
        what = self._either()
        after = self._next()
        if after.kind != "end":
            raise malformed(after.column, "a parenthesis is closed that was not opened")
        for term, column in self._alone:
            if not any(term is part for part in conditions(what)):
                raise malformed(column, "this stands by itself: not under 'or', 'not' or '-'")
        return what

    def _next(self) -> Word:
        word = self._at
        self._at = next(self._words, word)
        return word

    def _either(self) -> Filter:
        parts = [self._every()]
        while self._at.kind == "or":
            self._next()
            parts.append(self._every())
        return either(parts)

    def _every(self) -> Filter:
        parts = [self._one()]
        while self._at.kind not in ("or", "close", "end"):
            if self._at.kind == "and":
                self._next()
            parts.append(self._one())
        return every(parts)

    def _one(self) -> Filter:
        word = self._next()
        match word.kind:
            case "not" | "open":
                return self._deeper(word)
            case "key" | "parameter" | "text":
                return self._term(word)
        came = "the end" if word.kind == "end" else {"close": "')'"}.get(word.kind, repr(str(word.kind)))
        raise malformed(word.column, f"expected a condition, got {came}")

    def _deeper(self, word: Word) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise malformed(word.column, f"at most {MAX_DEPTH} parentheses and negations within each other")
        if word.kind == "not":
            what: Filter = Not(self._one())
        else:
            what = self._either()
            closing = self._next()
            if closing.kind != "close":
                raise malformed(word.column, "a parenthesis that is not closed")
        self._depth -= 1
        return what

    def _term(self, word: Word) -> Filter:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise malformed(word.column, f"at most {MAX_TERMS} conditions")
        if word.kind == "text":
            return Says(word.text)
        if word.kind == "parameter":
            if self._screen not in PARAMETERS:
                raise malformed(word.column, "parameters can be searched in traffic only")
            return Has(word.name, word.text)
        return self._is(word)

    def _is(self, word: Word) -> Filter:
        keys = KEYS[self._screen]
        key = keys.get(word.name)
        if key is None:
            told = nearest(word.name, list(keys))
            quoted = " (put text with a colon into quotes)" if "did you mean" not in told else ""
            raise malformed(word.column, f"unknown key {word.name!r}{told}{quoted}")
        try:
            term = Is(key.name, key.value(word.text))
        except ValueError as error:
            raise malformed(word.column + len(word.name) + 1, str(error)) from None
        if key.alone:
            self._alone.append((term, word.column))
        return term
