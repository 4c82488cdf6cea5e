"""Every rule's own answer to one intent, for dry runs: which hold, and each condition with actual and expected.

A decision explains the rule that decided; a trace shows the others too. Give it facts whose ``rate`` does not count.
"""

from __future__ import annotations

from typing import Any

from vienna_kernel.decision import risk
from vienna_kernel.decision.facts import Facts
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.intent import Intent
from vienna_kernel.policy.condition import leaves
from vienna_kernel.policy.judge import compile_tree, explain
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.subject import Subject


def trace(intent: Intent, facts: Facts, rules: RuleSet, tiers: TierTable) -> list[dict[str, Any]]:
    """One row for each enabled rule, in the order in which they are asked.

    ``matched`` is whether the rule holds (an undetermined one does, unless it allows), whatever came before it.
    """
    subject = Subject(intent, facts, lambda i, f: risk.score(i, f, tiers.weights, tiers.hours), rules.budgets)
    rows = []
    for rule in rules.rules:
        if not rule.shape.enabled or not rule.valid_at(facts.now):
            continue
        held = compile_tree(rule.tree, rule.tz)(subject)
        rows.append(
            {
                "rule_id": rule.id,
                "rule_name": rule.name,
                "priority": rule.priority,
                "matched": held is True or (held is None and rule.action != "allow"),
                "undetermined": held is None,
                "shadow": rule.shape.shadow,
                "action": rule.action,
                "conditions_detail": [explain(leaf, subject, rule.tz) for leaf in leaves(rule.tree)],
            }
        )
    return rows
