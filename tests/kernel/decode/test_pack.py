"""What a pack proves about its commits, and that its bounds only ever prove less."""

from __future__ import annotations

import contextlib
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import pack as module
from vienna_kernel.decode.pack import Entry, Pack, descendants
from vienna_kernel.errors import MalformedError

OLD, TREE = "a" * 40, "e" * 40


def entry(kind: int, content: bytes, *, base: bytes = b"", size: int | None = None) -> bytes:
    left = len(content) if size is None else size
    first, left = kind << 4 | left & 15, left >> 4
    head = bytearray()
    while left:
        head.append(first | 0x80)
        first, left = left & 0x7F, left >> 7
    return bytes([*head, first]) + base + zlib.compress(content)


def packed(
    *entries: bytes, count: int | None = None, version: int = 2, after: bytes = b"", magic: bytes = b"PACK"
) -> bytes:
    number = len(entries) if count is None else count
    data = magic + version.to_bytes(4, "big") + number.to_bytes(4, "big") + b"".join(entries) + after
    return data + hashlib.sha1(data).digest()


def commit(*parents: str, note: str = "") -> bytes:
    return f"tree {TREE}\n{''.join(f'parent {parent}\n' for parent in parents)}\n{note}".encode()


def name_of(content: bytes) -> str:
    return hashlib.sha1(b"commit %d\0" % len(content) + content).hexdigest()


def proves(data: bytes, new: str, old: str = OLD) -> bool:
    asked = frozenset({(old, new)})
    return descendants(Pack(data, chars=40), asked, frozenset()) == asked


def test_entries_are_told_as_they_stand() -> None:
    first, second = entry(3, b"blob"), entry(6, b"delta", base=b"\x05")
    third = entry(7, b"other", base=bytes(20))
    data = packed(first, second, third)
    at = 12 + len(first)
    assert list(Pack(data, chars=40).entries()) == [
        Entry(12, 3, None, b"blob"),
        Entry(at, 6, at - 5, b"delta"),
        Entry(at + len(second), 7, bytes(20), b"other"),
    ]


@pytest.mark.parametrize(("spelled", "distance"), [(b"\x7f", 127), (b"\x80\x00", 128), (b"\xff\x7f", 16_511)])
def test_distances_are_spelled_in_one_way(spelled: bytes, distance: int) -> None:
    (found,) = Pack(packed(entry(6, b"", base=spelled)), chars=40).entries()
    assert found.base == 12 - distance


@pytest.mark.parametrize("size", [0, 15, 16, 2047, 2048, 300_000])
def test_sizes_are_read(size: int) -> None:
    (found,) = Pack(packed(entry(3, bytes(size))), chars=40).entries()
    assert len(found.content) == size


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PACK",
        packed()[:-1],
        packed() + b"\0",
        packed(magic=b"pack"),
        packed(version=1),
        packed(version=4),
        packed()[:-20] + hashlib.sha256(packed()[:-20]).digest(),
    ],
)
def test_what_is_no_pack_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        Pack(data, chars=40)


@pytest.mark.parametrize(
    "data",
    [
        packed(count=1),
        packed(entry(3, b"x"), count=2),
        packed(entry(3, b"x"), entry(3, b"y"), count=1),
        packed(entry(3, b"x"), after=b"\0"),
        packed(entry(0, b"x")),
        packed(entry(5, b"x")),
        packed(entry(3, b"x", size=2)),
        packed(entry(3, b"xy", size=1)),
        packed(entry(3, b"x")[:-1]),
        packed(entry(3, b"x")[:1]),
        packed(b"\xbf" * 9),
        packed(entry(6, b"x", base=b"\xff" * 9)),
    ],
)
def test_a_pack_that_is_not_what_it_says_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        list(Pack(data, chars=40).entries())


def test_beyond_a_bound_less_is_proven() -> None:
    """The same proof behind too many objects, too many bytes, or too long a commit."""
    wanted = commit(OLD)
    ahead = [entry(3, b"")] * (module.MAX_OBJECTS - 1)
    assert proves(packed(*ahead, entry(1, wanted)), name_of(wanted))
    assert not proves(packed(*ahead, entry(3, b""), entry(1, wanted)), name_of(wanted))
    full = entry(3, bytes(module.MAX_BYTES - len(wanted)))
    assert proves(packed(full, entry(1, wanted)), name_of(wanted))
    assert not proves(packed(full, entry(3, b"x"), entry(1, wanted)), name_of(wanted))
    long = commit(OLD, note="x" * (module.MAX_COMMIT_BYTES - len(commit(OLD))))
    assert proves(packed(entry(1, long)), name_of(long))
    assert not proves(packed(entry(1, long + b"x")), name_of(long + b"x"))


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(MalformedError):
        list(Pack(packed(entry(3, bytes(50_000_000), size=5)), chars=40).entries())
    assert list(Pack(packed(entry(3, bytes(50_000_000))), chars=40).entries()) == []


