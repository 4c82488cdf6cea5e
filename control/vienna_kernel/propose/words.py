"""Names of APIs taken apart into words: ``chat.postMessage`` is chat, post, message.

Words are lower-case ASCII letters and digits; what has none is no word.
"""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"OAuth|[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MAX_CHARS = 400

_WHOLE = frozenset(
    "access address alias analysis analytics aws basis bonus bus business canvas class css diagnosis dns express"
    " focus gas his https kubernetes kudos news os process progress redis series sms species sso status success"
    " this tls virus was".split()
)
"""Words that end in ``s`` and name one thing."""

_IRREGULAR = {
    "addresses": "address",
    "aliases": "alias",
    "analyses": "analysis",
    "businesses": "business",
    "buses": "bus",
    "canvases": "canvas",
    "children": "child",
    "indices": "index",
    "media": "media",
    "people": "person",
    "statuses": "status",
    "viruses": "virus",
}


def words(text: str) -> tuple[str, ...]:
    """The words of a name, in order; only the first 400 characters count."""
    plain = unicodedata.normalize("NFKD", text[:_MAX_CHARS]).encode("ascii", "ignore").decode("ascii")
    joined: list[str] = []
    last = -1
    for found in _WORD.finditer(plain):
        word = found.group().lower()
        if word.isdigit() and joined and found.start() == last:
            joined[-1] += word  # v1, oauth2, s3
        else:
            joined.append(word)
        last = found.end()
    return tuple(joined)


def snake(text: str) -> str:
    """The words with underscores; empty where there are none."""
    return "_".join(words(text))


def singular(word: str) -> str:
    """One of what a plural names, as far as its ending tells."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word in _WHOLE or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def is_plural(word: str) -> bool:
    """Whether the word names several."""
    return singular(word) != word
