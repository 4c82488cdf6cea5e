"""Answers that flow: over real sockets, through a gate of its own process, step by step and never by the clock."""

from __future__ import annotations

import hashlib
import os
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.upstream import Answer, Upstream
from vienna_kernel import wire
from vienna_kernel.verdict import Reason

STREAM = "https://payments.example/v1/stream"
FEED = "https://shop.example/v1/feed"
MIB = 1024 * 1024


def digest(data: bytes) -> str:
    return f"sha-256=:{b64encode(hashlib.sha256(data).digest()).decode()}:"


class Steps:
    """Events of a stream, each sent only once the test says so."""

    def __init__(self, *events: bytes) -> None:
        self._events = events
        self._told = threading.Semaphore(0)

    def go(self) -> None:
        self._told.release()

    def __iter__(self) -> Iterator[bytes]:
        for event in self._events:
            assert self._told.acquire(timeout=20), "nobody said that the next event may be sent"
            yield event


def events(chunks: Any) -> Answer:
    return Answer(headers={"Content-Type": "text/event-stream"}, chunks=chunks)


def test_each_event_arrives_before_the_next_is_sent(gate, control, upstream: Upstream) -> None:
    sent = [b"data: one\n\n", b"data: two\n\n", b"data: three\n\n"]
    steps = Steps(*sent)
    upstream.answer("GET", "/v1/stream", events(steps))
    with gate.client() as client, client.stream("GET", STREAM) as answer:
        assert answer.headers["vienna-decision"] == "granted"
        came = answer.iter_raw()
        for event in sent:
            assert control.heard(wire.Outcome) == []
            steps.go()
            assert next(came) == event
        assert list(came) == []
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.status, outcome.unknown, outcome.error) == (200, False, None)
    assert outcome.response_bytes == len(b"".join(sent))
    assert outcome.response_digest == digest(b"".join(sent))


def test_a_large_answer_is_digested_as_it_passes(gate, control, upstream: Upstream) -> None:
    body = os.urandom(MIB) * 5
    upstream.answer("GET", "/v1/large", Answer(200, body))
    assert gate.call("GET", "https://payments.example/v1/large").content == body
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.response_bytes, outcome.response_digest) == (len(body), digest(body))


def limited(most: int) -> Any:
    def script(fake, frame):
        if isinstance(frame, wire.Consult):
            return fake.granted(frame, response_limits={"max_body_bytes": most})
        return fake.grants(frame)

    return script


@pytest.mark.parametrize(
    ("url", "check"),
    [(FEED, "max_body"), (STREAM, "response_limits max_body_bytes")],
    ids=["mapping", "warrant"],
)
def test_a_stream_is_cut_where_it_grows_too_long(
    gate, control, upstream: Upstream, url: str, check: str
) -> None:
    """1,024 bytes are agreed: by the mapping, or by the warrant."""
    if url == STREAM:
        control.script = limited(1024)
    steps = Steps(b"a" * 1000, b"b" * 24, b"c", b"d" * 1000)
    upstream.answer("GET", "*", events(steps))
    with gate.client() as client, client.stream("GET", url) as answer:
        came = answer.iter_raw()
        steps.go()
        assert next(came) == b"a" * 1000
        steps.go()
        assert next(came) == b"b" * 24
        steps.go()
        with pytest.raises(httpx.RemoteProtocolError):
            next(came)
    (outcome,) = control.wait_for(wire.Outcome)
    steps.go()
    assert (outcome.result, outcome.error, outcome.unknown) == ("drift", None, False)
    assert [(row["name"], row["actual"]) for row in outcome.checks if not row["held"]] == [(check, 1025)]
    assert outcome.response_digest == digest(b"a" * 1000 + b"b" * 24)


def test_a_stream_that_ends_at_its_bound_is_whole(gate, control, upstream: Upstream) -> None:
    upstream.answer("GET", "/v1/feed", events([b"a" * 1024]))
    assert gate.call("GET", FEED).content == b"a" * 1024
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.result, outcome.response_bytes) == ("match", 1024)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"x" * 1025, {"Content-Type": "text/event-stream"}),
        Answer(200, b"x" * 1025, {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}),
        Answer(200, b"x" * 3 * MIB),
        Answer(200, chunks=[b"x" * 1025]),
    ],
    ids=["says so", "coded", "large", "unsaid"],
)
def test_what_is_known_too_long_beforehand_is_withheld_whole(
    gate, control, upstream: Upstream, answer: Answer
) -> None:
    upstream.answer("GET", "/v1/feed", answer)
    found = gate.call("GET", FEED)
    assert found.status_code in (403, 502)
    assert b"xxx" not in found.content
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "drift"


