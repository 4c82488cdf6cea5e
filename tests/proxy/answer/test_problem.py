"""Answers: one line that is safe in prompts and terminals, for every reason there is."""

from __future__ import annotations

import json

import pytest

from vienna_kernel.verdict import Reason
from vienna_proxy.answer.problem import Answer, clean
from vienna_proxy.answer.response import render


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_words_a_status_and_a_reason_phrase(reason: Reason) -> None:
    response = render(Answer(reason=reason))
    body = json.loads(response.content or b"")
    assert 400 <= response.status_code < 600
    assert 10 < len(body["detail"]) <= 400
    assert response.reason.isascii()
    assert len(response.reason) <= 120
    assert body["status"] == response.status_code
    assert body["type"] == f"urn:vienna:problem:{reason.value.replace('_', '-')}"
    assert response.headers["vienna-reason"] == reason.value
    assert ("retry-after" in response.headers) <= body["retryable"]
    assert ("x-should-retry" in response.headers) >= (not body["retryable"])
    assert response.headers["content-length"] == str(len(response.content or b""))


def test_operators_text_is_one_harmless_line() -> None:
    text = "no\r\nSet-Cookie: x\x1b[31m\u202egnirts\u200b\ufeff\ud800 \U000e0041tag “quoted”" + "x" * 500
    line = clean(text)
    assert line.startswith("no Set-Cookie: x [31mgnirts tag “quoted”")
    assert len(line) == 400
    response = render(Answer(reason=Reason.APPROVAL_DENIED, detail=text))
    assert b"\r" not in response.data.reason
    assert response.headers["vienna-decision"] == "denied"
    assert "set-cookie" not in response.headers


def test_ids_stand_in_headers_and_body() -> None:
    response = render(
        Answer(
            reason=Reason.APPROVAL_PENDING,
            decision="pending",
            intent_id="int-1",
            approval_id="apr-1",
            retryable=True,
        )
    )
    body = json.loads(response.content or b"")
    assert (response.headers["vienna-intent"], response.headers["vienna-approval"]) == ("int-1", "apr-1")
    assert response.headers["location"] == body["instance"] == "http://vienna.internal/intents/int-1"
    assert response.reason.startswith("Pending at Vienna: ")


def test_a_page_for_people_escapes() -> None:
    response = render(Answer(reason=Reason.POLICY_DENIED, detail="<script>"), accept="text/html,*/*")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert b"&lt;script&gt;" in (response.content or b"")
    both = render(Answer(reason=Reason.POLICY_DENIED), accept="application/json, text/html")
    assert both.headers["content-type"] == "application/problem+json"
