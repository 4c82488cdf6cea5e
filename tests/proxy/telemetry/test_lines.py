"""Exactly one line for each call, whatever became of it, over real sockets; and what is counted is what is told."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import Counter
from typing import Any

import httpx
import pytest

from harness.answers import answer_to
from harness.live import HOST, connected, serving
from harness.upstream import Answer, Upstream
from proxy.telemetry.conftest import kinds, lines, samples, total, until_sample, wait_for_lines
from vienna_kernel import wire
from vienna_proxy.telemetry.account import Account, Ending, row

PAY = "https://payments.example"
ORDER = f"{PAY}/v1/orders/O-1"
REFUNDS = f"{PAY}/v1/refunds"
NONE = Account()
FIELDS = {"event", "level", "timestamp", *row(NONE, Ending(decision="none"), NONE.times(0.0), rung=None)}


def refuses(action: str) -> Any:
    def script(fake: Any, frame: Any) -> Any:
        if isinstance(frame, wire.Consult) and frame.intents[0]["action"] == action:
            return fake.refused(frame, rule="no-refunds", tier="T2")
        return fake.grants(frame)

    return script


def hang_up(plain: socket.socket) -> None:
    """Rudely."""
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    plain.close()


def test_one_line_for_each_call(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(admin_listen="127.0.0.1:0", body={"inspect_max_bytes": 2048})
    control.script = refuses("create_refund")
    expected: Counter[tuple[Any, ...]] = Counter()

    def saw(*kind: Any) -> None:
        expected[kind] += 1
        found = kinds(wait_for_lines(gate, expected.total()))
        assert found == expected

    gate.call("GET", ORDER, headers={"User-Agent": "curl/8.1 sk-canary"})
    saw("GET", "granted", None, 200, "whole")
    gate.call("POST", REFUNDS, json={"order": "ORD-1", "amount": "5.00", "currency": "EUR"})
    saw("POST", "denied", "policy_denied", 403, "whole")
    gate.call("GET", "http://vienna.internal/")
    saw("GET", "internal", None, 200, "whole")

    # Refused by its head, in the middle of its body, and by what is no head at all.
    gate.call("POST", f"{PAY}/v1/other", content=b"x" * 4096)
    saw("POST", "denied", "body_too_large", 413, "whole")
    gate.call("POST", f"{PAY}/v1/other", content=iter([b"x" * 1500, b"x" * 1500]))
    saw("POST", "denied", "body_too_large", 413, "whole")
    gate.raw(b"GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nno colon\r\n\r\n")
    saw("", "denied", "malformed_request", 400, "whole")
    head = b"POST http://payments.example/v1/tickets HTTP/1.1\r\nHost: payments.example\r\n"
    gate.raw(head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnot a size\r\n")
    saw("POST", "denied", "malformed_request", 400, "whole")
    gate.raw(b"CONNECT 169.254.169.254:443 HTTP/1.1\r\nHost: 169.254.169.254:443\r\n\r\n")
    saw("CONNECT", "denied", "address_refused", 403, "whole")

    # An agent that stops in the middle of what it says, and one that hangs up.
    with gate.connect() as plain:
        plain.sendall(head + b"Content-Length: 100\r\n\r\nhello")
        plain.shutdown(socket.SHUT_WR)
        answer_to(plain)
    saw("POST", "denied", "malformed_request", 400, "whole")
    with gate.connect() as plain:
        plain.sendall(head + b"Content-Length: 100\r\n\r\nhello")
        until_sample(gate, "vienna_gate_body_bytes", 5)
        hang_up(plain)
    saw("POST", "denied", "malformed_request", 400, "whole")

    # Streams: to their end, cut off by the upstream, cut off by the agent.
    stream = {"Content-Type": "text/event-stream"}
    upstream.answer("GET", "/v1/stream", Answer(headers=stream, chunks=[b"data: one\n\n"] * 3))
    gate.call("GET", f"{PAY}/v1/stream")
    saw("GET", "granted", None, 200, "whole")
    upstream.answer("GET", "/v1/broken", Answer(headers=stream, chunks=[b"data: 1\n\n"] * 3, abort_after=9))
    with pytest.raises(httpx.RemoteProtocolError):
        gate.call("GET", f"{PAY}/v1/broken")
    saw("GET", "granted", "response_invalid", 200, "broken")

    # An upstream that says nothing.
    upstream.answer("GET", "/v1/silent", Answer(body=b"{}" * 40, abort_after=60))
    gate.call("GET", f"{PAY}/v1/silent")
    saw("GET", "granted", "outcome_unknown", 502, "whole")

    told = lines(gate)
    assert {frozenset(one) for one in told} == {frozenset(FIELDS)}
    assert "canary" not in gate.log()
    assert told[0]["client"] == "curl"
    assert told[0]["actions"] == ["get_order"]
    assert told[0]["origin"] == PAY
    assert told[0]["mapping"].startswith("toy_payments@")
    assert told[0]["rung"] == "enforce"
    assert told[0]["attempt"].startswith("att-")
    assert told[0]["result"] == "match"
    assert (told[1]["tier"], told[1]["rule"], told[1]["actions"]) == ("T2", "no-refunds", ["create_refund"])
    assert told[1]["bytes_in"] > 0
    assert told[1]["bytes_out"] > 0
    streamed = [one for one in told if one["streamed"]]
    assert [one["bytes_out"] for one in streamed] == [33, 9]
    for one in told:
        assert one["ms"] >= max(one["held_ms"], one["upstream_ms"], one["gate_ms"]) >= 0

    until_sample(gate, "vienna_gate_calls_total", len(told))
    found = samples(gate)
    assert total(found, "vienna_gate_calls_total", 'decision="granted"', 'tier="T0"') == 4
    assert total(found, "vienna_gate_actions_total", 'action="create_refund"', 'decision="denied"') == 1
    assert total(found, "vienna_gate_transport_refusals_total") == 7
    assert total(found, "vienna_gate_call_seconds_count") == len(told)
    assert total(found, "vienna_gate_call_seconds_count", 'streamed="true"') == 2
    assert total(found, "vienna_gate_added_seconds_count") == 4
    assert total(found, "vienna_gate_control_seconds_count", 'frame="consult"') >= 5
    assert found["vienna_gate_body_bytes"] == 0
    assert found["vienna_gate_control_up"] == 1


def test_a_held_call_has_one_line_too(own_gate, control) -> None:
    gate = own_gate(admin_listen="127.0.0.1:0")
    asked: list[wire.Consult] = []

    def script(fake: Any, frame: Any) -> Any:
        if not isinstance(frame, wire.Consult):
            return fake.grants(frame)
        asked.append(frame)
        if len(asked) == 1:
            return fake.held(frame)
        return fake.granted(frame)

    control.script = script
    with gate.connect() as plain:
        plain.sendall(b"GET http://vienna.internal/ HTTP/1.1\r\nHost: vienna.internal\r\n\r\n")
        assert plain.recv(4096)
    wait_for_lines(gate, 1)
    waiting = asyncio.run(_held(gate, control))
    assert waiting.status_code == 200
    _, one = wait_for_lines(gate, 2)
    assert (one["decision"], one["reason"], one["status"]) == ("granted", None, 200)
    assert one["held_ms"] > 0
    until_sample(gate, "vienna_gate_held_seconds_count", 1)


async def _held(gate: Any, control: Any) -> httpx.Response:
    calling = asyncio.create_task(asyncio.to_thread(gate.call, "GET", ORDER))
    await asyncio.to_thread(until_sample, gate, "vienna_gate_held_calls", 1)
    control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
    return await calling


def test_a_caller_that_hung_up_while_it_was_held(own_gate, control) -> None:
    gate = own_gate()
    control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    with gate.connect() as plain:
        request = b'{"subject": "hello"}'
        plain.sendall(
            b"POST http://payments.example/v1/tickets HTTP/1.1\r\nHost: payments.example\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(request) + request
        )
        control.wait_for(wire.Consult)
        hang_up(plain)
    (one,) = wait_for_lines(gate, 1)
    assert (one["decision"], one["reason"]) == ("pending", "approval_pending")
    assert (one["approval_id"], one["tier"]) == ("apr-1", "T2")


def test_a_caller_that_hung_up_after_its_call_left(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate()
    with upstream.waits("POST", "/v1/tickets", Answer(201, b"{}")):
        with gate.leaving("POST", f"{PAY}/v1/tickets", json={"subject": "hello"}):
            upstream.wait_for(1)
        gate.notices()
    (one,) = [row for row in wait_for_lines(gate, 2) if row["decision"] != "internal"]
    assert (one["method"], one["decision"], one["ended"]) == ("POST", "granted", "agent_gone")


def test_a_gate_that_breaks_says_so_in_the_line(own_gate, upstream: Upstream) -> None:
    gate = own_gate(module="vienna_proxy.drill", admin_listen="127.0.0.1:0")
    assert gate.call("GET", ORDER).status_code == 500
    (one,) = wait_for_lines(gate, 1)
    assert (one["decision"], one["reason"], one["status"]) == ("denied", "internal_error", 500)
    found = samples(gate)
    assert total(found, "vienna_gate_calls_total", 'reason="internal_error"') == 1


async def test_a_websocket_has_a_line_and_each_message_its_own(own_gate, control, upstream: Upstream) -> None:
    control.script = refuses("send_transfer")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        resolve = {**upstream.resolve, HOST: "{}:{}".format(*listening.getsockname())}
        gate = await asyncio.to_thread(own_gate, resolve=resolve, admin_listen="127.0.0.1:0")
        async with serving(upstream, listening) as room, connected(gate) as agent:
            speaking = await room.sockets.get()
            await agent.send_str(json.dumps({"type": "say.it", "text": "hello"}))
            await room.heard.get()
            await speaking.send_str("done")
            assert (await agent.receive()).data == "done"
            await agent.send_str(json.dumps({"type": "transfer", "amount": 5}))
            await room.heard.get()
            rows = await asyncio.to_thread(wait_for_lines, gate, 3)
    assert kinds(rows) == {
        ("MESSAGE", "granted", None, None, "whole"): 1,
        ("MESSAGE", "denied", "policy_denied", None, "whole"): 1,
        ("GET", "granted", None, 101, "whole"): 1,
    }
    assert {frozenset(one) for one in rows} == {frozenset(FIELDS)}
    (opening,) = [one for one in rows if one["method"] == "GET"]
    assert (opening["streamed"], opening["bytes_out"]) == (True, 4)
    found = await asyncio.to_thread(samples, gate)
    assert total(found, "vienna_gate_calls_total") == 3


def test_the_canary_is_nobodys_call(own_gate) -> None:
    gate = own_gate(admin_listen="127.0.0.1:0")  # it was sent before the gate was ready
    assert lines(gate) == []
    assert total(samples(gate), "vienna_gate_calls_total") == 0
    gate.raw(b"GET http://canary.invalid/ HTTP/1.1\r\nHost: canary.invalid\r\nConnection: close\r\n\r\n")
    (one,) = wait_for_lines(gate, 1)  # an agent that asks for the same is told of
    assert one["reason"] == "address_refused"
