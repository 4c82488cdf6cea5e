"""Strings inside a body that hold a document of their own."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.inner import decode

MAIL = b"From: a@x.example\r\nTo: b@y.example\r\nSubject: hi\r\n\r\ntext\r\n"


@pytest.mark.parametrize(
    ("text", "encoding", "value"),
    [
        ('{"a": 1}', "json", {"a": 1}),
        ("eyJhIjogMX0=", "json-base64", {"a": 1}),
        ("%7B%22a%22%3A%201%7D", "urlencoded-json", {"a": 1}),
        ("aGk=", "base64", "hi"),
        ('"Eve, E." <eve@X.example>', "address", "eve@x.example"),
    ],
)
def test_a_document_is_read_where_it_stands(text: str, encoding: str, value: Any) -> None:
    body: Any = {"doc": text, "other": text}
    assert decode(body, ((("doc",), encoding),)) == {"doc": value, "other": text}
    assert body == {"doc": text, "other": text}
    assert decode({"rows": [{"d": text}, {"e": 1}]}, ((("rows", "*", "d"), encoding),)) == {
        "rows": [{"d": value}, {"e": 1}]
    }


@pytest.mark.parametrize("encoding", ["mime-base64", "mime-base64url"])
def test_a_mail_in_base64(encoding: str) -> None:
    coder = base64.urlsafe_b64encode if encoding.endswith("url") else base64.b64encode
    found: Any = decode({"raw": coder(MAIL).decode()}, ((("raw",), encoding),))
    assert found["raw"]["to"] == ["b@y.example"]


def test_what_is_not_there_stays_so() -> None:
    for body in ({}, {"doc": None}, {"doc": {}}, []):
        way = (("doc", "x"), "json") if body == {"doc": {}} else (("doc",), "json")
        assert decode(body, (way,)) == body  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        ("{", "json"),
        (5, "json"),
        ("a", "base64"),
        ("/w==", "base64"),
        ("{}", "mime"),
        ("a@x.example, b@x.example", "address"),
        ("", "address"),
        ("b@y.example <a@x.example>", "address"),
        ('{"a":1,"a":2}', "json"),
    ],
)
def test_what_cannot_be_read_is_refused(value: Any, encoding: str) -> None:
    with pytest.raises(MalformedError):
        decode({"doc": value}, ((("doc",), encoding),))
