"""One stream among other bytes: what it holds and where it ends."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.inflate import GZIP, ZLIB, TooLargeError, inflate
from vienna_kernel.errors import MalformedError


@given(st.binary(max_size=20), st.binary(max_size=5000), st.binary(max_size=600))
def test_a_stream_is_found_among_other_bytes(before: bytes, content: bytes, after: bytes) -> None:
    for wrapper, pack in ((ZLIB, zlib.compress), (GZIP, gzip.compress)):
        packed = pack(content)
        data = before + packed + after
        found = inflate(data, len(before), wrapper=wrapper, limit=len(content))
        assert found == (content, len(before) + len(packed))


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 65_536, 1_000_000])
def test_no_window_loses_a_byte(size: int) -> None:
    content = bytes(number * number % 251 for number in range(size))
    packed = zlib.compress(content, 0)
    assert inflate(packed + b"rest", 0, wrapper=ZLIB, limit=size) == (content, len(packed))


def test_the_limit_is_exact() -> None:
    packed = zlib.compress(bytes(100))
    assert inflate(packed, 0, wrapper=ZLIB, limit=100)[0] == bytes(100)
    with pytest.raises(TooLargeError):
        inflate(packed, 0, wrapper=ZLIB, limit=99)


@pytest.mark.parametrize("data", [b"", b"x", zlib.compress(b"hello")[:-1], b"\x78\x9c\xff\xff"])
def test_a_stream_that_is_broken_or_cut_off_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError) as refused:
        inflate(data, 0, wrapper=ZLIB, limit=100)
    assert not isinstance(refused.value, TooLargeError)
