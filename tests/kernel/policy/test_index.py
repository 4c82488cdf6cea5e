"""The index: which rules are asked about an action, in which order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.document import parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.index import RuleIndex
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.subject import Subject

FACTS = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=datetime(2026, 3, 25, 10, tzinfo=UTC))

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


def index(text: str = TEXT) -> RuleIndex:
    return RuleIndex(RuleSet.compile([parse(text, name="p.yaml")]).rules)


def subject(action: str, **parameters: str) -> Subject:
    intent = Intent(
        action=action,
        target="t",
        parameters=parameters,
        effect=Effect.WRITE,
        reversibility=Reversibility.REVERSIBLE,
        default_tier=Tier.T0,
    )
    return Subject(intent, FACTS, lambda _intent, _facts: RiskScore(0, ()))


@pytest.mark.parametrize(
    ("action", "asked"),
    [("a", ["a", "all", "ab"]), ("b", ["shadow", "all", "ab"]), ("c", ["all"]), ("", ["all"])],
)
def test_rules_of_the_action_and_those_that_name_none_in_order(action: str, asked: list[str]) -> None:
    found = index()
    assert [row.rule.id for row in found.rows(subject(action))] == asked
    assert found.rows(subject(action)) is found.rows(subject(action))


def test_what_a_row_says_of_its_rule() -> None:
    rows = {row.rule.id: row for action in "ab" for row in index().rows(subject(action))}
    assert {name: (row.decides, row.allows) for name, row in rows.items()} == {
        "a": (True, True),
        "all": (True, False),
        "ab": (False, False),
        "shadow": (False, False),
    }


def test_where_many_are_left_only_those_that_can_hold_are_asked_in_their_order() -> None:
    lines = [
        f'  - {{id: {kind}{i:02}, priority: {(i * 7) % 30}, when: "{when.format(i)}", then: {{action: deny}}}}'
        for i in range(30)
        for kind, when in (("own", "action == 'a' AND region == 'r{}'"), ("any", "region in ['r{}', 'x']"))
    ]
    found = index("apiVersion: vienna/v1\nkind: Rules\nid: p\nrules:\n" + "\n".join(lines))
    asked = [row.rule.id for row in found.rows(subject("a", region="r7"))]
    assert asked == ["any07", "own07"]
    assert [row.rule.id for row in found.rows(subject("b", region="r7"))] == ["any07"]
    assert list(found.rows(subject("a", region="r99"))) == []
    every = [row.rule.order for row in found.rows(subject("a", region="x"))]
    assert every == sorted(every)
    assert len(every) == 30
