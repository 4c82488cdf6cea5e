"""An agent is stopped: what was allowed before, and goes on without being asked about again, ends with it."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.live import connected, serving
from harness.upstream import Upstream
from harness.vienna import Vienna
from vienna_kernel.shipped import root as policies

pytestmark = pytest.mark.journey

AGENT = "billing-bot"
OPENAI = "api.openai.com"
URL = f"https://{OPENAI}/v1/realtime?model=gpt-realtime"
SAID = json.dumps({"type": "input_audio_buffer.append", "audio": "AAAA"})
PINNED = "pinned.example"

RULES = """\
apiVersion: vienna/v1
kind: Rules
id: pinned
rules:
  - id: pinned
    name: People open what nobody reads
    priority: 900
    when: action == 'http.connect'
    then: {action: require_approval}
"""


def suspended(vienna: Vienna) -> None:
    vienna.post(f"/fleet/{AGENT}/suspend", "dora", reason="compromised")


def retired(vienna: Vienna) -> None:
    with vienna.api("dora") as api:
        assert api.delete(f"/fleet/{AGENT}").status_code == 200


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@pytest.fixture
def vienna(tmp_path: Path, upstream: Upstream, listening: socket.socket) -> Iterator[Vienna]:
    there = "{}:{}".format(*listening.getsockname())
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    gate = {"resolve": {**upstream.resolve, OPENAI: there, PINNED: there}, "passthrough": [PINNED]}
    with Vienna(
        tmp_path, upstream, gate=gate, control={"policies": [str(policies()), str(rules)]}
    ) as started:
        yield started


def echo(upstream: Upstream, listening: socket.socket, heard: list[bytes]) -> None:
    """One connection's bytes said back to it; empty bytes in ``heard`` are its end."""
    plain, _ = listening.accept()
    with upstream.authority.server_context([PINNED]).wrap_socket(plain, server_side=True) as inside:
        while not heard or heard[-1]:
            try:
                heard.append(inside.recv(4096))
            except OSError:
                heard.append(b"")
            if heard[-1]:
                inside.sendall(heard[-1])


@pytest.mark.parametrize("stop", [suspended, retired], ids=["suspended", "retired"])
def test_a_connection_that_nobody_reads_is_closed_on_both_sides(
    vienna: Vienna, upstream: Upstream, listening: socket.socket, stop: Callable[[Vienna], None]
) -> None:
    heard: list[bytes] = []
    there = threading.Thread(target=echo, args=(upstream, listening, heard), daemon=True)
    there.start()
    host, _, port = vienna.proxy.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        plain.sendall(f"CONNECT {PINNED}:443 HTTP/1.1\r\nHost: {PINNED}:443\r\n\r\n".encode())
        (approval,) = vienna.pending()
        vienna.approve(approval, "alice", "bob")
        said = b""
        while b"\r\n\r\n" not in said:
            said += plain.recv(1)
        assert said.startswith(b"HTTP/1.1 200 "), "an interim response is what clients take for the answer"
        trust = ssl.create_default_context(cafile=str(upstream.authority.path))
        with trust.wrap_socket(plain, server_hostname=PINNED, suppress_ragged_eofs=True) as inside:
            inside.sendall(b"before")
            assert inside.recv(100) == b"before"
            stop(vienna)
            assert inside.recv(100) == b""
    there.join(20)
    assert heard == [b"before", b""]


async def test_a_conversation_is_ended_with_the_reason(
    vienna: Vienna, upstream: Upstream, listening: socket.socket
) -> None:
    async with (
        asyncio.timeout(40),
        serving(upstream, listening, OPENAI) as room,
        connected(vienna, URL) as agent,
    ):
        await agent.send_str(SAID)
        assert await room.heard.get() == SAID
        await asyncio.to_thread(suspended, vienna)
        message = await agent.receive()
        assert message.data == 1008
        assert str(message.extra).startswith("agent_suspended: ")
        assert await room.heard.get() == ("close", 1001, "")
    (opening,) = [row["intent_id"] for row in vienna.intents() if row["action"] == "llm_session"]
    await asyncio.to_thread(vienna.settled, opening, "executed")
