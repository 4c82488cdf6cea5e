"""A delta makes the object it was written for, or is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.delta import applied, varint
from vienna_kernel.errors import MalformedError


def length(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def copy(offset: int, size: int) -> bytes:
    """All bytes of offset and size written out, although git leaves out those that are 0."""
    return b"\xff" + offset.to_bytes(4, "little") + size.to_bytes(3, "little")


def insert(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def delta(base: bytes, target: bytes, *steps: bytes) -> bytes:
    return length(len(base)) + length(len(target)) + b"".join(steps)


@given(st.integers(0, 2**62 - 1), st.binary(max_size=4))
def test_lengths_are_read(number: int, after: bytes) -> None:
    packed = length(number)
    assert varint(packed + after, 0) == (number, len(packed))


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 8, b"\xff" * 9 + b"\x01"])
def test_a_length_ends(data: bytes) -> None:
    with pytest.raises(MalformedError):
        varint(data, 0)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_copies_and_insertions_make_the_object(base: bytes, draw: st.DataObject) -> None:
    target, steps = b"", []
    for _ in range(draw.draw(st.integers(0, 5))):
        if draw.draw(st.booleans()):
            start = draw.draw(st.integers(0, len(base) - 1))
            size = draw.draw(st.integers(1, len(base) - start))
            target += base[start : start + size]
            steps.append(copy(start, size))
        else:
            piece = draw.draw(st.binary(min_size=1, max_size=127))
            target += piece
            steps.append(insert(piece))
    assert applied(base, delta(base, target, *steps), limit=len(target)) == target
    if target:
        assert applied(base, delta(base, target, *steps), limit=len(target) - 1) is None


def test_what_git_leaves_out_of_a_copy_is_nothing() -> None:
    base = bytes(range(256)) * 300
    assert applied(base, delta(base, base[:7], b"\x90\x07"), limit=100) == base[:7]
    assert applied(base, delta(base, base[256:261], b"\x92\x01\x05"), limit=100) == base[256:261]
    assert applied(base, delta(base, base[:0x10000], b"\x80"), limit=0x10000) == base[:0x10000]


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x04",
        b"\x04\x03" + insert(b"ab"),
        b"\x04\x01" + insert(b"ab"),
        b"\x05\x02" + insert(b"ab"),
        b"\x04\x02" + insert(b"ab")[:-1],
        b"\x04\x02\x00" + insert(b"ab"),
        b"\x04\x02" + insert(b"ab") + b"\x00",
        b"\x04\x02" + copy(3, 2),
        b"\x04\x01" + copy(3, 2),
        b"\x04\x02" + copy(3, 2) + insert(b"x"),
        b"\x04\x00" + copy(4, 2),
        b"\x04\x02" + copy(4, 2),
        b"\x04\x02" + copy(0, 2)[:-1],
        b"\x04\x02" + copy(2**32 - 1, 2),
        b"\x04\x02\x80",
    ],
)
def test_a_delta_that_does_not_fit_is_refused(broken: bytes) -> None:
    with pytest.raises(MalformedError):
        applied(b"base", broken, limit=100)


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_any_bytes_give_an_object_within_the_limit_or_malformed(base: bytes, data: bytes) -> None:
    for instructions in (data, length(len(base)) + data):
        with contextlib.suppress(MalformedError):
            found = applied(base, instructions, limit=50)
            assert found is None or len(found) <= 50
