"""Single comparisons: what is told of them, and what is compared how."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value
from vienna_kernel.verification import Among, AtMost, Equal, VerifySpec, Within
from vienna_kernel.verification.answer import Answer
from vienna_kernel.verification.check import compare, says_failed
from vienna_kernel.verification.result import Check, Result


def intent(**parameters: Value) -> Intent:
    return Intent(
        action="x",
        target="t",
        parameters=parameters,
        effect=Effect.WRITE,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
    )


def answer(own: Any, *, text: bool = False) -> Answer:
    return Answer(own, own, textual=text, headers=(("x-n", "5"), ("x-b", "true"), ("x-s", "a")))


def equal(approved: Value, came: Any, kind: ParamType, *, text: bool = False) -> Result:
    spec = VerifySpec(equal=(Equal(("/p",), "p", kind),))
    (check,) = compare(spec, (intent(p=approved),), answer({"p": came}, text=text))
    return check.result


M, A, D = Result.MATCH, Result.AMBIGUOUS, Result.DRIFT


@pytest.mark.parametrize(
    ("kind", "approved", "came", "result"),
    [
        (ParamType.STRING, "a", "a", M),
        (ParamType.STRING, "5", 5, D),
        (ParamType.INT, 5, 5, M),
        (ParamType.INT, 5, "5", D),
        (ParamType.INT, 5, Decimal("5.0"), D),
        (ParamType.INT, 1, True, D),
        (ParamType.DECIMAL, Decimal("5.5"), Decimal("5.50"), M),
        (ParamType.DECIMAL, Decimal("5.5"), "5.50", M),
        (ParamType.DECIMAL, Decimal("5"), 5, M),
        (ParamType.DECIMAL, Decimal("5.5"), "5.5\n", D),
        (ParamType.DECIMAL, Decimal("5"), "５", D),
        (ParamType.BOOL, True, True, M),
        (ParamType.BOOL, True, 1, D),
        (ParamType.BOOL, True, "true", D),
        (ParamType.EMAIL, "a@x.example", "a@X.EXAMPLE", M),
        (ParamType.EMAIL, "a@x.example", "A@x.example", D),
        (ParamType.EMAIL_LIST, ["a@x.example", "b@x.example"], ["b@x.example", "a@x.example"], M),
        (ParamType.EMAIL_LIST, ["a@x.example"], ["a@x.example", "b@x.example"], D),
        (ParamType.EMAIL_LIST, ["a@x.example", "b@x.example"], ["a@x.example"], D),
        (ParamType.EMAIL_LIST, 5, ["a@x.example"], D),
        (ParamType.EMAIL_LIST, None, ["a@x.example"], D),
        (ParamType.EMAIL_LIST, "a@x.example", ["a@x.example"], D),
        (ParamType.EMAIL_LIST, ["a@x.example"], "a@x.example", M),
        (ParamType.EMAIL_LIST, ["a@x.example"], 5, D),
        (ParamType.TIMESTAMP, "2026-03-25T10:00:00Z", "2026-03-25T11:00:00+01:00", M),
        (ParamType.TIMESTAMP, "1970-01-01T00:00:05Z", 5, M),
        (ParamType.URL, "https://x.example/a", "https://x.example/b", D),
        (ParamType.COUNT, 2, ["a", "b"], M),
        (ParamType.COUNT, 2, ["a", "b", "c"], D),
        (ParamType.COUNT, 2, 2, D),
        (ParamType.MAP, {"a": 1}, {"a": Decimal("1.0")}, M),
        (ParamType.MAP, {"a": 1}, {"a": True}, D),
        (ParamType.MAP, {"a": 1}, {"a": 1, "b": 2}, D),
        (ParamType.ANY, [1, "a"], [1, "a"], M),
        (ParamType.ANY, [1, "a"], ["a", 1], D),
        (ParamType.ANY, "a", None, A),
        (ParamType.CURRENCY, "EUR", "eur", M),
        (ParamType.CURRENCY, "EUR", "euro", D),
        (ParamType.MINOR_UNITS, Decimal("5"), 500, A),
    ],
)
def test_each_type(kind: ParamType, approved: Value, came: Value, result: Result) -> None:
    assert equal(approved, came, kind) is result


@pytest.mark.parametrize(
    ("kind", "approved", "came", "result"),
    [
        (ParamType.INT, 5, "5", M),
        (ParamType.INT, 5, "05", D),
        (ParamType.BOOL, True, "true", M),
        (ParamType.BOOL, True, "yes", D),
        (ParamType.STRING, "5", "5", M),
        (ParamType.INT, 5, ["5", "5"], D),
    ],
)
def test_where_all_is_text(kind: ParamType, approved: Value, came: Value, result: Result) -> None:
    assert equal(approved, came, kind, text=True) is result


def test_what_cannot_be_compared_is_shown_as_it_came() -> None:
    spec = VerifySpec(equal=(Equal(("/p",), "p", ParamType.MINOR_UNITS),))
    for came in (500, "x", [1]):
        (check,) = compare(spec, (intent(p=Decimal("5")),), answer({"p": came}))
        assert check.actual == came
    (check,) = compare(spec, (intent(p=Decimal("5")),), answer({"p": None}))
    assert check.actual is None


def test_what_is_compared_is_shown_as_its_type_and_what_has_none_as_it_came() -> None:
    for kind, came, shown in (
        (ParamType.EMAIL, "a@X.example", "a@x.example"),
        (ParamType.STRING, 5, 5),
        (ParamType.INT, [5], [5]),
    ):
        (check,) = compare(
            VerifySpec(equal=(Equal(("/p",), "p", kind),)), (intent(p="x"),), answer({"p": came})
        )
        assert (check.actual, check.expected) == (shown, "x")


def test_where_all_is_text_it_is_shown_as_what_it_spells() -> None:
    spec = VerifySpec(equal=(Equal(("/p",), "p", ParamType.INT),))
    for came, shown in (("5", 5), ("05", "05")):
        (check,) = compare(spec, (intent(p=5),), answer({"p": came}, text=True))
        assert check.actual == shown
        assert type(check.actual) is type(shown)


def test_an_intent_that_names_no_currency_leaves_the_others_to_be_compared() -> None:
    spec = VerifySpec(equal=(Equal(("/p",), "p", ParamType.MINOR_UNITS),))
    bare, euro = intent(p=Decimal(5)), replace(intent(p=Decimal(5)), money={"p": "EUR"})
    for intents in ((bare, euro), (euro, bare)):
        for came, result in ((500, M), (600, A)):
            (check,) = compare(spec, intents, answer({"p": came}))
            assert check.result is result
    (check,) = compare(spec, (euro,), answer({"p": 600}))
    assert (check.result, check.actual) == (D, Decimal(6))


def test_of_several_intents_any_value_may_stand_there() -> None:
    spec = VerifySpec(equal=(Equal(("/*/k",), "k"),))
    intents = (intent(k="a"), intent(k="b"), intent())
    for came, result in ((["a", "b"], M), (["a"], M), (["a", "c"], D), ([], A)):
        (check,) = compare(spec, intents, answer([{"k": key} for key in came]))
        assert check.result is result
        assert check.expected == ["a", "b"]


@pytest.mark.parametrize(
    ("row", "text", "result"),
    [
        (Among((), (5,), "X-N"), False, M),
        (Among((), ("5",), "x-n"), False, M),
        (Among((), (6,), "x-n"), False, D),
        (Among((), (True,), "x-b"), False, M),
        (Among((), (False,), "x-b"), False, D),
        (Among((), ("b", "a"), "x-s"), False, M),
        (Among((), (5,), "x-s"), False, D),
        (Among((), (5,), "x-gone"), False, A),
        (Among("/n", (5,)), False, M),
        (Among("/n", ("5",)), False, D),
        (Among("/t", (5,)), False, D),
        (Among("/t", (5,)), True, M),
        (Among("/t", (Decimal("5.0"),)), True, M),
        (Among("/t", ("b", 5)), True, M),
        (Among("/t", (True, 5)), True, M),
        (Among("/t", (True, "5")), True, M),
        (Among("/t", (True, "b", 6)), True, D),
        (Among("/l", (5,)), True, D),
        (Among("/null", (5,)), False, A),
        (Among("/null", (None, 5)), False, M),
        (Among(("/gone", "/n"), (5,)), False, M),
        (Among(("/gone", "/other"), (5,)), False, A),
        (Among("/empty/*", (5,)), False, A),
    ],
)
def test_one_of_the_values(row: Among, text: bool, result: Result) -> None:
    own = {"n": 5, "t": "5", "null": None, "l": ["5"], "empty": []}
    (check,) = compare(VerifySpec(among=(row,)), (), answer(own, text=text))
    assert check.result is result


def test_one_of_the_values_is_shown_with_where_it_was_looked_for() -> None:
    rows = (Among("/n", (6, 5)), Among(("/gone", "/n"), (5,)), Among((), (5,), "X-N"))
    assert compare(VerifySpec(among=rows), (), answer({"n": 5})) == [
        Check("/n", [6, 5], 5, M),
        Check("/gone", [5], 5, M),
        Check("header x-n", [5], "5", M),
    ]


@pytest.mark.parametrize("found", [None, False, 0, "", [], {}, MISSING, Decimal(0)])
def test_what_is_nothing(found: Any) -> None:
    own = {} if found is MISSING else {"e": found}
    assert compare(VerifySpec(absent=("/e",)), (), answer(own)) == [Check("/e", "nothing", None, M)]


@pytest.mark.parametrize("found", [True, 1, "x", [None], {"a": None}])
def test_what_is_something(found: Any) -> None:
    (check,) = compare(VerifySpec(absent=("/e",)), (), answer({"e": found}))
    assert (check.result, check.actual) == (A, found)
    (check,) = compare(VerifySpec(absent=("/*/e",)), (), answer([{}, {"e": found}]))
    assert check.result is A


def test_nothing_is_not_told_of_an_answer_that_is_not_there() -> None:
    assert compare(VerifySpec(absent=("/e",)), (), answer(MISSING)) == [Check("/e", "nothing", None, A)]


def test_a_failure_is_told_by_the_first_row_that_says_so() -> None:
    rows = (Among("/ok", (False,)), Among("/state", ("failed", "denied")), Among((), (5,), "x-n"))
    assert says_failed(rows[:2], answer({"ok": True, "state": "done"})) is None
    assert says_failed(rows[:2], answer({})) is None
    assert says_failed(rows[:2], answer(MISSING)) is None
    assert says_failed(rows[:2], answer({"ok": 0})) is None
    assert says_failed(rows, answer({"ok": False})) == Check("/ok", "not failed", False, Result.FAILED)
    assert says_failed(rows, answer({"state": "denied"})) == Check(
        "/state", "not failed", "denied", Result.FAILED
    )
    assert says_failed(rows, answer({})) == Check("header x-n", "not failed", "5", Result.FAILED)


def test_every_row_has_its_check_in_order() -> None:
    spec = VerifySpec(
        equal=(Equal(("/a",), "a"), Equal(("/b",), "none")),
        among=(Among("/b", (1,)),),
        absent=("/c",),
        at_most=(AtMost(("/d",), value=1),),
        within=(Within("/e", "a"),),
    )
    names = [check.name for check in compare(spec, (intent(a="x"),), answer({}))]
    assert names == ["a", "/b", "/c", "/d", "a"]
