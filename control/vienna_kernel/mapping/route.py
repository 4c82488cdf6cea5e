"""Which declared route a call takes.

Precedence: exact host over wildcard (``host``); then most literal segments; then what ``choose`` goes by. Two actions
that no request could tell apart are an error at load.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from vienna_kernel.call.target import has_encoded_separator
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.choose import Discriminator
from vienna_kernel.mapping.host import Hosts, labels_for

_VAR = re.compile(
    r"(?P<before>[^{}]*)\{(?P<name>[a-z][a-z0-9_]*)(?P<flag>\+:encoded|\+|:encoded)?\}(?P<after>[^{}]*)\Z"
)
_SEPARATOR = re.compile("%(25|2[Ff])")


@dataclass(frozen=True, slots=True)
class Segment:
    """One path segment: a literal (``name`` empty, the text in ``before``), or a variable between two literals.

    Attributes:
        encoded: The segment may hold ``%2F`` and ``%25``; it is kept and compared encoded. Of a rest only those two are
            kept, all else is decoded.
        rest: It and all that follow. Only an encoded one, the name of an object, ends in a slash: ``/a/1/`` is to most
            servers ``/a/1``, and must not reach a family past the entry that names it.
    """

    before: str
    name: str = ""
    after: str = ""
    encoded: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path of a mapping.

    Attributes:
        weight: Greater is more specific: literal segments, literal parts of others, no rest.
        shape: What requests can tell apart: the pattern without the names of its variables.
        coded: Which segments are encoded.
    """

    segments: tuple[Segment, ...]
    weight: tuple[int, int, int] = field(init=False, compare=False)
    shape: tuple[tuple[str, str, bool, bool], ...] = field(init=False, compare=False)
    coded: tuple[bool, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        rows = self.segments
        literal = sum(not segment.name for segment in rows)
        partly = sum(bool(segment.name and (segment.before or segment.after)) for segment in rows)
        object.__setattr__(self, "weight", (literal, partly, not self.has_rest))
        object.__setattr__(self, "shape", tuple([(s.before, s.after, bool(s.name), s.rest) for s in rows]))
        object.__setattr__(self, "coded", tuple([segment.encoded for segment in rows]))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(segment.name for segment in self.segments if segment.name)

    @property
    def has_rest(self) -> bool:
        return self.segments[-1].rest

    def match(self, raw: list[str], plain: list[str]) -> dict[str, str] | None:
        """Values of the variables for segments as sent and decoded, None when the path is another.

        ``plain`` is ``raw`` itself where nothing is encoded.
        """
        if len(raw) < len(self.segments) or (len(raw) > len(self.segments) and not self.has_rest):
            return None
        found: dict[str, str] = {}
        for i, segment in enumerate(self.segments):
            if not segment.name:
                if plain[i] != segment.before:
                    return None
            elif segment.rest:
                rest = "/".join(plain[i:]) if raw is plain else _rest(segment, raw[i:], plain[i:])
                if rest is None or not raw[i] or not (raw[-1] or segment.encoded):
                    return None
                found[segment.name] = rest
            else:
                value = _inside(segment, raw[i], plain[i])
                if value is None:
                    return None
                found[segment.name] = value
        return found


def _rest(segment: Segment, raw: list[str], plain: list[str]) -> str | None:
    if not any(has_encoded_separator(text) for text in raw):
        return "/".join(plain)
    return _but_separators("/".join(raw)) if segment.encoded else None


def _but_separators(raw: str) -> str:
    """Decoded, but for ``%2F`` and ``%25``: two paths never become one name."""
    return unquote(_SEPARATOR.sub(lambda found: f"%25{found[1].upper()}", raw), errors="strict")


def _inside(segment: Segment, raw: str, plain: str) -> str | None:
    if not segment.encoded and has_encoded_separator(raw):
        return None
    text = raw.replace("%2f", "%2F") if segment.encoded else plain
    if not text.startswith(segment.before) or not text.endswith(segment.after):
        return None
    value = text[len(segment.before) : len(text) - len(segment.after)]
    return value if value and len(text) >= len(segment.before) + len(segment.after) else None


def compile_pattern(path: str, *, where: str) -> Pattern:
    """Errors: ``MalformedError`` for braces out of place, a name twice, ``{var+}`` not last."""
    segments = tuple(_segment(text, where) for text in path[1:].split("/"))
    pattern = Pattern(segments)
    if len(set(pattern.names)) != len(pattern.names):
        raise MalformedError(where, "the path names a variable twice")
    if any(segment.rest for segment in segments[:-1]):
        raise MalformedError(where, "{var+} must stand last")
    return pattern


def _segment(text: str, where: str) -> Segment:
    found = _VAR.match(text)
    if found:
        flag = found["flag"] or ""
        rest = flag.startswith("+")
        if rest and (found["before"] or found["after"]):
            raise MalformedError(where, "{var+} is a segment of its own")
        return Segment(found["before"], found["name"], found["after"], flag.endswith(":encoded"), rest)
    if "{" in text or "}" in text:
        known = "text, {var}, {var:encoded}, {var+} or {var+:encoded}"
        raise MalformedError(where, f"not a path segment: {text!r}; expected {known}")
    return Segment(text)


@dataclass(frozen=True, slots=True)
class Entry[A]:
    """One action at a path; ``order`` is its place among all files."""

    pattern: Pattern
    order: int
    where: str
    discriminator: Discriminator
    action: A


@dataclass(slots=True)
class Route[A]:
    """All actions of one path shape and method; they differ in their discriminators."""

    pattern: Pattern
    order: int
    entries: list[tuple[Discriminator, Entry[A]]] = field(default_factory=list)

    def add(self, entry: Entry[A]) -> None:
        """Errors: ``MalformedError`` when an earlier action takes exactly the same requests."""
        for discriminator, other in self.entries:
            if entry.pattern.coded != other.pattern.coded:
                raise MalformedError(entry.where, f"declares other encoded segments than {other.where}")
            if discriminator.rivals(entry.discriminator):
                why = (
                    "; tell them apart by operation, query, headers or having"
                    if discriminator.operations
                    else ""
                )
                raise MalformedError(entry.where, f"takes the same requests as {other.where}{why}")
        self.entries.append((entry.discriminator, entry))


@dataclass(slots=True)
class _Methods[A]:
    exact: dict[tuple[str, int], list[Route[A]]] = field(default_factory=dict)
    rest: dict[str, list[Route[A]]] = field(default_factory=dict)
    both: dict[tuple[str, int], list[Route[A]]] = field(default_factory=dict)

    def rows(self, method: str, count: int) -> list[Route[A]]:
        """The routes that can take a path of so many segments; the two lists are put together once."""
        exact, rest = self.exact.get((method, count), []), self.rest.get(method, [])
        if not exact or not rest:
            return exact or rest
        rows = self.both.get((method, count))
        if rows is None:
            rows = self.both[method, count] = sorted([*exact, *rest], key=_rank)
        return rows


def _rank[A](route: Route[A]) -> tuple[int, int, int, int]:
    literal, partly, no_rest = route.pattern.weight
    return -literal, -partly, -no_rest, route.order


@dataclass(frozen=True, slots=True)
class Found[A]:
    """The route of a request, with its path segments as sent and decoded, and the labels for each ``*`` of its host."""

    route: Route[A]
    raw: list[str]
    plain: list[str]
    labels: tuple[str, ...]

    def variables(self, entry: Entry[A]) -> Mapping[str, str]:
        """Values of the path variables as one action names them."""
        return entry.pattern.match(self.raw, self.plain) or {}


class Index[A]:
    """Routes by host, then method and number of segments."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Methods[A]] = {}
        self._forms = Hosts()

    def add(self, host: str, method: str, entry: Entry[A]) -> None:
        """Errors: ``MalformedError`` when an earlier action takes exactly the same requests."""
        methods = self._hosts.setdefault(host, _Methods())
        self._forms.add(host)
        methods.both.clear()
        if entry.pattern.has_rest:
            rows = methods.rest.setdefault(method, [])
        else:
            rows = methods.exact.setdefault((method, len(entry.pattern.segments)), [])
        route = next((row for row in rows if row.pattern.shape == entry.pattern.shape), None)
        if route is None:
            route = Route(entry.pattern, entry.order)
            rows.append(route)
            rows.sort(key=_rank)
        route.add(entry)

    def names(self, host: str) -> bool:
        """Whether some route is of this host."""
        return any(name in self._hosts for name in self._forms.names(host))

    def find(self, host: str, method: str, path: str) -> Found[A] | None:
        """The route of a request."""
        raw = path[1:].split("/")
        plain = [unquote(text, errors="strict") for text in raw] if "%" in path else raw
        for name in self._forms.names(host):
            methods = self._hosts.get(name)
            for route in methods.rows(method, len(raw)) if methods else ():
                if route.pattern.match(raw, plain) is not None:
                    return Found(route, raw, plain, labels_for(name, host))
        return None
