"""More than was approved."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value
from vienna_kernel.verification import AtMost, Within
from vienna_kernel.verification.answer import Answer
from vienna_kernel.verification.result import Result
from vienna_kernel.verification.surplus import at_most, within

M, A, D = Result.MATCH, Result.AMBIGUOUS, Result.DRIFT


def intent(redacted: frozenset[str] = frozenset(), **parameters: Value) -> Intent:
    return Intent(
        action="x",
        target="t",
        parameters=parameters,
        effect=Effect.WRITE,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
        redacted=redacted,
    )


def answer(own: Any, *, text: bool = False, rows: str = "5") -> Answer:
    return Answer(own, own, textual=text, headers=(("x-rows", rows),))


@pytest.mark.parametrize(
    ("bound", "came", "result"),
    [
        (5, 5, M),
        (5, 6, D),
        (5, 0, M),
        (0, 0, M),
        (0, 1, D),
        (5, Decimal("5.1"), D),
        (Decimal("5.5"), Decimal("5.4"), M),
        (["a", "b"], 2, M),
        (["a", "b"], 3, D),
        (["a", "b"], ["x", "y"], M),
        (["a", "b"], ["x", "y", "z"], D),
        (5, "5", D),
        (5, -1, D),
        (5, True, D),
        (5, None, A),
        (5, MISSING, A),
        ("5", 1, A),
        (True, 1, A),
        (-1, 0, A),
        ({"a": 1}, 1, A),
    ],
)
def test_how_many(bound: Value, came: Any, result: Result) -> None:
    own = {} if came is MISSING else {"n": came}
    check = at_most(AtMost(("/n",), "p"), (intent(p=bound),), answer(own))
    assert check is not None
    assert (check.name, check.result) == ("p", result)


def test_what_was_not_approved_bounds_nothing() -> None:
    assert at_most(AtMost(("/n",), "p"), (intent(),), answer({"n": 99})) is None


@pytest.mark.parametrize(
    ("came", "actual"), [(3, 3), ([1, 2], 2), ("x", "x"), (-1, -1), (None, None), (MISSING, None)]
)
def test_what_was_counted_is_shown(came: Any, actual: Value) -> None:
    check = at_most(AtMost(("/n",), value=3), (), answer({} if came is MISSING else {"n": came}))
    assert check is not None
    assert check.actual == actual


def test_a_bound_of_the_mapping() -> None:
    for came, result in ((3, M), (4, D)):
        check = at_most(AtMost(("/n",), value=3), (), answer({"n": came}))
        assert check is not None
        assert (check.name, check.expected, check.result) == ("/n", 3, result)


def test_of_several_intents_the_most_counts() -> None:
    for intents, result in (
        ((intent(p=2), intent(p=4)), M),
        ((intent(p=2), intent(p=3)), D),
        ((intent(p=9), intent(p="x")), A),
    ):
        check = at_most(AtMost(("/n",), "p"), intents, answer({"n": 4}))
        assert check is not None
        assert check.result is result


@pytest.mark.parametrize(
    ("own", "result"),
    [
        ([{"n": 2}, {"n": 3}], M),
        ([{"n": 2}, {"n": 4}], D),
        ([{"n": [1, 2]}, {"n": 3}], M),
        ([{"n": 2}, {}], A),
        ([{"n": 2}, {"n": None}], A),
        ([{"n": 2}, {"n": "x"}], D),
        ([], M),
        ({}, A),
    ],
)
def test_several_places_are_summed(own: Any, result: Result) -> None:
    check = at_most(AtMost(("/*/n",), value=5), (), answer(own))
    assert check is not None
    assert check.result is result
    assert (check.actual is None) is (result is A)  # a sum of which a part is not told is none


@pytest.mark.parametrize(
    ("rows", "result"), [("5", M), ("6", D), ("05", D), ("-1", D), ("5.0", D), ("", D), ("٥", D)]
)
def test_a_header_that_counts(rows: str, result: Result) -> None:
    check = at_most(AtMost((), value=5, header="X-Rows"), (), answer({}, rows=rows))
    assert check is not None
    assert (check.name, check.result) == ("header x-rows", result)


def test_text_that_counts() -> None:
    for came, result in (("5", M), ("6", D), (["1"] * 5, M), ("five", D)):
        check = at_most(AtMost(("/n",), value=5), (), answer({"n": came}, text=True))
        assert check is not None
        assert check.result is result


MAILS = ["a@x.example", "b@x.example"]


@pytest.mark.parametrize(
    ("came", "result"),
    [
        (["a@x.example"], M),
        (["b@X.example", "a@x.example", "a@x.example"], M),
        ([], M),
        (["a@x.example", "c@x.example"], D),
        (["A@x.example"], D),
        (["Ann <a@x.example>"], D),
        (["a@x.example,c@x.example"], D),
        ([None, "a@x.example"], A),
        ([None, "c@x.example"], D),
        ([5], D),
        ([["a@x.example"]], D),
        ([{"a": 1}], D),
        ("a@x.example", M),
        ("c@x.example", D),
        (None, A),
    ],
)
def test_who(came: Any, result: Result) -> None:
    check = within(Within("/to", "to", ParamType.EMAIL_LIST), (intent(to=MAILS),), answer({"to": came}))
    assert check is not None
    assert (check.name, check.result) == ("to", result)


def test_the_union_of_all_intents_is_approved() -> None:
    row = Within("/*", "key")
    intents = (intent(key="a"), intent(key=["b", "c"]), intent())
    for came, result in ((["a", "b", "c"], M), (["d"], D)):
        check = within(row, intents, answer(came))
        assert check is not None
        assert check.result is result


def test_what_was_not_approved_at_all_may_not_be_there() -> None:
    row = Within("/bcc", "bcc")
    assert within(row, (intent(),), answer({})) is None
    assert within(row, (intent(),), answer({"bcc": []})) is None
    assert within(row, (intent(),), answer({"bcc": None})) is None
    check = within(row, (intent(),), answer({"bcc": ["x"]}))
    assert check is not None
    assert (check.result, check.actual, check.expected) == (D, ["x"], None)


def test_numbers_and_texts_are_told_apart() -> None:
    for approved, came, text, result in (
        (5, 5, False, M),
        (5, Decimal("5.0"), False, D),
        (5, "5", False, D),
        (5, "5", True, M),
        ("5", "5", False, M),
        ("5", 5, False, D),
        (1, True, False, D),
    ):
        kind = ParamType.STRING if isinstance(approved, str) else ParamType.INT
        check = within(Within("/*", "p", kind), (intent(p=approved),), answer([came], text=text))
        assert check is not None
        assert check.result is result, (approved, came)


def test_only_what_is_more_is_told_and_nothing_redacted() -> None:
    row = Within("/*", "to")
    check = within(row, (intent(to=["a"]),), answer(["a", "x", "y"]))
    assert check is not None
    assert check.actual == ["x", "y"]
    for came, actual in ((["a"], ["a"]), (["a", None], None), ([None, "x"], ["x"])):
        check = within(row, (intent(to=["a"]),), answer(came))
        assert check is not None
        assert check.actual == actual
    check = within(row, (intent(frozenset({"to"}), to=["a"]),), answer(["a", "x"]))
    assert check is not None
    assert (check.actual, check.expected) == ("[redacted]", "[redacted]")
    found = at_most(AtMost(("/n",), "p"), (intent(frozenset({"p"}), p=["s3cret"]),), answer({"n": 7}))
    assert found is not None
    assert (found.actual, found.expected) == ("[redacted]", "[redacted]")


def test_more_than_is_compared_is_not_told() -> None:
    check = within(Within("/*", "to"), (intent(to=["a"]),), answer(["a"] * 10_001))
    assert check is not None
    assert check.result is A
    check = within(Within("/*", "to"), (intent(to=["a"]),), answer(["x", *["a"] * 10_001]))
    assert check is not None
    assert check.result is D
