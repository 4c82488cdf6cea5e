"""Fields of a stream, as OpenAI, Anthropic and Google send them, in pieces of any length."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.verification.stream import MAX_EVENT_BYTES, Gathered

FIELDS = ("/id", "/model", "/stop_reason", "/usage", "/usageMetadata")

CHAT = [
    {"id": "c-1", "model": "gpt", "choices": [{"delta": {"content": "usage"}}], "usage": None},
    {"id": "c-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}},
    "[DONE]",
]
RESPONSES = [
    {"type": "response.created", "response": {"id": "r-1", "model": "gpt", "usage": None}},
    {"type": "response.output_item.added", "item": {"id": "i-1"}},
    {
        "type": "response.completed",
        "response": {"id": "r-1", "usage": {"input_tokens": 3, "output_tokens": 4}},
    },
]
MESSAGES = [
    {"type": "message_start", "message": {"id": "m-1", "usage": {"input_tokens": 3, "output_tokens": 1}}},
    {"type": "content_block_delta", "delta": {"text": '"usage": {"input_tokens": 0}'}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}},
    {"type": "message_stop"},
]
GEMINI = [
    {"candidates": [], "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3}},
    {"candidates": [], "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 7}},
]
STREAMS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "chat": (
        CHAT,
        {
            "/id": "c-1",
            "/model": "gpt",
            "/usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7},
        },
    ),
    "responses": (
        RESPONSES,
        {"/id": "r-1", "/model": "gpt", "/usage": {"input_tokens": 3, "output_tokens": 4}},
    ),
    "messages": (
        MESSAGES,
        {"/id": "m-1", "/stop_reason": "end_turn", "/usage": {"input_tokens": 3, "output_tokens": 4}},
    ),
    "gemini": (GEMINI, {"/usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 7}}),
}


def sent(events: list[Any], end: str = "\n") -> bytes:
    lines = []
    for event in events:
        text = event if isinstance(event, str) else json.dumps(event)
        lines += ["event: x", f"data: {text}", ""]
    return "".join(line + end for line in lines).encode()


def gathered(*pieces: bytes, names: tuple[str, ...] = FIELDS) -> dict[str, Any]:
    found = Gathered(names)
    for piece in pieces:
        found.feed(piece)
    return found.values


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_a_model_used(name: str, end: str) -> None:
    events, expected = STREAMS[name]
    assert gathered(sent(events, end)) == expected


@given(st.sampled_from(sorted(STREAMS)), st.lists(st.integers(0, 900), max_size=6))
def test_pieces_make_no_difference(name: str, cuts: list[int]) -> None:
    data = sent(STREAMS[name][0])
    at = [0, *sorted(cuts), len(data)]
    assert gathered(*(data[a:b] for a, b in pairwise(at))) == STREAMS[name][1]


@pytest.mark.parametrize(
    "data",
    [
        b"data: {broken usage\n\n",
        b'data: {"usage": {"a": 1}, "usage": {"a": 2}}\n\n',
        b'data: {"usage": {"a": 1}}\n',
        b'data: ["usage"]\n\n',
        b'data: {"a": {"b": {"usage": {"c": 1}}}}\n\n',
        b": usage\n\nid: usage\n\n\xff\xfe usage\n\n",
        b'data: {"usage": null}\n\n',
    ],
    ids=range(7),
)
def test_what_has_no_reading_tells_nothing(data: bytes) -> None:
    assert gathered(data) == {}
    assert gathered(data, b"\n\n", sent(CHAT)) | {"/usage": 1} == {"/id": "c-1", "/model": "gpt", "/usage": 1}


def test_bounds() -> None:
    large = b'data: {"usage": {"total_tokens": 1}, "x": "' + b"x" * MAX_EVENT_BYTES
    held = Gathered(FIELDS)
    for _ in range(5):
        held.feed(large)
    assert len(held._line) <= MAX_EVENT_BYTES
    held.feed(b'"}\n\n')
    assert held.values == {}
    held.feed(large + b"\n" + b"x" * 9 + b"\n" + sent(CHAT[1:2]).removesuffix(b"\n"))  # one event, too large
    held.feed(b"\n")
    assert held.values == {}
    held.feed(sent(GEMINI))
    assert held.values == STREAMS["gemini"][1]
    assert gathered(b'data: {"model": "' + b"x" * 5000 + b'"}\n\n') == {}
    assert gathered(sent(CHAT), names=()) == {}
