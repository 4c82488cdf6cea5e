"""A conversation over a WebSocket, from the agent to the trail: what is harmless is said, the rest waits for people."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.live import connected, serving
from harness.upstream import Upstream
from harness.vienna import Vienna
from vienna_kernel.shipped import root as policies

pytestmark = pytest.mark.journey

OPENAI = "api.openai.com"
URL = f"https://{OPENAI}/v1/realtime?model=gpt-realtime"
SAID = json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA"})
TOOLS = json.dumps(
    {"type": "session.update", "session": {"tools": [{"type": "mcp", "server_label": "files"}]}}
)

RULES = """\
apiVersion: vienna/v1
kind: Rules
id: live
rules:
  - id: tools-of-others
    name: People see which tools a model gets
    priority: 900
    when: action == 'llm_live_tools'
    then: {action: require_approval}
"""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@pytest.fixture
def vienna(tmp_path: Path, upstream: Upstream, listening: socket.socket) -> Iterator[Vienna]:
    resolve = {**upstream.resolve, OPENAI: "{}:{}".format(*listening.getsockname())}
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    control = {"policies": [str(policies()), str(rules)]}
    with Vienna(tmp_path, upstream, gate={"resolve": resolve}, control=control) as started:
        yield started


async def test_people_agree_to_one_message_of_many(
    vienna: Vienna, upstream: Upstream, listening: socket.socket
) -> None:
    async with serving(upstream, listening, OPENAI) as room, connected(vienna, URL) as agent:
        await agent.send_str(SAID)
        assert await room.heard.get() == SAID
        await agent.send_str(TOOLS)
        await agent.send_str(SAID)
        (approval,) = await asyncio.to_thread(vienna.pending)
        assert room.heard.empty()
        await asyncio.to_thread(vienna.approve, approval, "alice", "bob")
        assert [await room.heard.get(), await room.heard.get()] == [TOOLS, SAID]
    found = [(row["action"], row["status"]) for row in reversed(vienna.intents())]
    statuses = {row["intent_id"]: row for row in vienna.intents()}
    for identity in statuses:
        await asyncio.to_thread(vienna.settled, identity, "executed")
    assert [action for action, _ in found] == ["llm_session", "llm_say", "llm_live_tools", "llm_say"]


async def test_what_is_not_declared_is_denied(
    vienna: Vienna, upstream: Upstream, listening: socket.socket
) -> None:
    async with serving(upstream, listening, OPENAI) as room, connected(vienna, URL) as agent:
        await agent.send_str(json.dumps({"type": "organization.delete"}))
        message = await agent.receive()
        assert message.data == 1008
        assert str(message.extra).startswith("unmapped_action: ")
        assert await room.heard.get() == ("close", 1001, "")
