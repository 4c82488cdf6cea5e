"""The filter language: what reads, what is refused and where, and that a filter is written as it is read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.filter.key import KEYS, SCREENS, Screen
from vienna_kernel.filter.read import MAX_DEPTH, MAX_TERMS, read
from vienna_kernel.filter.term import (
    Either,
    Every,
    Filter,
    Has,
    Is,
    Not,
    Says,
    conditions,
    either,
    every,
    show,
)
from vienna_kernel.filter.word import MAX_CHARS

REFUND = Says("refund")
T2, T3 = Is("tier", "T2"), Is("tier", "T3")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", Every()),
        ("   ", Every()),
        ("refund", REFUND),
        ('"refund"', REFUND),
        ("tier:T2", T2),
        ("tier:t2", T2),
        ('tier:"T2"', T2),
        ("action:payments.*", Is("action", "payments.*")),
        ("path:/v1/refunds", Is("path", "/v1/refunds")),
        ("method:POST", Is("method", "POST")),
        ("grade:unmapped", Is("grade", "unmapped")),
        ("after:2026-11-20", Is("after", "2026-11-20T00:00:00.000Z")),
        ("before:2026-11-20T14:00:00+02:00", Is("before", "2026-11-20T12:00:00.000Z")),
        ("since:90m", Is("since", "90m")),
        ("since:120m", Is("since", "2h")),
        ("~amount 5000", Has("amount", "5000")),
        ('~customer.name "Ada L"', Has("customer.name", "Ada L")),
        ("~param refund tier:T2", Every((Has("param", "refund"), T2))),
        ("tier:T2 refund", Every((T2, REFUND))),
        ("tier:T2 and refund", Every((T2, REFUND))),
        ("tier:T2 or tier:T3", Either((T2, T3))),
        ("refund tier:T2 or tier:T3", Either((Every((REFUND, T2)), T3))),
        ("refund (tier:T2 or tier:T3)", Every((REFUND, Either((T2, T3))))),
        ("-tier:T2", Not(T2)),
        ("not tier:T2", Not(T2)),
        ("NOT tier:T2 OR refund", Either((Not(T2), REFUND))),
        ("-(tier:T2 or refund)", Not(Either((T2, REFUND)))),
        ("not tier:T2 refund", Every((Not(T2), REFUND))),
        ("-~amount 5", Not(Has("amount", "5"))),
        ("--refund", Not(Not(REFUND))),
        ("((refund))", REFUND),
        ("(refund) " * 30, Every((REFUND,) * 30)),
        ("re-fund", Says("re-fund")),
        ('"or"', Says("or")),
        ('"a \\"b\\" \\\\"', Says('a "b" \\')),
        ('"https://x.example/a"', Says("https://x.example/a")),
        ("refund(tier:T2)", Every((REFUND, T2))),
    ],
)
def test_what_it_says(text: str, what: Filter) -> None:
    assert read(text, "traffic") == what


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("tear:T2", "column 1", "unknown key 'tear'; did you mean 'tier'?"),
        ("refund tear:T2", "column 8", "did you mean 'tier'?"),
        ("Tier:T2", "column 1", "did you mean 'tier'?"),
        ("mine:yes", "column 1", "unknown key 'mine'"),
        ("https://x", "column 1", "put text with a colon into quotes"),
        ("a1:b", "column 1", "quotes around text"),
        ("tier:T9", "column 6", "known here: T0, T1, T2, T3"),
        ("status:exected", "column 8", "did you mean 'executed'?"),
        ("tier:", "column 6", "expects a value right behind the colon"),
        ("tier: T2", "column 6", "expects a value right behind the colon"),
        ("after:yesterday", "column 7", "2026-11-20 or 2026-11-20T14:00:00Z, got 'yesterday'"),
        ("after:2026-02-30", "column 7", "expects a day or an instant"),
        ("after:20261120", "column 7", "expects a day or an instant"),
        ("after:2026-11-20T14:00:00", "column 7", "expects a day or an instant"),
        ("since:soon", "column 7", "expected a duration such as"),
        ("since:99999d", "column 7", "expects at most 3660d"),
        ("~", "column 1", "the name of a parameter and a text"),
        ("~amount", "column 1", "the name of a parameter and a text"),
        ("~amount )", "column 9", "expects a text"),
        ('~amount ""', "column 9", "got an empty one"),
        ("or", "column 1", "expected a condition, got 'or'"),
        ("refund or", "column 10", "expected a condition, got the end"),
        ("refund and or", "column 12", "expected a condition, got 'or'"),
        ("()", "column 2", "expected a condition, got ')'"),
        ("(refund", "column 1", "a parenthesis that is not closed"),
        ("refund)", "column 7", "closed that was not opened"),
        ("-", "column 2", "expected a condition, got the end"),
        ('"refund', "column 1", "a quote that does not end"),
        ('re"fund"', "column 3", "a space before a quote"),
        ('""', "column 1", "within the quotes"),
        ("a\tb", "column 2", "cannot be typed, U+0009"),
        ("a\ud800", "column 2", "cannot be typed, U+D800"),
        ("x" * (MAX_CHARS + 1), f"column {MAX_CHARS + 1}", "at most 1000 characters, this has 1001"),
        ("a " * (MAX_TERMS + 1), f"column {2 * MAX_TERMS + 1}", "at most 40 conditions"),
        ("(" * (MAX_DEPTH + 1) + "a", f"column {MAX_DEPTH + 1}", "within each other"),
        ("-" * (MAX_DEPTH + 1) + "a", f"column {MAX_DEPTH + 1}", "within each other"),
    ],
)
def test_what_is_refused(text: str, where: str, why: str) -> None:
    with pytest.raises(MalformedError) as refused:
        read(text, "traffic")
    assert refused.value.where == where
    assert why in refused.value.why


def test_mine_stands_by_itself() -> None:
    assert read("mine:yes refund", "inbox") == Every((Is("mine", "yes"), REFUND))
    assert read("(mine:yes)", "inbox") == Is("mine", "yes")
    for text, column in [("-mine:yes", 2), ("mine:yes or refund", 1), ("refund (tier:T1 or mine:yes)", 20)]:
        with pytest.raises(MalformedError, match="stands by itself") as refused:
            read(text, "inbox")
        assert refused.value.where == f"column {column}"


def test_parameters_are_traffic_only() -> None:
    with pytest.raises(MalformedError, match="in traffic only"):
        read("~amount 5", "inbox")


@pytest.mark.parametrize("screen", SCREENS)
def test_the_example_of_every_key_reads(screen: Screen) -> None:
    for key in KEYS[screen].values():
        assert conditions(read(f"{key.name}:{key.example}", screen))
        for value in key.values:
            assert read(f"{key.name}:{value}", screen) == Is(key.name, value)


@given(st.text(alphabet=st.one_of(st.sampled_from('()-~":\\ *aortn'), st.characters()), max_size=40))
def test_any_text_reads_or_is_refused_at_a_column_of_it(text: str) -> None:
    for screen in SCREENS:
        try:
            what = read(text, screen)
        except MalformedError as refused:
            kind, _, column = refused.where.partition(" ")
            assert kind == "column"
            assert 1 <= int(column) <= len(text) + 1
        else:
            assert read(show(what), screen) == what


_TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).filter(str.strip)
_TERMS = st.one_of(
    st.sampled_from(["or", "AND", "not", "-", "a b", "~x", "a:b", '"', "\\", "a \\ b", '\\" c', "("]).map(
        Says
    ),
    _TEXT.map(Says),
    st.builds(Has, st.from_regex(r"[a-z0-9_][a-z0-9_.\-]{0,8}", fullmatch=True), _TEXT),
    st.builds(Is, st.just("action"), _TEXT),
    st.builds(Is, st.just("tier"), st.sampled_from(["T0", "T3"])),
)
_FILTERS = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=1, max_size=3).map(every),
        st.lists(inner, min_size=1, max_size=3).map(either),
    ),
    max_leaves=6,
)


@given(_FILTERS)
def test_a_filter_is_read_as_it_is_written(what: Filter) -> None:
    assert read(show(what), "traffic") == what
