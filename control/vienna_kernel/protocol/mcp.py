"""The Model Context Protocol over streamable HTTP, versions 2025-03-26 to 2026-07-28.

1. A POST carries one JSON-RPC message; in 2025-03-26, which alone had batches, a list of requests and notifications, or
   a list of answers. ``initialize`` is never in a list.
2. Until 2026-07-28 a client also answers what the server asked it (elicitation, sampling): the operation ``answer``;
   a GET opens a stream (``stream``), a DELETE ends the session (``end``). Since then there is POST only, the headers
   mirror the body (``mcp_headers``), and an answer comes as ``inputResponses`` of the repeated request.
3. ``_meta`` is no argument. What else stands beside the arguments of a tool is shown or refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import jsonrpc, mcp_headers
from vienna_kernel.protocol.jsonrpc import Message
from vienna_kernel.protocol.mcp_headers import STATELESS, UNTOLD
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.reader import Options, Parts, Reader, by_method, header
from vienna_kernel.value import Value

_MAX_NAME_CHARS = 512
_ANSWER = frozenset({"jsonrpc", "id", "result", "error"})
_CALLING = frozenset({"tools/call", "prompts/get"})
# What stands beside name and arguments: tasks (2025-11-25), answers to what the server asked (2026-07-28).
_BESIDE = {"task": "task", "inputResponses": "input_responses", "requestState": "request_state"}
_CALL = frozenset({"name", "arguments", "_meta", *_BESIDE})


def _fault(why: str) -> MalformedError:
    return MalformedError("body", why)


def _is_answer(value: Value) -> bool:
    return isinstance(value, Mapping) and "method" not in value and bool({"result", "error"} & value.keys())


def _name(params: Mapping[str, Value], place: str) -> str:
    name = params.get(place)
    if not isinstance(name, str) or not 0 < len(name) <= _MAX_NAME_CHARS:
        raise _fault(f"expected {place}: text of 1 to {_MAX_NAME_CHARS} characters")
    return name


def _beside(params: Mapping[str, Value]) -> dict[str, Value]:
    """What stands beside the arguments; a state that only the server reads by its digest."""
    found: dict[str, Value] = {}
    for place, name in _BESIDE.items():
        item = params.get(place)
        if place == "requestState" and item is not None:
            if not isinstance(item, str):
                raise _fault("requestState is text")
            item = "sha256:" + hashlib.sha256(item.encode("utf-8")).hexdigest()
        if item is not None:
            found[name] = item
    return found


def _asked(told: Message, params: Mapping[str, Value]) -> tuple[str, dict[str, Value]]:
    """Operation, and its own members of the value."""
    if told.method in _CALLING:
        if not params.keys() <= _CALL:
            raise _fault(
                f"{told.method} has members name, arguments, task, inputResponses and requestState only"
            )
        arguments = params.get("arguments", {})
        if not isinstance(arguments, Mapping):
            raise _fault(f"the arguments of {told.method} are an object")
        name = _name(params, "name")
        return f"{told.method}:{name}", {"name": name, "arguments": arguments, **_beside(params)}
    beside = _beside(params)
    arguments = {
        key: item for key, item in params.items() if key != "_meta" and _BESIDE.get(key) not in beside
    }
    found: dict[str, Value] = {"arguments": arguments, **beside}
    if told.method == "resources/read":
        found["name"] = _name(params, "uri")
    elif isinstance(params.get("name"), str):
        found["name"] = params["name"]
    return told.method, found


def _request(call: Call, value: Value) -> Part:
    told = jsonrpc.message(value)
    mcp_headers.judge(call, told.method, told.params, notification=told.id is MISSING)
    params = {} if told.params is MISSING else told.params
    if not isinstance(params, Mapping):
        raise _fault("MCP params are an object")
    operation, members = _asked(told, params)
    shown: dict[str, Value] = {"method": told.method, "version": mcp_headers.version(call), **members}
    if told.id is not MISSING:
        shown["id"] = told.id
    return Part(
        operation=operation,
        value=shown,
        open=("arguments",),
        answer=("result",),
        answer_id=told.id,
        failed=(("error",), ("result", "isError")),
    )


def _answer(call: Call, value: Value) -> Part:
    if not isinstance(value, Mapping) or not value.keys() <= _ANSWER or value.get("jsonrpc") != "2.0":
        raise _fault("an answer has members jsonrpc, id and result or error only")
    if ("result" in value) == ("error" in value):
        raise _fault("an answer has a result or an error, and one of them only")
    mcp_headers.judge(call, "", MISSING, notification=True)
    kind = "result" if "result" in value else "error"
    shown: dict[str, Value] = {
        "method": "answer",
        "version": mcp_headers.version(call),
        "id": jsonrpc.identity(value.get("id")),
        kind: value[kind],
    }
    return Part(operation="answer", value=shown, open=(kind,))


def _messages(call: Call, content: Content) -> Sequence[Part]:
    body = jsonrpc.body(content)
    version = mcp_headers.version(call)
    if isinstance(body, list) and version != UNTOLD:
        raise _fault(f"version {version} has no batches")
    messages = jsonrpc.batch(body)
    answers = [_is_answer(item) for item in messages]
    if any(answers) and not all(answers):
        raise _fault("a batch has requests or answers, not both")
    if any(answers) and version == STATELESS:
        raise _fault(f"version {version} has no answers of the client")
    parts = [_answer(call, item) if answers[0] else _request(call, item) for item in messages]
    if isinstance(body, list) and any(part.operation == "initialize" for part in parts):
        raise _fault("initialize is never in a batch")
    return parts


def _parts(call: Call, query: Pairs, content: Content, options: Options) -> Parts:
    header(call, "mcp-session-id")  # two sessions are two readings
    if call.method == "POST":
        return tuple(_messages(call, content))
    operation = {"GET": "stream", "DELETE": "end"}.get(call.method)
    version = mcp_headers.version(call)
    if operation is None or version == STATELESS:
        raise _fault(f"MCP of version {version} is not spoken by {call.method}")
    if content.kind != "none":
        raise _fault(f"an MCP {call.method} has no body")
    mcp_headers.judge(call, "", MISSING, notification=True)
    return (Part(operation=operation, value={"method": operation, "version": version}),)


READER = Reader(parts=_parts, kinds=by_method({"POST": frozenset({"json"})}))
"""Value: ``{"method", "version", "name", "arguments", "id"}`` and, where they are there, ``task``, ``input_responses``,
``request_state``; an answer has ``result`` or ``error`` instead. Operation: ``tools/call:<name>``,
``prompts/get:<name>``, ``answer``, ``stream``, ``end``, else the method.
"""
