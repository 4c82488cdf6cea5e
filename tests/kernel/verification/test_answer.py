"""Bodies as values: by their type, or as the mapping says; what has no reading has no value."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.verification.answer import MAX_COMPARED, Answer, ResponseView, decode, form_of, of_part
from vienna_kernel.verification.spec import BodyForm, Promise


def view(body: bytes | None, kind: str | None = "application/json") -> ResponseView:
    return ResponseView(status=200, content_type=kind, body=body, digest="", size=0)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("application/json", "json"),
        ("application/vnd.api+json", "json"),
        ("text/plain", "json"),
        ("text/html", "json"),
        (None, "json"),
        ("", "json"),
        ("application/xml", "xml"),
        ("text/xml", "xml"),
        ("application/soap+xml", "xml"),
        ("application/x-ndjson", "ndjson"),
        ("application/jsonl", "ndjson"),
        ("text/event-stream", None),
    ],
)
def test_how_a_body_is_read(kind: str | None, form: BodyForm | None) -> None:
    assert form_of(kind) == form


@pytest.mark.parametrize(
    ("body", "kind", "form", "value", "textual"),
    [
        (b'{"a":1}', "application/json", None, {"a": 1}, False),
        (b'{"a":1}', "text/plain", None, {"a": 1}, False),
        (b'{"a":1}', "application/xml", "json", {"a": 1}, False),
        (b"<a>1</a>", "application/xml", None, {"a": "1"}, True),
        (b"<a>1</a>", "application/json", "xml", {"a": "1"}, True),
        (b"<a>1</a>", "application/json", None, MISSING, False),
        (b'1\n\n{"a":2}\r\n', "application/x-ndjson", None, [1, {"a": 2}], False),
        (b"1\n{", "application/x-ndjson", None, MISSING, False),
        (b"", "application/x-ndjson", None, [], False),
        (b"data: 1\n\n", "text/event-stream", None, [1], False),
        (b"data: 1\n\n", "text/event-stream", "json", MISSING, False),
        (b"data: 1\n\n", "text/event-stream", "text", "data: 1\n\n", True),
        (b"\xff", None, "text", MISSING, True),
        (b"", None, None, MISSING, False),
        (None, None, None, MISSING, False),
    ],
)
def test_a_body(
    body: bytes | None, kind: str | None, form: BodyForm | None, value: Found, textual: bool
) -> None:
    assert decode(view(body, kind), form) == (value, textual)


def test_lines_are_bounded() -> None:
    lines = "application/x-ndjson"
    assert decode(view(b"1\n" * 100_000, lines), None)[0] is not MISSING
    assert decode(view(b"1\n" * 100_001, lines), None)[0] is MISSING


@given(st.binary(max_size=60), st.sampled_from(["json", "xml", "ndjson", "text", None]))
def test_any_bytes_have_a_reading_or_none(data: bytes, form: BodyForm | None) -> None:
    decode(view(data, "text/event-stream"), form)


def own(whole: Any, answer_id: Found = MISSING, steps: tuple[str, ...] = ()) -> Found:
    return of_part(Promise((), None, steps, (), answer_id), view(b""), whole, textual=False).own


def reply(number: Any, result: Any = 1) -> dict[str, Any]:
    return {"id": number, "result": result}


@pytest.mark.parametrize(
    ("whole", "answer_id", "found"),
    [
        (reply(1), 1, 1),
        (reply("a"), "a", 1),
        (reply(1), "1", MISSING),
        (reply("1"), 1, MISSING),
        (reply(True), 1, MISSING),
        (reply(2), 1, MISSING),
        ({"result": 1}, 1, MISSING),
        ([reply(2, 2), reply(1)], 1, 1),
        ([reply(2, 2)], 1, MISSING),
        ([reply(1), reply(1)], 1, 1),
        ([reply(1), reply(1, 2)], 1, MISSING),
        ([{**reply(1, 9), "method": "x"}, reply(1)], 1, 1),
        ([5, "x", None, reply(1)], 1, 1),
        ([], 1, MISSING),
        (5, 1, MISSING),
        (MISSING, 1, MISSING),
    ],
)
def test_the_answer_with_the_id_of_the_part(whole: Any, answer_id: Any, found: Found) -> None:
    assert own(whole, answer_id, ("result",)) == found


def test_an_error_from_before_the_id_was_read_is_the_one_answer() -> None:
    error = {"id": None, "error": {"code": 1}}
    assert own(error, 1, ("error",)) == {"code": 1}
    assert own([error], 1, ("error",)) == {"code": 1}
    assert own([error, reply(2)], 1, ("error",)) is MISSING
    assert own({"id": None, "result": 1}, 1, ("result",)) is MISSING
    assert own({"id": 2, "error": {"code": 1}}, 1, ("error",)) is MISSING


def test_without_ids_the_whole_is_the_answer() -> None:
    assert own([1, 2]) == [1, 2]
    assert own({"data": {"a": 1}}, MISSING, ("data", "a")) == 1
    assert own([{"data": {"a": 1}}], MISSING, ("0", "data", "a")) == 1
    assert own(None, MISSING, ("data",)) is MISSING


def test_what_is_looked_at_is_bounded_and_the_rest_is_not_told() -> None:
    def found(count: int) -> list[Found]:
        return Answer(MISSING, [1] * count, textual=False).at("/*")

    assert found(MAX_COMPARED) == [1] * MAX_COMPARED
    assert found(MAX_COMPARED + 1) == [*[1] * MAX_COMPARED, MISSING]
    assert Answer(MISSING, MISSING, textual=False).at("/a") == [MISSING]


def test_headers_in_any_case_and_as_often_as_they_came() -> None:
    answer = Answer(MISSING, MISSING, textual=False, headers=(("x", "1"), ("y", "2"), ("x", "3")))
    assert answer.header("X") == ["1", "3"]
    assert answer.header("z") == [MISSING]


def test_one_element_is_a_list_where_all_is_text() -> None:
    value = json.loads('{"a": {"b": "1"}}')
    assert Answer(MISSING, value, textual=True).at("/a/*/b") == ["1"]
    assert Answer(MISSING, value, textual=False).at("/a/*/b") == [MISSING]
