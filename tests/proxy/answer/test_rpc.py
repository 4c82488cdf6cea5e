"""JSON-RPC and MCP: an answer belongs to a request by its id, or it is no answer to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialect_kit import asking, call, tool
from vienna_kernel.verdict import Reason
from vienna_proxy.answer.problem import Answer
from vienna_proxy.answer.response import render

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


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/event-stream", "text/event-stream"),
        ("text/event-stream, */*", "application/json"),
        ("application/json, text/event-stream", "application/json"),
        ("", "application/json"),
    ],
)
def test_an_event_is_sent_where_nothing_else_is_taken(accept: str, kind: str) -> None:
    response = render(Answer(reason=Reason.POLICY_DENIED), asking(tool(), accept=accept), protocol="mcp")
    assert (response.status_code, response.headers["content-type"]) == (200, kind)


LARGE = {**tool(), "params": {"name": "pay", "arguments": {"x": "y" * 1024 * 1024}}}
UNREAD = {
    "too large to be read again": asking(LARGE),
    "not JSON": call("a.example", "/", b"{", content_type="application/json"),
    "a key twice": call(
        "a.example", "/", b'{"jsonrpc":"2.0","id":1,"id":2}', content_type="application/json"
    ),
    "not said to be JSON": call("a.example", "/", json.dumps(tool()).encode(), content_type="text/plain"),
    "a long id": asking(tool("x" * 201)),
    "two ids alike": asking([tool(1), tool("1")]),
}


@pytest.mark.parametrize("protocol", ["mcp", "jsonrpc"])
@pytest.mark.parametrize("name", UNREAD)
def test_a_request_whose_id_is_not_read_keeps_its_status(name: str, protocol: str) -> None:
    response = render(Answer(reason=Reason.POLICY_DENIED), UNREAD[name], protocol=protocol)
    assert response.status_code == 403
    assert json.loads(response.content or b"")["id"] is None
    assert (
        render(Answer(reason=Reason.POLICY_DENIED), asking(tool("x" * 200)), protocol=protocol).status_code
        == 200
    )
