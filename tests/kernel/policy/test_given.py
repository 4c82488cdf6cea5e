"""What a case gives: books of budgets, and parameters that a budget counts."""

from __future__ import annotations

import pytest

from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import parse
from vienna_kernel.policy.cases import run_cases
from vienna_kernel.policy.given import Given, facts_of, intent_of
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root

TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
RULES = RuleSet.compile(
    [
        parse(
            """
apiVersion: vienna/v1
kind: Rules
id: p
rules:
  - id: think
    when: action == 'think'
    then: {action: allow}
    limits: {budget: {name: tokens, window: 1d, max: 2000000, over: parameters.tokens}}
""",
            name="p.yaml",
        )
    ]
)


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("{action: think, parameters: {tokens: 2000000}}", "{decision: allowed}"),
        ("{action: think, parameters: {tokens: 10000}, budgets: {tokens: {spent: 1990000}}}", "{decision: allowed}"),
        (
            "{action: think, parameters: {tokens: 10001}, budgets: {tokens: {spent: 1990000}}}",
            "{decision: rate_limited, reason: budget_exceeded, rule: think}",
        ),
        (
            "{action: think, parameters: {tokens: 1}, budgets: {tokens: {spent: 1999999.5, reserved: 0.4}}}",
            "{decision: rate_limited}",
        ),
        ("{action: think}", "{decision: denied, reason: budget_exceeded}"),
    ],
)  # fmt: skip
def test_books(given: str, expect: str) -> None:
    text = f"cases:\n  - name: a case\n    given: {given}\n    expect: {expect}\n"
    (result,) = run_cases(RULES, TIERS, parse(text, name="c.yaml"))
    assert result.differences == []


def test_books_of_a_budget_that_there_is_not_are_told() -> None:
    text = "cases: [{name: a, given: {action: think, budgets: {tokns: {spent: 5}}}, expect: {}}]"
    (result,) = run_cases(RULES, TIERS, parse(text, name="c.yaml"))
    assert result.differences == ["budgets: no budget 'tokns'; did you mean 'tokens'?"]


def test_what_a_budget_counts_is_declared() -> None:
    given = Given(action="think")
    assert intent_of(given, RULES, None).undetermined == {"tokens"}
    books = facts_of(given).budgets
    assert books is not None
    assert books(RULES.budgets["tokens"], "agt-case").remaining == 2_000_000
