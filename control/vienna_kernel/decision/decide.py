"""A decision: what the rules, the tiers and the risk make of one intent.

1. The agent may ask for the action at all.
2. The rules are asked; nothing held: the default, and an unmapped write is refused even where the default allows.
3. The tier is the highest of action default, first contact, risk band and rule; a rule lowers it only with
   ``may_lower``, and only when it holds for certain.
4. What the rule's action does with the tier is the truth table ``_OUTCOMES``.
5. What would go, or be asked about, has to fit the budgets of the rule that decides.
6. A call of several intents: the highest tier, everybody's requirements, the sum of what they use; one refusal
   refuses all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from vienna_kernel.approval.requirements import Requirements
from vienna_kernel.budget.claim import Claim, together
from vienna_kernel.decision import hint, risk, spending
from vienna_kernel.decision.consent import requirements_of, tier_of, warrant_ttl_of
from vienna_kernel.decision.facts import AgentFacts, Facts, RateCounter
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.intent import Effect, Intent, Tier
from vienna_kernel.policy.judge import explain, undetermined_fields
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import Match, RuleSet
from vienna_kernel.policy.subject import Subject
from vienna_kernel.verdict import Reason

__all__ = ["AgentFacts", "Decision", "Facts", "Outcome", "RateCounter", "combine", "decide"]


class Outcome(StrEnum):
    """What happens next; later is stricter."""

    PROCEED = "proceed"
    HOLD = "hold"
    RATE_LIMITED = "rate_limited"
    DENIED = "denied"


_STRICT = {outcome: at for at, outcome in enumerate(Outcome)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer for one intent, or for one call of several.

    Attributes:
        tier: Of the intent, also when it is refused.
        reason: Why it was refused; None otherwise.
        detail: For operators.
        hint: For the agent, at most 400 characters.
        requirements: What people have to do, when it is held.
        warrant_ttl_seconds: From release.
        flags: ``rule id: note`` of rules that noted it.
        shadow: Rules that would have decided: ``{"rule", "name", "action", "tier"}``.
        retry_after_seconds: When a refusal by rate or budget may end.
        reservations: What to reserve with the warrant, whether or not it fits; empty when no budget applies.
        matched: Whether a rule decided.
        explanation: JSON data without floats: rule, conditions with actual and expected, undetermined fields,
            tier inputs, risk inputs and weights.
    """

    outcome: Outcome
    tier: Tier
    rule_id: str | None = None
    rule_name: str | None = None
    reason: Reason | None = None
    detail: str = ""
    hint: str = ""
    requirements: Requirements | None = None
    warrant_ttl_seconds: int = 0
    flags: tuple[str, ...] = ()
    shadow: tuple[dict[str, Any], ...] = ()
    retry_after_seconds: int | None = None
    reservations: tuple[Claim, ...] = ()
    matched: bool = False
    explanation: dict[str, Any] = field(default_factory=dict)


def decide(intent: Intent, facts: Facts, rules: RuleSet, tiers: TierTable) -> Decision:
    """What happens to one intent. Total: every intent and facts have an answer."""
    subject = Subject(intent, facts, lambda i, f: risk.score(i, f, tiers.weights, tiers.hours), rules.budgets)
    if not facts.agent.may(intent.action):
        tier, inputs = tier_of(Match(None), subject, tiers)
        return Decision(
            outcome=Outcome.DENIED,
            tier=tier,
            reason=Reason.ACTION_NOT_ALLOWED,
            detail=f"{intent.action} is not among the allowed actions of {facts.agent.name}",
            hint=hint.not_allowed(intent),
            explanation=_explanation(Match(None), subject, rules, tier, inputs),
        )
    match = rules.evaluate(subject)
    tier, inputs = tier_of(match, subject, tiers)
    decided = (
        _default(intent, rules) if match.rule is None else _OUTCOMES[match.rule.action](match.rule, tier)
    )
    if match.rule is None and decided.outcome is Outcome.PROCEED:
        decided = _at_tier(None, tier)
    claims = spending.claims_of(match.rule, subject)
    decided = _within(decided, claims)
    held = decided.outcome is Outcome.HOLD
    requirements = requirements_of(match, tier, tiers) if held else None
    told = _explanation(match, subject, rules, tier, inputs)
    if claims:
        told["budgets"] = [claim.to_json() for claim in claims]
    if requirements:
        decided = replace(decided, hint=hint.held(intent))
    elif match.rule and not match.determined and decided.reason is Reason.POLICY_DENIED:
        why = match.rule.shape.then.reason or match.rule.name
        decided = replace(decided, hint=hint.denied(why, told["undetermined"]))
    return replace(
        decided,
        tier=tier,
        rule_id=match.rule.id if match.rule else None,
        rule_name=match.rule.name if match.rule else None,
        requirements=requirements,
        warrant_ttl_seconds=warrant_ttl_of(match, tier, tiers),
        flags=tuple(f"{rule.id}: {rule.shape.then.reason or rule.name}" for rule in match.flags),
        shadow=tuple(_shadow(rule, subject, tiers) for rule in match.shadow),
        reservations=claims,
        matched=match.rule is not None,
        explanation=told,
    )


# what a rule's action does


def _deny(rule: Rule, tier: Tier) -> Decision:
    why = rule.shape.then.reason or rule.name
    return Decision(
        outcome=Outcome.DENIED,
        tier=tier,
        reason=Reason.POLICY_DENIED,
        detail=f"rule {rule.id}: {why}",
        hint=hint.denied(why),
    )


