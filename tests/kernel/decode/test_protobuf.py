"""The wire format of Protocol Buffers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import protobuf
from vienna_kernel.errors import MalformedError


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"", []),
        (b"\x08\x96\x01", [(1, 150)]),
        (b"\x12\x02hi", [(2, b"hi")]),
        (b"\x12\x00", [(2, b"")]),
        (b"\x0d\x01\x02\x03\x04", [(1, b"\x01\x02\x03\x04")]),
        (b"\x09" + bytes(8), [(1, bytes(8))]),
        (b"\x08\x01\x08\x02", [(1, 1), (1, 2)]),
        (b"\x08" + b"\xff" * 9 + b"\x01", [(1, 2**64 - 1)]),
    ],
)
def test_fields_are_read_in_order(data: bytes, fields: list[protobuf.Field]) -> None:
    assert protobuf.loads(data) == fields


@pytest.mark.parametrize(
    "data",
    [
        b"\x08",
        b"\x08\x80",
        b"\x08\x80\x00",
        b"\x08" + b"\xff" * 10 + b"\x01",
        b"\x08" + b"\xff" * 9 + b"\x02",
        b"\x12\x03hi",
        b"\x12\xff\xff\xff\xff\x0f",
        b"\x0b\x0c",
        b"\x0e",
        b"\x00\x01",
        b"\x09\x00",
        b"\x08\x01" * 100_001,
    ],
)
def test_what_has_no_one_reading_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        protobuf.loads(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_refused(data: bytes) -> None:
    try:
        found = protobuf.loads(data)
    except MalformedError:
        return
    assert all(0 < number < 1 << 29 for number, _ in found)


def test_a_negative_number() -> None:
    assert [protobuf.signed(n) for n in (0, 5, 2**63 - 1, 2**63, 2**64 - 1)] == [
        0,
        5,
        2**63 - 1,
        -(2**63),
        -1,
    ]
