"""The Model Context Protocol, message by message."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from protocol_kit import parts, refused, request
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.protocol.part import Part

NEW = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": NEW, "progressToken": 1}


def message(method: str = "tools/call", **params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}


def post(body: object, version: str | None = "2025-11-25", **headers: str) -> Any:
    lines = [(name.replace("_", "-"), text) for name, text in headers.items()]
    lines += [("mcp-protocol-version", version)] if version else []
    return request("POST", "/mcp", body, headers=lines)


def one(body: object, version: str | None = "2025-11-25", **headers: str) -> Part:
    (part,) = parts("mcp", post(body, version, **headers))
    return part


def test_a_call_is_a_tool_and_its_arguments() -> None:
    part = one(message(name="refund", arguments={"amount": 5}, _meta={"progressToken": 1}))
    assert part.operation == "tools/call:refund"
    assert part.value == {
        "method": "tools/call",
        "version": "2025-11-25",
        "name": "refund",
        "arguments": {"amount": 5},
        "id": 7,
    }
    assert (part.open, part.answer, part.answer_id) == (("arguments",), ("result",), 7)
    assert part.failed == (("error",), ("result", "isError"))


@pytest.mark.parametrize(
    ("body", "operation", "name", "arguments"),
    [
        (message(name="now"), "tools/call:now", "now", {}),
        (message("prompts/get", name="p", arguments={"a": "1"}), "prompts/get:p", "p", {"a": "1"}),
        (message("resources/read", uri="file:///x"), "resources/read", "file:///x", {"uri": "file:///x"}),
        (message("tools/list"), "tools/list", MISSING, {}),
        (message("tools/list", cursor="c", _meta={}), "tools/list", MISSING, {"cursor": "c"}),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, "ping", MISSING, {}),
        (message("initialize", protocolVersion=NEW), "initialize", MISSING, {"protocolVersion": NEW}),
        ({"jsonrpc": "2.0", "method": "notifications/initialized"}, "notifications/initialized", MISSING, {}),
    ],
)
def test_other_messages(body: object, operation: str, name: object, arguments: object) -> None:
    part = one(body)
    assert part.operation == operation
    assert isinstance(part.value, dict)
    assert part.value.get("name", MISSING) == name
    assert part.value["arguments"] == arguments


def test_a_request_without_the_header_is_of_the_version_that_had_none() -> None:
    part = one(message("initialize", protocolVersion="2025-11-25"), None)
    assert isinstance(part.value, dict)
    assert part.value["version"] == "2025-03-26"


def test_the_new_version_repeats_method_and_name_in_headers() -> None:
    body = message(name="refund", arguments={"region": "eu"}, _meta=META)
    part = one(body, NEW, mcp_method="tools/call", mcp_name="refund", mcp_param_region="eu")
    assert part.operation == "tools/call:refund"
    for headers in ({}, {"mcp_method": "tools/call", "mcp_name": "other"}, {"mcp_name": "refund"}):
        assert refused("mcp", post(body, NEW, **headers))


def test_what_stands_beside_the_arguments_is_shown() -> None:
    more = {"inputResponses": {"ok": {"action": "accept"}}, "requestState": "blob", "task": {"ttl": 5}}
    body = message(name="refund", arguments={}, _meta=META, **more)
    part = one(body, NEW, mcp_method="tools/call", mcp_name="refund")
    assert isinstance(part.value, dict)
    assert part.operation == "tools/call:refund"
    assert part.value["input_responses"] == {"ok": {"action": "accept"}}
    assert part.value["request_state"] == "sha256:" + hashlib.sha256(b"blob").hexdigest()
    assert part.value["task"] == {"ttl": 5}
    read = message("resources/read", uri="u", _meta=META, **more)
    part = one(read, NEW, mcp_method="resources/read", mcp_name="u")
    assert isinstance(part.value, dict)
    assert part.value["arguments"] == {"uri": "u"}
    assert part.value["input_responses"] == {"ok": {"action": "accept"}}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": 5},
        {"name": "x" * 513},
        {"name": "x", "arguments": None},
        {"name": "x", "arguments": []},
        {"name": "x", "arguments": "{}"},
        {"name": "x", "args": {}},
        {"name": "x", "Arguments": {}},
        {"name": "x", "requestState": 5},
    ],
)
def test_a_call_has_its_members_and_no_others(params: dict[str, object]) -> None:
    assert refused("mcp", post(message("tools/call", **params)))
    assert refused("mcp", post({**message(), "params": [params]}))


def test_a_resource_is_named() -> None:
    assert "uri" in refused("mcp", post(message("resources/read", name="x")))


@pytest.mark.parametrize("kind", ["result", "error"])
def test_what_the_server_asked_is_answered_by_a_part_of_its_own(kind: str) -> None:
    part = one({"jsonrpc": "2.0", "id": "s1", kind: {"action": "accept", "content": {"sure": True}}})
    assert part.operation == "answer"
    assert part.open == (kind,)
    assert part.value == {
        "method": "answer",
        "version": "2025-11-25",
        "id": "s1",
        kind: {"action": "accept", "content": {"sure": True}},
    }
    assert part.answer_id is MISSING


@pytest.mark.parametrize(
    ("body", "version", "why"),
    [
        ({"jsonrpc": "2.0", "id": 1, "result": {}}, NEW, "no answers"),
        ({"jsonrpc": "2.0", "id": 1, "result": {}, "error": {}}, None, "one of them only"),
        ({"jsonrpc": "2.0", "result": {}}, None, "id"),
        ({"jsonrpc": "2.0", "id": 1, "result": {}, "x": 1}, None, "members"),
        ({"jsonrpc": "2.0", "id": 1, "result": {}, "method": "tools/call"}, None, "members"),
        ({"id": 1, "result": {}}, None, "members"),
        ([message(), {"jsonrpc": "2.0", "id": 2, "result": {}}], None, "not both"),
        ([message("initialize"), message("ping") | {"id": 8}], None, "initialize"),
        ([message(name="a")], "2025-06-18", "no batches"),
        ([message(name="a")], "2025-11-25", "no batches"),
        ([message(name="a")], "2024-11-05", "no batches"),
        ([message(name="a")], NEW, "no batches"),
        ([], None, "batch"),
        ([message(name="a"), message(name="b")], None, "same id"),
        (message(name="a"), "2025-01-01", "version"),
    ],
)
def test_what_a_version_does_not_have_is_refused(body: object, version: str | None, why: str) -> None:
    assert why in refused("mcp", post(body, version)).lower() or why in refused("mcp", post(body, version))


def test_the_version_that_had_batches_gives_all_their_messages() -> None:
    calls = [message(name="a"), message(name="b") | {"id": 8}]
    found = parts("mcp", post(calls, "2025-03-26"))
    assert [(part.operation, part.answer_id) for part in found] == [("tools/call:a", 7), ("tools/call:b", 8)]
    answers = [{"jsonrpc": "2.0", "id": i, "result": {}} for i in (1, 2)]
    assert [part.operation for part in parts("mcp", post(answers, None))] == ["answer", "answer"]


@pytest.mark.parametrize(("method", "operation"), [("GET", "stream"), ("DELETE", "end")])
def test_the_stream_and_the_end_of_a_session_are_parts(method: str, operation: str) -> None:
    (part,) = parts("mcp", request(method, "/mcp", headers=[("mcp-session-id", "s")]))
    assert part.operation == operation
    assert part.value == {"method": operation, "version": "2025-03-26"}
    assert "not spoken" in refused("mcp", request(method, "/mcp", headers=[("mcp-protocol-version", NEW)]))
    assert "no body" in refused("mcp", request(method, "/mcp", message(name="a")))
    assert refused("mcp", request(method, "/mcp", headers=[("mcp-method", "tools/call")]))


def test_other_methods_and_two_sessions_are_refused() -> None:
    assert "not spoken" in refused("mcp", request("PUT", "/mcp", message(name="a")))
    two = [("mcp-session-id", "a"), ("mcp-session-id", "b")]
    assert "twice" in refused("mcp", request("POST", "/mcp", message(name="a"), headers=two))
