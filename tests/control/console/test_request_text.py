"""Requests as people write them down."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vienna_control.console.request_text import RequestTextError, request_of

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FORM = ["Content-Type", "application/x-www-form-urlencoded"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://a.example/x", {"method": "GET", "url": "https://a.example/x", "headers": []}),
        (
            "post https://a.example/x HTTP/1.1\r\nA: b\r\n\r\none\r\n\r\ntwo",
            {"method": "POST", "url": "https://a.example/x", "headers": [["A", "b"]], "body": "one\n\ntwo"},
        ),
        ("curl https://a.example", {"method": "GET", "url": "https://a.example", "headers": []}),
        ("curl a.example/x", {"method": "GET", "url": "http://a.example/x", "headers": []}),
        (
            "curl -sS -X PUT \\\n 'https://a.example' -H 'A: b' --data 'x=1' -d y=2",
            {"method": "PUT", "url": "https://a.example", "headers": [["A", "b"], FORM], "body": "x=1&y=2"},
        ),
        (
            "curl -XPATCH --url=https://a.example --json '{\"a\": 1}'",
            {
                "method": "PATCH",
                "url": "https://a.example",
                "headers": [["Content-Type", "application/json"]],
                "body": '{"a": 1}',
            },
        ),
        (
            "curl https://a.example -d '{}' -H 'content-type: application/json'",
            {
                "method": "POST",
                "url": "https://a.example",
                "headers": [["content-type", "application/json"]],
                "body": "{}",
            },
        ),
    ],
)
def test_what_is_written_is_the_request(text: str, told: dict[str, Any]) -> None:
    assert request_of(text) == told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Write a request"),
        ("GET /x", "whole address"),
        ("GET https://a.example\nno header", "'name: value'"),
        ("curl", "names no address"),
        ("curl -H", "needs a value"),
        ("curl 'https://a.example", "cannot be read"),
        ("curl -d @secret https://a.example", "file of yours"),
        ("curl --proxy x https://a.example", "not understood"),
        pytest.param("curl https://a.example -d " + "a" * 100_000, "longer than 100,000", id="long"),
    ],
)
def test_what_is_no_request_is_told_what_was_expected(text: str, why: str) -> None:
    with pytest.raises(RequestTextError, match=why):
        request_of(text)


WORDS = st.lists(st.sampled_from(["curl", "-d", "-H", "a:b", "--url=", "x", "'"])).map(" ".join)


@QUICK
@given(text=st.one_of(st.text(max_size=60), WORDS))
def test_any_text_is_a_request_or_is_refused(text: str) -> None:
    with contextlib.suppress(RequestTextError):
        assert set(request_of(text)) <= {"method", "url", "headers", "body"}
