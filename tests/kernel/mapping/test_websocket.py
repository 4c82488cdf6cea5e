"""What a mapping says of a WebSocket."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mapping_kit import HEAD, action, compiled, mapped, refused
from vienna_kernel.call.request import Call, canonicalise
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.mapping.cases import parse_request, run_cases
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import ResponseView, Result, verify

LIVE = (
    HEAD.replace("protocol: rest", "protocol: websocket")
    + """\
  - action: open
    match: {methods: [UPGRADE], path: /live}
    target: live
    params: {model: {from: query, required: true}}
    effect: execute
    default_tier: T0
    verify: {max_body: 1KiB}
  - action: say
    match: {methods: [MESSAGE], path: /live, operation: say}
    target: live
    params: {text: {from: operation, name: /content/text, required: true}, model: {from: query}}
    effect: send
    default_tier: T1
    max_body: 2KiB
  - action: sound
    match: {methods: [MESSAGE], path: /live, operation: binary}
    body: bytes
    target: live
    params: {model: {from: query}}
    effect: send
    default_tier: T1
"""
)


def opening(path: str = "/live?model=m") -> Call:
    found = canonicalise(
        parse_request(
            f"GET https://shop.example{path}\nconnection: upgrade\nupgrade: websocket\n"
            "sec-websocket-version: 13\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\n"
        )
    )
    assert isinstance(found, Call), found
    return found


def message(body: object) -> Call:
    return opening().message(json.dumps(body).encode(), binary=False)


@pytest.fixture(scope="module")
def live() -> MappingSet:
    return compiled(LIVE)


def test_an_opening_is_an_intent(live: MappingSet) -> None:
    found = mapped(live.map(opening()))
    assert [(one.action, one.parameters) for one in found.intents] == [("open", {"model": "m"})]
    assert (found.mapped, found.max_body, found.replay_seconds) == (True, 1024, 0)


def test_a_message_is_an_intent(live: MappingSet) -> None:
    found = mapped(live.map(message({"type": "say", "content": {"text": "hello"}})))
    assert [(one.action, one.parameters) for one in found.intents] == [
        ("say", {"text": "hello", "model": "m"})
    ]
    assert found.shown_body == {"operation": "say", "of": {"content": {"text": "hello"}}}
    assert live.body_limit(opening().message(b"", binary=False), default=1 << 30) == 2048


def test_an_undeclared_member_of_a_message_is_refused(live: MappingSet) -> None:
    found = refused(live.map(message({"type": "say", "content": {"text": "hello", "to": "all"}})))
    assert found.reason is Reason.UNKNOWN_PARAMETER


def test_a_message_that_is_not_declared_is_no_mapped_one(live: MappingSet) -> None:
    for body in ({"type": "delete"}, {"kind": "say"}, {"type": ["say"]}):
        found = mapped(live.map(message(body)))
        assert not found.mapped
        assert found.intents[0].action == "http.message"


def test_binary_only_where_it_is_declared(live: MappingSet) -> None:
    sound = opening().message(b"\x00\xff", binary=True)
    assert mapped(live.map(sound)).intents[0].action == "sound"
    text = LIVE[: LIVE.index("  - action: sound")]
    assert refused(compiled(text).map(sound)).reason is Reason.UNDECODABLE_BODY
    assert refused(live.map(message({"type": "binary"}))).reason is Reason.UNDECODABLE_BODY
    for broken in (b"hello", b'{"type": "say", "type": "x"}', b"\xff"):
        assert refused(live.map(opening().message(broken, binary=False))).reason is Reason.UNDECODABLE_BODY


@pytest.mark.parametrize(
    "text", [action(), action(path="/{rest+}", methods="GET", params="rest: {from: path}")]
)
def test_no_socket_opens_where_only_requests_are_mapped(text: str) -> None:
    found = refused(compiled(text).map(opening()))
    assert found.reason is Reason.UNSUPPORTED_PROTOCOL


def test_an_opening_is_no_read(live: MappingSet) -> None:
    plain = canonicalise(parse_request("GET https://shop.example/live?model=m"))
    assert isinstance(plain, Call)
    assert not mapped(live.map(plain)).mapped


@pytest.mark.parametrize(("size", "result"), [(1024, Result.MATCH), (1025, Result.DRIFT)])
def test_an_opening_succeeds_by_switching(live: MappingSet, size: int, result: Result) -> None:
    found = mapped(live.map(opening()))
    seen = ResponseView(status=101, content_type=None, body=None, digest="", size=size)
    assert verify(found.promises, seen).result is result
    refused_there = ResponseView(status=403, content_type=None, body=b"", digest="", size=0)
    assert verify(found.promises, refused_there).result is Result.FAILED


def test_the_same_message_over_another_connection_is_the_same_call(live: MappingSet) -> None:
    said = message({"type": "say", "content": {"text": "hello"}})
    headers = tuple((name, "other" if name == "sec-websocket-key" else value) for name, value in said.headers)
    again = replace(said, headers=headers)
    assert again.headers != said.headers
    assert mapped(live.map(said)).fingerprint == mapped(live.map(again)).fingerprint


OPEN, SAY = "[UPGRADE]", "[MESSAGE]"
WRONG = {
    "methods: [UPGRADE, MESSAGE]": (OPEN, "[UPGRADE, MESSAGE]"),
    "methods: [GET]": (OPEN, "[GET]"),
    "another protocol": ("protocol: websocket", "protocol: rest"),
    "its key without it": ("protocol: websocket", "protocol: rest\nwebsocket: {operation: /kind}"),
    "an answer that is looked into": ("{max_body: 1KiB}", "{absent: [/errors]}"),
    "an operation of an opening": (
        "{methods: [UPGRADE], path: /live}",
        "{methods: [UPGRADE], path: /live, operation: a}",
    ),
    "an answer to a message": ("    max_body: 2KiB", "    verify: {status: [200]}"),
    "a lookup before a message": ("    max_body: 2KiB", '    preflight: {path: "/x"}'),
    "fields of no answer": ("    max_body: 2KiB", "    response_fields: [/id]"),
    "a body of another kind": ("body: bytes", "body: form"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_would_have_no_effect_does_not_load(name: str) -> None:
    with pytest.raises(DocumentError):
        compiled(LIVE.replace(*WRONG[name]))


def test_cases_open_and_speak(live: MappingSet) -> None:
    cases = parse(
        """\
cases:
  - name: it opens
    request: UPGRADE https://shop.example/live?model=m
    expect: [{action: open}]
  - name: it speaks
    request: |
      MESSAGE https://shop.example/live?model=m

      {"type": "say", "content": {"text": "hello"}}
    expect: [{action: say, parameters: {text: hello, model: m}}]
  - name: it speaks in bytes
    request: |
      MESSAGE https://shop.example/live?model=m
      content-type: application/octet-stream
    body_base64: AAE=
    expect: [{action: sound}]
  - name: elsewhere it does not open
    request: UPGRADE https://shop.example/other
    refused: unsupported_protocol
""",
        name="cases.yaml",
    )
    assert [(row.name, row.problems) for row in run_cases(cases, live) if not row.passed] == []
