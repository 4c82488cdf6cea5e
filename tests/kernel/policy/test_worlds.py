"""Worlds: what can come out together, over all fields of some trees."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy_kit
from vienna_kernel.decision.facts import Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.intent import Intent
from vienna_kernel.policy.condition import Node, Reader, leaves
from vienna_kernel.policy.domain import of_name
from vienna_kernel.policy.judge import compile_tree
from vienna_kernel.policy.subject import Subject
from vienna_kernel.policy.worlds import FALSE, NOT_FALSE, NOT_TRUE, TRUE, Placed, Worlds

UTC = ZoneInfo("UTC")


def tree(data: Any) -> Node:
    reader = Reader(rule_id="r", window_seconds=60, tz=UTC)
    node = reader.read(data, ("when",))
    assert reader.complaints == []
    return node


def worlds(*nodes: Node) -> Worlds:
    placed = [Placed(leaf, leaf.field.name, UTC) for node in nodes for leaf in leaves(node)]
    return Worlds(placed, {one.variable: of_name(one.variable) for one in placed})


@pytest.mark.parametrize(
    ("wants", "possible"),
    [
        ([("n > 5", TRUE), ("n < 5", TRUE)], False),
        ([("n > 5", TRUE), ("n < 5", FALSE)], True),
        ([("n > 5", NOT_FALSE), ("n < 5", NOT_FALSE)], True),  # left open
        ([("risk_score > 50", NOT_TRUE), ("risk_score <= 50", NOT_TRUE)], False),  # always known
        ([("n > 5 OR m == 1", TRUE), ("n > 5", FALSE), ("m == 1", FALSE)], False),
        ([("n > 5 OR m == 1", TRUE), ("n > 5", FALSE), ("k == 1", TRUE)], True),
        ([("n > 5 EUR", TRUE), ("n > 5 USD", TRUE)], False),  # one amount has one currency
        ([("n > 5 EUR", TRUE), ("n > 9 USD", NOT_FALSE)], True),
        ([("NOT (a == 1 AND b == 2)", TRUE), ("a == 1", TRUE), ("b == 2", TRUE)], False),
        ([("n exists", TRUE), ("n not exists", TRUE)], False),
        ([("n exists", FALSE), ("n == 5", TRUE)], False),
        ([("s == 'x'", TRUE), ("s matches '^y'", TRUE)], False),
        ([("s != 'x'", TRUE), ("s matches '^x$'", TRUE)], True),  # nobody looks into a pattern
        ([], True),
    ],
)
def test_what_can_come_out_together(wants: list[tuple[str, frozenset[bool | None]]], possible: bool) -> None:
    nodes = [(tree(text), wanted) for text, wanted in wants]
    assert worlds(*(node for node, _ in nodes)).find(nodes).possible is possible


def test_an_example_is_given_or_what_stands_against_it() -> None:
    node, other = tree("n > 5 EUR"), tree("n < 3 EUR")
    assert worlds(node).find([(node, TRUE)]).say == "n 6 EUR"
    both = worlds(node, other).find([(node, TRUE), (other, TRUE)])
    assert both.say == "n > 5 EUR and n < 3 EUR exclude each other"
    alone = tree("risk_score > 100")
    assert worlds(alone).find([(alone, TRUE)]).say == "risk_score > 100 is never so"


def test_too_many_worlds_have_no_answer() -> None:
    wide = tree(
        " OR ".join(f"a{at} > 1" for at in range(12))
        + " AND "
        + " AND ".join(f"a{at} < 9" for at in range(12))
    )
    assert worlds(wide).find([(wide, FALSE)]).possible in (None, True)
    none = tree("(" + " OR ".join(f"a{at} > 5 AND a{at} < 5" for at in range(12)) + ")")
    assert worlds(none).find([(none, TRUE)]).possible is None


@policy_kit.LAW
@given(st.lists(policy_kit.TREES, min_size=1, max_size=4), policy_kit.SUBJECTS)
def test_whatever_a_call_answers_is_possible(trees: list[Any], subjects: list[tuple[Intent, Facts]]) -> None:
    nodes = [tree(data) for data in trees]
    model = worlds(*nodes)
    for intent, facts in subjects:
        one = Subject(intent, facts, lambda _intent, _facts: RiskScore(policy_kit.RISK, ()))
        answers = [compile_tree(node, UTC)(one) for node in nodes]
        found = model.find([(node, frozenset({answer})) for node, answer in zip(nodes, answers, strict=True)])
        assert found.possible is not False
