"""WebSockets through a gate of its own process and TLS on both sides: each message of the agent a call of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from harness.live import HOST, Room, connected, serving
from harness.upstream import Upstream
from vienna_kernel import wire
from vienna_kernel.verdict import Reason

SECONDS = 20


def transfer(amount: int, **more: Any) -> str:
    return json.dumps({"type": "transfer", "amount": amount, **more})


def say(text: str) -> str:
    return json.dumps({"type": "say.it", "text": text})


async def soon[T](work: Any) -> T:
    async with asyncio.timeout(SECONDS):
        return await work  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def door(world, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[socket.socket, Any]]:
    """Where rooms listen, and a gate that leads there."""
    control, upstream, gate = world
    with socket.create_server(("127.0.0.1", 0)) as listening:
        resolve = {**upstream.resolve, HOST: "{}:{}".format(*listening.getsockname())}
        leading = type(gate)(tmp_path_factory.mktemp("live"), control, upstream, resolve=resolve)
        yield listening, leading
        leading.process.close()


@pytest.fixture
async def live(door, control, upstream: Upstream) -> AsyncIterator[tuple[Room, Any]]:
    """A room, and a gate that leads there."""
    async with serving(upstream, door[0]) as room:
        yield room, door[1]


def consults(control: Any) -> list[tuple[str, str]]:
    return [(row.call.method, row.intents[0]["action"]) for row in control.heard(wire.Consult)]


def own_outcomes(control: Any, count: int) -> list[wire.Outcome]:
    """Outcomes of what this test asked about; one of the test before may still come in."""
    for known in range(count, 100):
        found = control.wait_for(wire.Outcome, known)
        attempts = {row.attempt for row in control.heard(wire.Consult)}
        own = [row for row in found if row.attempt in attempts]
        if len(own) >= count:
            return own
    raise AssertionError("no end of strangers")


async def outcomes(control: Any, count: int) -> list[wire.Outcome]:
    return await asyncio.to_thread(own_outcomes, control, count)


async def closed(agent: aiohttp.ClientWebSocketResponse) -> tuple[int | None, str]:
    """Code and reason of the close that comes next."""
    while (message := await soon(agent.receive())).type is WSMsgType.PING:
        pass
    assert message.type is WSMsgType.CLOSE, message
    return message.data, message.extra or ""


async def test_each_message_is_a_call_of_its_own(live, control) -> None:
    room, gate = live
    async with connected(gate, headers={"Authorization": "Bearer sk-secret"}) as agent:
        server = await soon(room.sockets.get())
        await agent.send_str(say("hello"))
        await agent.send_str(transfer(5))
        assert await soon(room.heard.get()) == say("hello")
        assert await soon(room.heard.get()) == transfer(5)
        await server.send_str("done")
        assert (await soon(agent.receive())).data == "done"
        await agent.close(code=4001, message=b"a word of the agent's own")
        assert await soon(room.heard.get()) == ("close", 4001, "")
    assert consults(control) == [
        ("UPGRADE", "open_session"),
        ("MESSAGE", "say"),
        ("MESSAGE", "send_transfer"),
    ]
    assert "sk-secret" not in "".join(row.model_dump_json() for row in control.heard(wire.Consult))
    told = {row.attempt: row for row in await outcomes(control, 3)}
    opening, said, sent = (told[row.attempt] for row in control.heard(wire.Consult))
    assert (opening.status, opening.result, opening.response_bytes) == (101, "match", 4)
    assert [(one.status, one.error, one.unknown, one.result) for one in (said, sent)] == [
        (None, None, False, "unverifiable")
    ] * 2


async def test_a_warrant_is_for_these_bytes(live, control) -> None:
    """A control plane that answers with the warrant of another message moves nothing."""
    room, gate = live
    first: list[wire.Consult] = []

    def script(fake, frame):
        if isinstance(frame, wire.Consult) and frame.call.method == "MESSAGE":
            first.append(frame)
            digest = first[0].call.request_digest
            return fake.granted(frame, request_digest=digest)
        return fake.grants(frame)

    control.script = script
    async with connected(gate) as agent:
        await agent.send_str(transfer(5))
        assert await soon(room.heard.get()) == transfer(5)
        await agent.send_str(transfer(50_000))
        code, reason = await closed(agent)
    assert (code, reason.partition(":")[0]) == (1008, "warrant_request")
    assert await soon(room.heard.get()) == ("close", 1001, "")


async def test_a_refusal_closes_with_its_reason(live, control) -> None:
    room, gate = live

    def script(fake, frame):
        if isinstance(frame, wire.Consult) and frame.intents[0]["action"] == "send_transfer":
            return fake.refused(frame, hint="Agents may not transfer more than 10. " * 9)
        return fake.grants(frame)

    control.script = script
    async with connected(gate) as agent:
        await agent.send_str(say("before"))
        await agent.send_str(transfer(11))
        await agent.send_str(say("after"))
        code, reason = await closed(agent)
    assert (code, len(reason.encode())) == (1008, 123)
    assert reason.startswith("policy_denied: Agents may not transfer more than 10.")
    assert await soon(room.heard.get()) == say("before")
    assert await soon(room.heard.get()) == ("close", 1001, "")
    assert consults(control)[1] == ("MESSAGE", "say")
    assert len(consults(control)) == 3  # what came after it was not asked about
    assert {row.result for row in await outcomes(control, 2)} == {"match", "unverifiable"}


REFUSED = {
    "no type": '{"amount": 5}',
    "a type that nothing names": '{"type": "delete_everything"}',
    "two types": '{"type": "say.it", "text": "x", "type": "transfer"}',
    "more than is declared": '{"type": "transfer", "amount": 5, "to": "x"}',
    "no JSON": "hello",
    "a list": '[{"type": "say.it", "text": "x"}]',
    "nothing": "",
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_no_mapping_reads_does_not_leave(live, control, name: str) -> None:
    def script(fake, frame):
        if isinstance(frame, wire.Consult) and not frame.mapped:
            return fake.refused(frame, reason="unmapped_action")
        return fake.grants(frame)

    control.script = script
    room, gate = live
    async with connected(gate) as agent:
        await agent.send_str(REFUSED[name])
        code, _ = await closed(agent)
    assert code == 1008
    assert await soon(room.heard.get()) == ("close", 1001, "")


async def test_binary_is_what_a_mapping_says(live, control) -> None:
    room, gate = live
    async with connected(gate) as agent:
        await agent.send_bytes(b"\x00\xff" * 100)
        assert await soon(room.heard.get()) == b"\x00\xff" * 100
    assert consults(control)[1] == ("MESSAGE", "send_sound")


async def test_held_messages_wait_in_their_order(live, control) -> None:
    room, gate = live
    decided: list[bool] = []

    def script(fake, frame):
        if isinstance(frame, wire.Consult) and frame.intents[0]["action"] == "send_transfer" and not decided:
            return fake.held(frame)
        return fake.grants(frame)

    control.script = script
    async with connected(gate) as agent:
        server = await soon(room.sockets.get())
        await agent.send_str(transfer(5))
        await agent.send_str(say("behind it"))
        await asyncio.to_thread(control.wait_for, wire.Consult, 2)
        await server.send_str("meanwhile")  # the upstream is not held
        while (message := await soon(agent.receive())).type is WSMsgType.PING:
            pass
        assert message.data == "meanwhile"
        assert room.heard.empty()
        decided.append(True)
        control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
        assert await soon(room.heard.get()) == transfer(5)
        assert await soon(room.heard.get()) == say("behind it")


async def test_an_agent_that_hangs_up_while_people_decide(live, control) -> None:
    room, gate = live
    control.script = lambda fake, frame: (
        fake.held(frame)
        if isinstance(frame, wire.Consult) and frame.call.method == "MESSAGE"
        else fake.grants(frame)
    )
    async with connected(gate) as agent:
        await agent.send_str(transfer(5))
        await asyncio.to_thread(control.wait_for, wire.Consult, 2)
        agent._response.connection.transport.abort()  # type: ignore[union-attr]
        gone, *_ = await asyncio.to_thread(control.wait_for, wire.Gone)
    assert gone.approval_id == "apr-1"
    assert await soon(room.heard.get()) == ("close", 1001, "")
    (opening,) = await outcomes(control, 1)
    assert (opening.status, opening.agent_gone, opening.result) == (101, True, "match")


async def test_fragments_are_put_together_and_extensions_are_not_spoken(live) -> None:
    room, gate = live
    async with connected(gate, compress=15) as agent:
        assert agent.compress == 0
        server = await soon(room.sockets.get())
        assert server.compress == 0
        assert "sec-websocket-extensions" not in room.heads[0]
        writer = agent._writer
        text = say("in pieces").encode()
        transport = writer.transport
        for first, piece, final in ((1, text[:9], 0), (0, text[9:20], 0), (0, text[20:], 0x80)):
            transport.write(bytes([final | first, 0x80 | len(piece)]) + b"\0\0\0\0" + piece)
        assert await soon(room.heard.get()) == text.decode()


async def test_pings_stay_here_and_carry_nothing_on(live) -> None:
    room, gate = live
    async with connected(gate) as agent:
        await agent.ping(b"a secret")
        assert (await soon(agent.receive())).data == b"a secret"
        assert await soon(room.heard.get()) == ("ping", b"")


@pytest.mark.parametrize(("size", "code"), [(64 * 1024 + 1, 1009), (64 * 1024, 1008)])
async def test_a_message_has_its_bound(live, control, size: int, code: int) -> None:
    """At the bound it is read, and found to be no JSON; above it is not read at all."""
    room, gate = live
    async with connected(gate) as agent:
        await agent.send_str("x" * size)
        assert (await closed(agent))[0] == code
    assert await soon(room.heard.get()) == ("close", 1001, "")
    assert [method for method, _ in consults(control)] == ["UPGRADE"]


async def test_too_much_behind_a_message_that_waits(live, control) -> None:
    room, gate = live
    control.script = lambda fake, frame: (
        fake.held(frame)
        if isinstance(frame, wire.Consult) and frame.call.method == "MESSAGE"
        else fake.grants(frame)
    )
    async with connected(gate) as agent:
        for _ in range(300):
            await agent.send_str(say("again"))
        assert (await closed(agent))[0] == 1013
    assert await soon(room.heard.get()) == ("close", 1001, "")


async def test_what_the_upstream_says_is_counted_and_bounded(live, control) -> None:
    """64 KiB are agreed for all of it."""
    room, gate = live
    async with connected(gate, max_msg_size=0) as agent:
        server = await soon(room.sockets.get())
        await server.send_bytes(b"a" * 40_000)
        assert (await soon(agent.receive())).data == b"a" * 40_000
        await server.send_bytes(b"b" * 40_000)
        code, reason = await closed(agent)
    assert (code, reason.partition(":")[0]) == (1008, "response_drift")
    (opening,) = await outcomes(control, 1)
    assert (opening.result, opening.response_bytes) == ("drift", 80_000)


async def test_the_upstreams_close_is_handed_on(live, control) -> None:
    room, gate = live
    async with connected(gate) as agent:
        server = await soon(room.sockets.get())
        await server.close(code=4000, message=b"the session is over")
        assert await closed(agent) == (4000, "the session is over")
    (opening,) = await outcomes(control, 1)
    assert (opening.status, opening.result, opening.error) == (101, "match", None)


async def test_an_upstream_that_breaks_off(live, control) -> None:
    room, gate = live
    async with connected(gate) as agent:
        server = await soon(room.sockets.get())
        server._req.transport.abort()  # type: ignore[union-attr]
        assert (await closed(agent))[0] == 1011
    (opening,) = await outcomes(control, 1)
    assert (opening.error, opening.unknown) == (Reason.RESPONSE_INVALID, True)


async def test_an_upstream_that_does_not_switch(live, control) -> None:
    room, gate = live
    room.refuses = web.json_response({"error": "no"}, status=403)
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with connected(gate):
            pass
    assert caught.value.status == 403
    (opening,) = await outcomes(control, 1)
    assert (opening.status, opening.result) == (403, "failed")


@pytest.mark.parametrize(
    "url",
    [
        "https://live.example/v2/sessions",
        "https://payments.example/v1/orders/O-1",
        "https://unmapped.example/",
    ],
)
async def test_what_no_mapping_opens_stays_shut(live, control, upstream: Upstream, url: str) -> None:
    room, gate = live
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with connected(gate, url):
            pass
    assert caught.value.status == 400
    assert caught.value.headers is not None
    assert caught.value.headers["Vienna-Reason"] == "unsupported_protocol"
    assert (room.heads, upstream.connections, consults(control)) == ([], 0, [])


async def test_a_refused_opening_is_told_as_any_call(live, control) -> None:
    room, gate = live
    control.script = lambda fake, frame: (
        fake.refused(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with connected(gate):
            pass
    assert caught.value.status == 403
    assert room.heads == []


async def test_the_switch_says_who_let_it_pass(live) -> None:
    room, gate = live
    room.protocols = ("chat",)
    async with connected(gate, protocols=("other", "chat")) as agent:
        assert agent.protocol == "chat"
        assert agent._response.headers["Vienna-Decision"] == "granted"


MASK = b"\0\0\0\0"
HEAD = (
    b"GET /v1/sessions/s-1 HTTP/1.1\r\nHost: live.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def frame(first: int, payload: bytes) -> bytes:
    assert len(payload) < 126
    return bytes([first, 0x80 | len(payload)]) + MASK + payload


def spoken(gate: Any, *said: bytes) -> bytes:
    """All that an agent hears who opens a WebSocket and says these bytes in the same breath."""
    with gate.tunnel("live.example") as agent:
        agent.sendall(HEAD + b"".join(said))
        heard = b""
        with contextlib.suppress(OSError):  # it may be cut off once it is over
            while more := agent.recv(65536):
                heard += more
                if b"\x88" in heard.partition(b"\r\n\r\n")[2]:
                    agent.sendall(frame(0x88, b""))
        return heard.partition(b"\r\n\r\n")[2]


BROKEN = {
    "no mask": b"\x81\x02{}",
    "a reserved bit": frame(0xC1, b"{}"),
    "an unknown opcode": frame(0x83, b"{}"),
    "a ping in pieces": frame(0x09, b"x"),
    "a ping too long": b"\x89\xfe\x00\x7e" + MASK + b"x" * 126,
    "a continuation of nothing": frame(0x80, b"{}"),
    "a message within a message": frame(0x01, b"{") + frame(0x81, b"}"),
    "text that is no UTF-8": frame(0x81, b"\xff"),
    "a length that could be shorter": b"\x81\xfe\x00\x02" + MASK + b"{}",
    "a close of one byte": frame(0x88, b"x"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_frame_ends_it(live, control, name: str) -> None:
    room, gate = live
    heard = await soon(asyncio.to_thread(spoken, gate, BROKEN[name]))
    assert heard[:1] == b"\x88"
    assert int.from_bytes(heard[2:4]) == 1002
    assert await soon(room.heard.get()) == ("close", 1001, "")
    assert [method for method, _ in consults(control)] == ["UPGRADE"]


async def test_what_is_said_before_it_is_open_is_judged_too(live, control) -> None:
    room, gate = live
    text = say("in the same breath").encode()
    await soon(asyncio.to_thread(spoken, gate, frame(0x81, text), frame(0x88, (1000).to_bytes(2))))
    assert await soon(room.heard.get()) == text.decode()
    assert await soon(room.heard.get()) == ("close", 1000, "")
    assert consults(control) == [("UPGRADE", "open_session"), ("MESSAGE", "say")]


FLOODS = {
    "fragments of nothing": frame(0x01, b"") + frame(0x00, b"") * 5000,
    "fragments of one message": frame(0x01, b"{") + frame(0x00, b" " * 14) * 4200,
    "pings": frame(0x89, b"") * 5000,
    "pongs": frame(0x8A, b"") * 5000,
}


@pytest.mark.parametrize("name", FLOODS)
async def test_a_flood_of_frames_ends_it(live, control, name: str) -> None:
    heard = await soon(asyncio.to_thread(spoken, live[1], FLOODS[name]))
    close = heard[heard.rindex(b"\x88") :]
    assert int.from_bytes(close[2:4]) in (1008, 1009)  # by how much of it came at once
    assert [method for method, _ in consults(control)] == ["UPGRADE"]


async def test_a_flood_of_the_upstreams_frames_ends_it(live) -> None:
    room, gate = live
    async with connected(gate) as agent:
        server = await soon(room.sockets.get())
        server._writer.transport.write(b"\x01\x00" + b"\x00\x00" * 5000)
        code, reason = await closed(agent)
    assert code in (1008, 1009)
    assert reason.startswith("response_invalid")
