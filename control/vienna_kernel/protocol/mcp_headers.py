"""What the headers of an MCP request say of its body (specification 2026-07-28, Streamable HTTP; SEP-2243).

1. The version is that of ``MCP-Protocol-Version``; without the header it is 2025-03-26, which had none.
2. Since 2026-07-28 headers mirror the body: ``Mcp-Method`` and ``Mcp-Name`` must be there, once, and say what the body
   says, numbers by their worth. The body is what is judged; the headers may only repeat it, since others on the way
   act on them.
3. Before, nobody checks the mirrors, so none may be there.
4. Which argument an ``Mcp-Param-…`` mirrors stands in the tool's schema, which is not known here. It must repeat the
   argument of its own name, where there is one, else some argument.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

from vienna_kernel.call.request import Call
from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.reader import header
from vienna_kernel.value import Value

STATELESS = "2026-07-28"
UNTOLD = "2025-03-26"
VERSIONS = frozenset({"2024-11-05", UNTOLD, "2025-06-18", "2025-11-25", STATELESS})

_PARAM = "mcp-param-"
_MAX_ARGUMENTS = 10_000
_PLAIN = re.compile(r"[\t\x20-\x7e]*\Z")
_SENTINEL = re.compile(r"=\?base64\?(.*)\?=\Z")
_NUMBER = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?\Z")
_VERSION_OF_BODY = "io.modelcontextprotocol/protocolVersion"
# Where the name stands that Mcp-Name repeats, for the methods that must have one.
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
# Where it may stand for all others (subscriptions: uri; the tasks extension, SEP-2663: taskId).
_NAMES = ("name", "uri", "taskId")


def _mismatch(name: str, why: str) -> MalformedError:
    return MalformedError(f"header {name}", f"{name} {why}")


def version(call: Call) -> str:
    """The protocol version of a request. Errors: ``MalformedError`` for one that is not known."""
    told = header(call, "mcp-protocol-version")
    if told is not None and told not in VERSIONS:
        raise _mismatch("MCP-Protocol-Version", "is not a version that is known here")
    return told or UNTOLD


def _decoded(name: str, text: str) -> str:
    """A header value with the sentinel undone. Errors: ``MalformedError`` unless it has one spelling."""
    found = _SENTINEL.match(text)
    if not found:
        if not _PLAIN.match(text):
            raise _mismatch(name, "holds characters that must be sent as Base64")
        return text
    try:
        data = base64.b64decode(found[1], validate=True)
        if base64.b64encode(data).decode("ascii") == found[1]:
            return data.decode("utf-8")
    except (binascii.Error, ValueError):
        pass
    raise _mismatch(name, "is not canonical Base64 of UTF-8")


def _scalars(value: Value) -> Iterator[Value]:
    """Everything that could be mirrored: what a chain of object members leads to. Lists cannot (SEP-2243)."""
    todo, left = [value], _MAX_ARGUMENTS
    while todo and left:
        at = todo.pop()
        left -= 1
        if isinstance(at, Mapping):
            todo.extend(at.values())
        elif not isinstance(at, list):
            yield at


def _says(text: str, value: Value) -> bool:
    if isinstance(value, bool):
        return text == ("true" if value else "false")
    if isinstance(value, (int, Decimal)):
        return _NUMBER.match(text) is not None and Decimal(text) == value
    return text == value


def _judge_params(call: Call, method: str, arguments: Value) -> None:
    for key in {key for key, _ in call.headers if key.startswith(_PARAM)}:
        told = header(call, key)
        own = key.removeprefix(_PARAM)
        if method != "tools/call" or not isinstance(arguments, Mapping) or told is None:
            raise _mismatch("Mcp-Param", "is for tools/call only")
        text = _decoded("Mcp-Param", told)
        named = [item for name, item in arguments.items() if name.lower() == own]
        if not any(_says(text, item) for item in (named or _scalars(arguments))):
            raise _mismatch("Mcp-Param", "says what no argument says")


def _judge_name(call: Call, method: str, params: Mapping[str, Value]) -> None:
    told = header(call, "mcp-name")
    place = _NAMED.get(method)
    if told is None:
        if place is not None:
            raise _mismatch("Mcp-Name", f"is missing on {method}")
        return
    places = (place,) if place else _NAMES
    said = [params[name] for name in places if name in params]
    if not said or any(_decoded("Mcp-Name", told) != item for item in said):
        raise _mismatch("Mcp-Name", "is not the name in the body")


def _judge_body_version(call: Call, params: Found, *, needed: bool) -> None:
    meta = params.get("_meta") if isinstance(params, Mapping) else None
    told = meta.get(_VERSION_OF_BODY) if isinstance(meta, Mapping) else None
    if told is None and not needed:
        return
    if told != version(call):
        raise _mismatch("MCP-Protocol-Version", "is not the protocol version of the body")


def judge(call: Call, method: str, params: Found, *, notification: bool) -> None:
    """Hold the headers against one message. Errors: ``MalformedError`` that names the header."""
    stateless = version(call) == STATELESS
    _judge_body_version(call, params, needed=stateless and not notification)
    if not stateless:
        if any(key in ("mcp-method", "mcp-name") or key.startswith(_PARAM) for key, _ in call.headers):
            raise _mismatch("Mcp-Method", "and its like are not of this protocol version: nobody checks them")
        return
    if header(call, "mcp-session-id") is not None:
        raise _mismatch("Mcp-Session-Id", "is not of this protocol version: it has no sessions")
    if header(call, "mcp-method") != method:
        raise _mismatch("Mcp-Method", "is missing, or is not the method in the body")
    if params is not MISSING and not isinstance(params, Mapping):
        raise MalformedError("body", "MCP params are an object")
    members = params if isinstance(params, Mapping) else {}
    _judge_name(call, method, members)
    _judge_params(call, method, members.get("arguments", {}))
