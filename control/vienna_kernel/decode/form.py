"""Strict ``application/x-www-form-urlencoded``: one reading per body.

1. Decoded once: ``+`` is a space, ``%XX`` a byte, the whole UTF-8. No ``;``, no raw control byte, no NUL.
2. One key once, but for lists (``a[]``). No empty key and no empty pair.
3. No two keys that PHP makes one of: it takes off blanks before a key and reads a dot or a blank in it as ``_``.
4. Nested keys are read in one way only: ``a[b][c]``, ``a[]`` as the last step.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from urllib.parse import unquote_to_bytes

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

type Pairs = list[tuple[str, str]]

_MAX_PAIRS = 10_000
_MAX_STEPS = 8
_RAW_REFUSED = re.compile(rb"[\x00-\x1f\x7f;]|%(?![0-9A-Fa-f]{2})|%00")
_KEY = re.compile(r"(?P<head>[^\[\]]+)(?P<steps>(?:\[[^\[\]]*\])*)\Z")
_PHP = str.maketrans(" .", "__")
_STEP = re.compile(r"\[([^\[\]]*)\]")


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("body", "the form is not UTF-8") from None


def _text(raw: str) -> str:
    return _utf8(unquote_to_bytes(raw.replace("+", " "))) if "%" in raw or "+" in raw else raw


def pairs(data: bytes) -> Pairs:
    """All pairs in order, a key as often as it stands there (queries). Errors: ``MalformedError``."""
    if not data:
        return []
    if _RAW_REFUSED.search(data):
        raise MalformedError("body", "a form with a semicolon, a control byte or a broken percent sign")
    pieces = _utf8(data).split("&")  # UTF-8 as sent: no raw byte needs an encoded one to make a character
    if len(pieces) > _MAX_PAIRS:
        raise MalformedError("body", f"more than {_MAX_PAIRS} form fields")
    found = []
    for piece in pieces:
        key, _, value = piece.partition("=")
        if not key:
            raise MalformedError("body", "a form field without a name")
        found.append((_text(key), _text(value)))
    return found


def unique[T](found: list[tuple[str, T]], repeated: Collection[str] = ()) -> list[tuple[str, T]]:
    """The fields as they are, one key once but for lists and what may be ``repeated``. Errors: ``MalformedError``."""
    seen: dict[str, str] = {}
    for key, _ in found:
        match = _KEY.match(key)
        if not match:
            raise MalformedError("body", "a form key with unbalanced brackets")
        alike = match["head"].lstrip(" ").translate(_PHP) + match["steps"]
        if alike in seen and not (seen[alike] == key and (key.endswith("[]") or key in repeated)):
            raise MalformedError("body", "a form has a key twice")
        seen[alike] = key
    return found


def loads(data: bytes, repeated: Collection[str] = ()) -> Pairs:
    """The pairs of a body, one key once but for those that may be ``repeated``. Errors: ``MalformedError``."""
    return unique(pairs(data), repeated)


def steps(key: str) -> list[str]:
    """``a[b][]`` as ``["a", "b", ""]``. Errors: ``MalformedError`` on unbalanced brackets or more than 8 steps."""
    found = _KEY.match(key)
    if not found:
        raise MalformedError("body", "a form key with unbalanced brackets")
    way = [found["head"], *_STEP.findall(found["steps"])]
    if len(way) > _MAX_STEPS or "" in way[:-1]:
        raise MalformedError("body", "a form key that cannot be nested in one way only")
    return way


class _Branch(dict[str, Value]):
    """What keys made. An object that came as a value (of a multipart form) is a leaf, which no key reaches into."""


class _Rows(list[Value]):
    """A list that ``a[]`` made."""


def nest(found: Iterable[tuple[str, Value]]) -> dict[str, Value]:
    """Fields as nested objects; ``a[]`` makes a list. Errors: ``MalformedError`` where two keys contradict."""
    tree = _Branch()
    for key, value in found:
        if key and "[" not in key and "]" not in key and key not in tree:
            tree[key] = value
            continue
        *way, last = steps(key)
        at = tree
        for step in way[:-1] if last == "" else way:
            below = at.setdefault(step, _Branch())
            if not isinstance(below, _Branch):
                raise MalformedError("body", "a form key is a value and an object")
            at = below
        if last == "":
            rows = at.setdefault(way[-1], _Rows())
            if not isinstance(rows, _Rows):
                raise MalformedError("body", "a form key is a list and something else")
            rows.append(value)
        elif last in at:
            raise MalformedError("body", "a form key is a value and an object")
        else:
            at[last] = value
    return tree
