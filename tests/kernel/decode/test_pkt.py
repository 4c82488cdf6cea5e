"""Packet lines are as long as they say."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.pkt import MAX_PACKETS, Mark, packet, packets, section
from vienna_kernel.errors import MalformedError


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"0000", (Mark.FLUSH, 4)),
        (b"0001", (Mark.DELIM, 4)),
        (b"0002", (Mark.RESPONSE_END, 4)),
        (b"0004", (b"", 4)),
        (b"0006a\nrest", (b"a\n", 6)),
        (b"fff0" + b"x" * 65516, (b"x" * 65516, 65520)),
    ],
)
def test_one_packet(data: bytes, found: tuple[bytes | Mark, int]) -> None:
    assert packet(data, 0) == found


@pytest.mark.parametrize(
    "data",
    [b"", b"000", b"0003", b"0005", b"000Ax", b"+005x", b" 005x", b"0x05x", b"00 5x", b"fff1" + b"x" * 65517],
)
def test_what_is_no_packet_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        packet(data, 0)


def test_a_section_ends_at_a_mark() -> None:
    assert section(b"0006a\n0005b00000005c", 0) == ([b"a", b"b"], Mark.FLUSH, 15)
    assert section(b"00000001", 4) == ([], Mark.DELIM, 8)
    for data in (b"", b"0005a", b"0004" * (MAX_PACKETS + 1) + b"0000"):
        with pytest.raises(MalformedError):
            section(data, 0)


def test_a_body_of_packets_only() -> None:
    assert packets(b"0006a\n00000005b0001") == [b"a", Mark.FLUSH, b"b", Mark.DELIM]
    assert packets(b"") == []
    assert len(packets(b"0000" * MAX_PACKETS)) == MAX_PACKETS
    for data in (b"0000x", b"0000" * (MAX_PACKETS + 1)):
        with pytest.raises(MalformedError):
            packets(data)


@given(
    st.lists(
        st.sampled_from(list(Mark)) | st.binary(max_size=20).filter(lambda line: not line.endswith(b"\n"))
    )
)
def test_what_was_written_is_read_back(lines: list[bytes | Mark]) -> None:
    data = b"".join(
        b"%04x" % line.value if isinstance(line, Mark) else b"%04x" % (len(line) + 4) + line for line in lines
    )
    assert packets(data) == lines


@given(st.binary(max_size=40) | st.text("0123456789af", max_size=40).map(str.encode))
def test_any_bytes_give_packets_or_malformed(data: bytes) -> None:
    for read in (packets, lambda raw: section(raw, 0), lambda raw: packet(raw, 0)):
        with contextlib.suppress(MalformedError):
            read(data)
