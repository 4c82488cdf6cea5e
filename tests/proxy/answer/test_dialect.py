"""Dialects: for every reason each is well-formed, says the sentence, keeps the status, is a failure to its client."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialect_kit import ROWS, SIGNED, asking, call, tool
from vienna_kernel.call.request import Call
from vienna_kernel.protocol.read import PROTOCOLS
from vienna_kernel.verdict import Reason
from vienna_proxy.answer.dialect import DIALECTS, form_of
from vienna_proxy.answer.problem import Answer, clean
from vienna_proxy.answer.response import render


@pytest.mark.parametrize("name", ROWS)
def test_every_dialect_says_it_for_every_reason(name: str) -> None:
    protocol, asked, read, kind = ROWS[name]
    said = 'Denied: "a & b" <c> ]]> \\ é “x”. Ask.'
    sent = [Answer(reason=reason, detail=said, intent_id="int-1", sent=True) for reason in Reason]
    for answer in [*(Answer(reason=reason) for reason in Reason), *sent]:
        response = render(answer, asked, protocol=protocol)
        assert answer.sentence in read(response.content or b"")
        assert response.headers["vienna-reason"] == answer.reason.value
        assert response.headers["vienna-decision"] == "denied"
        assert response.headers["content-length"] == str(len(response.content or b""))
        waits = answer.may_retry and answer.code >= 429
        expected = {"own": answer.code, "200": 200, "good": answer.code if waits else 200}
        assert response.status_code == expected[kind]
        assert 400 <= answer.code < 600


def test_all_protocols_are_tried() -> None:
    assert {row[0] for row in ROWS.values()} >= DIALECTS.keys()
    assert DIALECTS.keys() <= PROTOCOLS.keys()


PENDING = Answer(
    reason=Reason.APPROVAL_PENDING, decision="pending", intent_id="int-1", approval_id="apr-1", retryable=True
)


@pytest.mark.parametrize("name", ROWS)
def test_who_asked_for_202_gets_it_and_nobody_else(name: str) -> None:
    protocol, asked, _, _ = ROWS[name]
    assert render(PENDING, asked, protocol=protocol).status_code in (200, 403)
    response = render(replace(PENDING, status=202), asked, protocol=protocol)
    assert (response.status_code, response.headers["preference-applied"]) == (202, "respond-async")
    assert response.headers["location"] == "http://vienna.internal/intents/int-1"
    assert json.loads(response.content or b"")["approval"] == "apr-1"


@pytest.mark.parametrize("name", ROWS)
@given(text=st.text(max_size=600), intent=st.text(max_size=60))
def test_no_text_breaks_out(name: str, text: str, intent: str) -> None:
    protocol, asked, read, _ = ROWS[name]
    answer = Answer(reason=Reason.APPROVAL_DENIED, detail=text, intent_id=intent, approval_id=text, rule=text)
    response = render(answer, asked, protocol=protocol)
    assert clean(text) in read(response.content or b"")
    assert len(answer.sentence) <= 400
    for line in (response.data.reason, *(part for row in response.headers.fields for part in row)):
        assert not set(line) & set(b"\r\n\0")


@given(
    body=st.binary(max_size=200),
    path=st.sampled_from(
        ["/graphql", "/api", "/apis//", "/a/git-receive-pack", "/a/git-upload-pack", "/api/v1/watch"]
    ),
    protocol=st.sampled_from([None, *sorted(PROTOCOLS)]),
    method=st.sampled_from(["GET", "POST", "DELETE"]),
    kind=st.sampled_from([None, "application/json", "application/x-www-form-urlencoded"]),
    authorization=st.text(max_size=80),
)
def test_any_request_has_an_answer(
    body: bytes, path: str, protocol: str | None, method: str, kind: str | None, authorization: str
) -> None:
    asked = replace(call("a.example", path, body, method, authorization=authorization), content_type=kind)
    answer = Answer(reason=Reason.POLICY_DENIED)
    response = render(answer, asked, protocol=protocol)
    assert answer.sentence.encode() in (response.content or b"")
    assert response.status_code == 403 or (response.status_code == 200 and protocol in (*DIALECTS, None))


@pytest.mark.parametrize(
    ("protocol", "asked"),
    [
        ("rest", asking({"query": "{a}"}, path="/graphql")),
        ("json", asking(tool())),
        (None, call("slack.com.evil.example", "/api/x")),
        (None, call("notslack.com", "/api/x")),
        (None, call("slack.com", "/oauth")),
        (None, call("s3.amazonaws.com", "/")),
        (
            None,
            call("a.example", "/", authorization="Bearer AWS4-HMAC-SHA256 Credential=A/1/r/s3/aws4_request,"),
        ),
        (None, call("a.example", "/", user_agent="curl npm/10")),
        ("opaque", asking(tool(), path="/graphql")),
    ],
)
def test_the_signs_of_a_dialect_are_few(protocol: str | None, asked: Call) -> None:
    assert form_of(Answer(reason=Reason.POLICY_DENIED), asked, protocol) is None


def test_what_a_mapping_says_outweighs_the_request() -> None:
    asked = asking(tool(), host="slack.com", path="/api/x", authorization=SIGNED.format("s3"))
    found = form_of(Answer(reason=Reason.POLICY_DENIED), asked, "jsonrpc")
    assert found is not None
    assert b'"jsonrpc":"2.0"' in found.content
