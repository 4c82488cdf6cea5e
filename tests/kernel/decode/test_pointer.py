"""JSON pointers, as RFC 6901 has them."""

from __future__ import annotations

import pytest

from vienna_kernel.decode.pointer import MISSING, find, parse, without
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

# RFC 6901, section 5.
RFC: dict[str, Value] = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", RFC),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/foo/1", "baz"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_the_examples_of_the_rfc(text: str, value: Value) -> None:
    assert find(RFC, parse(text)) == value


@pytest.mark.parametrize(
    "text", ["/x", "/foo/2", "/foo/00", "/foo/-", "/foo/-1", "/foo/bar", "/foo/0/0", "/a~1b/c"]
)
def test_nothing_is_missing(text: str) -> None:
    assert find(RFC, parse(text)) is MISSING


def test_null_is_not_missing() -> None:
    assert find({"a": None}, parse("/a")) is None
    assert repr(MISSING)


@pytest.mark.parametrize("text", ["a", "a/b", "/a~", "/a~2", "~0"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        parse(text)


def test_tilde_one_zero_is_decoded_in_the_right_order() -> None:
    assert parse("/~01") == ("~1",)


def test_without_takes_out_and_leaves_the_given_alone() -> None:
    value: Value = {"a": {"b": 1, "c": 2}, "d": [{"e": 1}, {"e": 2}]}
    assert without(value, [parse("/a/b"), parse("/d/1/e"), parse("/x"), parse("/d/0"), parse("")]) == {
        "a": {"c": 2},
        "d": [{"e": 1}, {}],
    }
    assert value == {"a": {"b": 1, "c": 2}, "d": [{"e": 1}, {"e": 2}]}
