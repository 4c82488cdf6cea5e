"""Event streams, as WHATWG HTML reads them and as far as they are messages."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value
from vienna_kernel.verification.events import loads


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"", []),
        (b"\n\n", []),
        (b"data: 1\n\n", [1]),
        (b"data:1\r\n\r\ndata: 2\r\rdata: 3\n\n", [1, 2, 3]),
        (b"event: message\ndata: 1\n\n", [1]),
        (b"event: ping\ndata: no json\n\nevent: message\ndata: 1\n\n", [1]),
        (b"event: ping\ndata: 1\n\ndata: 2\n\n", [2]),
        (b": a comment\ndata: 1\nother\nretry: 10\nid: 7\n\n", [1]),
        (b'data: {"a":\ndata: 1}\n\n', [{"a": 1}]),
        (b"data: [1,\n\n", None),
        (b"\xef\xbb\xbfdata: 1\n\n", [1]),
        (b"data: 1\n\ndata: [DONE]\n\n", [1]),
        (b"data: 1\n\nid: 9\n\n", [1]),
        (b"event: message\n\ndata: 1\n\n", [1]),
        (b"data\n\n", None),
        (b'data: {"a":1,"a":2}\n\n', None),
        (b"data: 1\n\ndata: 2\n", None),
        (b"data: 1\n\ndata: 2", None),
        (b"data: 1\n\nda", None),
        (b"data: \xff\n\n", None),
    ],
)
def test_a_stream(data: bytes, values: list[Value] | None) -> None:
    if values is None:
        with pytest.raises(MalformedError):
            loads(data)
    else:
        assert loads(data) == values


def test_events_are_bounded() -> None:
    assert len(loads(b"data: 1\n\n" * 100_000)) == 100_000  # type: ignore[arg-type]
    with pytest.raises(MalformedError):
        loads(b"data: 1\n\n" * 100_001)


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    with suppress(MalformedError):
        assert isinstance(loads(data), list)
