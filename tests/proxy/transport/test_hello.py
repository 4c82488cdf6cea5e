"""The hello of a connection that is not opened: any bytes have an answer, and only its own host's hello is yes."""

from __future__ import annotations

import contextlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_proxy.transport.hello import is_for


def hello(name: str | None) -> bytes:
    trust = ssl.create_default_context()
    trust.check_hostname, out = False, ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        trust.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


REAL = hello("closed.example")


def test_its_own_host() -> None:
    assert is_for(REAL, "closed.example") is True
    assert is_for(hello("Closed.Example"), "closed.example") is True
    assert is_for(hello("other.example"), "closed.example") is False
    assert is_for(hello("sub.closed.example"), "closed.example") is False


def test_an_address_has_no_name() -> None:
    assert is_for(hello(None), "10.0.0.1") is True
    assert is_for(hello(None), "closed.example") is False
    assert is_for(REAL, "10.0.0.1") is False


@pytest.mark.parametrize(
    "data", [b"SSH-2.0-x\r\n", b"GET / HTTP/1.1\r\n", b"\x16\x02\x00", b"\x16\x03\x01" + b"\xff" * 70_000]
)
def test_what_is_no_hello(data: bytes) -> None:
    assert is_for(data, "closed.example") is False


@pytest.mark.parametrize("size", range(0, len(REAL), 40))
def test_too_few_bytes_to_tell(size: int) -> None:
    assert is_for(REAL[:size], "closed.example") is None


@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    assert is_for(data, "closed.example") in (None, False)
    body = b"\x01" + len(data).to_bytes(3) + data
    assert is_for(b"\x16\x03\x01" + len(body).to_bytes(2) + body, "closed.example") in (None, False)


@given(st.integers(5, len(REAL) - 1), st.integers(0, 255))
def test_a_hello_with_one_byte_changed_is_for_nobody_else(at: int, byte: int) -> None:
    changed = REAL[:at] + bytes([byte]) + REAL[at + 1 :]
    assert is_for(changed, "elsewhere.example") in (None, False)
    is_for(changed, "closed.example")
