"""Cases of a rule file: what is given, and what must be decided; ``vienna policies test`` runs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from vienna_kernel.action import ActionType
from vienna_kernel.decision.decide import Decision, Outcome, decide
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import Document, nearest, read
from vienna_kernel.duration import Duration
from vienna_kernel.policy.expects import with_expected
from vienna_kernel.policy.given import Given, Part, facts_of, intent_of
from vienna_kernel.policy.rule import TierName
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.verdict import Reason

_WORDS = {
    "allowed": Outcome.PROCEED,
    "pending_approval": Outcome.HOLD,
    "denied": Outcome.DENIED,
    "rate_limited": Outcome.RATE_LIMITED,
}


class Expect(Part):
    """What must follow; what is not named is not looked at. ``rule: null``: no rule decides."""

    decision: Literal["allowed", "pending_approval", "denied", "rate_limited"] | None = None
    tier: TierName | None = None
    rule: str | None = None
    reason: Annotated[Reason | None, Field(strict=False)] = None
    undetermined: list[str] | None = None
    flags: list[str] | None = None
    shadow: list[str] | None = None
    approvers: int | None = None
    groups: list[str] | None = None
    mfa: bool | None = None
    warrant_ttl: Duration | None = None


class Case(Part):
    name: str
    given: Given
    expect: Expect


class CasesDocument(Part):
    cases: list[Case] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case as it came out.

    Attributes:
        where: ``file:line:column`` of the case.
        differences: Each in words, empty when it passed.
    """

    name: str
    where: str
    passed: bool
    differences: list[str]
    decision: Decision


def run_cases(
    rules: RuleSet,
    tiers: TierTable,
    cases: Document,
    *,
    action_types: Mapping[str, ActionType] | None = None,
) -> list[CaseResult]:
    """Decide every case. Errors: ``DocumentError`` when the document is no list of cases."""
    page = read(CasesDocument, cases)
    types = with_expected(rules.expected, action_types)
    results = []
    for i, case in enumerate(page.cases):
        known = types.get(case.given.action)
        intent = intent_of(case.given, rules, known)
        decision = decide(intent, facts_of(case.given), rules, tiers)
        wrong = [*_unknown(case.given, rules, known), *_differences(case.expect, decision)]
        results.append(CaseResult(case.name, cases.where(("cases", i, "name")), not wrong, wrong, decision))
    return results


def _unknown(given: Given, rules: RuleSet, kind: ActionType | None) -> list[str]:
    """What a case gives under a name that nothing has: it would test nothing."""
    budgets = list(rules.budgets)
    parameters = list(kind.parameters) if kind else list(given.parameters)
    return [
        *(
            f"budgets: no budget {one!r}{nearest(one, budgets)}"
            for one in given.budgets
            if one not in budgets
        ),
        *(
            f"parameters: {given.action} declares no {one!r}{nearest(one, parameters)}"
            for one in given.parameters
            if one not in parameters
        ),
    ]


def _differences(expect: Expect, decision: Decision) -> list[str]:
    requirements = decision.requirements
    found: dict[str, Any] = {
        "decision": next(word for word, outcome in _WORDS.items() if outcome is decision.outcome),
        "tier": decision.tier,
        "rule": decision.rule_id,
        "reason": decision.reason,
        "undetermined": sorted(decision.explanation.get("undetermined", [])),
        "flags": [flag.partition(":")[0] for flag in decision.flags],
        "shadow": [row["rule"] for row in decision.shadow],
        "approvers": requirements.people_needed if requirements else 0,
        "groups": list(requirements.groups) if requirements else [],
        "mfa": requirements.mfa if requirements else False,
        "warrant_ttl": decision.warrant_ttl_seconds,
    }
    wrong = []
    for name in expect.model_fields_set:
        wanted = getattr(expect, name)
        wanted = sorted(wanted) if name == "undetermined" else wanted
        if wanted != found[name]:
            wrong.append(f"{name}: expected {_said(wanted)}, got {_said(found[name])}")
    return sorted(wrong)


def _said(value: Any) -> str:
    return "none" if value is None else str(value)