def _rate_limit(rule: Rule, tier: Tier) -> Decision:
    return Decision(
        outcome=Outcome.RATE_LIMITED,
        tier=tier,
        reason=Reason.RATE_LIMITED,
        detail=f"rule {rule.id}: {rule.shape.then.reason or rule.name}",
        hint=hint.rate_limited(rule.shape.then.reason or rule.name, rule.window_seconds),
        retry_after_seconds=rule.window_seconds,
    )


def _at_tier(rule: Rule | None, tier: Tier) -> Decision:
    """At once in T0, above it with the tier's consent."""
    why = f"rule {rule.id}: {rule.shape.then.reason or rule.name}" if rule else "the default allows"
    outcome = Outcome.PROCEED if tier is Tier.T0 else Outcome.HOLD
    return Decision(outcome=outcome, tier=tier, detail=why)


_OUTCOMES: dict[str, Callable[[Rule, Tier], Decision]] = {
    "deny": _deny,
    "rate_limit": _rate_limit,
    "allow": _at_tier,
    "require_approval": _at_tier,  # its tier is at least T1
    "escalate": _at_tier,  # its tier is one higher
}


def _within(decided: Decision, claims: Sequence[Claim]) -> Decision:
    """The decision, unless a budget does not hold what it would let go."""
    over = spending.overspent(claims) if decided.outcome in (Outcome.PROCEED, Outcome.HOLD) else None
    if over is None:
        return decided
    return replace(
        decided,
        outcome=Outcome.RATE_LIMITED if over.retry_after_seconds else Outcome.DENIED,
        reason=Reason.BUDGET_EXCEEDED,
        detail=over.detail,
        hint=over.hint,
        requirements=None,
        retry_after_seconds=over.retry_after_seconds,
    )


def _default(intent: Intent, rules: RuleSet) -> Decision:
    if intent.mapping is None and intent.effect is not Effect.READ:
        return Decision(
            outcome=Outcome.DENIED,
            tier=intent.default_tier,
            reason=Reason.UNMAPPED_ACTION,
            detail=f"no mapping reads {intent.action} on {intent.target}, and no rule speaks of it",
            hint=hint.unmapped(intent),
        )
    if rules.default == "allow":
        return Decision(outcome=Outcome.PROCEED, tier=intent.default_tier)
    return Decision(
        outcome=Outcome.DENIED,
        tier=intent.default_tier,
        reason=Reason.NO_RULE_MATCHED,
        detail=f"no rule speaks of {intent.action} on {intent.target}; the default is deny",
        hint=hint.no_rule(intent),
    )


def _shadow(rule: Rule, subject: Subject, tiers: TierTable) -> dict[str, Any]:
    tier, _ = tier_of(Match(rule), subject, tiers)
    return {"rule": rule.id, "name": rule.name, "action": rule.action, "tier": tier.value}


def _explanation(
    match: Match, subject: Subject, rules: RuleSet, tier: Tier, inputs: list[dict[str, Any]]
) -> dict[str, Any]:
    rule = match.rule
    told: dict[str, Any] = {
        "rule": None,
        "conditions": None,
        "undetermined": [],
        "default": rules.default,
        "evaluated": match.evaluated,
        "tier": {"value": tier.value, "inputs": inputs},
        "risk": subject.risk.to_json(),
    }
    if rule is not None:
        told["rule"] = {
            "id": rule.id,
            "name": rule.name,
            "priority": rule.priority,
            "action": rule.action,
            "source": rule.source,
        }
        told["conditions"] = explain(rule.tree, subject, rule.tz)
        told["undetermined"] = undetermined_fields(rule.tree, subject, rule.tz)
    return told


# several intents in one call


def combine(decisions: Sequence[Decision]) -> Decision:
    """One decision for a call of several intents, at least one."""
    if len(decisions) == 1:
        return decisions[0]
    first = max(decisions, key=lambda part: (_STRICT[part.outcome], part.tier))
    held = [part.requirements for part in decisions if part.requirements]
    waits = [part.retry_after_seconds for part in decisions if part.retry_after_seconds]
    claims = together(claim for part in decisions for claim in part.reservations)
    whole = replace(
        first,
        tier=max(part.tier for part in decisions),
        requirements=_together(first.requirements, held) if first.requirements else None,
        warrant_ttl_seconds=min(part.warrant_ttl_seconds for part in decisions),
        flags=tuple(dict.fromkeys(flag for part in decisions for flag in part.flags)),
        shadow=tuple(row for part in decisions for row in part.shadow),
        retry_after_seconds=max(waits) if first.outcome is Outcome.RATE_LIMITED and waits else None,
        reservations=claims,
        matched=all(part.matched for part in decisions),
        explanation={
            "parts": [part.explanation for part in decisions],
            **({"budgets": [claim.to_json() for claim in claims]} if claims else {}),
        },
    )
    return _within(whole, claims)


def _together(first: Requirements, held: Sequence[Requirements]) -> Requirements:
    """Everything that any part asks; the shortest of their deadlines."""
    others = tuple(dict.fromkeys(part for part in held if part != first))
    return replace(
        first,
        timeout_seconds=min(part.timeout_seconds for part in held),
        redeem_seconds=min(part.redeem_seconds for part in held),
        also=others,
    )
