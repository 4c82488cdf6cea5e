"""Signs of life: what a held caller gets over a real socket, and what real clients with little patience make of it."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from harness.upstream import Upstream
from harness.vienna import in_background
from vienna_kernel import wire
from vienna_proxy.judge.hold import BEAT_SECONDS

TICKETS = "https://payments.example/v1/tickets"
SUBJECT = {"subject": "s"}
PATIENCE_SECONDS, HELD_SECONDS = 4, 5
BODY = json.dumps(SUBJECT).encode()
CONTINUE, PROCESSING = b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"


def decides_later(control: Any) -> None:
    """Held once, and granted when asked again."""
    seen: set[str] = set()

    def script(fake: Any, frame: Any) -> Any:
        if isinstance(frame, wire.Consult) and frame.fingerprint not in seen:
            seen.add(frame.fingerprint)
            return fake.held(frame)
        return fake.grants(frame)

    control.script = script


def by_requests(gate: Any) -> int:
    proxies = {"https": gate.proxy, "http": gate.proxy}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            TICKETS, json=SUBJECT, proxies=proxies, verify=gate.process.ready["ca"], timeout=PATIENCE_SECONDS
        )
    assert answer.json()["subject"] == "s"
    return int(answer.status_code)


def by_httpx(gate: Any) -> int:
    trust = ssl.create_default_context(cafile=gate.process.ready["ca"])
    with httpx.Client(proxy=gate.proxy, verify=trust, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        answer = client.post(TICKETS, json=SUBJECT)
    assert answer.json()["subject"] == "s"
    return answer.status_code


def by_node(gate: Any) -> int:
    host, port = gate.address
    script = str(Path(__file__).with_name("fetch.mjs"))
    command = ["node", script, host, str(port), TICKETS, str(PATIENCE_SECONDS)]
    env = {"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": gate.process.ready["ca"]}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert json.loads(told["body"])["subject"] == "s"
    return int(told["status"])


def test_the_least_patience_that_is_common_is_two_seconds() -> None:
    assert BEAT_SECONDS <= 1.5


@pytest.mark.parametrize("client", [by_requests, by_httpx, by_node])
def test_a_client_with_less_patience_than_people_need_gets_the_final_answer(
    gate, control, upstream: Upstream, client: Callable[[Any], int]
) -> None:
    decides_later(control)
    with in_background(lambda: client(gate)) as call:
        control.wait_for(wire.Consult)
        call.join(HELD_SECONDS)
        assert not call.finished, call.result()
        assert upstream.received == []
        control.say(wire.Wake(approval_id="apr-1", intent_id="int-1"))
        assert call.result() == 201
    assert len(upstream.received) == 1


def head(user_agent: str, version: str = "1.1") -> bytes:
    return (
        f"POST /v1/tickets HTTP/{version}\r\nHost: payments.example\r\nUser-Agent: {user_agent}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\nPrefer: wait=5\r\n\r\n"
    ).encode()


@pytest.mark.parametrize(("user_agent", "beat"), [("curl/8.5.0", CONTINUE), ("node", PROCESSING)])
def test_the_bytes_of_a_sign_of_life(gate, control, user_agent: str, beat: bytes) -> None:
    control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    with gate.tunnel("payments.example") as inside:
        inside.sendall(head(user_agent) + BODY)
        said = b""
        while b"HTTP/1.1 403 " not in said:
            more = inside.recv(65536)
            assert more, said
            said += more
    before, _, _ = said.partition(b"HTTP/1.1 403 ")
    assert before == beat * (len(before) // len(beat))
    assert len(before) // len(beat) >= 2


def test_heartbeats_off_is_silence_and_a_shorter_hold(own_gate, control) -> None:
    gate = own_gate(hold={"heartbeat": "off"})
    control.script = lambda fake, frame: (
        fake.held(frame) if isinstance(frame, wire.Consult) else fake.grants(frame)
    )
    with gate.tunnel("payments.example") as inside:
        inside.sendall(head("python-httpx/0.28") + BODY)  # bears 5 s: it is answered after 4
        assert inside.recv(4096).startswith(b"HTTP/1.1 403 ")


def test_http_1_0_is_never_held(gate, control) -> None:
    with gate.tunnel("payments.example") as inside:
        inside.sendall(head("curl/8.5.0", version="1.0") + BODY)
        assert inside.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert control.heard(wire.Consult) == []
