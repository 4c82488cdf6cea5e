"""MCP by its official client, in the stateless protocol and in the sessions before it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mcp.client import Client

from harness.standin import Answer, Asked, Standin
from vienna_kernel.verification import Result
from wire_kit import expect, read, through, verified

HOST = "mcp.linear.app"
URL = f"https://{HOST}/mcp"
TOOL = {
    "name": "create_issue",
    "description": "Open an issue",
    "inputSchema": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
}
CAPABILITIES: dict[str, Any] = {"tools": {}, "resources": {}, "prompts": {}}


def told(method: str, params: dict[str, Any], *, legacy: bool) -> dict[str, Any] | None:
    """What a server answers; None: it does not know the method."""
    whole: dict[str, Any] = {"resultType": "complete"} if not legacy else {}
    if method == "server/discover" and not legacy:
        return {
            "supportedVersions": ["2026-07-28"],
            "capabilities": CAPABILITIES,
            "serverInfo": {"name": "linear", "version": "1"},
            "ttlMs": 0,
            "cacheScope": "private",
            **whole,
        }
    if method == "initialize" and legacy:
        version = params["protocolVersion"]
        return {
            "protocolVersion": version,
            "capabilities": CAPABILITIES,
            "serverInfo": {"name": "l", "version": "1"},
        }
    cached = {"ttlMs": 0, "cacheScope": "private"} if not legacy else {}
    return {
        "tools/list": {"tools": [TOOL], **whole, **cached},
        "tools/call": {
            "content": [{"type": "text", "text": "OPS-1"}],
            "isError": params.get("name") == "fails",
            **whole,
        },
        "resources/read": {"contents": [{"uri": "issue://1", "text": "x"}], **whole, **cached},
        "prompts/get": {"messages": [], **whole},
    }.get(method)


def server(*, legacy: bool, events: bool = False, path: str = "/mcp") -> list[Answer]:
    def answer(asked: Asked) -> Answer:
        body = asked.json
        if "id" not in body:
            return Answer("", "", 202, b"")
        result = told(body["method"], body.get("params", {}), legacy=legacy)
        if result is None:
            error = {"code": -32601, "message": "Method not found"}
            return Answer(
                "", "", 404 if not legacy else 200, {"jsonrpc": "2.0", "id": body["id"], "error": error}
            )
        message = {"jsonrpc": "2.0", "id": body["id"], "result": result}
        if events and body["method"] == "tools/call":
            text = f"event: message\ndata: {json.dumps(message)}\n\n"
            return Answer("", "", 200, text.encode(), {"content-type": "text/event-stream"})
        return Answer("", "", 200, message)

    return [
        Answer("POST", path, 200, answer),
        Answer("GET", path, 405, b""),
        Answer("DELETE", path, 200, b""),
    ]


def called(standin: Standin, method: str) -> Any:
    return next(call for call in standin.calls if call.asked.body and call.asked.json.get("method") == method)


@pytest.mark.parametrize("legacy", [False, True], ids=["2026-07-28", "2025-11-25"])
async def test_a_session_from_beginning_to_end(legacy: bool) -> None:
    with Standin(HOST, server(legacy=legacy)) as standin, through(standin):
        async with Client(URL, mode="legacy" if legacy else "auto") as client:
            await client.list_tools()
            await client.call_tool("create_issue", {"title": "Broken"})
            await client.read_resource("issue://1")
            await client.get_prompt("triage", {"id": "1"})
    begins = "initialize" if legacy else "server/discover"
    expect(called(standin, begins), action="mcp_initialize", tier="T0", target=f"mcp:{HOST}")
    expect(called(standin, "tools/list"), action="mcp_list", tier="T0")
    call = called(standin, "tools/call")
    expect(
        call,
        action="mcp_call_tool",
        tier="T2",
        target=f"mcp:{HOST}/create_issue",
        parameters={"tool": "create_issue", "arguments": {"title": "Broken"}, "server": HOST},
        summary=f"Call the tool create_issue of {HOST}",
    )
    assert verified(call).result is Result.MATCH
    expect(called(standin, "resources/read"), action="mcp_read_resource", parameters={"uri": "issue://1"})
    expect(called(standin, "prompts/get"), action="mcp_get_prompt", target=f"mcp:{HOST}/triage")
    assert all(read(exchange).mapped for exchange in standin.calls)


@pytest.mark.parametrize("legacy", [False, True], ids=["2026-07-28", "2025-11-25"])
async def test_a_tool_that_fails_and_one_that_answers_by_events(legacy: bool) -> None:
    with Standin(HOST, server(legacy=legacy, events=True)) as standin, through(standin):
        async with Client(URL, mode="legacy" if legacy else "auto") as client:
            await client.call_tool("fails", {})
            failed = standin.last
            await client.call_tool("create_issue", {"title": "x"})
            done = standin.last
    assert failed.asked.json["params"]["name"] == "fails"
    assert verified(failed).result is Result.FAILED
    assert verified(done).result is Result.MATCH


@pytest.mark.parametrize("legacy", [False, True], ids=["2026-07-28", "2025-11-25"])
async def test_the_tools_of_a_payment_server(legacy: bool) -> None:
    host = "mcp.stripe.com"
    with Standin(host, server(legacy=legacy, path="/")) as standin, through(standin):
        async with Client(f"https://{host}/", mode="legacy" if legacy else "auto") as client:
            for name, arguments, facts in (
                ("list_customers", {"limit": 3}, {"action": "stripe_read", "tier": "T0"}),
                (
                    "create_refund",
                    {"payment_intent": "pi_1", "amount": 5000},
                    {"action": "create_refund", "tier": "T2", "target": "stripe:charge/pi_1"},
                ),
                ("stripe_api_write", {"path": "/v1/payouts"}, {"action": "mcp_call_tool", "tier": "T2"}),
            ):
                await client.call_tool(name, arguments)
                call = next(c for c in standin.calls if c.asked.body and name.encode() in c.asked.body)
                expect(call, **facts)
                assert verified(call).result is Result.MATCH
    assert all(read(exchange).mapped for exchange in standin.calls)
