"""JSON-RPC 2.0: one message, or a batch."""

from __future__ import annotations

import pytest

from protocol_kit import parts, refused, request
from vienna_kernel.decode.pointer import MISSING


def message(**more: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "method": "send", "id": 1, **more}


def test_a_request_is_its_method_and_params() -> None:
    (part,) = parts("jsonrpc", request("POST", "/rpc", message(params={"to": "eve"})))
    assert part.operation == "send"
    assert part.value == {"method": "send", "params": {"to": "eve"}, "id": 1}
    assert (part.open, part.answer, part.failed, part.answer_id) == (
        ("params",),
        ("result",),
        (("error",),),
        1,
    )


def test_a_notification_has_no_id_and_no_answer_of_its_own() -> None:
    (part,) = parts("jsonrpc", request("POST", "/rpc", {"jsonrpc": "2.0", "method": "seen", "params": [1]}))
    assert part.value == {"method": "seen", "params": [1]}
    assert part.answer_id is MISSING


def test_a_batch_is_all_its_messages_each_with_its_own_answer() -> None:
    call = request(
        "POST", "/rpc", [message(id="a"), message(id="b", method="burn"), {"jsonrpc": "2.0", "method": "n"}]
    )
    assert [(part.operation, part.answer_id) for part in parts("jsonrpc", call)] == [
        ("send", "a"),
        ("burn", "b"),
        ("n", MISSING),
    ]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"method": "a", "id": 1}, "2.0"),
        (message(jsonrpc="1.0"), "2.0"),
        (message(jsonrpc=2), "2.0"),
        (message(method=""), "method"),
        (message(method=None), "method"),
        (message(method="x" * 201), "method"),
        (message(params=None), "params"),
        (message(params="x"), "params"),
        (message(id=None), "id"),
        (message(id=True), "id"),
        (message(id=1.5), "id"),
        (message(id=[1]), "id"),
        (message(extra=1), "members"),
        ({"jsonrpc": "2.0", "id": 1, "result": 1}, "members"),
        ([], "batch"),
        ([message(id=i) for i in range(101)], "batch"),
        ([message(), message()], "same id"),
        ([message(), message(id="1")], "same id"),
        ([[message()]], "object"),
        ("5", "object"),
    ],
)
def test_anything_else_is_refused(body: object, why: str) -> None:
    assert why in refused("jsonrpc", request("POST", "/rpc", body))


def test_a_body_must_be_there_and_be_json() -> None:
    assert "JSON" in refused("jsonrpc", request("POST", "/rpc"))
    assert "JSON" in refused("jsonrpc", request("POST", "/rpc", b"x", content_type="text/plain"))
