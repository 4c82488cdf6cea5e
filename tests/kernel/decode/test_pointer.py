"""JSON pointers, as RFC 6901 has them."""

from __future__ import annotations

import pytest

from vienna_kernel.decode.pointer import MAX_FOUND, MISSING, every, find, find_all, parse, without
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


MAIL: Value = {
    "to": [{"email": "a"}, {"email": "b"}, {}, {"email": None}],
    "p": [{"to": [1, 2]}, {"to": []}, {"to": [3]}, {"x": 1}],
    "one": {"email": "c"},
    "*": {"email": "d"},
    "none": [],
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("/to/*/email", ["a", "b", None]),
        ("/p/*/to/*", [1, 2, 3]),
        ("/p/*/to", [[1, 2], [], [3]]),
        ("/to/0/email", ["a"]),
        ("", [MAIL]),
        ("/*/email", ["d"]),
        ("/none/*", []),
        ("/one/*/email", []),
        ("/one/email/*", []),
        ("/gone/*/email", []),
        ("/gone", []),
    ],
)
def test_a_star_is_every_item_of_a_list(text: str, found: list[Value]) -> None:
    assert find_all(MAIL, parse(text)) == found


def test_an_item_that_lacks_it_is_told_and_an_empty_list_is_not() -> None:
    assert list(every(MAIL, parse("/to/*/email"))) == ["a", "b", MISSING, None]
    assert list(every(MAIL, parse("/p/*/to/*"))) == [1, 2, 3, MISSING]
    assert list(every(MAIL, parse("/none/*/email"))) == []
    assert list(every(MAIL, parse("/one/*/email"))) == [MISSING]
    assert list(every(MAIL, parse("/gone/*"))) == [MISSING]


def test_one_element_may_be_a_list_of_itself() -> None:
    assert find_all(MAIL, parse("/one/*/email"), lone=True) == ["c"]
    assert find_all(MAIL, parse("/to/*/email"), lone=True) == ["a", "b", None]
    assert find_all("text", parse("/*"), lone=True) == ["text"]
    assert find_all("text", parse("/*")) == []


def test_what_is_found_is_bounded() -> None:
    assert len(find_all([1] * MAX_FOUND, parse("/*"))) == MAX_FOUND
    with pytest.raises(MalformedError):
        find_all([1] * (MAX_FOUND + 1), parse("/*"))
