"""OpenAI's own client, unmodified, in a live conversation through the gate."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.exceptions import ConnectionClosedError

from harness.live import Room, serving
from harness.upstream import Upstream
from vienna_kernel import wire

OPENAI = "api.openai.com"
MCP = {"type": "mcp", "server_label": "files", "server_url": "https://files.example/mcp"}


@pytest.fixture(scope="module")
def mappings() -> tuple[str, ...]:
    return ("openai.yaml", "openai_realtime.yaml")


@pytest.fixture(scope="module")
def door(world, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[socket.socket, Any]]:
    """Where the model listens, and a gate that leads there."""
    control, upstream, gate = world
    with socket.create_server(("127.0.0.1", 0)) as listening:
        resolve = {**upstream.resolve, OPENAI: "{}:{}".format(*listening.getsockname())}
        leading = type(gate)(tmp_path_factory.mktemp("live"), control, upstream, resolve=resolve)
        yield listening, leading
        leading.process.close()


def conversation(gate: Any) -> Any:
    """The client as its documentation has it, with a proxy and a CA."""
    trust = ssl.create_default_context(cafile=gate.process.ready["ca"])
    client = AsyncOpenAI(api_key="sk-secret", max_retries=0)
    options: Any = {"ssl": trust, "proxy": gate.proxy}
    return client.realtime.connect(model="gpt-realtime", websocket_connection_options=options, max_retries=0)


async def answers(room: Room) -> None:
    """The model's side: it answers once it is asked to."""
    speaking = await room.sockets.get()
    while json.loads(await room.heard.get())["type"] != "response.create":
        pass
    for event in (
        {"type": "response.output_text.delta", "event_id": "e1", "response_id": "r", "item_id": "i", "delta": "Hi",
         "output_index": 0, "content_index": 0},
        {"type": "response.done", "event_id": "e2", "response": {"id": "r", "status": "completed"}},
    ):  # fmt: skip
        await speaking.send_str(json.dumps(event))


async def ask(connection: AsyncRealtimeConnection, **session: Any) -> None:
    await connection.session.update(session={"type": "realtime", "instructions": "Be brief.", **session})  # type: ignore[typeddict-item]
    item: Any = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]}
    await connection.conversation.item.create(item=item)
    await connection.response.create()


async def test_a_conversation(door, control, upstream: Upstream) -> None:
    listening, gate = door
    async with serving(upstream, listening, OPENAI) as room, conversation(gate) as connection:
        await ask(connection)
        await answers(room)
        assert (await connection.recv()).delta == "Hi"  # type: ignore[union-attr]
        assert (await connection.recv()).type == "response.done"
        assert room.heads[0]["authorization"] == "Bearer sk-secret"
    found = [(row.call.method, row.intents[0]["action"]) for row in control.heard(wire.Consult)]
    assert found == [
        ("UPGRADE", "llm_session"),
        ("MESSAGE", "llm_session_update"),
        ("MESSAGE", "llm_say"),
        ("MESSAGE", "llm_answer"),
    ]
    told = "".join(row.model_dump_json() for row in control.heard(wire.Consult))
    assert "hello" not in told
    assert "sk-secret" not in told


async def test_a_refusal_is_shown_by_the_client(door, control, upstream: Upstream) -> None:
    """It may talk, but not let the model call tools of other servers."""
    listening, gate = door

    def script(fake, frame):
        if isinstance(frame, wire.Consult) and frame.intents[0]["action"] == "llm_live_tools":
            return fake.refused(frame, hint="no tools of other servers")
        return fake.grants(frame)

    control.script = script
    async with serving(upstream, listening, OPENAI) as room, conversation(gate) as connection:
        await connection.session.update(session={"type": "realtime", "tools": [MCP]})  # type: ignore[list-item]
        with pytest.raises(ConnectionClosedError, match=r"1008.*policy_denied: no tools of other servers"):
            await connection.recv()
        assert await room.heard.get() == ("close", 1001, "")
