"""What is read as the description of an API, and what is refused with which words and where."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose import apidoc

GOOD = {"openapi": "3.0.3", "info": {"title": "Shop\n  API", "version": "2"}, "paths": {}}


def refused(text: str | bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        apidoc.parse(text if isinstance(text, bytes) else text.encode(), name="a.yaml")
    return str(caught.value)


def dump(**more: Any) -> str:
    return json.dumps({**GOOD, **more}, indent=1)


@pytest.mark.parametrize(
    ("text", "major", "version"),
    [
        (dump(), 3, "3.0.3"),
        ("\ufeff" + dump(), 3, "3.0.3"),
        (json.dumps({"swagger": "2.0", "paths": {}}), 2, "2.0"),
        ("swagger: 2.0\npaths: {}\n", 2, "2.0"),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      responses:\n        200: {description: x}\n",
            3,
            "3.1.0",
        ),
    ],
)
def test_dialects(text: str, major: int, version: str) -> None:
    doc = apidoc.parse(text.encode(), name="a")
    assert (doc.major, doc.version) == (major, version)


def test_the_title_is_one_line() -> None:
    assert apidoc.parse(dump().encode(), name="a").title == "Shop API 2"
    assert apidoc.parse(b"swagger: '2.0'\npaths: {}\n", name="a").title == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "expected an object at the top"),
        ("", "expected an object at the top"),
        ("kind: Mapping\n", "a.yaml:1:1: this is no OpenAPI or Swagger document"),
        (dump(openapi="4.0.0"), "a.yaml:2:2: version '4.0.0' is not read"),
        ("swagger: '1.2'\npaths: {}\n", "a.yaml:1:1: version '1.2' is not read"),
        ("openapi: [3]\npaths: {}\n", "version '' is not read"),
        ("openapi: 3.0.0\npathes: {}\n", "a.yaml:2:1: unknown key 'pathes'; did you mean 'paths'?"),
        ("openapi: 3.0.0\ninfo: {}\n", "the key 'paths' is missing"),
        ("openapi: 3.0.0\npaths: []\n", "a.yaml:2:1: paths: expected an object of paths"),
        ('{"openapi": "3.0.0",\n "paths": {},}', "a.yaml:2:"),
        ('{"a": 1, "a": 2}', "an object has the key 'a' twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": "\\ud800"}', "half a surrogate pair"),
        ('{"a":' + "[" * 100_000, "not JSON"),
        (b'{"a": "\xff"}', "not UTF-8 at byte 7"),
        ("a: *b\n", "a.yaml:1:4: the alias *b"),
    ],
)
def test_what_is_none_is_refused_with_its_place(text: str | bytes, says: str) -> None:
    assert says in refused(text)


def test_the_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apidoc, "MAX_BYTES", 10)
    assert "larger than" in refused(dump())


@given(st.binary(max_size=60) | st.text(alphabet="{}[]\":,a1 \n-*&!openapi'", max_size=60).map(str.encode))
def test_any_bytes_are_a_description_or_refused(data: bytes) -> None:
    where = "a"
    try:
        apidoc.parse(data, name="a")
    except MalformedError as error:
        where = error.where
    assert where.startswith("a")
