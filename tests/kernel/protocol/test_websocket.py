"""A WebSocket's opening and messages, taken apart."""

from __future__ import annotations

import pytest

from protocol_kit import parts, request
from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.part import Part
from vienna_kernel.protocol.websocket import READER

TYPE = {"operation": "/type"}


def told(body: object, at: str = "/type") -> Part:
    (part,) = parts("websocket", request("MESSAGE", "/live", body), {"operation": at})
    return part


def test_an_opening_says_nothing() -> None:
    assert parts("websocket", request("UPGRADE", "/live"), TYPE) == (Part(),)


def test_a_message_names_its_operation() -> None:
    part = told({"type": "response.create", "response": {"model": "m"}})
    assert (part.operation, part.value, part.open) == ("response.create", {"response": {"model": "m"}}, ())
    deep = told({"a": {"b": "op", "c": 1}}, "/a/b")
    assert (deep.operation, deep.value) == ("op", {"a": {"c": 1}})


@pytest.mark.parametrize(
    "body", [{}, {"type": 5}, {"type": None}, {"type": ["a"]}, [{"type": "a"}], "5", '"a"'], ids=repr
)
def test_a_message_without_one_has_none_and_all_of_it_is_to_be_declared(body: object) -> None:
    part = told(body)
    assert part.operation == ""
    assert part.value is not MISSING
    assert part.open == ()


def test_an_empty_message() -> None:
    assert parts("websocket", request("MESSAGE", "/live"), TYPE) == (Part(),)


def binary(content_type: str) -> Call:
    return request("MESSAGE", "/live", b"\x00\x01", content_type=content_type)


def test_what_is_binary_is_called_so() -> None:
    assert parts("websocket", binary("application/octet-stream"), TYPE) == (Part(operation="binary"),)


@pytest.mark.parametrize("body", [b'{"type": "transfer"}', b" \n[1]", b'\xef\xbb\xbf{"a": 1}', b"{ cut"])
def test_what_a_server_may_take_for_json_is_not_binary(body: bytes) -> None:
    with pytest.raises(MalformedError, match="send it as text"):
        parts("websocket", request("MESSAGE", "/live", body, content_type="application/octet-stream"), TYPE)


@pytest.mark.parametrize("body", [b"{\xff\xfe", b"\x00{}", b'"text"', b""])
def test_what_none_would_take_for_json_is(body: bytes) -> None:
    call = request("MESSAGE", "/live", body, content_type="application/octet-stream")
    assert parts("websocket", call, TYPE)[0].operation in ("binary", "")


def test_text_is_not_taken_for_binary() -> None:
    with pytest.raises(MalformedError, match="text message"):
        READER.parts(binary("application/json"), [], Content("bytes", {}), TYPE)


def test_only_messages_have_bodies() -> None:
    assert READER.kinds("MESSAGE", TYPE) == {"json"}
    assert not READER.kinds("UPGRADE", TYPE)
