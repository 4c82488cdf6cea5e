"""Text of others, made safe to look at: what cannot be seen, or looks like something else, is written out.

1. ``⟨U+202E⟩`` stands for a character that is invisible, moves others about, or passes for another letter. The marks
   ``⟨⟩`` and ``‹›`` are written out themselves, so that nothing of others can look like a mark of ours.
2. A word that mixes scripts is told apart: the letters of it that are not Latin are written out. A word of another
   script that is all look-alikes is, too, unless the text has other words of that script.
3. Each value is cut by itself, and says by how much: a long one hides no other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

MOST = 2000
"""Characters of one value."""

_MOST_OF_KEY = 200
_UNSEEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"})
_MARKS = frozenset(
    "⟨⟩‹›\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
)  # ours, and what is drawn as nothing
_MOST_STACKED = 2  # accents on one letter
_MIXED_FREELY = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
_PASSING = frozenset(  # Cyrillic and Greek letters that pass for Latin ones
    "авекмнорстухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅοαινρυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
)
_WORD = re.compile(r"\w+")


def legible(text: str, *, most: int = MOST, lines: bool = False) -> str:
    """Text with nothing in it that misleads the eye. ``lines``: line ends and tabs stay."""
    more = len(text) - most
    shown = text[:most] if more > 0 else text
    if not (shown.isascii() and shown.isprintable()):
        shown = _written_out(shown, kept="\n\t" if lines else "")
    return f"{shown}… ({more} more characters)" if more > 0 else shown


def legible_data(data: Any, *, lines: bool = True) -> Any:
    """JSON data with every text and key of it legible; keys that fall together are told apart by a number."""
    if isinstance(data, str):
        return legible(data, lines=lines)
    if isinstance(data, Mapping):
        told: dict[str, Any] = {}
        for key, value in data.items():
            name = plain = legible(str(key), most=_MOST_OF_KEY)
            number = 2
            while name in told:
                name, number = f"{plain} ⟨{number}⟩", number + 1
            told[name] = legible_data(value, lines=lines)
        return told
    if isinstance(data, Sequence):
        return [legible_data(item, lines=lines) for item in data]
    return data


def _written_out(text: str, *, kept: str) -> str:
    strange = frozenset() if text.isascii() else _strangers(text)
    told, stacked = [], 0
    for at, char in enumerate(text):
        stacked = stacked + 1 if unicodedata.combining(char) else 0
        hidden = char not in kept and (at in strange or _misleads(char, stacked))
        told.append(f"⟨U+{ord(char):04X}⟩" if hidden else char)
    return "".join(told)


def _misleads(char: str, stacked: int) -> bool:
    """Whether a character does, whatever stands beside it but accents."""
    if char.isascii():
        return not char.isprintable()
    category = unicodedata.category(char)
    return (
        category in _UNSEEN
        or char in _MARKS
        or stacked > _MOST_STACKED
        or (category[0] in "LN" and _is_styled(char))
        or "VARIATION SELECTOR" in unicodedata.name(char, "")
    )


def _is_styled(char: str) -> bool:
    """Whether it is a Latin letter or digit in another dress: fullwidth, mathematical."""
    plain = unicodedata.normalize("NFKC", char)
    return plain != char and plain.isascii() and unicodedata.category(char) != "No"


def _strangers(text: str) -> frozenset[int]:
    """Where letters stand that pass for others."""
    found: set[int] = set()
    alike: list[tuple[str, re.Match[str]]] = []
    honest: set[str] = set()
    for word in _WORD.finditer(text):
        scripts = {script for char in word[0] if (script := _script(char))}
        foreign = scripts - {"LATIN"}
        if len(scripts) > 1:
            found |= {word.start() + at for at, char in enumerate(word[0]) if _script(char) in foreign}
        elif foreign and all(char in _PASSING for char in word[0] if char.isalpha()):
            alike.append((min(foreign), word))
        else:
            honest |= foreign
    for script, word in alike:
        if script not in honest:
            found |= set(range(word.start(), word.end()))
    return frozenset(found)


@lru_cache(4096)
def _script(char: str) -> str:
    """The script of a letter; empty for what is none, or is written beside any other."""
    if not char.isalpha():
        return ""
    if char.isascii():
        return "LATIN"
    script = unicodedata.name(char, "").split(" ")[0].split("-")[0]
    return "" if script in _MIXED_FREELY else script
