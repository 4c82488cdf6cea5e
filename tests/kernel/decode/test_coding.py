"""Coded bodies are undone whole, within a limit, or refused."""

from __future__ import annotations

import contextlib
import functools
import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.coding import CODINGS, TooLargeError, layers, undo, undo_all
from vienna_kernel.errors import MalformedError

compressed = functools.partial(gzip.compress, mtime=0)  # a clock in it would name each test anew

LIMIT = 1000


def bare(data: bytes) -> bytes:
    """Deflate without the zlib wrapper."""
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(data) + engine.flush()


def named(data: bytes) -> bytes:
    """Gzip with a file name in its header, as the ``gzip`` program writes it."""
    packed = compressed(data, mtime=0)
    return packed[:3] + b"\x08" + packed[4:10] + b"name.txt\0" + packed[10:]


@pytest.mark.parametrize(
    ("data", "coding", "found"),
    [
        (compressed(b"hello"), "gzip", b"hello"),
        (compressed(b""), "gzip", b""),
        (named(b"hello"), "gzip", b"hello"),
        (compressed(b"hello ") + compressed(b"") + compressed(b"world"), "gzip", b"hello world"),
        (zlib.compress(b"hello"), "deflate", b"hello"),
        (compressed(b"x" * LIMIT), "gzip", b"x" * LIMIT),
        (zlib.compress(b"x" * LIMIT), "deflate", b"x" * LIMIT),
    ],
)
def test_what_was_coded_is_undone(data: bytes, coding: str, found: bytes) -> None:
    assert undo(data, coding, limit=LIMIT) == found


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (b"", "gzip"),
        (b"", "deflate"),
        (b"hello", "gzip"),
        (b"hello", "deflate"),
        (zlib.compress(b"hello"), "gzip"),
        (compressed(b"hello"), "deflate"),
        (bare(b"hello"), "deflate"),
        (compressed(b"hello")[:-1], "gzip"),
        (zlib.compress(b"hello")[:-1], "deflate"),
        (compressed(b"hello") + b"\0", "gzip"),
        (compressed(b"hello") + b"hello", "gzip"),
        (compressed(b"hello") + compressed(b"world")[:-1], "gzip"),
        (zlib.compress(b"hello") + b"\0", "deflate"),
        (zlib.compress(b"hello") + zlib.compress(b"world"), "deflate"),
        (compressed(b"hello")[:-8] + b"\0" * 8, "gzip"),  # checksum and length
        (compressed(b"") * 10_001, "gzip"),
        (compressed(b"hello"), "br"),
        (zlib.compress(b"hello"), "br"),
        (zlib.compress(b"hello"), "identity"),
        (b"hello", "identity"),
    ],
)
def test_what_is_not_whole_is_refused(data: bytes, coding: str) -> None:
    with pytest.raises(MalformedError) as refused:
        undo(data, coding, limit=LIMIT)
    assert not isinstance(refused.value, TooLargeError)


@pytest.mark.parametrize(
    ("data", "coding"),
    [
        (compressed(b"x" * (LIMIT + 1)), "gzip"),
        (zlib.compress(b"x" * (LIMIT + 1)), "deflate"),
        (compressed(b"x" * LIMIT) + compressed(b"x"), "gzip"),
        (zlib.compress(bytes(50_000_000)), "deflate"),
        (zlib.compress(bytes(50_000_000)) + b"anything", "deflate"),
    ],
)
def test_a_bomb_is_told_apart(data: bytes, coding: str) -> None:
    with pytest.raises(TooLargeError):
        undo(data, coding, limit=LIMIT)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("gzip", ("gzip",)),
        ("X-GZIP", ("gzip",)),
        ("deflate,\tx-gzip", ("deflate", "gzip")),
        ("identity", ()),
        ("Identity", ()),
        ("identity, gzip", ("identity", "gzip")),
        ("gzip,", ("gzip", "")),
        ("", ("",)),
        ("br", ("br",)),
    ],
)
def test_codings_are_listed_in_the_order_they_were_applied(header: str, found: tuple[str, ...]) -> None:
    assert layers(header) == found


def test_the_last_coding_applied_is_the_first_undone() -> None:
    data = compressed(zlib.compress(b"hello"))
    assert undo_all(data, ("deflate", "gzip"), limit=LIMIT) == b"hello"
    with pytest.raises(MalformedError):
        undo_all(data, ("gzip", "deflate"), limit=LIMIT)
    assert undo_all(b"hello", (), limit=LIMIT) == b"hello"


def test_no_layer_is_larger_than_the_limit() -> None:
    inner = b"".join(compressed(b"") for _ in range(100))  # 2000 bytes that hold nothing
    assert undo(inner, "gzip", limit=LIMIT) == b""
    with pytest.raises(TooLargeError):
        undo_all(compressed(inner), ("gzip", "gzip"), limit=LIMIT)


@given(st.binary(max_size=200), st.sampled_from(sorted(CODINGS)), st.integers(0, 300))
def test_any_bytes_give_bytes_within_the_limit_or_malformed(data: bytes, coding: str, limit: int) -> None:
    for raw in (data, compressed(data), zlib.compress(data), compressed(data) + data):
        with contextlib.suppress(MalformedError):
            assert len(undo(raw, coding, limit=limit)) <= limit


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=4))
def test_what_was_written_is_read_back(pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    assert undo(b"".join(map(gzip.compress, pieces)), "gzip", limit=len(whole)) == whole
    assert undo(zlib.compress(whole), "deflate", limit=len(whole)) == whole
    if whole:
        with pytest.raises(TooLargeError):
            undo(zlib.compress(whole), "deflate", limit=len(whole) - 1)


@given(st.binary(max_size=200), st.data())
def test_one_flipped_bit_never_gives_other_bytes(data: bytes, draw: st.DataObject) -> None:
    packed = bytearray(compressed(data, mtime=0))
    bit = draw.draw(st.integers(0, 8 * len(packed) - 1))
    packed[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(MalformedError):
        assert undo(bytes(packed), "gzip", limit=10_000) == data
