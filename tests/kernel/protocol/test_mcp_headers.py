"""The headers of an MCP request may only repeat its body."""

from __future__ import annotations

import base64
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mutant import must_die
from protocol_kit import Headers, request
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import mcp_headers
from vienna_kernel.value import Value

NEW = "2026-07-28"
VERSION = ("mcp-protocol-version", NEW)
METHOD = ("mcp-method", "tools/call")
NAME = ("mcp-name", "refund")


def params(**arguments: Value) -> dict[str, Value]:
    meta: Value = {"io.modelcontextprotocol/protocolVersion": NEW}
    return {"name": "refund", "arguments": arguments, "_meta": meta}


def judge(
    headers: Headers,
    told: dict[str, Value] | None = None,
    method: str = "tools/call",
    *,
    notification: bool = False,
) -> None:
    told = params() if told is None else told
    mcp_headers.judge(request("POST", "/mcp", headers=headers), method, told, notification=notification)


def refused(headers: Headers, told: dict[str, Value] | None = None, method: str = "tools/call") -> str:
    with pytest.raises(MalformedError) as caught:
        judge(headers, told, method)
    return caught.value.where


def sentinel(text: str) -> str:
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def test_a_request_whose_headers_repeat_its_body_passes() -> None:
    judge([VERSION, METHOD, NAME])
    judge([VERSION, METHOD, ("mcp-name", sentinel("refund"))])


@pytest.mark.parametrize(
    "headers",
    [
        [VERSION, NAME],
        [VERSION, METHOD],
        [VERSION, ("mcp-method", "tools/list"), NAME],
        [VERSION, ("mcp-method", "Tools/Call"), NAME],
        [VERSION, ("mcp-method", sentinel("tools/call")), NAME],  # only names and parameters may be Base64
        [VERSION, METHOD, METHOD, NAME],
        [VERSION, METHOD, NAME, NAME],
        [VERSION, VERSION, METHOD, NAME],
        [VERSION, METHOD, ("mcp-name", "other")],
        [VERSION, METHOD, ("mcp-name", "")],
        [VERSION, METHOD, ("mcp-name", "=?BASE64?cmVmdW5k?=")],
        [VERSION, METHOD, ("mcp-name", "=?base64?cmVmdW5k")],
        [VERSION, METHOD, ("mcp-name", "=?base64?cmVm\ndW5k?=")],
        [VERSION, METHOD, ("mcp-name", "=?base64?cmVmdW5l?=")],
        [VERSION, METHOD, ("mcp-name", "=?base64?cmVmdW5kZ/==?=")],  # bits left over
        [VERSION, METHOD, ("mcp-name", "=?base64?/w==?=")],  # not UTF-8
        [VERSION, METHOD, ("mcp-name", "refund\xe9")],
        [VERSION, METHOD, NAME, ("mcp-session-id", "s")],
        [("mcp-protocol-version", "2026-07-29"), METHOD, NAME],
        [("mcp-protocol-version", ""), METHOD, NAME],
        [METHOD, NAME],
    ],
)
def test_a_header_that_is_missing_twice_or_other_is_refused(headers: Headers) -> None:
    assert refused(headers)


def test_the_name_of_a_resource_is_its_uri() -> None:
    told: dict[str, Value] = {"uri": "file:///a ü", "name": "x", "_meta": params()["_meta"]}
    read = ("mcp-method", "resources/read")
    judge([VERSION, read, ("mcp-name", sentinel("file:///a ü"))], told, "resources/read")
    assert refused([VERSION, read, ("mcp-name", "x")], told, "resources/read")


def test_where_no_name_is_due_it_must_be_right_all_the_same() -> None:
    told: dict[str, Value] = {"taskId": "t1", "_meta": params()["_meta"]}
    method = ("mcp-method", "tasks/get")
    judge([VERSION, method], told, "tasks/get")
    judge([VERSION, method, ("mcp-name", "t1")], told, "tasks/get")
    assert refused([VERSION, method, ("mcp-name", "t2")], told, "tasks/get")
    assert refused([VERSION, method, ("mcp-name", "t1")], {"_meta": told["_meta"]}, "tasks/get")


