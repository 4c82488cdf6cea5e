"""Header lines and parameters are read in one way, or not at all."""

from __future__ import annotations

import contextlib
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.header import fields, has_control, media_type, once, parameter_text, parameters
from vienna_kernel.errors import MalformedError


@pytest.mark.parametrize(
    ("block", "found"),
    [
        (b"", []),
        (b"A: b", [("a", "b")]),
        (b"A:b\r\nB-c:\t d \r\nA:", [("a", "b"), ("b-c", "d"), ("a", "")]),
        (b"A: b\r\n c\r\n\td", [("a", "b c\td")]),
        (b"A:\r\n b", [("a", "b")]),
        ("A: ü".encode(), [("a", "ü")]),
        (b"A: b:c", [("a", "b:c")]),
        (b"A: " + b"x" * 995, [("a", "x" * 995)]),
    ],
)
def test_lines_are_read(block: bytes, found: list[tuple[str, str]]) -> None:
    assert fields(block, b"\r\n", folds=True) == found


@pytest.mark.parametrize(
    "block",
    [
        b"A",
        b"A : b",
        b" A: b",
        b": b",
        b"A_b: c",
        b"A\xc3\xbc: b",
        b"From a@example.com Thu",
        b"A: b\r\n",
        b"A: b\r\n\r\nC: d",
        b"A: b\r\n \r\n c",
        b"A: b\r\n\t",
        b"A: b\rC: d",
        b"A: b\nC: d",
        b"A: b\x00",
        b"A: b\x0bC: d",
        b"A: b\x0cC: d",
        b"A: b\x1cC: d",
        b"A: b\x7f",
        "A: b\x85C: d".encode(),
        "A: b\u2028C: d".encode(),
        b"A: \xff",
        b"A: b\r\n Bcc: c@example.com",
        b"A: b\r\n\tto : c@example.com",
        b"A: b\r\n resent-bcc:c@example.com",
        b"A: b\r\n Content-Type: text/html",
        b"Content-Transfer-Encoding:\r\n base64",
        b"Content-Transfer-Encoding: \t\r\n base64",
        b"Content-Transfer-Encoding: base64\t",
        b"Content-Type: a/b;\r\n c=d ",
        b"Content-Type:",
        b"A: " + b"x" * 996,
        b"\r\n".join([b"A: " + b"x" * 990] * 270),
    ],
)
def test_lines_that_some_read_otherwise_are_refused(block: bytes) -> None:
    with pytest.raises(MalformedError):
        fields(block, b"\r\n", folds=True)


def test_folds_are_refused_where_none_may_be() -> None:
    with pytest.raises(MalformedError):
        fields(b"A: b\r\n c", b"\r\n", folds=False)


def test_a_field_stands_once() -> None:
    found = [("a", "1"), ("b", "2"), ("b", "3")]
    assert once(found, frozenset({"a", "c"})) == {"a": "1"}
    with pytest.raises(MalformedError):
        once(found, frozenset({"a", "b"}))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text/plain", ("text/plain", {})),
        ("Text/PLAIN;charset=UTF-8", ("text/plain", {"charset": "UTF-8"})),
        ('a/b; C="d e" ;f=g; ', ("a/b", {"c": "d e", "f": "g"})),
        ('form-data; name="a;b=\'c"; filename=""', ("form-data", {"name": "a;b='c", "filename": ""})),
        ('a/b; boundary="a=b"', ("a/b", {"boundary": "a=b"})),
        ("a/b; filename*=utf-8''x", ("a/b", {"filename*": "utf-8''x"})),
    ],
)
def test_parameters_are_read(value: str, found: tuple[str, dict[str, str]]) -> None:
    assert parameters(value) == found


@pytest.mark.parametrize(
    "value",
    [
        *("", " a/b", "a/", "a/b/c", "a/b c", "a/b; c", "a/b; =d", "a/b; c=", 'a/b; c="d', 'a/b; c="d"e'),
        *(
            "a/b;; c=d",
            "a/b, c=d",
            "a/b; c=d; C=e",
            'a/b; c="d\\"e"',
            "a/b; c=d\\e",
            'a/b; c="d\\e"',
            "a/b; c=d e",
            "a/b; c=d=e",
            "a/b; c==d",
        ),
        *("a/b; c=d,e", "a/b (comment); c=d", "a/b; c =d", "a/b; c= d", "a/b\n; c=d"),
    ],
)
def test_parameters_that_some_read_otherwise_are_refused(value: str) -> None:
    with pytest.raises(MalformedError):
        parameters(value)


def test_a_content_type_has_two_halves() -> None:
    assert media_type("A/b; c=d") == ("a/b", {"c": "d"})
    with pytest.raises(MalformedError):
        media_type("a; c=d")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        ({}, None),
        ({"filename": "a"}, "a"),
        ({"filename*": "utf-8''%c3%bc.txt"}, "ü.txt"),
        ({"filename*": "UTF-8'en'a"}, "a"),
        ({"filename": "ü.txt", "filename*": "utf-8''%C3%BC.txt"}, "ü.txt"),
        ({"filename*0": "a", "filename*1": "b"}, "ab"),
        ({"filename*1*": "%bc", "filename*0*": "utf-8''%c3"}, "ü"),
        ({"name": "x"}, None),
    ],
)
def test_one_parameter_as_text(found: dict[str, str], text: str | None) -> None:
    assert parameter_text(found, "filename") == text


@pytest.mark.parametrize(
    "found",
    [
        {"filename": "a.txt", "filename*": "utf-8''b.exe"},
        {"filename": "a.txt", "filename*0": "b.exe"},
        {"filename*": "utf-8''a", "filename*0*": "utf-8''b"},
        {"filename*": "a"},
        {"filename*": "iso-8859-1''a"},
        {"filename*": "utf-8''%ff"},
        {"filename*": "utf-8''%"},
        {"filename*": "utf-8''%0d%0a"},
        {"filename*": "utf-8''ü"},
        {"filename*1": "a"},
        {"filename*0": "a", "filename*2": "b"},
        {"filename*0": "a", "filename*1*": "b"},
        {"filename*0*": "utf-8''a", "filename*1": "b"},
        {"filename*00": "a"},
        {"filename**": "a"},
    ],
)
def test_one_parameter_in_two_ways_is_refused(found: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        parameter_text(found, "filename")


def test_control_characters_are_known() -> None:
    assert not has_control("a\tb ü€")
    assert all(has_control(f"a{char}b") for char in "\0\n\r\x0b\x1f\x7f\x80\x85\x9f\u2028\u2029")


lines = st.text("Aab: \t\r\n;=\"'*", max_size=20).map(str.encode)


@given(st.lists(lines, max_size=4).map(b"\r\n".join))
def test_what_is_read_here_pythons_reader_reads_alike(block: bytes) -> None:
    with contextlib.suppress(MalformedError):
        found = fields(block, b"\r\n", folds=True)
        theirs = message_from_bytes(block + b"\r\n\r\n", policy=policy.compat32)
        assert [
            (name.lower(), value.replace("\r\n", "").strip(" \t")) for name, value in theirs.items()
        ] == found


@given(st.text("ab/;= \"'*%0utf-8", max_size=30))
def test_any_text_gives_parameters_or_malformed(value: str) -> None:
    with contextlib.suppress(MalformedError):
        _, found = parameters(value)
        parameter_text(found, "a")
