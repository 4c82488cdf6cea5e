"""Answers of JSON-RPC and MCP: by id, in batches and event streams."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from vectors.outcomes.asked import Vector, came, promise, vector


def rpc() -> Iterator[Vector]:
    def tool(number: Any, amount: int) -> dict[str, Any]:
        intent = {
            "action": "mcp.pay",
            "target": "mcp:bank",
            "parameters": {"amount": amount},
            "effect": "spend",
        }
        spec = {"equal": [{"pointer": "/structuredContent/amount", "param": "amount", "type": "int"}]}
        return promise(
            intent, spec, answer=["result"], answer_id=number, failed=[["error"], ["result", "isError"]]
        )

    def reply(number: Any, amount: int, **more: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": number, "result": {"structuredContent": {"amount": amount}, **more}}

    def stream(*messages: Any) -> str:
        return "".join(f"event: message\r\ndata: {json.dumps(row)}\r\n\r\n" for row in messages)

    one, two = tool(1, 5), tool("x", 7)
    sse = "text/event-stream"
    noise = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
    asks = {"jsonrpc": "2.0", "id": 1, "method": "sampling/createMessage", "params": {}}
    gone = {"body": "ambiguous", "amount": "ambiguous"}
    yield vector("rpc_match", "the answer to this request", one, came(reply(1, 5)), "match")
    yield vector(
        "rpc_drift",
        "the answer to this request, another amount",
        one,
        came(reply(1, 6)),
        "drift",
        wrong={"amount": "drift"},
    )
    yield vector(
        "rpc_other_id", "the answer to another request", one, came(reply(2, 5)), "ambiguous", wrong=gone
    )
    yield vector(
        "rpc_id_as_text",
        "the answer to a request whose id is a string",
        one,
        came(reply("1", 5)),
        "ambiguous",
        wrong=gone,
    )
    yield vector(
        "rpc_error",
        "an error",
        one,
        came({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602}}),
        "failed",
        wrong={"/error": "failed"},
    )
    yield vector(
        "rpc_error_before_id",
        "an error from before the id was read",
        one,
        came({"jsonrpc": "2.0", "id": None, "error": {"code": -32700}}),
        "failed",
        wrong={"/error": "failed"},
    )
    yield vector(
        "rpc_error_and_result",
        "an error and a result",
        one,
        came({**reply(1, 5), "error": {"code": 1}}),
        "ambiguous",
        wrong={"/error": "ambiguous"},
    )
    yield vector(
        "rpc_tool_error",
        "a tool that says that it failed",
        one,
        came(reply(1, 5, isError=True)),
        "failed",
        wrong={"/result/isError": "failed"},
    )
    yield vector(
        "rpc_tool_no_error",
        "a tool that says that it did not fail",
        one,
        came(reply(1, 5, isError=False)),
        "match",
    )
    yield vector(
        "rpc_batch",
        "a batch, answered in another order",
        [one, two],
        came([reply("x", 7), reply(1, 5)]),
        "match",
    )
    yield vector(
        "rpc_batch_swapped",
        "a batch, each id with the result of the other",
        [one, two],
        came([reply("x", 5), reply(1, 7)]),
        "drift",
        wrong={"1 amount": "drift", "2 amount": "drift"},
    )
    yield vector(
        "rpc_batch_one_missing",
        "a batch, one answer missing",
        [one, two],
        came([reply(1, 5)]),
        "ambiguous",
        wrong={"2 body": "ambiguous", "2 amount": "ambiguous"},
    )
    yield vector(
        "rpc_batch_two_answers",
        "two answers to one request that do not agree",
        one,
        came([reply(1, 5), reply(1, 50000)]),
        "ambiguous",
        wrong=gone,
    )
    yield vector(
        "rpc_stream",
        "an event stream: progress, a question of the server, the answer",
        one,
        came(stream(noise, asks, reply(1, 5)), kind=sse),
        "match",
    )
    yield vector(
        "rpc_stream_drift",
        "an event stream whose answer has another amount",
        one,
        came(stream(noise, reply(1, 6)), kind=sse),
        "drift",
        wrong={"amount": "drift"},
    )
    yield vector(
        "rpc_stream_two_answers",
        "an event stream with a second answer",
        one,
        came(stream(reply(1, 5), reply(1, 6)), kind=sse),
        "ambiguous",
        wrong=gone,
    )
    yield vector(
        "rpc_stream_cut",
        "an event stream that ends within its answer",
        one,
        came(stream(reply(1, 5))[:-2], kind=sse),
        "ambiguous",
        wrong=gone,
    )
    yield vector(
        "rpc_stream_none",
        "an event stream without the answer",
        one,
        came(stream(noise), kind=sse),
        "ambiguous",
        wrong=gone,
    )
