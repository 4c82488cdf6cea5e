"""MCP: parts or ``MalformedError``; of the version that mirrors, the headers say what the body says."""

from __future__ import annotations

from fuzz import law
from vienna_kernel.call.request import Call
from vienna_kernel.decode import json
from vienna_kernel.decode.content import Content
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import mcp
from vienna_kernel.verdict import Refused

_META = b'"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}'

SEEDS = (
    b'mcp-protocol-version: 2025-06-18\n\n{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a",'
    b'"arguments":{"b":[1]}}}',
    b"mcp-protocol-version: 2026-07-28\nmcp-method: tools/call\nmcp-name: =?base64?YQ==?=\nmcp-param-b: 42.0\n\n"
    b'{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"a","arguments":{"b":42},'
    + _META
    + b"}}",
    b'\n[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"}]',
    b'\n{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}',
    b"mcp-protocol-version: 2026-07-28\nmcp-method: resources/read\nmcp-name: u\n\n"
    b'{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"u",' + _META + b"}}",
)


def _call(data: bytes) -> Call:
    head, _, body = data.partition(b"\n\n") if not data.startswith(b"\n") else (b"", b"", data[1:])
    lines = [line.decode("latin-1").partition(": ") for line in head.split(b"\n") if line]
    return Call(
        method="POST", scheme="https", host="h", port=443, path="/", query="", body=body,
        headers=tuple((name.lower(), value) for name, _, value in lines), content_type="application/json",
    )  # fmt: skip


def one_input(data: bytes) -> None:
    call = _call(data)
    try:
        content = Content("json", json.loads(call.body)) if call.body else Content()
        parts = mcp.READER.parts(call, [], content, {})
    except MalformedError as error:
        law(bool(error.where) and len(error.why) < 200, "the place is named, in few words")
        return
    law(not isinstance(parts, Refused) and len(parts) > 0, "there is a part")
    if isinstance(parts, Refused) or call.header("mcp-protocol-version") != "2026-07-28":
        return
    law(len(parts) == 1 and isinstance(parts[0].value, dict), "one message at a time")
    value = parts[0].value
    law(isinstance(value, dict) and value["method"] == call.header("mcp-method"), "the method is mirrored")
