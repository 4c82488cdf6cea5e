"""Cases: what the runner makes of them, and that a wrong expectation is told."""

from __future__ import annotations

import pytest

from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.policy.cases import CaseResult, run_cases
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
timezone: Europe/Vienna
rules:
  - {id: ceiling, priority: 9, when: action == 'pay' AND parameters.amount > 10 EUR, then: {action: deny}}
  - {id: night, priority: 5, when: "time_of_day time_between ['22:00', '06:00']", then: {action: deny}}
  - {id: busy, priority: 4, when: rate > 3, then: {action: rate_limit}}
  - {id: pay, when: action == 'pay', then: {action: require_approval, approvals: {groups: [finance]}}}
""",
            name="p.yaml",
        )
    ]
)


def run(given: str, expect: str) -> CaseResult:
    text = f"cases:\n  - name: a case\n    given: {given}\n    expect: {expect}\n"
    return run_cases(RULES, TIERS, parse(text, name="p_cases.yaml"))[0]


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        ("{action: pay, parameters: {amount: 11, currency: EUR}}", "{decision: denied, rule: ceiling}"),
        ("{action: pay, parameters: {amount: 11, currency: EUR}}", "{undetermined: []}"),
        ("{action: pay, parameters: {x: 1}}", "{decision: denied, rule: ceiling, undetermined: [parameters.amount]}"),
        ("{action: pay, parameters: {amount: 5, currency: USD}}", "{rule: ceiling, undetermined: [parameters.amount]}"),
        ("{action: pay, parameters: {amount: 5, currency: EUR}}", "{decision: pending_approval, rule: pay}"),
        ("{action: pay, parameters: {amount: 5, currency: EUR}}", "{tier: T1, groups: [finance], approvers: 1}"),
        ("{action: pay, parameters: {amount: 5, currency: EUR}, at: 2026-03-25T22:00:00Z}", "{rule: night}"),
        ("{action: pay, parameters: {amount: 5, currency: EUR}, rate: 4}", "{decision: rate_limited}"),
        ("{action: other}", "{decision: denied, rule: null, reason: no_rule_matched}"),
        ("{action: http.post, mapped: false}", "{reason: unmapped_action}"),
    ],
)  # fmt: skip
def test_passes(given: str, expect: str) -> None:
    assert run(given, expect).differences == []


def test_what_differs_is_told_in_words() -> None:
    found = run("{action: other}", "{decision: allowed, tier: T2, rule: pay}")
    assert not found.passed
    assert found.where == "p_cases.yaml:2:5 cases[0].name"
    assert found.differences == [
        "decision: expected allowed, got denied",
        "rule: expected pay, got none",
        "tier: expected T2, got T0",
    ]


@pytest.mark.parametrize(
    ("given", "expect", "why"),
    [
        ("{acton: pay}", "{}", "did you mean 'action'?"),
        ("{action: pay, at: noon}", "{}", "a time with its offset"),
        ("{action: pay}", "{decision: executed}", "decision"),
        ("{action: pay}", "{rulle: x}", "did you mean 'rule'?"),
        ("{action: pay, agent: {trust_score: 101}}", "{}", "trust_score"),
    ],
)
def test_cases_without_a_reading(given: str, expect: str, why: str) -> None:
    with pytest.raises(DocumentError) as raised:
        run(given, expect)
    assert why in str(raised.value)
    assert str(raised.value).startswith("p_cases.yaml:")


def test_a_page_without_cases() -> None:
    with pytest.raises(DocumentError):
        run_cases(RULES, TIERS, parse("cases: []", name="c.yaml"))
