"""The index: which rules are asked about an action, in which order."""

from __future__ import annotations

import pytest

from vienna_kernel.document import parse
from vienna_kernel.policy.index import RuleIndex
from vienna_kernel.policy.ruleset import RuleSet

TEXT = """
apiVersion: vienna/v1
kind: Rules
id: p
rules:
  - {id: all, priority: 5, when: n == 1, then: {action: deny}}
  - {id: a, priority: 9, when: action == 'a', then: {action: allow}}
  - {id: ab, priority: 1, when: "action in ['a', 'b']", then: {action: flag}}
  - {id: shadow, priority: 7, when: action == 'b', then: {action: deny}, shadow: true}
  - {id: never, priority: 8, when: action == 'a' AND action == 'b', then: {action: deny}}
"""


def index() -> RuleIndex:
    return RuleIndex(RuleSet.compile([parse(TEXT, name="p.yaml")]).rules)


@pytest.mark.parametrize(
    ("action", "asked"),
    [("a", ["a", "all", "ab"]), ("b", ["shadow", "all", "ab"]), ("c", ["all"]), ("", ["all"])],
)
def test_rules_of_the_action_and_those_that_name_none_in_order(action: str, asked: list[str]) -> None:
    found = index()
    assert [row.rule.id for row in found.rows(action)] == asked
    assert found.rows(action) is found.rows(action)


def test_what_a_row_says_of_its_rule() -> None:
    rows = {row.rule.id: row for action in "ab" for row in index().rows(action)}
    assert {name: (row.decides, row.allows) for name, row in rows.items()} == {
        "a": (True, True),
        "all": (True, False),
        "ab": (False, False),
        "shadow": (False, False),
    }
