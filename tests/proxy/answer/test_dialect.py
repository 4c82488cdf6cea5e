"""Dialects: for every reason each is well-formed, says the sentence, keeps the status, is a failure to its client."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.call.request import Call
from vienna_kernel.decode.pkt import Mark, packets, section
from vienna_kernel.protocol.read import PROTOCOLS
from vienna_kernel.verdict import Reason
from vienna_proxy.answer.dialect import DIALECTS, form_of
from vienna_proxy.answer.problem import Answer, clean
from vienna_proxy.answer.response import render

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=AKID/20261121/eu-west-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)
PUSH = b"0" * 40 + b" " + b"1" * 40 + b" refs/heads/main\0report-status side-band-64k"


def call(host: str, path: str, body: bytes = b"", method: str = "POST", **headers: str) -> Call:
    """``content_type`` in a header of that name."""
    lines = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    kind = headers.get("content_type")
    return Call(
        method=method, scheme="https", host=host, port=443, path=path, query="", headers=lines, body=body,
        content_type=kind,
    )  # fmt: skip


def asking(value: Any, host: str = "a.example", path: str = "/rpc", **headers: str) -> Call:
    return call(host, path, json.dumps(value).encode(), content_type="application/json", **headers)


def pkt(line: bytes) -> bytes:
    return b"%04x" % (len(line) + 4) + line


def tool(id: Any = 7) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": "pay", "arguments": {}}}


def aws(service: str, **more: str) -> Call:
    return call(f"{service}.eu-west-1.amazonaws.com", "/", authorization=SIGNED.format(service), **more)


# What is said of it, in the text of its format, by what is known of the protocol and a request.
def in_json(*way: str | int) -> Callable[[bytes], str]:
    def read(content: bytes) -> str:
        value = json.loads(content)
        for step in way:
            value = value[step]
        return str(value)

    return read


def in_xml(way: str) -> Callable[[bytes], str]:
    def read(content: bytes) -> str:
        found = ET.fromstring(content).find(way)
        assert found is not None
        return str(found.text)

    return read


def in_events(content: bytes) -> str:
    assert content.startswith(b"event: message\ndata: ")
    assert content.endswith(b"\n\n")
    assert content.count(b"\n") == 3
    return in_json("error", "message")(content.removeprefix(b"event: message\ndata: "))


def in_error_line(content: bytes) -> str:
    (line,) = packets(content)
    assert isinstance(line, bytes)
    assert line.startswith(b"ERR ")
    return line[4:].decode()


def in_report(content: bytes) -> str:
    bands, mark, end = section(content, 0)
    assert (mark, end) == (Mark.FLUSH, len(content))
    inside = b"".join(band[1:] for band in _unstripped(content) if band[:1] == b"\1")
    (unpacked, line), mark, end = section(inside, 0)
    assert (unpacked, mark, end) == (b"unpack ok", Mark.FLUSH, len(inside))
    assert bands[0][:1] == b"\2"
    return line.removeprefix(b"ng refs/heads/main ").decode()


def _unstripped(content: bytes) -> list[bytes]:
    found, at = [], 0
    while size := int(content[at : at + 4], 16):
        found.append(content[at + 4 : at + size])
        at += size
    return found


type Row = tuple[str | None, Call, Callable[[bytes], str], str]
EVENTS = {"accept": "text/event-stream"}
ROWS: dict[str, Row] = {
    "problem": (None, call("a.example", "/"), in_json("detail"), "own"),
    "rest": ("rest", asking(tool()), in_json("detail"), "own"),
    "graphql": ("graphql", asking({"query": "{a}"}), in_json("errors", 0, "message"), "good"),
    "graphql by GET": (
        "graphql", call("a.example", "/graphql", method="GET"), in_json("errors", 0, "message"), "good",
    ),
    "graphql batch": (
        "graphql", asking([{"query": "{a}"}] * 2), in_json(1, "errors", 0, "message"), "good",
    ),
    "graphql, unmapped": (
        None, asking({"query": "{a}"}, path="/api/graphql"), in_json("errors", 0, "message"), "good",
    ),
    "jsonrpc": ("jsonrpc", asking(tool()), in_json("error", "message"), "200"),
    "jsonrpc, unmapped": (None, asking(tool()), in_json("error", "message"), "200"),
    "jsonrpc batch": ("jsonrpc", asking([tool(1), tool("1x")]), in_json(1, "error", "message"), "200"),
    "jsonrpc without a reading": ("jsonrpc", asking({"id": 1}), in_json("error", "message"), "own"),
    "jsonrpc, a notification": (
        "jsonrpc", asking({"jsonrpc": "2.0", "method": "a"}), in_json("error", "message"), "own",
    ),
    "mcp tool": ("mcp", asking(tool()), in_json("result", "content", 0, "text"), "200"),
    "mcp tool, unmapped": (
        None, asking(tool(), mcp_protocol_version="2025-06-18"), in_json("result", "content", 0, "text"), "200",
    ),
    "mcp": ("mcp", asking({**tool(), "method": "tools/list"}), in_json("error", "message"), "200"),
    "mcp in events": ("mcp", asking({**tool(), "method": "a"}, **EVENTS), in_events, "200"),
    "mcp by GET": ("mcp", call("a.example", "/mcp", method="GET", **EVENTS), in_json("detail"), "own"),
    "slack": ("rest", call("slack.com", "/api/chat.postMessage"), in_json("detail"), "good"),
    "kubernetes": ("k8s", call("k", "/api/v1/pods/x"), in_json("message"), "own"),
    "kubernetes, discovery": ("k8s", call("k", "/api"), bytes.decode, "own"),
    "kubernetes, no reading": ("k8s", call("k", "/api/v1/"), in_json("message"), "own"),
    "aws-json": ("aws-json", call("a.example", "/", x_amz_target="A.B"), in_json("message"), "own"),
    "aws-query": ("aws-query", call("a.example", "/"), in_xml("Error/Message"), "own"),
    "aws-query of ec2": ("aws-query", call("ec2.eu-west-1.amazonaws.com", "/"), in_xml("Errors/Error/Message"), "own"),
    "aws-rest": ("aws-rest", call("a.example", "/"), in_xml("Message"), "own"),
    "s3, unmapped": (None, aws("s3"), in_xml("Message"), "own"),
    "ec2, unmapped": (None, aws("ec2"), in_xml("Errors/Error/Message"), "own"),
    "sns, unmapped": (
        None, aws("sns", content_type="application/x-www-form-urlencoded"), in_xml("Error/Message"), "own",
    ),
    "dynamodb, unmapped": (None, aws("dynamodb", x_amz_target="A.B"), in_json("message"), "own"),
    "lambda": ("rest", aws("lambda", content_type="application/json"), in_json("message"), "own"),
    "git listing": ("git-smart-http", call("g", "/a/info/refs", method="GET"), bytes.decode, "own"),
    "git fetch": ("git-smart-http", call("g", "/a/git-upload-pack"), in_error_line, "200"),
    "git push": ("git-smart-http", call("g", "/a/git-receive-pack", pkt(PUSH) + b"0000PACK"), in_report, "200"),
    "git push without a report": (
        "git-smart-http", call("g", "/a/git-receive-pack", pkt(PUSH[:-28]) + b"0000PACK"), bytes.decode, "own",
    ),
    "git push without a reading": (
        "git-smart-http", call("g", "/a/git-receive-pack", b"0000"), bytes.decode, "own",
    ),
    "npm": ("rest", call("r", "/x", method="GET", user_agent="npm/10.8 node/v20"), in_json("error"), "own"),
}  # fmt: skip


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


IDS = st.one_of(
    st.integers(-(2**53), 2**53),
    st.text(max_size=250),
    st.none(),
    st.booleans(),
    st.floats(),
    st.lists(st.none()),
)


@given(
    ids=st.lists(IDS, min_size=1, max_size=4),
    batch=st.booleans(),
    protocol=st.sampled_from(["jsonrpc", "mcp", None]),
)
def test_an_id_comes_back_as_it_was_or_not_at_all(ids: list[Any], batch: bool, protocol: str | None) -> None:
    sent = [tool(id) for id in ids] if batch else tool(ids[0])
    body = json.dumps(sent).encode("utf-8", "replace")
    asked = call("a.example", "/", body, content_type="application/json")
    response = render(Answer(reason=Reason.POLICY_DENIED), asked, protocol=protocol)
    told = json.loads(response.content or b"")
    if response.status_code != 200:
        assert "id" not in told or told["id"] is None
        return
    rows = told if isinstance(told, list) else [told]
    asked_ids = ids if batch else ids[:1]
    assert [(type(row["id"]), row["id"]) for row in rows] == [(type(id), id) for id in asked_ids]
    assert all("error" in row or row["result"]["isError"] is True for row in rows)


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


@pytest.mark.parametrize("body", [[], {}, [{"query": "{a}"}] * 51, {"query": 1}, [1], "x", None])
@pytest.mark.parametrize("protocol", ["graphql", None])
def test_graphql_that_cannot_be_counted_keeps_its_status(body: Any, protocol: str | None) -> None:
    response = render(Answer(reason=Reason.POLICY_DENIED), asking(body, path="/graphql"), protocol=protocol)
    assert b'"errors"' in (response.content or b"")
    assert response.status_code == 403


def test_a_body_that_is_too_large_to_be_read_again() -> None:
    asked = asking({**tool(), "params": {"name": "pay", "arguments": {"x": "y" * 1024 * 1024}}})
    response = render(Answer(reason=Reason.POLICY_DENIED), asked, protocol="mcp")
    assert response.status_code == 403
    assert json.loads(response.content or b"")["id"] is None


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
