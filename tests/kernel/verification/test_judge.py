"""An answer held against what was approved: every outcome, and what leads to no other."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification import (
    Among,
    AtMost,
    Check,
    Equal,
    Promise,
    ResponseView,
    Result,
    Verification,
    VerifySpec,
)
from vienna_kernel.verification.judge import verify

SPEC = VerifySpec(
    status=(200, 201),
    equal=(
        Equal(("/amount",), "amount", ParamType.MINOR_UNITS),
        Equal(("/currency",), "currency", ParamType.CURRENCY),
        Equal(("/charge/id", "/charge"), "charge"),
    ),
    among=(Among("/status", ("succeeded", "pending")),),
    keep=("/id", "/nothing"),
)
GOOD = {"id": "re_1", "amount": 500, "currency": "eur", "charge": "ch_1", "status": "succeeded"}
WRITE, READ = Effect.SPEND, Effect.READ


def intent(effect: Effect = WRITE, **change: Any) -> Intent:
    facts: dict[str, Any] = {
        "action": "create_refund",
        "target": "stripe:charge/ch_1",
        "parameters": {"amount": Decimal("5"), "currency": "EUR", "charge": "ch_1"},
        "effect": effect,
        "reversibility": Reversibility.IRREVERSIBLE,
        "default_tier": Tier.T2,
        "money": {"amount": "currency"},
    }
    return Intent(**{**facts, **change})


def answer(body: Any = None, status: int = 200) -> ResponseView:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return ResponseView(status=status, content_type="application/json", body=data, digest="", size=0)


def judged(
    body: Any, status: int = 200, spec: VerifySpec | None = SPEC, effect: Effect = WRITE
) -> Verification:
    return verify((Promise((intent(effect),), spec),), answer(body, status))


def held(spec: VerifySpec | None, asked: Intent, body: Any) -> Verification:
    return verify((Promise((asked,), spec),), answer(body))


def test_all_that_was_promised_agrees() -> None:
    found = judged(GOOD)
    assert found.result is Result.MATCH
    assert [check.name for check in found.checks] == ["status", "amount", "currency", "charge", "/status"]
    assert all(check.held for check in found.checks)
    assert found.checks[1] == Check("amount", Decimal("5"), Decimal("5.00"), Result.MATCH)
    assert found.extracted == {"/id": "re_1"}
    assert judged(GOOD, 201).result is Result.MATCH
    assert judged({**GOOD, "charge": {"id": "ch_1"}}).result is Result.MATCH


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 501},
        {"amount": 50},
        {"amount": "500"},
        {"amount": 5.0},
        {"amount": True},
        {"amount": {"value": 500}},
        {"currency": "usd"},
        {"currency": 5},
        {"charge": "ch_2"},
        {"charge": {"id": "ch_2"}},
        {"charge": {"other": "ch_1"}},
        {"status": "failed"},
        {"status": 200},
    ],
)
def test_something_else_is_drift(change: dict[str, Any]) -> None:
    assert judged({**GOOD, **change}).result is Result.DRIFT


@pytest.mark.parametrize("name", ["amount", "currency", "charge", "status"])
def test_what_is_not_there_does_not_tell(name: str) -> None:
    assert judged({key: value for key, value in GOOD.items() if key != name}).result is Result.AMBIGUOUS
    assert judged({**GOOD, name: None}).result is Result.AMBIGUOUS


def test_drift_outweighs_what_is_missing() -> None:
    assert judged({"amount": 501}).result is Result.DRIFT
    assert judged({**GOOD, "amount": 501}, 202).result is Result.DRIFT


@pytest.mark.parametrize(
    "body", [b"", b"not json", b"[]", b'"x"', b"{", b'{"amount":1,"amount":500}', b"\xff"]
)
def test_a_success_that_cannot_be_read_does_not_tell(body: bytes) -> None:
    assert judged(body).result is Result.AMBIGUOUS


@pytest.mark.parametrize(
    ("status", "write", "read"),
    [
        (400, Result.FAILED, Result.FAILED),
        (404, Result.FAILED, Result.FAILED),
        (408, Result.AMBIGUOUS, Result.FAILED),
        (429, Result.FAILED, Result.FAILED),
        (499, Result.FAILED, Result.FAILED),
        (500, Result.AMBIGUOUS, Result.FAILED),
        (503, Result.AMBIGUOUS, Result.FAILED),
        (302, Result.AMBIGUOUS, Result.AMBIGUOUS),
        (304, Result.AMBIGUOUS, Result.AMBIGUOUS),
        (101, Result.AMBIGUOUS, Result.FAILED),
        (999, Result.AMBIGUOUS, Result.FAILED),
    ],
)
def test_an_answer_that_is_no_success(status: int, write: Result, read: Result) -> None:
    assert judged(GOOD, status).result is write
    assert judged(GOOD, status, effect=READ).result is read


def test_a_success_of_another_kind_does_not_tell() -> None:
    assert judged(GOOD, 202).result is Result.AMBIGUOUS
    assert judged(GOOD, 204).result is Result.AMBIGUOUS
    other = {**GOOD, "amount": 501}
    assert judged(other, 299).result is Result.DRIFT
    assert judged(other, 300).result is Result.AMBIGUOUS
    assert judged(other, 200, VerifySpec(status=(201,), equal=SPEC.equal)).result is Result.DRIFT


def test_any_2xx_is_a_success_when_none_is_named() -> None:
    spec = VerifySpec(equal=SPEC.equal)
    assert judged(GOOD, 201, spec).result is Result.MATCH
    assert judged(GOOD, 202, spec).result is Result.UNVERIFIABLE
    assert judged(GOOD, 302, spec).result is Result.AMBIGUOUS


def test_what_was_streamed_past_is_not_verified() -> None:
    assert judged(None).result is Result.UNVERIFIABLE
    assert judged(None, 202).result is Result.AMBIGUOUS
    assert judged(None, 500).result is Result.AMBIGUOUS
    assert judged(None, 400).result is Result.FAILED
    assert judged(None, 200, VerifySpec(status=(200,))).result is Result.MATCH


@pytest.mark.parametrize("spec", [None, VerifySpec(), VerifySpec(keep=("/id",))])
def test_nothing_promised(spec: VerifySpec | None) -> None:
    for status, write in [
        (200, Result.UNVERIFIABLE),
        (204, Result.UNVERIFIABLE),
        (302, Result.UNVERIFIABLE),
        (399, Result.UNVERIFIABLE),
        (400, Result.FAILED),
        (404, Result.FAILED),
        (408, Result.AMBIGUOUS),
        (500, Result.AMBIGUOUS),
        (0, Result.AMBIGUOUS),
    ]:
        assert judged(GOOD, status, spec).result is write
        expected = Result.MATCH if status else Result.FAILED
        assert judged(GOOD, status, spec, READ).result is expected
    assert judged(None, 200, spec).result is Result.UNVERIFIABLE


def test_fields_are_kept_only_when_the_mapping_says_so() -> None:
    assert judged(GOOD, 200, None).extracted == {}
    assert judged(GOOD, 200, VerifySpec(keep=("/id", "/gone"))).extracted == {"/id": "re_1"}
    assert judged({**GOOD, "id": "re_2"}, 400).extracted == {"/id": "re_2"}
    assert judged(b"no", 200, VerifySpec(keep=("/id",))).extracted == {}


def test_what_was_not_approved_is_not_held_against_the_answer() -> None:
    partly = intent(parameters={"charge": "ch_1"})
    found = held(SPEC, partly, {**GOOD, "amount": 1, "currency": "usd"})
    assert found.result is Result.MATCH
    assert [check.name for check in found.checks] == ["status", "charge", "/status"]


def test_an_amount_without_its_currency_cannot_be_compared() -> None:
    poor = intent(parameters={"amount": Decimal("5"), "charge": "ch_1"})
    assert held(SPEC, poor, GOOD).result is Result.AMBIGUOUS
    literal = intent(parameters={"amount": Decimal("500"), "charge": "ch_1"}, money={"amount": "JPY"})
    assert held(SPEC, literal, GOOD).result is Result.MATCH


def test_yen_have_no_cents() -> None:
    yen = intent(parameters={"amount": Decimal("500"), "currency": "JPY", "charge": "ch_1"})
    assert held(SPEC, yen, {**GOOD, "currency": "jpy"}).result is Result.MATCH


def test_a_redacted_value_is_compared_and_not_shown() -> None:
    spec = VerifySpec(equal=(Equal(("/charge",), "charge"),))
    hidden = intent(redacted=frozenset({"charge"}))
    for value, result in [("ch_1", Result.MATCH), ("ch_2", Result.DRIFT)]:
        found = held(spec, hidden, {"charge": value})
        assert found.result is result
        assert "ch_" not in str([check.to_json() for check in found.checks])


def test_typed_values_are_compared_typed() -> None:
    spec = VerifySpec(equal=(Equal(("/a",), "a", ParamType.DECIMAL), Equal(("/n",), "n", ParamType.INT)))
    asked = intent(parameters={"a": Decimal("5.5"), "n": 1})
    assert held(spec, asked, {"a": "5.50", "n": 1}).result is Result.MATCH
    assert held(spec, asked, b'{"a": 5.5, "n": 1}').result is Result.MATCH
    assert held(spec, asked, {"a": "5.50", "n": True}).result is Result.DRIFT
    flags = VerifySpec(equal=(Equal(("/b",), "b", ParamType.BOOL),))
    assert held(flags, intent(parameters={"b": True}), {"b": True}).result is Result.MATCH
    assert held(flags, intent(parameters={"b": True}), {"b": 1}).result is Result.DRIFT


def test_one_write_makes_several_intents_a_write() -> None:
    assert verify((Promise((intent(READ), intent(WRITE)), None),), answer({})).result is Result.UNVERIFIABLE
    assert verify((Promise((intent(READ), intent(READ)), None),), answer({})).result is Result.MATCH


def test_a_check_is_plain_data() -> None:
    row = Check("amount", Decimal("5.50"), None, Result.AMBIGUOUS).to_json()
    assert row == {
        "name": "amount",
        "expected": {"$decimal": "5.5"},
        "actual": None,
        "held": False,
        "result": "ambiguous",
    }
    assert json.dumps([check.to_json() for check in judged(GOOD).checks])


@given(
    st.binary(max_size=40) | st.none(),
    st.integers(0, 999),
    st.sampled_from([SPEC, None, VerifySpec(keep=("/a",))]),
)
def test_any_answer_is_judged(body: bytes | None, status: int, spec: VerifySpec | None) -> None:
    assert judged(body, status, spec).result in Result


def test_an_answer_to_nothing_is_a_write_that_nothing_is_promised_of() -> None:
    assert verify((), answer(GOOD)).result is Result.UNVERIFIABLE
    assert verify((), answer(GOOD, 403)).result is Result.FAILED
    assert verify((), answer(GOOD, 500)).result is Result.AMBIGUOUS


def test_what_is_not_to_be_read_back_has_no_note_of_it() -> None:
    found = judged(GOOD)
    assert (found.lookups, found.undo, found.notes) == ((), (), ())
    assert judged(GOOD, 200, None).notes == ()


def test_fields_of_several_parts_are_told_apart() -> None:
    spec = VerifySpec(keep=("/id",))
    parts = tuple(Promise((intent(),), spec, (str(i),)) for i in range(3))
    found = verify(parts, answer([{"id": "a"}, {"id": "b"}, {"x": 1}]))
    assert found.extracted == {"1/id": "a", "2/id": "b"}
    assert {check.part for check in found.checks} == {1, 2, 3}
    assert verify(parts[:1], answer([{"id": "a"}])).extracted == {"/id": "a"}


LISTED = VerifySpec(at_most=(AtMost(("/rows",), value=9), AtMost((), value=9, header="x-n")))


@pytest.mark.parametrize(
    ("spec", "body", "items", "result"),
    [
        (None, [1, 2], 2, Result.MATCH),
        (None, [1, 2, 3], 3, Result.DRIFT),
        (None, [], 0, Result.MATCH),
        (None, {"rows": [1]}, None, Result.AMBIGUOUS),
        (None, b"no", None, Result.AMBIGUOUS),
        (None, None, None, Result.AMBIGUOUS),
        (LISTED, {"rows": [1, 2]}, 2, Result.AMBIGUOUS),
        (LISTED, {"rows": [1, 2, 3]}, 3, Result.DRIFT),
        (LISTED, {"rows": 2}, None, Result.AMBIGUOUS),
    ],
)
def test_how_many_items_the_warrant_allows(
    spec: VerifySpec | None, body: Any, items: int | None, result: Result
) -> None:
    found = verify((Promise((intent(READ),), spec),), answer(body), limits={"max_items": 2})
    check = found.checks[-1]
    assert (check.name, check.expected, check.actual) == ("response_limits max_items", 2, items)
    assert found.result is result
    assert found.bounds is check.result


def test_items_of_all_parts_are_counted_together() -> None:
    parts = tuple(Promise((intent(READ),), None, (str(i),)) for i in range(2))
    for body, result in (
        ([[1], [2]], Result.MATCH),
        ([[1], [2, 3]], Result.DRIFT),
        ([[1], {}], Result.AMBIGUOUS),
    ):
        assert verify(parts, answer(body), limits={"max_items": 2}).bounds is result


def test_limits_are_held_one_by_one_in_order() -> None:
    found = verify(
        (Promise((intent(READ),), None),), answer([1]), limits={"max_items": 0, "max_body_bytes": 3}
    )
    rows = [(check.name, check.result, check.part) for check in found.checks[1:]]
    assert rows == [
        ("response_limits max_body_bytes", Result.MATCH, 0),
        ("response_limits max_items", Result.DRIFT, 0),
    ]
    assert verify((Promise((intent(READ),), None),), answer([1]), limits={}).bounds is Result.MATCH
