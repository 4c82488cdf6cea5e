"""Requests as a client would send them."""

from __future__ import annotations

from typing import Any

import pytest

from propose_kit import INT, STR, api, body, proposed, thing
from vienna_kernel.propose.example import request_of
from vienna_kernel.propose.sample import sample_of


def request(node: dict[str, Any], path: str = "/a/{id}") -> str:
    (draft,) = proposed(api({path: {"post": node}})).proposal.drafts
    return request_of(
        draft, "h.example", draft.fields, {field.name: sample_of(field) for field in draft.fields}
    )


def test_the_head() -> None:
    rows = [
        {"in": "query", "name": "a b", "schema": STR},
        {"in": "query", "name": "m", "schema": thing(k=STR), "style": "deepObject"},
        {"in": "header", "name": "X-A", "schema": STR},
    ]
    assert request({"parameters": rows}, "/a/{id}?op=x%26y") == (
        "POST https://h.example/v1/a/id-1?op=x%26y&a%20b=a-b-1&m%5Bkey%5D=value\nx-a: x-a-1\n"
    )


@pytest.mark.parametrize(
    ("media", "told"),
    [
        ("application/json", '\n\n{"a": "a-1", "n": {"b": 1}}\n'),
        ("application/x-www-form-urlencoded", "\n\na=a-1&n%5Bkey%5D=value\n"),
        (
            "multipart/form-data",
            '; boundary=part\n\n--part\r\nContent-Disposition: form-data; name="a"\r\n\r\na-1\r\n'
            '--part\r\nContent-Disposition: form-data; name="n[b]"\r\n\r\n1\r\n--part--\n',
        ),
    ],
)
def test_bodies(media: str, told: str) -> None:
    found = request({"requestBody": body(thing(a=STR, n=thing(b=INT)), media)}, "/a")
    assert found == f"POST https://h.example/v1/a\ncontent-type: {media}{told}"


def test_bytes_and_text() -> None:
    assert request({"requestBody": body(STR, "text/plain")}, "/a").endswith(
        "content-type: text/plain\n\nsome content\n"
    )
    assert request({"requestBody": body({}, "image/*")}, "/a").endswith(
        "application/octet-stream\n\nsome content\n"
    )
