"""One request for each dialect and each turn of it, and how its answer is read.

``ROWS``: what a mapping says of the address, the request, the reader that gets the sentence out of the answer (and
fails where that is not well-formed or could be taken for a success), and the status: the answer's ``own``, always
``200``, or ``good``, which is 200 but where the client is to wait and try again.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

from vienna_kernel.call.request import Call
from vienna_kernel.decode.pkt import Mark, packets, section

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


def in_slack(content: bytes) -> str:
    assert json.loads(content)["ok"] is False
    return in_json("detail")(content)


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
    assert line.startswith(b"ng refs/heads/main ")
    return line[19:].decode()


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
    "slack": ("rest", call("slack.com", "/api/chat.postMessage"), in_slack, "good"),
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
