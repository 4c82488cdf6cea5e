"""One part held against its own answer: what outweighs what. Each single comparison has its own tests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verification import Among, AtMost, Equal, Promise, ResponseView, Result, VerifySpec
from vienna_kernel.verification.answer import decode, of_part
from vienna_kernel.verification.part import by_status, judge, kept, size_of
from vienna_kernel.verification.result import Check

M, U, F, A, D = Result.MATCH, Result.UNVERIFIABLE, Result.FAILED, Result.AMBIGUOUS, Result.DRIFT
SPEC = VerifySpec(
    status=(200, 202, 204),
    equal=(Equal(("/a",), "a"), Equal((), "h", header="x-h")),
    failed=(Among("/ok", (False,)),),
    max_body=60,
)
GOOD = {"a": "1", "ok": True}


def promise(spec: VerifySpec | None = SPEC, effect: Effect = Effect.WRITE, **more: Any) -> Promise:
    intent = Intent(
        action="x",
        target="t",
        parameters={"a": "1", "h": "v"},
        effect=effect,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
    )
    return Promise((intent,), spec, **more)


def view(body: Any = GOOD, status: int = 200, size: int = 0, header: str = "v") -> ResponseView:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = (("x-h", header),)
    return ResponseView(status=status, content_type=None, body=data, digest="", size=size, headers=headers)


def result(asked: Promise, seen: ResponseView) -> Result:
    whole, textual = decode(seen, None)
    return judge(asked, seen, of_part(asked, seen, whole, textual=textual)).result


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (view(), M),
        (view({**GOOD, "a": "2"}), D),
        (view(header="w"), D),
        (view({"a": "1"}), M),
        (view({"ok": True}), A),
        (view({**GOOD, "ok": False}), F),
        (view({"ok": False, "a": "2"}), F),
        (view({"ok": False}, size=61), D),
        (view(size=60), M),
        (view(size=61), D),
        (view({**GOOD, "pad": "x" * 60}), D),
        (view(b"no"), A),
        (view(b"no", header="w"), D),
        (view(None), U),
        (view(None, header="w"), D),
        (view(None, size=61), D),
        (view(None, 201), A),
        (view(status=201), A),
        (view({**GOOD, "a": "2"}, 201), D),
        (view({"ok": False}, 201), F),
        (view(status=202), U),
        (view({**GOOD, "a": "2"}, 202), D),
        (view({"ok": False}, 202), F),
        (view(b"", 204), U),
        (view(b"", 204, header="w"), D),
        (view(b"", 200), A),
        (view(b"", 205), A),
        (view({**GOOD, "a": "2"}, 204), D),
        (view({**GOOD, "a": "2"}, 400, 61, "w"), F),
        (view({**GOOD, "a": "2"}, 500, 61, "w"), A),
        (view({**GOOD, "a": "2"}, 302, 61, "w"), A),
    ],
)
def test_what_outweighs_what(seen: ResponseView, expected: Result) -> None:
    assert result(promise(), seen) is expected


def test_a_match_has_only_checks_that_held() -> None:
    for status in (200, 202, 204, 299):
        for body in (GOOD, {}, {**GOOD, "a": 5}, None, b""):
            seen = view(body, status)
            whole, textual = decode(seen, None)
            judged = judge(promise(), seen, of_part(promise(), seen, whole, textual=textual))
            assert (judged.result is M) == all(check.held for check in judged.checks)


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_has_nothing_to_compare(status: int) -> None:
    spec = VerifySpec(status=(status,), equal=(Equal(("/a",), "a"),))
    assert result(promise(spec), view(b"", status)) is U
    assert result(promise(spec), view({"a": "2"}, status)) is D


@pytest.mark.parametrize("status", [404, 500, 302])
def test_a_status_that_the_mapping_names_is_a_success_and_compared(status: int) -> None:
    spec = VerifySpec(status=(status,), equal=(Equal(("/a",), "a"),))
    assert result(promise(spec), view({"a": "1"}, status)) is M
    assert result(promise(spec), view({"a": "2"}, status)) is D


@pytest.mark.parametrize(
    ("status", "write", "read", "held"),
    [(99, A, F, False), (100, A, M, True), (599, A, M, True), (600, A, F, False), (399, U, M, True)],
)
def test_only_what_is_an_http_answer_answers_a_read(
    status: int, write: Result, read: Result, held: bool
) -> None:
    for effect, expected in ((Effect.WRITE, write), (Effect.READ, read)):
        asked, seen = promise(None, effect), view({}, status)
        judged = judge(asked, seen, of_part(asked, seen, {}, textual=False))
        assert (judged.result, judged.checks[0].held) == (expected, held)


def test_a_failure_is_looked_for_in_successes_only() -> None:
    asked = promise(None, failed=(("error",),), answer=("result",))
    for status, expected in ((200, F), (299, F), (300, U), (199, A)):
        assert result(asked, view({"error": 1}, status)) is expected


def test_a_read_that_was_accepted_is_a_match() -> None:
    assert result(promise(effect=Effect.READ), view(status=202)) is M


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"result": {}}, M),
        ({"result": None}, M),
        ({"result": {"isError": True}}, F),
        ({"error": {"code": 1}}, F),
        ({"error": {"code": 1}, "result": {}}, A),
        ({}, A),
        (b"no", A),
        (None, U),
    ],
)
def test_a_status_alone_does_not_match_where_the_body_tells_of_failure(body: Any, expected: Result) -> None:
    asked = promise(VerifySpec(status=(200,)), answer=("result",), failed=(("error",), ("result", "isError")))
    assert result(asked, view(body)) is expected


@pytest.mark.parametrize(
    ("body", "write", "read"),
    [
        ({"result": {}}, U, M),
        ({"error": {"code": 1}}, F, F),
        ({"error": {"code": 1}, "result": {}}, A, M),
        (None, U, M),
        (b"no", U, M),
    ],
)
def test_a_failure_is_told_where_nothing_is_promised(body: Any, write: Result, read: Result) -> None:
    more: Any = {"answer": ("result",), "failed": (("error",),)}
    assert result(promise(None, **more), view(body)) is write
    assert result(promise(None, Effect.READ, **more), view(body)) is read
    if isinstance(body, dict):
        assert result(promise(None, **more), view(body, 400)) is F
        assert result(promise(None, Effect.READ, **more), view(body, 400)) is M


@pytest.mark.parametrize(
    ("status", "write", "read"),
    [
        (0, A, F),
        (100, A, F),
        (199, A, F),
        (200, A, A),
        (299, A, A),
        (300, A, A),
        (399, A, A),
        (400, F, F),
        (408, A, F),
        (499, F, F),
        (500, A, F),
    ],
)
def test_a_status_that_is_no_success(status: int, write: Result, read: Result) -> None:
    assert by_status(status, reading=False) is write
    assert by_status(status, reading=True) is read


def test_nothing_promised_is_told_as_what_came() -> None:
    more: Any = {"answer": ("result",), "failed": (("error",),)}
    for status, held in ((200, M), (404, M), (99, A)):
        asked, seen = promise(None, **more), view({"result": {}}, status)
        answer = of_part(asked, seen, {"result": {}}, textual=False)
        judged = judge(asked, seen, answer)
        assert judged.checks == (Check("status", "an HTTP answer", status, held),)
        assert judged.answer is answer
    asked, seen = promise(None, **more), view({"error": 1})
    answer = of_part(asked, seen, {"error": 1}, textual=False)
    judged = judge(asked, seen, answer)
    assert [(check.name, check.result) for check in judged.checks] == [("status", M), ("/error", F)]
    assert judged.answer is answer


def test_what_a_header_says_counts_where_the_body_was_not_seen() -> None:
    among = VerifySpec(equal=(Equal(("/a",), "a"),), among=(Among((), ("v",), header="x-h"),))
    at_most = VerifySpec(equal=(Equal(("/a",), "a"),), at_most=(AtMost((), value=5, header="x-h"),))
    for spec, good, bad in ((among, "v", "w"), (at_most, "5", "6")):
        assert result(promise(spec), view(None, header=good)) is U
        assert result(promise(spec), view(None, header=bad)) is D


def test_what_is_kept_is_small() -> None:
    spec = VerifySpec(keep=("/s", "/l", "/t", "/o", "/none", "/null", "/long", "/k"))
    own = {"s": "x", "l": ["x" * 4093], "t": "x" * 4096, "o": {"a": 1}, "null": None, "long": "x" * 4097}
    own["k"] = ["x" * 4092]
    seen = view(own)
    whole, textual = decode(seen, None)
    answer = of_part(promise(spec), seen, whole, textual=textual)
    assert kept(spec, answer) == {"/s": "x", "/t": "x" * 4096, "/o": {"a": 1}, "/null": None, "/k": own["k"]}
    assert kept(None, answer) == {}


def test_the_status_that_was_promised_is_shown() -> None:
    for spec, shown in ((VerifySpec(status=(200, 201)), [200, 201]), (VerifySpec(max_body=9), "2xx")):
        seen = view(b"")
        assert (
            judge(promise(spec), seen, of_part(promise(spec), seen, {}, textual=False)).checks[0].expected
            == shown
        )


def test_the_size_is_the_larger_of_both() -> None:
    assert size_of(view(b"12345", size=3)) == 5
    assert size_of(view(b"12345", size=7)) == 7
    assert size_of(view(None, size=7)) == 7


def test_the_rest_is_not_compared_where_the_status_says_that_nothing_happened() -> None:
    spec = VerifySpec(at_most=(AtMost(("/n",), value=1),))
    assert result(promise(spec), view({"n": 5}, 403)) is F