def test_deltas_are_bounded_together() -> None:
    base = commit(OLD)
    size = bytes([len(base) & 127 | 128, len(base) >> 7]) if len(base) > 127 else bytes([len(base)])
    idle = size + size + b"\x90" + bytes([len(base)])
    target = commit(OLD, note="b")
    made = size + bytes([len(target)]) + b"\x90" + bytes([len(base)]) + b"\x01b"
    by_name = bytes.fromhex(name_of(base))
    assert proves(packed(entry(1, base), entry(7, made, base=by_name)), name_of(target))
    # Deltas that say nothing new, until the room for deltas is used up.
    slow = size + bytes([len(base)]) + b"".join(b"\x91" + bytes([at, 1]) for at in range(len(base)))
    many = [entry(7, slow, base=by_name)] * (module.MAX_DELTA_BYTES // len(slow) + 1)
    assert not proves(packed(entry(1, base), *many, entry(7, made, base=by_name)), name_of(target))
    assert proves(packed(entry(1, base), entry(7, idle, base=by_name), entry(1, target)), name_of(target))


def test_a_broken_delta_of_a_commit_is_refused() -> None:
    base = commit(OLD)
    with pytest.raises(MalformedError):
        proves(packed(entry(1, base), entry(7, b"\x01\x01\x01x", base=bytes.fromhex(name_of(base)))), OLD)


def test_steps_are_bounded_together() -> None:
    wide = [commit(*[f"{number:040x}" for number in range(1000)], note=str(each)) for each in range(201)]
    top = commit(*[name_of(each) for each in wide], OLD)
    last = commit(*[name_of(each) for each in wide])
    pack = packed(*(entry(1, each) for each in wide), entry(1, top), entry(1, last))
    assert proves(pack, name_of(top))
    assert not proves(pack, name_of(last))
    below = commit(OLD, note="below")
    deep = commit(name_of(below), *[name_of(each) for each in wide])
    pack = packed(*(entry(1, each) for each in wide), entry(1, deep), entry(1, below))
    assert not proves(pack, name_of(deep))  # true, but the walk takes the wide ones first and ends there


def test_ways_that_meet_again_are_walked_once() -> None:
    """Merges of merges: a million ways, forty commits. The way to the old one is taken last."""
    layer = [commit(note="a"), commit(note="b")]
    found = list(layer)
    for _ in range(20):
        layer = [commit(*map(name_of, layer), note=note) for note in "ab"]
        found += layer
    way = commit(OLD)
    top = commit(name_of(way), *map(name_of, layer))
    assert proves(packed(*(entry(1, each) for each in [*found, way, top])), name_of(top))


def test_a_proof_that_is_whole_does_not_wait_for_files() -> None:
    """Git writes commits first. What is wrong after them is for the server to find."""
    wanted = commit(OLD)
    assert proves(packed(entry(1, wanted), entry(3, b"x"), after=b"\0"), name_of(wanted))
    with pytest.raises(MalformedError):
        proves(packed(entry(1, wanted), entry(3, b"x"), after=b"\0"), name_of(wanted), "b" * 40)


def test_a_commit_is_known_by_its_hash_alone() -> None:
    pretender = commit(OLD, note="pretends to be another")
    asked = frozenset({(OLD, name_of(commit(OLD)))})
    assert descendants(Pack(packed(entry(1, pretender)), chars=40), asked, frozenset()) == frozenset()


@given(st.binary(max_size=60), st.integers(0, 3))
def test_any_bytes_give_entries_or_malformed(data: bytes, count: int) -> None:
    for raw in (
        data,
        packed(count=count, after=data),
        packed(entry(1, commit(OLD)), count=count, after=data),
    ):
        with contextlib.suppress(MalformedError):
            descendants(Pack(raw, chars=40), frozenset({(OLD, OLD)}), frozenset())
