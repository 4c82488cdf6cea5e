"""A boundary is a delimiter wherever it stands."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.boundary import MAX_PARTS, boundary_of, halves, pieces
from vienna_kernel.errors import MalformedError


@pytest.mark.parametrize("boundary", ["b", "b" * 70, "===1==", "a b", "a'()+_,-./:=?"])
def test_boundaries_are_read(boundary: str) -> None:
    assert boundary_of({"boundary": boundary}) == boundary


@pytest.mark.parametrize("boundary", ["", "b" * 71, "b ", 'a"b', "a\nb", "a\tb", "ü", "a;b", "a@b", "a*b"])
def test_what_is_no_boundary_is_refused(boundary: str) -> None:
    with pytest.raises(MalformedError):
        boundary_of({"boundary": boundary})


def test_a_boundary_is_given_once() -> None:
    for name in ("boundary*", "boundary*0"):
        with pytest.raises(MalformedError):
            boundary_of({"boundary": "b", name: "c"})
    with pytest.raises(MalformedError):
        boundary_of({})


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"--b\r\nx\r\n--b--", (b"", [b"x"], b"")),
        (b"--b\r\n\r\n--b--", (b"", [b""], b"")),
        (b"--b\r\nx\r\n--b\r\ny\r\n\r\n--b--\r\n", (b"", [b"x", b"y\r\n"], b"\r\n")),
        (b"\r\n--b\r\nx\r\n--b--", (b"\r\n", [b"x"], b"")),
        (b"before\r\n--b\r\nx\r\n--b--after", (b"before\r\n", [b"x"], b"after")),
    ],
)
def test_parts_are_found(data: bytes, found: tuple[bytes, list[bytes], bytes]) -> None:
    assert pieces(data, "b", b"\r\n") == found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"--b",
        b"--b--",
        b"--b\r\n--b--",
        b"--b\r\nx",
        b"--b\r\nx\r\n",
        b"--b\r\nx\r\n--b",
        b"--b\r\nx\r\n--b\r\n",
        b"--b\r\nx\r\n--b-",
        b"x--b\r\nx\r\n--b--",
        b"\n--b\r\nx\r\n--b--",
        b"--b\nx\n--b--",
        b"--b\r\nx\n--b--",
        b"--b\r\nx\r--b--",
        b"--b \r\nx\r\n--b--",
        b"--b\r\nx\r\n--b --",
        b"--b\r\nx\r\n--b\t\r\ny\r\n--b--",
        b"--b\r\nx --b y\r\n--b--",
        b"--b\r\nx\r\n--bc\r\ny\r\n--b--",
        b"--b\r\nx\n--b\ny\r\n--b--",
        b"--b\r\nx\r\n--b--\r\n--b\r\ny\r\n--b--",
        b"--b\r\nx\r\n--b--\r\n--b--",
        b"--b" + b"\r\nx\r\n--b" * (MAX_PARTS + 1) + b"--",
    ],
)
def test_a_boundary_that_some_take_for_none_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        pieces(data, "b", b"\r\n")


def test_a_thousand_parts_are_the_most() -> None:
    _, parts, _ = pieces(b"--b" + b"\r\nx\r\n--b" * MAX_PARTS + b"--", "b", b"\r\n")
    assert parts == [b"x"] * MAX_PARTS


def test_a_part_is_header_and_content() -> None:
    assert halves(b"A: b\r\n\r\nc\r\n\r\nd", b"\r\n") == (b"A: b", b"c\r\n\r\nd")
    assert halves(b"\r\nc", b"\r\n") == (b"", b"c")
    assert halves(b"\r\n", b"\r\n") == (b"", b"")
    for part in (b"", b"A: b", b"A: b\r\n", b"A: b\n\nc"):
        with pytest.raises(MalformedError):
            halves(part, b"\r\n")


def lenient(data: bytes, boundary: bytes) -> list[bytes]:
    """Every reader's parts: lines that begin with the boundary, however they end and whatever follows."""
    found: list[list[bytes]] = [[]]
    for line in data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"--" + boundary):
            found.append([])
        else:
            found[-1].append(line)
    return [b"\n".join(lines) for lines in found[1:-1]]


@given(
    st.lists(
        st.sampled_from([b"--b", b"--b--", b"\r\n", b"\n", b"\r", b"x", b"--", b"b", b" ", b"-"]), max_size=14
    ).map(b"".join)
)
def test_the_parts_found_are_those_a_lenient_reader_finds(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        _, parts, _ = pieces(data, "b", b"\r\n")
        assert [part.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for part in parts] == lenient(data, b"b")
