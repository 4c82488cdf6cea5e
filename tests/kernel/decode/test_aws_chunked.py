"""Bodies that S3 clients send in chunks of their own: the payload, or a refusal."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import aws_chunked
from vienna_kernel.errors import MalformedError

SIGNED = b";chunk-signature=" + b"ab" * 32


def payload(data: bytes, length: int) -> bytes:
    return aws_chunked.payload(data, told=str(length))


def chunked(*chunks: bytes, more: bytes = b"", end: bytes = b"") -> bytes:
    rows = [b"%x%s\r\n%s\r\n" % (len(chunk), more, chunk) for chunk in chunks]
    return b"".join(rows) + b"0" + more + b"\r\n" + end + b"\r\n"


@pytest.mark.parametrize("more", [b"", SIGNED])
@pytest.mark.parametrize("end", [b"", b"x-amz-checksum-crc32:NhCmhg==\r\n"])
def test_chunks_are_put_together(more: bytes, end: bytes) -> None:
    assert payload(chunked(b"hello ", b"w\r\n0\r\n\r\n", more=more, end=end), 14) == b"hello w\r\n0\r\n\r\n"
    assert payload(chunked(more=more, end=end), 0) == b""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"0\r\n",
        b"0\r\n\r\n\r\n",
        b"0\r\n\r\nx",
        b"00\r\n\r\n",
        b"05\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"5\nhello\n0\n\n",
        b"5\r\nhell\r\n0\r\n\r\n",
        b"4\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"5;other=1\r\nhello\r\n0\r\n\r\n",
        b"5;chunk-signature=\r\nhello\r\n0\r\n\r\n",
        b"0\r\ncontent-length:1\r\n\r\n",
        b"0\r\nx-amz-checksum-crc32: a\r\n\r\n",
        b"0\r\n" + b"x-amz-a:b\r\n" * 5 + b"\r\n",
        b"fffffffff\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_whole_is_refused(data: bytes) -> None:
    for length in range(6):
        with pytest.raises(MalformedError):
            payload(data, length)


@pytest.mark.parametrize("told", [None, "", "4", "6", "05", "+5", "5 "])
def test_the_length_is_what_the_header_says(told: str | None) -> None:
    with pytest.raises(MalformedError, match="as long as"):
        aws_chunked.payload(chunked(b"hello"), told=told)


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_any_payload(chunks: list[bytes]) -> None:
    assert payload(chunked(*chunks), sum(map(len, chunks))) == b"".join(chunks)


@given(st.binary(max_size=60), st.integers(0, 60))
def test_any_bytes(data: bytes, length: int) -> None:
    with contextlib.suppress(MalformedError):
        assert len(payload(data, length)) == length < len(data)
