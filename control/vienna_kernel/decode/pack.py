"""The commits of a git pack (gitformat-pack), as far as they can be read within bounds.

Nothing here trusts the sender: a commit is known by the hash of its bytes, and so are the parents it names. What is
beyond a bound (long commits, deltas against what is not in the pack, packs of very many objects) is left unread:
less can be proven then, never more.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from vienna_kernel.decode.delta import applied, varint
from vienna_kernel.decode.inflate import ZLIB, inflate
from vienna_kernel.errors import MalformedError

MAX_OBJECTS = 20_000
MAX_BYTES = 32 * 1024 * 1024
MAX_COMMIT_BYTES = 65_536
MAX_DELTA_BYTES = 262_144
MAX_STEPS = 200_000

_COMMIT, _TREE, _BLOB, _TAG, _OFFSET_DELTA, _REF_DELTA = 1, 2, 3, 4, 6, 7
_HEADER_BYTES = 12
_PARENTS = {
    chars: re.compile(rb"tree [0-9a-f]{%d}\n((?:parent [0-9a-f]{%d}\n)*+)" % (chars, chars))
    for chars in (40, 64)
}


def _hash(data: bytes, chars: int) -> bytes:
    return (
        hashlib.sha1(data, usedforsecurity=False).digest() if chars == 40 else hashlib.sha256(data).digest()
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a pack.

    Attributes:
        at: Where it begins, which offset deltas count from.
        base: What a delta changes: where an entry begins, or the hash of an object in or out of the pack.
        content: Inflated; of a delta its instructions.
    """

    at: int
    kind: int
    base: int | bytes | None
    content: bytes


class Pack:
    """A pack whose header and checksum are right.

    Attributes:
        count: How many objects it says it has.

    Errors: ``MalformedError``, also with anything after its end.
    """

    def __init__(self, data: bytes, *, chars: int) -> None:
        end = len(data) - chars // 2
        if data[:4] != b"PACK" or data[4:8] not in (b"\0\0\0\2", b"\0\0\0\3") or end < _HEADER_BYTES:
            raise MalformedError("body", "not a pack")
        if _hash(data[:end], chars) != data[end:]:
            raise MalformedError("body", "a pack with a wrong checksum, or something after it")
        self.count = int.from_bytes(data[8:_HEADER_BYTES], "big")
        self._data, self._end, self.chars = data, end, chars

    def entries(self) -> Iterator[Entry]:
        """The objects in order, until all are read or a bound is reached. Errors: ``MalformedError``."""
        at, room = _HEADER_BYTES, MAX_BYTES
        for number in range(self.count):
            found = self._entry(at, room) if number < MAX_OBJECTS else None
            if found is None:
                return
            entry, at = found
            room -= len(entry.content)
            yield entry
        if at != self._end:
            raise MalformedError("body", "a pack with more in it than it says")

    def _entry(self, start: int, room: int) -> tuple[Entry, int] | None:
        """The entry at ``start`` and the index after it; None when it is larger than ``room``."""
        # The type stands above the lowest four bits of the length.
        size, at = varint(self._data, start)
        kind = (self._data[start] >> 4) & 7
        size = (size >> 7 << 4) | (size & 15)
        base: int | bytes | None = None
        if kind == _OFFSET_DELTA:
            distance, at = _distance(self._data, at)
            base = start - distance
        elif kind == _REF_DELTA:
            base, at = self._data[at : at + self.chars // 2], at + self.chars // 2
        elif kind not in (_COMMIT, _TREE, _BLOB, _TAG):
            raise MalformedError("body", "an object of unknown type in the pack")
        if size > room:
            return None
        content, at = inflate(self._data, at, wrapper=ZLIB, limit=size)
        if len(content) != size:
            raise MalformedError("body", "an object in the pack that is not as long as it says")
        return Entry(start, kind, base, content), at


def _distance(data: bytes, at: int) -> tuple[int, int]:
    """How far back the base lies: high bits first, each further byte adding one, so that none is spelled twice."""
    value = -1
    for byte in data[at : at + 9]:
        at += 1
        value = (value + 1) << 7 | (byte & 0x7F)
        if not byte & 0x80:
            return value, at
    raise MalformedError("body", "a distance in the pack is broken")


class _Commits:
    """The commits read so far, and who their parents are."""

    def __init__(self, chars: int, shallow: frozenset[str]) -> None:
        self._chars, self._shallow = chars, shallow
        self._parents: dict[str, tuple[str, ...]] = {}
        self._contents: dict[int | bytes, bytes] = {}
        self._delta_room, self._room, self._steps = MAX_DELTA_BYTES, MAX_BYTES, MAX_STEPS

    def learn(self, entry: Entry) -> None:
        """Take in a commit, or a delta that makes one. Errors: ``MalformedError``."""
        content: bytes | None = entry.content if entry.kind == _COMMIT else None
        if entry.base is not None and (base := self._contents.get(entry.base)) is not None:
            self._delta_room -= len(entry.content)
            if self._delta_room >= 0:
                content = applied(base, entry.content, limit=min(MAX_COMMIT_BYTES, self._room))
        if content is None or len(content) > min(MAX_COMMIT_BYTES, self._room):
            return
        self._room -= len(content)
        name = _hash(b"commit %d\0" % len(content) + content, self._chars)
        self._contents[entry.at] = self._contents[name] = content
        said = _PARENTS[self._chars].match(content)
        cut_off = said is None or name.hex() in self._shallow
        lines = () if said is None or cut_off else said[1].decode("ascii").splitlines()
        self._parents[name.hex()] = tuple(line.removeprefix("parent ") for line in lines)

    def descends(self, new: str, old: str) -> bool:
        """Whether parents lead from ``new`` to ``old``, all of them read here but the last."""
        seen, open_ = {new}, [new]
        while open_ and self._steps > 0:
            for parent in self._parents.get(open_.pop(), ()):
                self._steps -= 1
                if parent == old:
                    return True
                if parent not in seen:
                    seen.add(parent)
                    open_.append(parent)
        return False


def descendants(
    pack: Pack, asked: frozenset[tuple[str, str]], shallow: frozenset[str]
) -> frozenset[tuple[str, str]]:
    """Those pairs of (old, new) of which the commits in the pack prove that ``new`` descends from ``old``.

    Args:
        shallow: Commits that the sender has no parents of; theirs do not count.

    Errors: ``MalformedError``.
    """
    commits, in_order = (
        _Commits(pack.chars, shallow),
        sorted(asked),
    )  # a set's order differs from process to process
    commits_first = True
    for entry in pack.entries():
        # Git writes its commits first: a proof that is whole by then need not wait for files of many megabytes.
        if commits_first and entry.kind in (_TREE, _BLOB):
            commits_first = False
            if all(commits.descends(new, old) for old, new in in_order):
                return asked
        commits.learn(entry)
    return frozenset((old, new) for old, new in in_order if commits.descends(new, old))
