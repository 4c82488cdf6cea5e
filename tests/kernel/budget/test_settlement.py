"""What an outcome makes of a reservation: settled, released or kept; an agent's word never gives anything back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.budget.entry import Event
from vienna_kernel.budget.settlement import Ended, settle
from vienna_kernel.value import pack
from vienna_kernel.verification import Result

FIVE = Decimal(5)
KEEP, SETTLE, RELEASE = Event.KEEP, Event.SETTLE, Event.RELEASE


@pytest.mark.parametrize(
    ("result", "facts", "event"),
    [
        (Result.MATCH, {"status": 200}, SETTLE),
        (Result.MATCH, {"status": None}, SETTLE),  # a handler of ours
        (Result.MATCH, {"status": 429}, RELEASE),  # a read that promised nothing, and was refused
        (Result.MATCH, {"status": 529}, RELEASE),
        (Result.FAILED, {"status": 402}, RELEASE),
        (Result.FAILED, {"status": None}, RELEASE),  # it was never sent
        (Result.FAILED, {"status": None, "lost": True}, KEEP),  # it left, and no answer came
        (Result.DRIFT, {"status": 200}, KEEP),
        (Result.AMBIGUOUS, {"status": 500}, KEEP),
        (Result.UNVERIFIABLE, {"status": 200}, KEEP),
        (Result.AMBIGUOUS, {"lost": True}, KEEP),
        (Result.MATCH, {"lost": True}, KEEP),
        (Result.FAILED, {"witnessed": False}, KEEP),
        (Result.MATCH, {"witnessed": False, "status": 200}, KEEP),
        (Result.UNVERIFIABLE, {"witnessed": False}, KEEP),
    ],
)
def test_how_it_ends(result: Result, facts: dict[str, Any], event: Event) -> None:
    assert settle(FIVE, Ended(result=result, **facts)) == (event, FIVE)


USAGE = {"/usage": {"input_tokens": 3, "output_tokens": 4, "note": "7"}, "/id": "msg_1"}
SUM = "/usage/input_tokens + /usage/output_tokens"


@pytest.mark.parametrize(
    ("settle_on", "extracted", "used"),
    [
        ([SUM], USAGE, 7),
        (["/usage/total_tokens", SUM], USAGE, 7),
        ([SUM], {"/usage/input_tokens": 3, "/usage/output_tokens": pack(Decimal("0.5"))}, Decimal("3.5")),
        ([SUM], {"/usage": {}, "/usage/input_tokens": 1, "/usage/output_tokens": 0}, 1),
        (["/usage"], {"/usage": 0}, 0),
        (["/a~1b"], {"/a~1b": 2}, 2),
        # not told, so what was reserved counts
        ([SUM], {}, 5),
        ([SUM], {"/usage": {"input_tokens": 3}}, 5),
        (["/usage/note"], USAGE, 5),
        (["/usage"], USAGE, 5),
        (["/usage/input_tokens"], {"/usage": {"input_tokens": -3}}, 5),
        (["/usage/input_tokens"], {"/usage": {"input_tokens": True}}, 5),
        (["/usage/input_tokens"], {"/usage": {"input_tokens": 3.5}}, 5),
        (["/usage"], {"/usage": {"$decimal": "1E+9999999"}}, 5),
        (["/usage"], {"usage": 3, "/~": 3}, 5),
        ([], USAGE, 5),
    ],
)
def test_what_the_answer_says(settle_on: list[str], extracted: dict[str, Any], used: Any) -> None:
    ended = Ended(result=Result.MATCH, status=200, extracted=extracted)
    assert settle(FIVE, ended, settle_on=settle_on) == (SETTLE, used)


def test_an_answer_of_any_depth_is_read() -> None:
    deep: Any = 1
    for _ in range(100_000):
        deep = {"a": deep}
    ended = Ended(result=Result.MATCH, status=200, extracted={"/usage": deep})
    assert settle(FIVE, ended, settle_on=["/usage/a", "/usage"]) == (SETTLE, FIVE)


def test_a_refusal_that_names_its_usage_is_settled() -> None:
    ended = Ended(result=Result.MATCH, status=400, extracted={"/used": 2})
    assert settle(FIVE, ended, settle_on=["/used"]) == (SETTLE, 2)


@pytest.mark.parametrize(
    ("actual", "used"), [(9, 9), (pack(Decimal("9.5")), Decimal("9.5")), (1, 5), (None, 5), ("9", 5)]
)
@pytest.mark.parametrize("name", ["amount", "readback amount"])
def test_drift_counts_for_the_larger_of_both(name: str, actual: Any, used: Any) -> None:
    checks = [
        {"name": "other", "expected": 5, "actual": 100, "held": False},
        {"name": name, "expected": 5, "actual": actual, "held": False},
    ]
    ended = Ended(result=Result.DRIFT, status=200, checks=checks)
    assert settle(FIVE, ended, parameter="amount") == (KEEP, used)


def test_what_is_verified_is_what_was_reserved() -> None:
    """Several parts of one call are one reservation; the check of one of them is not all of it."""
    checks = [{"name": "amount", "expected": 2, "actual": 2, "held": True}]
    ended = Ended(result=Result.MATCH, status=200, checks=checks)
    assert settle(FIVE, ended, parameter="amount") == (SETTLE, FIVE)


@given(
    result=st.sampled_from(Result),
    status=st.none() | st.integers(100, 599),
    lost=st.booleans(),
    told=st.none() | st.integers(0, 20),
)
def test_an_agents_word_gives_nothing_back(
    result: Result, status: int | None, lost: bool, told: int | None
) -> None:
    extracted = {} if told is None else {"/n": told}
    ended = Ended(result=result, status=status, lost=lost, witnessed=False, extracted=extracted)
    event, used = settle(FIVE, ended, settle_on=["/n"])
    assert event is KEEP
    assert used >= FIVE
