"""Answers in JSON-RPC 2.0, and in the Model Context Protocol, which speaks it.

1. An answer belongs to a request by its id. So an id is repeated only as our own strict reader has it: a string of at
   most 200 characters, or an integer. Where a request has an id that cannot be read, its answer has none and keeps its
   own status, by which every client knows a failure.
2. A refused tool is a result with ``isError``: that is what a client shows to its model. Everything else that is
   refused is an ``error``.
3. A notification has no answer; its status says no.
"""

from __future__ import annotations

from collections.abc import Callable

import orjson

from vienna_kernel.call.request import Call
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import jsonrpc
from vienna_kernel.protocol.jsonrpc import Message
from vienna_kernel.protocol.mcp_headers import STATELESS
from vienna_proxy.answer import body
from vienna_proxy.answer.form import Form
from vienna_proxy.answer.problem import Answer

# Free for implementations (section 5.1), and used by no protocol that is known to us.
CODE = -32050

_MAX_ID_CHARS = 200
_TOOL = "tools/call"
_EVENTS = "text/event-stream"
_JSON = "application/json"

type _Say = Callable[[Answer, Message | None], dict[str, object]]


def is_spoken(call: Call) -> bool:
    """Whether a request that no mapping reads is JSON-RPC all the same, to the last member."""
    return messages(call) is not None


def is_mcp(call: Call) -> bool:
    """Whether a request that no mapping reads, and that is JSON-RPC, comes from a client of MCP."""
    version = call.header("mcp-protocol-version") is not None
    return version or {_JSON, _EVENTS} <= {row.split(";")[0].strip() for row in _accepted(call)}


def _accepted(call: Call) -> list[str]:
    return (call.header("accept") or "").split(",")


def messages(call: Call) -> list[Message] | None:
    """The requests and notifications of a body, in a list of their own where it is no batch; None if it is no such."""
    value = body.read(call)
    if value is MISSING:
        return None
    try:
        found = [jsonrpc.message(item) for item in jsonrpc.batch(value)]
    except MalformedError:
        return None
    return None if any(len(str(told.id)) > _MAX_ID_CHARS for told in found) else found


def jsonrpc_form(answer: Answer, call: Call) -> Form:
    """An ``error`` for each request of the body."""
    return _form(answer, call, _error)


def mcp_form(answer: Answer, call: Call) -> Form | None:
    """The same; a tool's error is a result. As an event where the client takes nothing else."""
    if call.method != "POST":
        return None

    def say(answer: Answer, told: Message | None) -> dict[str, object]:
        if told is None or told.method != _TOOL:
            return _error(answer, told)
        return _tool(answer, told, stateless=call.header("mcp-protocol-version") == STATELESS)

    return _form(answer, call, say)


def _form(answer: Answer, call: Call, say: _Say) -> Form:
    found = messages(call)
    asked = [told for told in found or () if told.id is not MISSING]
    if not asked:
        return Form(_JSON, orjson.dumps(_error(answer, None)))
    rows = [say(answer, told) for told in asked]
    content = orjson.dumps(rows if call.body.lstrip()[:1] == b"[" else rows[0])
    accept = call.header("accept") or ""
    if _EVENTS in accept and _JSON not in accept and "*/*" not in accept:
        return Form(_EVENTS, b"event: message\ndata: " + content + b"\n\n", status=200)
    return Form(_JSON, content, status=200)


def _error(answer: Answer, told: Message | None) -> dict[str, object]:
    error = {"code": CODE, "message": answer.sentence, "data": answer.facts()}
    return {"jsonrpc": "2.0", "id": None if told is None else told.id, "error": error}


def _tool(answer: Answer, told: Message, *, stateless: bool) -> dict[str, object]:
    text = f"{answer.sentence}\n{answer.advice}"
    result: dict[str, object] = {"content": [{"type": "text", "text": text}], "isError": True}
    result["_meta"] = {"vienna.internal/refusal": answer.facts()}
    if stateless:
        result["resultType"] = "complete"
    return {"jsonrpc": "2.0", "id": told.id, "result": result}
