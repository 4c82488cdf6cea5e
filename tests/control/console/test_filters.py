"""Terms of a filter, put in and taken away in the text that somebody wrote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_control.console import filters
from vienna_kernel.errors import MalformedError
from vienna_kernel.filter.read import read
from vienna_kernel.filter.span import timeless
from vienna_kernel.filter.term import Is, conditions, every

SOME = ["agent:a", "-method:GET", 'target:"a (b) or c"', "refund", '"late parcel"', "~amount 5"]
TIMES = ["since:1h", "after:2026-11-19", "before:2026-11-22T08:00:00Z"]
TERMS = st.sampled_from(SOME)


@given(st.lists(TERMS, max_size=4))
def test_what_is_put_in_can_be_taken_away_again(terms: list[str]) -> None:
    q = " ".join(terms)
    more = filters.toggled(q, "tier:T2")
    assert filters.has(more, "tier:T2")
    assert read(filters.toggled(more, "tier:T2"), "traffic") == read(q, "traffic")


@given(st.lists(TERMS, min_size=1, max_size=3), st.lists(TERMS, min_size=1, max_size=3))
def test_beside_alternatives_a_term_holds_for_all_of_them(some: list[str], others: list[str]) -> None:
    q = f"{' '.join(some)} or {' '.join(others)}"
    assert read(filters.added(q, "tier:T2"), "traffic") == read(f"({q}) tier:T2", "traffic")


@given(st.lists(st.sampled_from([*TIMES, *SOME]), max_size=5))
def test_a_stretch_of_time_takes_the_place_of_another(terms: list[str]) -> None:
    q = " ".join(terms)
    start, end = "2026-11-20T14:00Z", "2026-11-20T14:15:10Z"
    rest = timeless(read(q, "traffic"))
    wanted = every((rest, *conditions(read(f"after:{start} before:{end}", "traffic"))))
    assert read(filters.within(q, start, end), "traffic") == wanted
    assert read(filters.toggled(q, "since:7d"), "traffic") == every((rest, Is("since", "7d")))
    assert filters.of_time(q) == any(term in TIMES for term in terms)


@pytest.mark.parametrize(
    "q",
    [
        "since:1h or refund",
        "-(refund since:1h x)",
        "not since:1h",
        "- since:1h",
        "(x since:1h y)",
        "-since:1h",
    ],
)
def test_time_that_does_not_stand_by_itself_stays(q: str) -> None:
    more = filters.within(q, "2026-11-20", "2026-11-21")
    days = conditions(read("after:2026-11-20 before:2026-11-21", "traffic"))
    assert read(more, "traffic") == every((read(q, "traffic"), *days))


@given(st.text(max_size=60), st.integers(1, 70))
def test_whatever_is_marked_is_the_whole_text(q: str, column: int) -> None:
    assert "".join(filters.marked(q, column)) == q


@pytest.mark.parametrize("q", ["agent:a tear:b", "tier:T9 x", 'a "b', "(a", "a or"])
def test_the_mark_is_where_the_reader_stopped(q: str) -> None:
    with pytest.raises(MalformedError) as refused:
        read(q, "traffic")
    column = int(refused.value.where.removeprefix("column "))
    assert filters.marked(q, column)[0] == q[: column - 1]
