"""What a mapping promises of an answer, over real sockets: side effects, events, read-back, undo, coded bodies."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from harness.upstream import Answer, Upstream
from vienna_kernel import wire

ORDERS = "https://shop.example/v1/orders"
AWAITED = "https://shop.example/v1/awaited"
MAILS = "https://shop.example/v1/mails"
SENT = {"Authorization": "Bearer sk-secret", "Idempotency-Key": "k1", "X-Tenant": "acme"}


def order(amount: int, status: int = 201) -> Answer:
    return Answer.json({"id": "o-1", "amount": amount}, status)


def told(control: Any, count: int) -> list[wire.Outcome]:
    """Outcomes of writes, in order; those of the reads between them come in any order."""
    control.wait_for(wire.Outcome, count)
    return [frame for frame in control.heard(wire.Outcome) if frame.reads_due or frame.reread]


def test_a_call_is_read_back_with_its_own_credentials_and_told_again(
    gate, control, upstream: Upstream
) -> None:
    upstream.answer("POST", "/v1/orders", order(5))
    upstream.answer("GET", "/v1/orders/o-1", order(5, 200))
    answer = gate.call("POST", ORDERS, json={"amount": 5}, headers=SENT)
    assert answer.status_code == 201

    first, again = told(control, 3)
    assert (first.result, first.reads_due, first.reread) == ("match", 1, None)
    assert first.undo == [wire.Undo(action="cancel_order", method="POST", path="/v1/orders/o-1/cancel")]
    assert (again.result, again.reads_due) == ("match", 0)
    assert again.reread is not None
    assert (again.reread.result, again.reread.before_answer) == ("match", False)
    assert (again.intent_id, again.warrant_id, again.attempt) == (
        first.intent_id,
        first.warrant_id,
        first.attempt,
    )
    assert [check["name"] for check in again.checks] == [
        "status",
        "amount",
        "readback status",
        "readback amount",
    ]

    _, read = upstream.wait_for(2)
    assert (read.method, read.target, read.body) == ("GET", "/v1/orders/o-1", b"")
    assert (read.header("authorization"), read.header("x-tenant")) == ("Bearer sk-secret", "acme")
    assert read.header("idempotency-key") is None
    consults = control.heard(wire.Consult)
    assert [row.intents[0]["action"] for row in consults] == ["create_order", "read_order"]
    assert again.reread.intent_id == f"int-{consults[1].fingerprint[7:19]}"


@pytest.mark.parametrize(
    ("status", "body", "first", "alone", "result"),
    [
        (201, order(7, 200), "match", "drift", "drift"),
        (201, Answer.json({}, 404), "match", "ambiguous", "ambiguous"),
        (201, Answer.json({}, 503), "match", "unverifiable", "match"),
        (201, Answer(200, b"<html>"), "match", "ambiguous", "ambiguous"),
        (202, order(5, 200), "unverifiable", "match", "match"),
        (202, order(7, 200), "unverifiable", "drift", "drift"),
        (201, Answer(302, b"", {"Location": "https://elsewhere.example/"}), "match", "unverifiable", "match"),
        (201, Answer(200, b"x" * (1024 * 1024 + 1)), "match", "unverifiable", "match"),
        (201, Answer(200, b"x" * 100, abort_after=10), "match", "unverifiable", "match"),
    ],
)
def test_what_is_read_back_changes_the_result(
    gate, control, upstream: Upstream, status: int, body: Answer, first: str, alone: str, result: str
) -> None:
    upstream.answer("POST", "/v1/orders", order(5, status))
    upstream.answer("GET", "/v1/orders/o-1", body)
    assert gate.call("POST", ORDERS, json={"amount": 5}).status_code == status
    one, again = told(control, 3)
    assert again.reread is not None
    assert (one.result, again.reread.result, again.result) == (first, alone, result)
    assert bool(again.notes) == (alone == "unverifiable")


def test_a_read_back_that_is_not_permitted_is_not_made(gate, control, upstream: Upstream) -> None:
    def script(fake, frame):
        if isinstance(frame, wire.Consult) and frame.call.method == "GET":
            return fake.refused(frame)
        return fake.grants(frame)

    control.script = script
    upstream.answer("POST", "/v1/orders", order(5))
    assert gate.call("POST", ORDERS, json={"amount": 5}).status_code == 201
    _, again = told(control, 2)
    assert again.reread is not None
    assert (again.result, again.reread.result, again.reread.intent_id) == ("match", "unverifiable", "int-1")
    assert len(upstream.received) == 1


def test_what_failed_or_drifted_is_not_read_back(gate, control, upstream: Upstream) -> None:
    for answer, result in ((Answer.json({}, 402), "failed"), (order(9), "drift")):
        upstream.answer("POST", "/v1/orders", answer, times=1)
        gate.call("POST", ORDERS, json={"amount": 5})
        assert control.heard(wire.Outcome)[-1].result == result
    assert len(upstream.received) == 2
    assert all(frame.reads_due == 0 for frame in control.heard(wire.Outcome))


def test_an_id_that_leads_elsewhere_leads_nowhere(gate, control, upstream: Upstream) -> None:
    upstream.answer("POST", "/v1/orders", Answer.json({"id": "../../admin", "amount": 5}, 201))
    assert gate.call("POST", ORDERS, json={"amount": 5}).status_code == 201
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.result, outcome.reads_due, outcome.undo, len(outcome.notes)) == ("match", 0, [], 1)
    assert len(upstream.received) == 1


@pytest.mark.parametrize(("amount", "status"), [(5, 201), (7, 403)])
def test_an_agent_waits_where_the_mapping_says_so(
    gate, control, upstream: Upstream, amount: int, status: int
) -> None:
    upstream.answer("POST", "/v1/awaited", Answer.json({"id": "o-1"}, 201))
    upstream.answer("GET", "/v1/orders/o-1", order(amount, 200))
    control.script = lambda fake, frame: (
        fake.granted(frame).model_copy(update={"withhold": True})
        if isinstance(frame, wire.Consult)
        else fake.grants(frame)
    )
    answer = gate.call("POST", AWAITED, json={"amount": 5})
    assert answer.status_code == status
    assert answer.headers.get("vienna-reason") == (None if status == 201 else "response_drift")
    _, again = told(control, 3)
    assert again.reread is not None
    assert again.reread.before_answer
    assert again.result == ("match" if amount == 5 else "drift")


def test_a_read_back_that_nobody_hears_of_is_spooled_beside_its_call(
    own_gate, control, upstream: Upstream
) -> None:
    gate = own_gate()
    upstream.answer("POST", "/v1/orders", order(5))

    def silent(fake, frame):
        return None if isinstance(frame, wire.Outcome) else fake.grants(frame)

    upstream.answer("GET", "/v1/orders/o-1", order(5, 200))
    control.script = silent
    assert gate.call("POST", ORDERS, json={"amount": 5}).status_code == 201
    told(control, 3)
    control.script = type(control).grants
    control.frames.clear()
    control.hang_up()
    delivered = control.wait_for(wire.Outcome, 3)
    assert sorted(frame.reread is not None for frame in delivered) == [False, False, True]


MAIL = {"to": ["a@x.example", "b@x.example"]}


@pytest.mark.parametrize(
    ("sent", "header", "result"),
    [
        (["a@x.example"], "2", "match"),
        (["a@x.example", "eve@evil.example"], "2", "drift"),
        (["a@x.example"], "3", "drift"),
        (["a@x.example"], None, "ambiguous"),
        (["a@x.example"] * 40, "2", "drift"),
    ],
)
def test_side_effects(
    gate, control, upstream: Upstream, sent: list[str], header: str | None, result: str
) -> None:
    body = json.dumps({"sent": [{"to": one} for one in sent], "pad": "x" * (900 if len(sent) > 2 else 0)})
    headers = {"Content-Type": "application/json"} | ({"X-Sent": header} if header else {})
    upstream.answer("POST", "/v1/mails", Answer(200, body.encode(), headers))
    gate.call("POST", MAILS, json=MAIL)
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == result


def test_few_bytes_on_the_wire_that_become_many(gate, control, upstream: Upstream) -> None:
    body = json.dumps({"sent": [], "pad": "x" * 2000}).encode()
    coded = {"Content-Type": "application/json", "Content-Encoding": "gzip", "X-Sent": "0"}
    upstream.answer("POST", "/v1/mails", Answer(200, gzip.compress(body), coded))
    gate.call("POST", MAILS, json=MAIL)
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.response_bytes < 1024
    assert [check["name"] for check in outcome.checks if not check["held"]] == ["max_body"]


def test_the_limits_of_the_warrant_are_held(gate, control, upstream: Upstream) -> None:
    def script(fake, frame):
        if isinstance(frame, wire.Consult):
            return fake.granted(frame, response_limits={"max_body_bytes": 10})
        return fake.grants(frame)

    control.script = script
    upstream.answer("GET", "/v1/orders/o-1", Answer.json({"a": "0123456789"}))
    gate.call("GET", ORDERS + "/o-1")
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "drift"
    assert outcome.checks[-1]["name"] == "response_limits max_body_bytes"


@pytest.mark.parametrize("length", [True, False])
def test_an_answer_far_larger_than_was_promised_is_withheld_and_not_streamed(
    gate, control, upstream: Upstream, length: bool
) -> None:
    large = b"x" * (12 * 1024 * 1024)
    chunks = (large[i : i + 65536] for i in range(0, len(large), 65536))
    answer = Answer(200, large) if length else Answer(200, chunks=chunks)
    upstream.answer("POST", "/v1/mails", answer)
    assert gate.call("POST", MAILS, json=MAIL).status_code in (403, 502)
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "drift"
    assert [(check["name"], check["expected"]) for check in outcome.checks] == [("size", 1024)]


def tool(amount: int) -> dict[str, Any]:
    params = {"name": "pay", "arguments": {"amount": amount}}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def paid(amount: int, **more: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "result": {"structuredContent": {"amount": amount}, **more}}


NOISE = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}


@pytest.mark.parametrize(
    ("messages", "result"),
    [
        ([NOISE, paid(5)], "match"),
        ([NOISE, paid(6)], "drift"),
        ([paid(5, isError=True)], "failed"),
        ([paid(5), paid(6)], "ambiguous"),
        ([NOISE], "ambiguous"),
    ],
)
def test_a_tool_that_answers_in_events_is_verified(
    gate, control, upstream: Upstream, messages: list[Any], result: str
) -> None:
    upstream.answer("POST", "/mcp", Answer.sse([("message", row) for row in messages]))
    headers = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}
    answer = gate.call("POST", "https://tools.example/mcp", json=tool(5), headers=headers)
    assert answer.headers.get("vienna-reason") == ("response_drift" if result == "drift" else None)
    assert answer.text.count("data: ") == (0 if result == "drift" else len(messages))
    if result == "drift":  # withheld, in the words of the protocol
        assert answer.json()["result"]["isError"] is True
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == result


def test_a_coded_body_is_undone_where_the_mapping_says_so_and_nowhere_else(
    gate, control, upstream: Upstream
) -> None:
    body = json.dumps({"items": [1, 2, 3]}).encode()
    coded = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    upstream.answer("PUT", "/v1/items", Answer.json({}))
    url = "https://shop.example/v1/items"
    assert gate.call("PUT", url, content=gzip.compress(body), headers=coded).status_code == 200
    (seen,) = upstream.received
    assert (seen.body, seen.header("content-encoding")) == (body, None)
    assert seen.header("content-length") == str(len(body))
    assert control.heard(wire.Consult)[0].intents[0]["parameters"] == {"items": 3}

    refused = gate.call("POST", ORDERS, content=gzip.compress(b'{"amount":5}'), headers=coded)
    assert refused.headers["vienna-reason"] == "unsupported_encoding"
    other = gate.call("PUT", url, content=b"x", headers={**coded, "Content-Encoding": "br"})
    assert other.headers["vienna-reason"] == "unsupported_encoding"
    broken = gate.call("PUT", url, content=gzip.compress(body)[:-1], headers=coded)
    assert broken.headers["vienna-reason"] == "undecodable_body"
    bomb = gate.call("PUT", url, content=gzip.compress(b"[" + b" " * 20_000_000 + b"]"), headers=coded)
    assert bomb.headers["vienna-reason"] == "body_too_large"
    assert len(upstream.received) == 1
