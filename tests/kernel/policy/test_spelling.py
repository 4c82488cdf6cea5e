"""A tree as one line: what it says reads back as the same tree."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy_kit
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.condition import Group, Leaf, Node, Not, Reader
from vienna_kernel.policy.spelling import short, spell


def tree(data: Any) -> Node:
    reader = Reader(rule_id="r", window_seconds=60, tz=zone("UTC"))
    node = reader.read(data, ("when",))
    assert reader.complaints == []
    return node


def plain(node: Node) -> Any:
    """The tree without places; a group of one is its member."""
    if isinstance(node, Leaf):
        return node.field.name, node.operator.name, node.operand, node.currency
    if isinstance(node, Not):
        return "not", plain(node.member)
    assert isinstance(node, Group)
    if len(node.members) == 1:
        return plain(node.members[0])
    return node.word, [plain(member) for member in node.members]


@pytest.mark.parametrize(
    "text",
    [
        "action == 'deploy' AND environment == 'production'",
        "cost_impact > 5000",
        "parameters.amount between [1, 5.5] EUR",
        "amount not in [1, 2] USD",
        "NOT NOT a == true",
        "NOT (a == 1 OR b != 'x')",
        "(a == 1 OR b == 2) AND (c == 3 AND d == 4)",
        "a == 1 AND (b == 2 OR NOT c matches '^x[0-9]$')",
        "time_of_day time_between ['18:00', '08:00']",
        'tags contains "it\'s"',
        "a.b-c exists OR x not exists",
        "x >= -1.5 AND notes == 'n'",
    ],
)
def test_what_an_expression_says_is_said_in_the_same_words(text: str) -> None:
    assert spell(tree(text)) == text


TEXT = st.text(alphabet="ab'\"\n AND()[]1.é", max_size=6)
SPOKEN = st.recursive(
    st.one_of(
        policy_kit.LEAVES,
        policy_kit.MONEY,
        policy_kit.HOURS,
        st.builds(
            policy_kit.leaf, st.sampled_from(["a", "parameters.in", "or", "a-b.c_1"]), st.just("equals"), TEXT
        ),
        st.builds(
            policy_kit.leaf,
            st.just("a"),
            st.sampled_from(["gt", "not_equals"]),
            st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
            | st.integers(-(2**53), 2**53),
        ),
    ),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=8,
)


def speakable(data: Any) -> bool:
    """Whether an expression can say it: only a text with both kinds of quote, or with a line end, it cannot."""
    if isinstance(data, dict):
        return all(speakable(part) for part in data.values())
    if isinstance(data, list):
        return all(speakable(part) for part in data)
    return not isinstance(data, str) or not ("\n" in data or {"'", '"'} <= set(data))


@policy_kit.LAW
@given(SPOKEN)
def test_the_line_reads_back_as_the_same_tree(data: Any) -> None:
    node = tree(data)
    text = spell(node)
    assert (text is not None) is speakable(data)
    if text is not None:
        assert plain(tree(text)) == plain(node)
        assert spell(tree(text)) == text


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"not": []},
        policy_kit.leaf("a", "equals", 'it\'s "x"'),
        policy_kit.leaf("a", "equals", "two\nlines"),
        policy_kit.leaf("größe", "equals", 1),
        policy_kit.leaf("not-now", "equals", 1),
        {**policy_kit.leaf("a", "gt", 1), "currency": "AND"},
        policy_kit.leaf("a", "in", ["x" * 500] * 9),
    ],
)
def test_what_no_expression_says_has_no_line(data: Any) -> None:
    assert spell(tree(data)) is None


def test_a_single_test_is_always_shown() -> None:
    shown = tree({**policy_kit.leaf("a", "gt", Decimal("1.50")), "currency": "AND"})
    assert isinstance(shown, Leaf)
    assert short(shown) == "a: > 1.5 AND"
