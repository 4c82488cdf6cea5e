"""Which of several entries of one path a request means.

1. By its head first: the entries whose query keys and headers all stand there, those that name most of them. Two
   that name different ones, both there, are two readings: the request is refused. So is one in which a key or header
   that an entry names stands twice.
2. Then by most values that stand there (``having``), of as many by those that are none of some (``none_of``: what an
   entry does not know counts over what it does), then by its operation: exact over the longest beginning over any. So
   a dry run is one, whatever is tried. Two that name values at different places, all there, are two readings as well:
   nothing maps it.
3. None left: nothing maps it. An entry that names more is never passed over for one of another path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vienna_kernel.decode import pointer
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.value import Value

type Wanted = tuple[tuple[str, str | None], ...]
type Having = tuple[Pointer, tuple[Value, ...]]

_EXACT = 1_000


@dataclass(frozen=True, slots=True)
class Discriminator:
    """What tells an entry from others of its path.

    Attributes:
        operations: Names, or beginnings with a ``*``; none: any operation.
        query, headers: Keys that must be there, with the value they must have or None for any.
        having: Values, one of which must stand at a pointer into the operation or the body; none: anything but
            null. Where the pointer has a ``*``, one of the items must.
        beyond: Likewise something that is none of the values.
        of_head: How many things of the head it names.
        head_keys: Which.
    """

    operations: tuple[str, ...] = ()
    query: Wanted = ()
    headers: Wanted = ()
    having: tuple[Having, ...] = ()
    beyond: tuple[Having, ...] = ()
    of_head: int = field(init=False, compare=False)
    head_keys: frozenset[tuple[str, str]] = field(init=False, compare=False)
    _beginnings: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        named = [("query", key) for key, _ in self.query] + [("header", key) for key, _ in self.headers]
        object.__setattr__(self, "of_head", len(named))
        object.__setattr__(self, "head_keys", frozenset(named))
        starts = tuple(text[:-1] for text in self.operations if text.endswith("*"))
        object.__setattr__(self, "_beginnings", starts)

    def fits_head(self, query: Mapping[str, Sequence[str]], headers: Sequence[tuple[str, str]]) -> bool:
        """Whether all that it names of the head stands there."""
        for key, value in self.query:
            found = query.get(key)
            if found is None or (value is not None and found[0] != value):
                return False
        for name, value in self.headers:
            lines = [text for line, text in headers if line == name]
            if not lines or (value is not None and lines[0] != value):
                return False
        return True

    def is_doubled(self, query: Mapping[str, Sequence[str]], headers: Sequence[tuple[str, str]]) -> bool:
        """Whether something that it names of the head stands there more than once."""
        names = {name for name, _ in self.headers}
        lines = [name for name, _ in headers if name in names]
        return len(lines) > len(set(lines)) or any(len(query.get(key, ())) > 1 for key, _ in self.query)

    def rank(self, operation: str, root: Found) -> tuple[int, int, int] | None:
        """How closely it names this operation, greater is closer; None when it names another."""
        closest = self._closest(operation)
        if closest is None or not all(_stands(root, place, values) for place, values in self.having):
            return None
        if not all(_stands_beyond(root, place, values) for place, values in self.beyond):
            return None
        return len(self.having) + len(self.beyond), len(self.beyond), closest

    def _closest(self, operation: str) -> int | None:
        """1,000 for the name itself, else how long the beginning is; -1 where any will do."""
        if operation in self.operations:
            return _EXACT
        if not self.operations:
            return -1
        return max([len(text) for text in self._beginnings if operation.startswith(text)], default=None)

    def rivals(self, other: Discriminator) -> bool:
        """Whether some request would fit both as closely."""
        if self.of_head and other.of_head and self.head_keys != other.head_keys:
            return False  # told apart, or refused, request by request
        if self.of_head != other.of_head or len(self.having) != len(other.having):
            return False
        if dict(self.beyond).keys() != dict(other.beyond).keys():
            return False  # likewise
        if not _common(self.operations, other.operations):
            return False
        pairs = [(dict(self.query), dict(other.query)), (dict(self.headers), dict(other.headers))]
        if any(_differ(mine.get(key), theirs.get(key)) for mine, theirs in pairs for key in mine):
            return False
        mine_having, theirs_having = dict(self.having), dict(other.having)
        if mine_having.keys() != theirs_having.keys():
            return False  # likewise
        return all(_share(values, theirs_having[place]) for place, values in self.having)


def _share(mine: Sequence[Value], theirs: Sequence[Value]) -> bool:
    """Whether one value is among both; without values any is."""
    return not mine or not theirs or bool(_keys(mine) & _keys(theirs))


def _keys(values: Sequence[Value]) -> set[str]:
    return {f"{type(value).__name__}:{value}" for value in values}


def _differ(mine: str | None, theirs: str | None) -> bool:
    return mine is not None and theirs is not None and mine != theirs


def _common(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    if not mine or not theirs:
        return not mine and not theirs
    return bool(set(mine) & set(theirs))


def _standing(root: Found, place: Pointer) -> list[Value]:
    """What is no list counts as a list of itself, as parameters with a ``*`` read it."""
    if root is MISSING:
        return []
    return [
        item for item in pointer.every(root, place, lone=True) if item is not MISSING and item is not None
    ]


def _stands(root: Found, place: Pointer, values: Sequence[Value]) -> bool:
    found = _standing(root, place)
    return any(_is_among(item, values) for item in found) if values else bool(found)


def _stands_beyond(root: Found, place: Pointer, values: Sequence[Value]) -> bool:
    return any(not _is_among(item, values) for item in _standing(root, place))


def _is_among(item: Value, values: Sequence[Value]) -> bool:
    return any(type(item) is type(value) and item == value for value in values)


def by_head[E](
    entries: Sequence[tuple[Discriminator, E]], query: Pairs, headers: Sequence[tuple[str, str]]
) -> Sequence[tuple[Discriminator, E]] | None:
    """The entries that the head leaves; None when it names two that are not one, or what names one twice."""
    if not any([row[0].of_head for row in entries]):
        return entries
    asked: dict[str, list[str]] = {}
    for key, value in query:
        asked.setdefault(key, []).append(value)
    if any(row[0].is_doubled(asked, headers) for row in entries):
        return None
    left = [row for row in entries if row[0].fits_head(asked, headers)]
    most = max((row[0].of_head for row in left), default=0)
    left = [row for row in left if row[0].of_head == most]
    return left if len({row[0].head_keys for row in left}) <= 1 else None


def by_operation[E](entries: Sequence[tuple[Discriminator, E]], operation: str, root: Found) -> E | None:
    """The entry that names an operation most closely; None when two do."""
    best: tuple[tuple[int, int, int], E | None] | None = None
    for discriminator, entry in entries:
        rank = discriminator.rank(operation, root)
        if rank is not None and (best is None or rank >= best[0]):
            best = rank, None if best is not None and rank == best[0] else entry
    return None if best is None else best[1]
