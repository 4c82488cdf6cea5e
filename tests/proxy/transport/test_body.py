"""The parts of one receive together, and what frames them bounded."""

from __future__ import annotations

import h11
import pytest
from h11._readers import ChunkedReader, ContentLengthReader
from h11._receivebuffer import ReceiveBuffer

from vienna_proxy.transport.body import FRAMING_BYTES, Body, Parts, Reader


def received(body: Body, reader: Reader, data: bytes, *, closed: bool = False) -> Parts:
    buf = ReceiveBuffer()
    buf += data
    parts = body.read(reader, buf, closed=closed)
    assert not len(buf)
    return parts


def test_the_chunks_of_one_receive_are_one_piece() -> None:
    body, reader = Body(), ChunkedReader()
    assert received(body, reader, b"1\r\na\r\n" * 1000) == Parts(b"a" * 1000)
    parts = received(body, reader, b"2\r\nbc\r\n0\r\n\r\n")
    assert (parts.data, type(parts.end), parts.wrong) == (b"bc", h11.EndOfMessage, "")


def test_what_came_before_what_is_wrong_is_there() -> None:
    parts = Body().read(ChunkedReader(), _buffer(b"2\r\nab\r\nzz\r\n"), closed=False)
    assert parts.data == b"ab"
    assert parts.wrong


def _buffer(data: bytes) -> ReceiveBuffer:
    buf = ReceiveBuffer()
    buf += data
    return buf


@pytest.mark.parametrize(
    ("chunk", "receives", "wrong"),
    [
        pytest.param(b"1\r\nx\r\n", 1, "", id="some of one byte"),
        pytest.param(b"1\r\nx\r\n", 3, "more framing than body", id="many of one byte"),
        pytest.param(b"1;ext=ension\r\nx\r\n", 1, "more framing than body", id="extensions"),
        pytest.param(b"8\r\nabcdefgh\r\n", 20, "", id="any number of eight bytes"),
    ],
)
def test_framing_is_bounded_by_the_body(chunk: bytes, receives: int, wrong: str) -> None:
    body, reader = Body(), ChunkedReader()
    found = [received(body, reader, chunk * 10_000).wrong for _ in range(receives)]
    assert found == [""] * (receives - 1) + [wrong]


def test_a_chunk_head_without_end() -> None:
    parts = Body().read(ChunkedReader(), _buffer(b"1;" + b"x" * FRAMING_BYTES), closed=False)
    assert parts.wrong == "a chunk's head without end"


def test_a_body_that_breaks_off() -> None:
    body, reader = Body(), ContentLengthReader(10)
    assert received(body, reader, b"half") == Parts(b"half")
    assert received(body, reader, b"", closed=True).wrong