def test_an_agent_that_hangs_up_ends_the_upstream(gate, control, upstream: Upstream) -> None:
    """The upstream would go on for ever; it ends because nobody reads any more."""
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield b"data: more\n\n"
        finally:
            ended.set()

    upstream.answer("GET", "/v1/stream", events(endless()))
    with gate.client() as client, client.stream("GET", STREAM) as answer:
        next(answer.iter_raw())
    (outcome,) = control.wait_for(wire.Outcome)
    assert (outcome.error, outcome.agent_gone) == (Reason.RESPONSE_INVALID, True)
    assert ended.wait(20)


def test_an_upstream_that_falls_silent_is_given_up(own_gate, control, upstream: Upstream) -> None:
    gate = own_gate(upstream={"idle_seconds": 0.5})
    steps = Steps(b"data: one\n\n", b"data: never\n\n")
    upstream.answer("GET", "/v1/stream", events(steps))
    steps.go()  # with the head: even that may not be behind it for long
    with gate.client() as client, client.stream("GET", STREAM) as answer:
        came = answer.iter_raw()
        assert next(came) == b"data: one\n\n"
        with pytest.raises(httpx.RemoteProtocolError):
            next(came)
    (outcome,) = control.wait_for(wire.Outcome)
    steps.go()
    assert (outcome.status, outcome.error, outcome.agent_gone) == (200, Reason.RESPONSE_INVALID, False)
    assert outcome.response_bytes == len(b"data: one\n\n")


def memory_mb(pid: int, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.M)
    assert found is not None
    return int(found[1]) // 1024


def test_a_download_costs_no_memory(own_gate, control, upstream: Upstream) -> None:
    """200 MiB through a gate that grows by no more than 30 MB."""
    gate = own_gate()
    assert gate.call("GET", STREAM).status_code
    idle = memory_mb(gate.process.child.pid, "VmRSS")
    piece = os.urandom(MIB)
    for path, answer in {
        "/v1/l": Answer(200, piece * 200),
        "/v1/c": Answer(200, chunks=[piece] * 200),
    }.items():
        upstream.answer("GET", path, answer)
        url = f"https://payments.example{path}"
        with gate.client(seconds=120) as client, client.stream("GET", url) as found:
            assert sum(map(len, found.iter_raw())) == 200 * MIB
    assert memory_mb(gate.process.child.pid, "VmHWM") <= idle + 30


def images(count: int) -> list[dict[str, Any]]:
    """A question with pictures in it, as the OpenAI and the Anthropic client send them."""
    return [{"type": "image", "data": b64encode(os.urandom(3 * MIB)).decode()} for _ in range(count)]


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://api.anthropic.com/v1/messages", "max_tokens"),
        ("https://api.openai.com/v1/chat/completions", "n"),
    ],
    ids=["anthropic", "openai"],
)
def test_a_question_with_pictures_costs_a_few_times_its_size(
    own_gate, control, upstream: Upstream, url: str, key: str
) -> None:
    """8 pictures make 32 MiB of JSON, which is kept, read, fingerprinted and sent; the next one costs no more."""
    gate = own_gate()
    upstream.answer("POST", "*", Answer.json({"id": "m-1"}))
    body = {"model": "m", key: 1, "messages": [{"role": "user", "content": images(8)}]}
    assert gate.call("POST", url, json={**body, "messages": []}).status_code == 200
    idle = memory_mb(gate.process.child.pid, "VmRSS")
    for _ in range(3):
        assert gate.call("POST", url, json=body, seconds=120).status_code == 200
    size = len(upstream.received[-1].body)
    assert size > 32 * MIB
    upstream.received.clear()
    assert memory_mb(gate.process.child.pid, "VmHWM") - idle <= 6 * size // MIB


@pytest.mark.parametrize(
    ("url", "sent", "used"),
    [
        (
            "https://api.openai.com/v1/chat/completions",
            [{"id": "c", "choices": []}, {"id": "c", "choices": [], "usage": {"total_tokens": 7}}],
            {"total_tokens": 7},
        ),
        (
            "https://api.anthropic.com/v1/messages",
            [
                {
                    "type": "message_start",
                    "message": {"id": "m", "usage": {"input_tokens": 3, "output_tokens": 1}},
                },
                {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 4}},
            ],
            {"input_tokens": 3, "output_tokens": 4},
        ),
    ],
    ids=["openai", "anthropic"],
)
def test_what_a_streamed_answer_used_is_told(
    gate, control, upstream: Upstream, url: str, sent: list[Any], used: dict[str, int]
) -> None:
    """Budgets settle on it (``settle_on``)."""
    upstream.answer("POST", "*", Answer.sse([(None, event) for event in sent]))
    body = {"model": "m", "max_tokens": 5, "messages": [], "stream": True}
    assert gate.call("POST", url, json=body).status_code == 200
    (outcome,) = control.wait_for(wire.Outcome)
    assert outcome.result == "match"
    assert outcome.extracted["/usage"] == used
