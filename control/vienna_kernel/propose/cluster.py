"""Paths of calls as paths with variables.

1. A segment that looks like an id is a variable, at its first sight: digits, a UUID, ``ch_1abc``, ``ORD-123``, hex or
   letters and digits of at least eight characters, an address. What follows it (``.json``, ``:publish``) stays.
2. A word (``users``, ``getUser``, ``v1``, ``chat.postMessage``) is never a variable, and two paths that differ in one
   are never one.
3. What is neither (``Acme1``, ``2010-04-01``) is a variable once a second value stands in the same place; a word with
   a number (``user12``, ``s3``) once three of the same word do.
4. Whoever asks may name variables: ``/repos/{owner}/{repo}``, for names that look like words.

The result does not depend on the order of the calls.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from vienna_kernel.propose.observed import Seen, plain

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\Z")
_DIGITS = re.compile(r"[+-]?[0-9]+\Z")
_PREFIXED = re.compile(r"[A-Za-z]{1,12}[_-][0-9]{3,}\Z")
_WORDISH = re.compile(r"[A-Za-z]+[0-9]{1,2}[A-Za-z]*\Z")
_NUMBERED = re.compile(r"(?P<stem>[a-z]+)[0-9]{1,2}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9]+\Z")
_MIXED = re.compile(r"(?=.*[A-Z])(?=.*[a-z])(?=.*[0-9])[A-Za-z0-9_-]{16,}={0,2}\Z")
_ADDRESS = re.compile(r"[^@/\s]+@[^@/\s]+\.[^@/\s]+\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?\Z")
_WORD = re.compile(r"(?:[A-Za-z]+(?:[A-Z][a-z]+)*)(?:[._:~-][A-Za-z]+(?:[A-Z][a-z]+)*)*\Z")
_VERSION = re.compile(r"v[0-9]+(?:[.-]?(?:[0-9]+|alpha|beta|rc)[0-9]*)*\Z")
_ENDING = re.compile(r"(?P<body>.+?)(?P<end>\.[a-z]{2,5}|:[A-Za-z]+)\Z")
_LEAST_TOKEN, _LEAST_PART, _LEAST_BASE32 = 8, 4, 12
_LEAST_VALUES, _LEAST_NUMBERED = 2, 3


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment of a clustered path: a literal, or a variable before ``end``.

    Attributes:
        name: Given by whoever asked, empty when none was.
        encoded: A slash or a percent sign stood in it, encoded.
    """

    literal: str = ""
    variable: bool = False
    end: str = ""
    name: str = ""
    encoded: bool = False


@dataclass(slots=True)
class Cluster:
    """Calls that are one operation. ``calls``: those that it was made of."""

    host: str
    method: str
    pieces: tuple[Piece, ...]
    calls: list[Seen] = field(default_factory=list)

    @property
    def agents(self) -> int:
        """How many agents made them."""
        return len({call.agent for call in self.calls if call.agent})

    @property
    def path(self) -> str:
        """``/v1/orders/{}``."""
        return "/" + "/".join("{}" + piece.end if piece.variable else piece.literal for piece in self.pieces)


def is_id(text: str) -> bool:
    """Whether a decoded segment looks like the id of something."""
    if _UUID.match(text) or _DIGITS.match(text) or _PREFIXED.match(text) or _ADDRESS.match(text):
        return True
    if _DATE.match(text):
        return False
    if _MIXED.match(text) or (len(text) >= _LEAST_TOKEN and _is_token(text)):
        return True
    head, *parts = re.split(r"[_-]", text)
    return bool(head.isalpha()) and any(len(part) >= _LEAST_PART and _is_token(part) for part in parts)


def _is_token(text: str) -> bool:
    """Letters and digits that are no word with a number at its end."""
    if not _TOKEN.match(text) or not any(char.isdigit() for char in text):
        return False
    return not _WORDISH.match(text) or (text.isupper() and len(text) >= _LEAST_BASE32)


