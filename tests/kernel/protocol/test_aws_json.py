"""The AWS JSON protocols."""

from __future__ import annotations

import pytest

from protocol_kit import parts, refused, request
from vienna_kernel.call.request import Call
from vienna_kernel.protocol import aws_json

TARGET = ("x-amz-target", "DynamoDB_20120810.DeleteTable")
TYPE = "application/x-amz-json-1.0"


def post(body: object, *headers: tuple[str, str], target: str = "/", kind: str = TYPE) -> Call:
    return request("POST", target, body, headers=headers or (TARGET,), content_type=kind)


@pytest.mark.parametrize("kind", [TYPE, "application/x-amz-json-1.1"])
def test_the_header_names_the_operation(kind: str) -> None:
    (part,) = parts("aws-json", post({"TableName": "users"}, kind=kind))
    assert part.operation == "DynamoDB_20120810.DeleteTable"
    assert (part.value, part.open) == ({"TableName": "users"}, ())


@pytest.mark.parametrize(
    "call",
    [
        post({}, ("x-other", "A.B")),
        post({}, TARGET, TARGET),
        post({}, TARGET, ("x-amz-target", "A.ListTables")),
        post({}, ("x-amz-target", "")),
        post({}, ("x-amz-target", "DeleteTable")),
        post({}, ("x-amz-target", "A.B.C")),
        post({}, ("x-amz-target", "A.B ")),
        post({}, kind="application/json"),
        post([]),
        post("null"),
        request("POST", "/", headers=[TARGET]),
        post({}, target="/?Action=CreateTable"),
        post({}, target="/?action=CreateTable"),
    ],
)
def test_anything_else_is_refused(call: Call) -> None:
    assert refused("aws-json", call)


def test_a_post_has_a_json_body_and_nothing_else_has_one() -> None:
    assert aws_json.READER.kinds("POST", {}) == {"json"}
    assert not aws_json.READER.kinds("GET", {})
