"""Calls that were seen, without any value of theirs."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.observed import joined, seen
from vienna_kernel.propose.shape import Shape

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def test_a_call() -> None:
    found = seen(
        "post",
        "https://API.Shop.example:8443/v1/a%2Fb?x=…&y[a]=…&x=…",
        media="application/json; v=1",
        agent="bot",
    )
    assert (found.host, found.method, found.segments) == ("api.shop.example", "POST", ("v1", "a%2Fb"))
    assert (found.query, found.media, found.kind, found.agent) == (("x", "y[a]"), JSON, "json", "bot")
    assert seen("GET", "https://shop.example").segments == ("",)


@pytest.mark.parametrize(
    "url", ["", "shop.example/a", "ftp://shop.example", "https://", "https://[x", "https://a/" + "b" * 20_000]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(MalformedError):
        seen("GET", url)


def test_the_shape_of_a_body() -> None:
    shown = {
        "a": "string",
        "n": "number",
        "b": "boolean",
        "o": {"x": "string"},
        "l": ["string", "… 3 more"],
        "deep": "object",
        "none": None,
        "empty": "list",
        "…": "7 more",
    }
    body = seen("POST", "https://a.example/", media=JSON, body=shown).body
    assert body is not None
    assert {key: part.kind for key, part in body.members.items()} == {
        "a": "string",
        "n": "number",
        "b": "boolean",
        "o": "object",
        "l": "array",
        "deep": "object",
        "none": "null",
        "empty": "array",
    }
    assert body.open
    assert body.members["l"].item == Shape(kind="string")


def test_the_shape_of_a_form() -> None:
    body = seen(
        "POST", "https://a.example/", media=FORM, body={"a": "…", "m[x]": "…", "m[y]": "…", "t[]": "…"}
    ).body
    assert body is not None
    assert {key: part.kind for key, part in body.members.items()} == {
        "a": "string",
        "m": "object",
        "t[]": "array",
    }


def test_two_shapes_are_one() -> None:
    one = Shape(
        kind="object", members={"a": Shape(kind="string"), "b": Shape(kind="null"), "c": Shape(kind="string")}
    )
    two = Shape(
        kind="object",
        members={"a": Shape(kind="number"), "b": Shape(kind="string"), "d": Shape(kind="boolean")},
    )
    members = joined(one, two).members
    assert {key: part.kind for key, part in members.items()} == {
        "a": "any",
        "b": "string",
        "c": "string",
        "d": "boolean",
    }
    assert joined(one, Shape(kind="array")).kind == "any"


SHAPES = st.recursive(
    st.sampled_from([Shape(kind=kind) for kind in ("string", "number", "null", "any", "boolean")]),
    lambda inner: st.builds(
        lambda members, item: (
            Shape(kind="object", members=members) if item is None else Shape(kind="array", item=item)
        ),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        st.none() | inner,
    ),
    max_leaves=6,
)


@given(SHAPES, SHAPES)
def test_which_was_seen_first_does_not_matter(one: Shape, two: Shape) -> None:
    assert asdict(joined(one, two)) == asdict(joined(two, one)) | {
        "members": asdict(joined(one, two))["members"]
    }
    assert {k: v.kind for k, v in joined(one, two).members.items()} == {
        k: v.kind for k, v in joined(two, one).members.items()
    }
    assert joined(one, one).kind == one.kind