def is_word(text: str) -> bool:
    """Whether a decoded segment is a word of the API and not of its data."""
    return bool(_WORD.match(text) or _VERSION.match(text)) or text == ""


def clusters(calls: Iterable[Seen], *, variables: Sequence[str] = ()) -> list[Cluster]:
    """The operations in some traffic, by host, then path, then method. ``variables``: paths that name some."""
    patterns = [pattern.strip("/").split("/") for pattern in variables]
    found: dict[tuple[str, str, int], dict[tuple[Piece, ...], list[Seen]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for call in calls:
        pieces = _named(call.segments, patterns)
        found[call.host, call.method, len(pieces)][pieces].append(call)
    made = [
        Cluster(host, method, pieces, rows)
        for (host, method, _), paths in found.items()
        for pieces, rows in _varied(paths).items()
    ]
    return sorted(made, key=lambda one: (one.host, one.path, one.method))


def _named(segments: Sequence[str], patterns: Sequence[Sequence[str]]) -> tuple[Piece, ...]:
    """The pieces of a path: variables that were named, then those that look like ids."""
    pieces = [_piece(segment) for segment in segments]
    for pattern in patterns:
        if len(pattern) <= len(segments) and all(
            part.startswith("{") or part == segment for part, segment in zip(pattern, segments, strict=False)
        ):
            for i, part in enumerate(pattern):
                if part.startswith("{"):
                    pieces[i] = Piece(variable=True, name=part.strip("{}"), encoded=_coded(segments[i]))
    return tuple(pieces)


def _piece(segment: str) -> Piece:
    text = plain(segment)
    if is_id(text) or _coded(segment):  # no word of an API has a slash in it
        return Piece(variable=True, encoded=_coded(segment))
    ending = _ENDING.match(text)
    if ending and is_id(ending["body"]):
        return Piece(variable=True, end=ending["end"], encoded=_coded(segment))
    return Piece(literal=segment)


def _coded(segment: str) -> bool:
    return "%2F" in segment or "%25" in segment


def _varied(paths: dict[tuple[Piece, ...], list[Seen]]) -> dict[tuple[Piece, ...], list[Seen]]:
    """Paths of one length, those that differ in what is no word made one."""
    size = len(next(iter(paths)))
    for i in range(size):
        alike: dict[tuple[Piece, ...], list[tuple[Piece, ...]]] = defaultdict(list)
        for pieces in paths:
            if pieces[i].variable or not is_word(plain(pieces[i].literal)):
                alike[_rest(pieces, i)].append(pieces)
        for alone, rows in alike.items():
            if len(rows) >= (_LEAST_NUMBERED if alone[i].literal else _LEAST_VALUES):
                _join(paths, rows, i)
    return paths


def _rest(pieces: tuple[Piece, ...], at: int) -> tuple[Piece, ...]:
    """What must be alike for two paths to be one but for a segment: all others, how that one ends, its word."""
    piece = pieces[at]
    ending, numbered = _ENDING.match(piece.literal), _NUMBERED.match(piece.literal)
    end = piece.end or (ending["end"] if ending else "")
    alone = Piece(literal=numbered["stem"] if numbered else "", end=end, name=piece.name)
    return (*pieces[:at], alone, *pieces[at + 1 :])


def _join(paths: dict[tuple[Piece, ...], list[Seen]], rows: Sequence[tuple[Piece, ...]], at: int) -> None:
    told = [row[at] for row in rows]
    ends = {piece.end for piece in told if piece.variable} or {_rest(rows[0], at)[at].end}
    encoded = any(piece.encoded or _coded(piece.literal) for piece in told)
    name = next((piece.name for piece in told if piece.name), "")
    whole = (
        *rows[0][:at],
        Piece(variable=True, end=min(ends), name=name, encoded=encoded),
        *rows[0][at + 1 :],
    )
    calls = [call for row in rows for call in paths.pop(row)]
    paths[whole] = [*paths.get(whole, []), *calls]
