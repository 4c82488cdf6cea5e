"""Traces: every rule's own answer, also of those that a decision never came to."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.trace import trace
from vienna_kernel.shipped import root

TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
RULES = """
apiVersion: vienna/v1
kind: Rules
id: p
rules:
  - id: after-hours
    name: After-Hours High-Value Block
    priority: 200
    when:
      - {field: amount, operator: gt, value: 50000}
      - {field: time_of_day, operator: time_between, value: ["18:00", "06:00"]}
    then: {action: deny}
  - {id: open, when: reason == 'a', then: {action: deny}}
  - {id: open-allow, when: reason == 'a', then: {action: allow}}
  - {id: off, enabled: false, when: [], then: {action: deny}}
  - {id: past, valid_until: 2026-01-01T00:00:00Z, when: [], then: {action: deny}}
"""


def test_every_rule_in_force_answers() -> None:
    intent = Intent(
        action="financial_transaction",
        target="t",
        parameters={"amount": Decimal(75000)},
        effect=Effect.SPEND,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T0,
        undetermined=frozenset({"reason"}),
    )
    facts = Facts(
        agent=AgentFacts(id="agt-1", name="billing-bot"), now=datetime(2026, 3, 25, 22, 30, tzinfo=UTC)
    )
    rows = trace(intent, facts, RuleSet.compile([parse(RULES, name="p.yaml")]), TIERS)
    assert [(row["rule_id"], row["matched"], row["undetermined"]) for row in rows] == [
        ("after-hours", True, False),
        ("open", True, True),
        ("open-allow", False, True),
    ]
    words = ("field", "passed", "actual", "expected")
    assert [tuple(part[word] for word in words) for part in rows[0]["conditions_detail"]] == [
        ("amount", True, "75000", "> 50000"),
        ("time_of_day", True, "22:30", "18:00-06:00"),
    ]  # fmt: skip
