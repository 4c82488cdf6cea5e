"""Names behind a transparent listener: one address for all of them, and nothing that makes it fall over."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_proxy.transport.names import ADDRESS, answer

A, AAAA, TXT, HTTPS = 1, 28, 16, 65


def question(name: str, kind: int = A, *, flags: int = 0x0100, more: bytes = b"") -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part)
    head = struct.pack("!6H", 0x1DAB, flags, 1, 0, 0, 1 if more else 0)
    return head + labels + b"\0" + struct.pack("!2H", kind, 1) + more


@pytest.mark.parametrize("name", ["api.example", "a." * 120 + "example", "", "metadata.google.internal"])
def test_every_name_has_the_address(name: str) -> None:
    asked = question(name)
    said = answer(asked)
    assert said is not None
    assert struct.unpack_from("!6H", said) == (0x1DAB, 0x8180, 1, 1, 0, 0)
    assert said[12 : len(asked)] == asked[12:]
    assert said[len(asked) :] == b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + ADDRESS.packed


@pytest.mark.parametrize("kind", [AAAA, TXT, HTTPS])
def test_other_questions_have_no_answer(kind: int) -> None:
    asked = question("api.example", kind, more=b"\0\0\x29\x04\xd0\0\0\0\0\0\0")  # with EDNS
    said = answer(asked)
    assert said is not None
    assert struct.unpack_from("!6H", said) == (0x1DAB, 0x8180, 1, 0, 0, 0)
    assert said[12:] == question("api.example", kind)[12:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(question("a.example")[:-1], id="cut off"),
        pytest.param(question("a.example", flags=0x8180), id="an answer"),
        pytest.param(question("a.example", flags=0x2800), id="an update"),
        pytest.param(question("a.example")[:4] + b"\0\2" + question("a.example")[6:], id="two questions"),
        pytest.param(question("a.example")[:12] + b"\xc0\x0c\0\1\0\1", id="a pointer to itself"),
        pytest.param(question("a" * 63 + ("." + "a" * 63) * 4), id="a name too long"),
        pytest.param(question("a.example", more=b"x" * 5000), id="too large"),
    ],
)
def test_what_is_no_question_is_not_answered(data: bytes) -> None:
    assert answer(data) is None


@given(st.binary(max_size=600))
def test_it_never_says_more_than_it_may(data: bytes) -> None:
    said = answer(data)
    assert said is None or len(said) <= len(data) + 16


def test_a_transparent_listener_answers_at_its_port(own_gate) -> None:
    gate = own_gate(mode="transparent")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.settimeout(10)
        ours.connect(gate.address)
        ours.send(b"rubbish")
        ours.send(question("api.example"))
        assert ours.recv(512).endswith(ADDRESS.packed)
