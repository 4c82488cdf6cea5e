"""The path of a proposed action, and what it acts on.

A variable that may hold slashes is ``{name+}`` at the end of the path, where they are sent as they are, and
``{name:encoded}`` before it. Two variables in one segment become one: a mapping has one in each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from vienna_kernel.propose.field import Names
from vienna_kernel.propose.operation import Input

_HOLE = re.compile(r"\{([^{}]*)\}")
_LITERAL = re.compile(r"[!-~]*\Z")
_NEVER = re.compile(r"[\\;{}]")
_QUERY_HOLES = re.compile(r"\{[?&#][^{}]*\}")
_MAX_PATH = 480
_MAX_TARGET = 440
_SAFE = "!$&'()*+,=:@-._~"
_VERSION = re.compile(r"v?[0-9][0-9a-z.-]*\Z|api\Z|rest\Z")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: literal text, or a variable between two literals. ``wire``: its name in the description."""

    before: str
    name: str = ""
    after: str = ""
    wire: str = ""
    flag: str = ""

    def __str__(self) -> str:
        return f"{self.before}{{{self.name}{self.flag}}}{self.after}" if self.name else self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where an operation is found.

    Attributes:
        query: Keys that must stand in the query, each with its value.
        problem: Why no request can take it, empty when one can.
    """

    segments: tuple[Segment, ...] = ()
    query: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """As a mapping writes it."""
        return "/" + "/".join(map(str, self.segments))

    @property
    def shape(self) -> tuple[object, ...]:
        """What requests can tell apart."""
        return (
            tuple((s.before, s.after, bool(s.name), s.flag == "+") for s in self.segments),
            self.query,
        )

    def sample(self, values: Mapping[str, str]) -> str:
        """A path, percent-encoded, with these values of its variables."""
        told = (s.before + values.get(s.name, "") + s.after if s.name else s.before for s in self.segments)
        return "/" + "/".join(quote(text, safe=_SAFE) for text in told)

    def target(self, start: str) -> str:
        """What is acted on: ``github:repos/{owner}/{repo}``; versions and the like at its start left out."""
        rest = list(self.segments)
        while len(rest) > 1 and not rest[0].name and _VERSION.match(rest[0].before.lower()):
            rest = rest[1:]
        told = [f"{{{s.name}}}" if s.name else s.before for s in rest if s.name or s.before]
        text = f"{start}{'/'.join(told)}"
        return text if len(text) <= _MAX_TARGET else start.rstrip(":/")


def route_of(base: str, path: str, inputs: Sequence[Input], names: Names) -> Route:
    """The route of a path below a base path. Total: ``problem`` says why there is none."""
    plain, mark, query = _QUERY_HOLES.sub("", base + path).partition("?")
    told, why = _query(query) if mark else ((), "")
    if "#" in plain + query:
        why = "the path names its operation in a fragment, which is never sent"
    known = {one.name: one for one in inputs if one.place == "path"}
    pieces = plain.split("/")[1:]
    segments: list[Segment] = []
    notes: list[str] = []
    for i, piece in enumerate(pieces):
        last = i == len(pieces) - 1
        segment = _segment(piece, known, names, notes, last=last)
        problem = _problem(segment, last=last)
        why = why or problem
        segments.append(segment)
    made = Route(segments=tuple(segments), query=told, problem=why, notes=tuple(notes))
    if not why and len(made.path) > _MAX_PATH:
        return Route(problem=f"the path is longer than {_MAX_PATH} characters")
    return made


def _query(text: str) -> tuple[tuple[tuple[str, str], ...], str]:
    """Keys and values that stand in the path of the description."""
    pairs = tuple(
        (unquote(key), unquote(value))
        for key, _, value in (piece.partition("=") for piece in text.split("&"))
        if key
    )
    if _HOLE.search(text) or not pairs or len(dict(pairs)) != len(pairs):
        return (), "the query in its path is no list of keys and values"
    return pairs, ""


def _segment(
    piece: str, known: Mapping[str, Input], names: Names, notes: list[str], *, last: bool
) -> Segment:
    holes = list(_HOLE.finditer(piece))
    if not holes:
        return Segment(unquote(piece))
    before, after = unquote(piece[: holes[0].start()]), unquote(piece[holes[-1].end() :])
    wires = [hole[1].strip("+*") for hole in holes]
    if len(holes) > 1:
        notes.append(f"{piece} is read as one variable")
    told = [known[wire] for wire in wires if wire in known]
    many = any(one.slashes for one in told) or any(
        hole[1] != wire for hole, wire in zip(holes, wires, strict=True)
    )
    whole = many and last and not before and not after
    flag = "+" if whole else ":encoded" if many or any(one.encoded for one in told) else ""
    name = names.give(" and ".join(wires), otherwise="path")
    if many and not whole:
        notes.append(f"slashes in {{{name}}} are read where they are encoded only")
    return Segment(before, name, after, wires[0] if len(wires) == 1 else "", flag)


def _problem(segment: Segment, *, last: bool) -> str:
    for text in (segment.before, segment.after):
        if not _LITERAL.match(text) or _NEVER.search(text) or "/" in text or "%" in text:
            return "its path has characters that no canonical request has"
    if not segment.name and (segment.before in (".", "..") or (not segment.before and not last)):
        return "its path has a dot segment or an empty one, which no canonical request has"
    return ""
