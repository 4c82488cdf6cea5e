"""How several results become one."""

from __future__ import annotations

from itertools import product

import pytest

from vienna_kernel.verification.result import Check, Finding, Result, overall, shown, together, worst

M, U, F, A, D = Result.MATCH, Result.UNVERIFIABLE, Result.FAILED, Result.AMBIGUOUS, Result.DRIFT
FINDINGS = [Finding(result, reading) for result, reading in product(Result, (True, False))]


def test_the_order_is_from_the_best_to_the_worst() -> None:
    assert list(Result) == [M, U, F, A, D]
    assert worst([]) is M
    for one, other in product(Result, Result):
        assert worst([one, other]) is max(one, other, key=list(Result).index)


@pytest.mark.parametrize(
    ("write", "other", "reading", "result"),
    [
        (F, F, False, F),
        (F, M, True, F),
        (F, U, True, F),
        (F, M, False, A),
        (F, U, False, A),
        (F, A, False, A),
        (F, D, False, D),
        (M, U, False, U),
        (M, M, False, M),
        (M, F, True, A),
        (A, M, False, A),
        (D, F, False, D),
        (D, A, True, D),
    ],
)
def test_two_parts(write: Result, other: Result, reading: bool, result: Result) -> None:
    assert together([Finding(write, False), Finding(other, reading)]) is result


def test_three_parts_in_any_order() -> None:
    for rows in product(FINDINGS, repeat=3):
        results = [row.result for row in rows]
        found = together(rows)
        assert found is together(rows[::-1]) is together((rows[1], rows[2], rows[0]))
        assert (found is M) == (set(results) == {M})
        assert (found is D) == (D in results)
        changed = any(row.result in (M, U) and not row.reading for row in rows)
        worst_is_failed = F in results and not {A, D} & set(results)
        assert (found is F) == (worst_is_failed and not changed)
        assert (found is U) == (U in results and not {F, A, D} & set(results))


def test_the_limits_of_the_warrant_count_with_the_parts() -> None:
    assert overall([Finding(M, False)], M) is M
    assert overall([Finding(F, False)], D) is D
    assert overall([Finding(M, True)], A) is A
    assert overall([Finding(D, True)], A) is D


def test_a_check_holds_when_it_matches() -> None:
    assert [Check("x", 1, 1, result).held for result in Result] == [True, False, False, False, False]
    assert "part" not in Check("x", 1, 1, M).to_json()
    assert Check("x", 1, 1, M, 2).to_json()["part"] == 2


def test_a_check_tells_what_was_approved_and_what_came_both_bounded() -> None:
    told = Check("x", "a" * 201, ["b"] * 21, D).to_json()
    assert told == {
        "name": "x",
        "expected": "a" * 200 + "…",
        "actual": ["b"] * 20 + ["… 1 more"],
        "held": False,
        "result": "drift",
    }


def test_what_is_shown_is_bounded() -> None:
    assert shown("x" * 200) == "x" * 200
    assert shown("x" * 201) == "x" * 200 + "…"
    assert shown({"a": 1}) == "an object of 1"
    assert shown(list(range(20))) == list(range(20))
    assert shown(list(range(22))) == [*range(20), "… 2 more"]
    assert shown([[1], {"a": 1}, None, "x" * 300]) == ["…", "…", None, "x" * 200 + "…"]
