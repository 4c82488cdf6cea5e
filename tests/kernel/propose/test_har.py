"""Traffic from elsewhere; no value of it is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.har import calls
from vienna_kernel.propose.observed import Seen

URL = "https://api.shop.example/v1/orders?q=canary-query"
CANARY = "canary"


def har(*requests: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": [{"request": request} for request in requests]}})


def one(text: str) -> Seen:
    (found,) = calls(text, name="a.har")
    return found


def members(found: Seen) -> dict[str, str]:
    assert found.body is not None
    return {key: part.kind for key, part in found.body.members.items()}


def post(mime: str, text: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "method": "POST",
        "url": URL,
        "postData": {"mimeType": mime, **({} if text is None else {"text": text}), **more},
    }


def test_a_har_file() -> None:
    text = har(
        {"method": "GET", "url": URL},
        post("application/json; charset=utf-8", '{"a": "canary", "n": 1.5, "l": [1]}'),
    )
    get, made = calls(text, name="a.har")
    assert (get.method, get.query, get.body, get.media) == ("GET", ("q",), None, "")
    assert members(made) == {"a": "string", "n": "number", "l": "array"}
    assert CANARY not in repr((get, made))


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        (post("application/x-www-form-urlencoded", "a=canary&b%5B%5D=1"), {"a": "string", "b[]": "array"}),
        (
            post("application/x-www-form-urlencoded", params=[{"name": "a", "value": "canary"}]),
            {"a": "string"},
        ),
        (
            post("multipart/form-data; boundary=x", params=[{"name": "f", "fileName": "canary"}]),
            {"f": "string"},
        ),
    ],
)
def test_forms(request_: dict[str, Any], found: dict[str, str]) -> None:
    seen = one(har(request_))
    assert members(seen) == found
    assert CANARY not in repr(seen)


@pytest.mark.parametrize("text", ["{not json", '{"a": 1, "a": 2}', "\ud800"])
def test_a_body_that_is_not_what_it_says_has_no_shape(text: str) -> None:
    assert one(har(post("application/json", text))).body is None


def test_lines() -> None:
    lines = [
        {"method": "put", "url": URL, "body": {"a": {"b": True}}, "agent": "bot"},
        {
            "request": {
                "method": "POST",
                "url": URL,
                "content_type": "application/json",
                "body": '{"x": null}',
            }
        },
        {"method": "DELETE", "url": "https://a.example/"},
    ]
    text = "\n\n".join(json.dumps(line) for line in lines)
    first, second, third = calls(text, name="a.jsonl")
    assert (first.method, first.agent, first.media, members(first)) == (
        "PUT",
        "bot",
        "application/json",
        {"a": "object"},
    )
    assert members(second) == {"x": "null"}
    assert (third.host, third.body) == ("a.example", None)


def test_a_body_that_was_read_already() -> None:
    body = {"s": "canary", "n": 1, "f": 1.5, "t": True, "z": None, "l": [], "o": {}}
    found = one(json.dumps({"method": "POST", "url": URL, "body": body}))
    assert members(found) == {
        "s": "string",
        "n": "number",
        "f": "number",
        "t": "boolean",
        "z": "null",
        "l": "array",
        "o": "object",
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"method": "GET", "url": "https://a.example/"}\nnot json\n', "a:2: expected one request as JSON"),
        ("[1]\n", "a:1: expected an object with method and url"),
        ('{"method": "GET"}\n', "a:1: expected a method and a url"),
        ('{"method": "G T", "url": "https://a.example"}\n', "a:1: expected a method"),
        ('{"method": "GET", "url": "a"}\n', "a:1: expected http://"),
        ('{"log": {}}', "a:1:1: expected log.entries"),
        (
            '{"log": {"entries": [{"request": {"method": "GET", "url": "https://a.example"}}, 7]}}',
            "a log.entries[1]: expected",
        ),
    ],
)
def test_what_is_none_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(MalformedError) as caught:
        list(calls(text, name="a"))
    assert str(caught.value).startswith(says)


@given(st.text(max_size=60) | st.text(alphabet='{}[]":,logentrismhd ', max_size=60))
def test_any_text_is_calls_or_refused(text: str) -> None:
    where = "a"
    try:
        list(calls(text, name="a"))
    except MalformedError as error:
        where = error.where
    assert where.startswith("a")
