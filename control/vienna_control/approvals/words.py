"""What the agent wrote itself: found, and marked, wherever people are shown it.

1. Everything it says of itself and the world is its own words, and so is every free text among the parameters, the
   body and the header lines. An identifier, a number, a code are not: they say nothing to a person.
2. In a sentence its words stand between ``‹`` and ``›``, which it cannot write itself (``legible``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from vienna_control.approvals.legible import legible
from vienna_kernel.intent import Intent
from vienna_kernel.mapping.template import for_people

LABEL = "in the agent's own words; nobody has checked them"

_PLAIN = re.compile(r"[A-Za-z0-9._:/@+#=,-]{0,64}")
_REDACTED = re.compile(r"\[redacted[^\]]*\]")
_TOLD = 20  # characters of it that give it away in a sentence
_MOST_PLACES = 200
_MOST = 500
_MOST_BEFORE = 20_000
_OF_THE_API = 119  # characters of a value in the summary of an intent that came by API


def are_words(value: object) -> bool:
    """Whether a value is free text."""
    return isinstance(value, str) and not _PLAIN.fullmatch(value.strip()) and not _REDACTED.fullmatch(value)


def written(intent: Intent) -> list[str]:
    """Names of the parameters with free text in them, at any depth."""
    return [legible(name, most=200) for name, value in intent.parameters.items() if any(_texts(value))]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from [value] if are_words(value) else ()
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from [name] if are_words(name) else ()
            yield from _texts(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _texts(item)


def places(data: Any, at: str = "") -> list[str]:
    """JSON pointers of the free texts in shown data; of an object whose key is one, the object; ``at`` for over 200."""
    found = list(islice(_places(data, at), _MOST_PLACES + 1))
    return found if len(found) <= _MOST_PLACES else [at]


def _places(data: Any, at: str) -> Iterator[str]:
    if isinstance(data, str):
        yield from [at] if are_words(data) else ()
    elif isinstance(data, Mapping):
        if any(are_words(key) for key in data):
            yield at
            return
        for key, item in data.items():
            yield from _places(item, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(data, Sequence):
        for number, item in enumerate(data):
            yield from _places(item, f"{at}/{number}")


def marked(summary: str, intent: Intent) -> str:
    """A summary with the agent's words in it marked; where they cannot be told from it, all of it is."""
    told = left = _whole(summary)
    texts = {text for value in intent.parameters.values() for text in _texts(value)}
    for text in sorted(texts, key=len, reverse=True):
        ways = [_whole(way) for way in (for_people(text), text, text[:_OF_THE_API] + "…")]
        quoted = next((way for way in ways if way in left), None)
        if quoted is not None:
            told = told.replace(quoted, f"‹{quoted}›")
            left = left.replace(quoted, " ")
        elif any(way[:_TOLD] in left for way in ways):
            return _cut(f"‹{_whole(summary)}›")
    return _cut(told)


def _whole(text: str) -> str:
    return legible(text, most=_MOST_BEFORE)


def _cut(told: str) -> str:
    """At most 500 characters; a mark that was opened is closed."""
    if len(told) <= _MOST:
        return told
    shown = told[:_MOST]
    return (
        f"{shown}…{'›' if shown.count('‹') > shown.count('›') else ''} ({len(told) - _MOST} more characters)"
    )
