"""Before and after, line by line: what is told gives both texts back."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vienna_control.console.differences import lines, with_lines

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.lists(st.sampled_from(["a", "b", "c", "- d", ""]), max_size=8).map(
    lambda parts: "".join(part + "\n" for part in parts)
)


@QUICK
@given(before=TEXTS, after=TEXTS)
def test_what_stays_and_goes_is_of_the_one_and_what_stays_and_comes_of_the_other(
    before: str, after: str
) -> None:
    told = lines(before, after)
    out = [line for mark, line in told if mark in ("same", "out")]
    came = [line for mark, line in told if mark in ("same", "in")]
    if all(mark != "gap" for mark, _ in told) and told:
        assert out == before.splitlines()[: len(out)]
        assert came == after.splitlines()[: len(came)]
    assert sum(mark == "out" for mark, _ in told) >= len(set(before.splitlines()) - set(after.splitlines()))
    assert bool(told) == (before.splitlines() != after.splitlines())


def test_what_is_far_from_a_change_is_left_out_and_said_to_be() -> None:
    before = "\n".join(str(number) for number in range(20))
    assert lines(before, before + "\nnew") == [
        ("gap", ""), ("same", "17"), ("same", "18"), ("same", "19"), ("in", "new"),
    ]  # fmt: skip


def test_long_texts_are_told_without_being_compared() -> None:
    told = lines("a\n" * 3000, "b\n" * 3000)
    assert (len(told), told[0], told[-1]) == (4000, ("out", "a"), ("in", "b"))


def test_a_value_without_lines_has_none() -> None:
    plain = {"field": "/priority", "before": 1, "after": 2}
    nested = {"field": "/action/approvals", "before": None, "after": {"count": 2}}
    assert [one["lines"] for one in with_lines([plain, nested])] == [None, [("in", "count: 2")]]
