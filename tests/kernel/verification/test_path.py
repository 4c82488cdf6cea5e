"""Paths that an answer leads to: one plain segment a hole, or none at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value
from vienna_kernel.verification.path import Hole, Param, Path, Told, parse

NAMES = ("id", "owner")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/v1/x", ("/v1/x",)),
        ("/v1/{id}", ("/v1/", Hole((Param("id"),)))),
        ("/{params.owner}/x", ("/", Hole((Param("owner"),)), "/x")),
        ("/{response:/a/b~1c}", ("/", Hole((Told(("a", "b/c")),)))),
        ("/{response:/a|id}?q=1", ("/", Hole((Told(("a",)), Param("id"))), "?q=1")),
        ("/{response:}", ("/", Hole((Told(()),)))),
    ],
)
def test_a_path(text: str, parts: tuple[object, ...]) -> None:
    assert parse(text, NAMES, where="x") == Path(parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["v1", "", "/{other}", "/{}", "/{id|}", "/{id", "/id}", "/{{id}}", "/{response:a}", "/{params.}"]
)
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(MalformedError):
        parse(text, NAMES, where="x")


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("re_1", "/a/re_1/b"),
        ("a.b~c:d@e=f+g,h-i", "/a/a.b~c:d@e=f+g,h-i/b"),
        (7, "/a/7/b"),
        (Decimal("7.50"), "/a/7.5/b"),
        ("...", "/a/.../b"),
        ("x" * 200, f"/a/{'x' * 200}/b"),
        ("x" * 201, None),
        ("", None),
        (".", None),
        ("..", None),
        ("a/b", None),
        ("a%2fb", None),
        ("a?b", None),
        ("a#b", None),
        ("a&b", None),
        ("a;b", None),
        ("a\\b", None),
        ("a b", None),
        ("a\n", None),
        ("ä", None),
        ("５", None),
        (True, None),
        (None, None),
        ([1], None),
        ({"a": 1}, None),
    ],
)
def test_what_fills_a_hole(value: Value, filled: str | None) -> None:
    assert parse("/a/{id}/b", NAMES, where="x").fill({"id": value}, MISSING) == filled
    assert parse("/a/{response:/id}/b", NAMES, where="x").fill({}, {"id": value}) == filled


def test_the_first_word_that_has_a_value_counts() -> None:
    path = parse("/{response:/id|id}", NAMES, where="x")
    assert path.fill({"id": "p"}, {"id": "r"}) == "/r"
    assert path.fill({"id": "p"}, {"id": None}) == "/p"
    assert path.fill({"id": "p"}, MISSING) == "/p"
    assert path.fill({}, {"id": "r"}) == "/r"
    assert path.fill({}, {}) is None
    assert path.fill({"id": "p"}, {"id": "a/b"}) is None


def test_holes_side_by_side_cannot_make_dots_or_a_host() -> None:
    assert parse("/{id}{owner}", NAMES, where="x").fill({"id": ".", "owner": "."}, MISSING) is None
    assert parse("/.{id}/x", NAMES, where="x").fill({"id": "."}, MISSING) is None
    assert parse("/a/..", NAMES, where="x").fill({}, MISSING) is None
    assert parse("//evil.example/{id}", NAMES, where="x").fill({"id": "a"}, MISSING) is None
    assert parse("/" + "a" * 2001, NAMES, where="x").fill({}, MISSING) is None


def test_whether_the_answer_is_needed() -> None:
    assert parse("/{response:/id}", NAMES, where="x").reads_answer
    assert not parse("/{response:/id|id}", NAMES, where="x").reads_answer
    assert not parse("/{id}", NAMES, where="x").reads_answer