@pytest.mark.parametrize("told", ["2025-11-25", None, 5, "2026-07-28 "])
def test_the_version_of_the_body_is_that_of_the_header(told: Value) -> None:
    body = {**params(), "_meta": {"io.modelcontextprotocol/protocolVersion": told}}
    assert refused([VERSION, METHOD, NAME], body)


@pytest.mark.parametrize("meta", [None, {}, [], "x"])
def test_the_version_must_stand_in_the_body(meta: Value) -> None:
    assert refused([VERSION, METHOD, NAME], {**params(), "_meta": meta})


def test_a_notification_need_not_say_its_version_twice() -> None:
    judge([VERSION, ("mcp-method", "notifications/x")], {}, "notifications/x", notification=True)


@pytest.mark.parametrize("version", sorted(mcp_headers.VERSIONS - {NEW}))
@pytest.mark.parametrize("mirror", [METHOD, NAME, ("mcp-param-a", "1")])
def test_before_there_were_mirrors_none_may_be_there(version: str, mirror: tuple[str, str]) -> None:
    old: dict[str, Value] = {"name": "refund"}
    judge([("mcp-protocol-version", version)], old)
    assert refused([("mcp-protocol-version", version), mirror], old)


def test_a_body_of_the_new_version_does_not_come_under_an_old_one() -> None:
    assert refused([("mcp-protocol-version", "2025-11-25")])
    assert refused([])


@pytest.mark.parametrize(
    ("header", "arguments"),
    [
        ("eu", {"region": "eu"}),
        ("eu", {"Region": "eu"}),
        ("eu", {"place": {"region": "eu"}}),
        ("true", {"region": True}),
        ("42", {"region": 42}),
        ("42.0", {"region": 42}),
        ("042", {"region": 42}),
        (sentinel("ü"), {"region": "ü"}),
        (sentinel("=?base64?x?="), {"region": "=?base64?x?="}),
        ("", {"region": ""}),
        ("9007199254740993", {"other": 9007199254740993}),
    ],
)
def test_a_parameter_repeats_an_argument(header: str, arguments: dict[str, Value]) -> None:
    judge([VERSION, METHOD, NAME, ("mcp-param-region", header)], params(**arguments))


@pytest.mark.parametrize(
    ("header", "arguments"),
    [
        ("us", {"region": "eu"}),
        ("us", {"region": "eu", "note": "us"}),  # the argument of its own name counts
        ("us", {}),
        ("True", {"region": True}),
        ("1", {"region": True}),
        ("4.2e1", {"region": 42}),
        ("42", {"region": "042"}),
        ("None", {"region": None}),
        ("eu", {"region": ["eu"]}),
        ("9007199254740992", {"region": 9007199254740993}),
        ("\xe9", {"region": "é"}),
    ],
)
def test_a_parameter_that_repeats_none_is_refused(header: str, arguments: dict[str, Value]) -> None:
    assert refused([VERSION, METHOD, NAME, ("mcp-param-region", header)], params(**arguments))


def test_a_parameter_stands_once_and_with_a_call_only() -> None:
    line = ("mcp-param-region", "eu")
    assert refused([VERSION, METHOD, NAME, line, line], params(region="eu"))
    other: dict[str, Value] = {"name": "refund", "arguments": {"region": "eu"}, "_meta": params()["_meta"]}
    assert refused([VERSION, ("mcp-method", "prompts/get"), NAME, line], other, "prompts/get")


@given(st.text(max_size=20))
def test_the_sentinel_carries_any_text(text: str) -> None:
    judge([VERSION, METHOD, ("mcp-name", sentinel(text))], {**params(), "name": text})


def mirrors_agree(module: ModuleType) -> None:
    """Over a small space: what passes says of method and name what the body says."""
    for method in ("tools/call", "tools/list"):
        for name in ("refund", "delete"):
            headers = [VERSION, ("mcp-method", method), ("mcp-name", name)]
            call = request("POST", "/mcp", headers=headers)
            try:
                module.judge(call, "tools/call", params(), notification=False)
            except MalformedError:
                continue
            assert (method, name) == ("tools/call", "refund")


def test_no_header_says_what_the_body_does_not() -> None:
    mirrors_agree(mcp_headers)
    must_die(mirrors_agree, mcp_headers, 'if header(call, "mcp-method") != method:', "if method is None:")
    must_die(mirrors_agree, mcp_headers, 'any(_decoded("Mcp-Name", told) != item for item in said)', "False")
