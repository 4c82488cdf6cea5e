"""A decision: what the rules, the tiers and the risk make of one intent.

1. The agent may ask for the action at all.
2. The rules are asked; nothing held: the default, and an unmapped write is refused even where the default allows.
3. The tier is the highest of action default, first contact, risk band and rule; a rule lowers it only with
   ``may_lower``, and only when it holds for certain.
4. What the rule's action does with the tier is a truth table (``answer``).
5. What would go, or be asked about, has to fit the budgets of the rule that decides.
6. A call of several intents: the highest tier, everybody's requirements, the sum of what they use; one refusal
   refuses all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vienna_kernel.approval.requirements import Requirements
from vienna_kernel.budget.claim import Claim
from vienna_kernel.budget.claim import together as added_up
from vienna_kernel.decision import hint, risk, spending
from vienna_kernel.decision.answer import Outcome, by_budget, by_default, by_rule
from vienna_kernel.decision.consent import requirements_of, tier_of, warrant_ttl_of
from vienna_kernel.decision.explanation import Explanation, explain, together
from vienna_kernel.decision.facts import AgentFacts, Facts, RateCounter
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.policy.judge import tell
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import Match, RuleSet
from vienna_kernel.policy.subject import Subject
from vienna_kernel.verdict import Reason

__all__ = ["AgentFacts", "Decision", "Facts", "Outcome", "RateCounter", "combine", "decide"]


_STRICT = {outcome: at for at, outcome in enumerate(Outcome)}
_LETS_GO = (Outcome.PROCEED, Outcome.HOLD)


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
        why: Its explanation: JSON data without floats, worked out when it is first read (``explanation``).
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
    why: Explanation = field(default_factory=lambda: Explanation.of({}))

    @property
    def explanation(self) -> dict[str, Any]:
        return self.why.to_json()


def decide(intent: Intent, facts: Facts, rules: RuleSet, tiers: TierTable) -> Decision:
    """What happens to one intent. Total: every intent and facts have an answer."""
    if rules.environments and (label := rules.environments.of(intent.target)) is not None:
        facts = replace(facts, environment=label)
    subject = Subject(intent, facts, lambda i, f: risk.score(i, f, tiers.weights, tiers.hours), rules.budgets)
    if not facts.agent.may(intent.action):
        return _not_allowed(subject, rules, tiers)
    match = rules.evaluate(subject)
    rule = match.rule
    tier, inputs = tier_of(match, subject, tiers)
    answer = (
        by_default(intent, rules.default, tier)
        if rule is None
        else by_rule(rule, tier, _open(match, subject))
    )
    claims = spending.claims_of(match, subject) if answer.outcome in _LETS_GO else ()
    answer = by_budget(answer.outcome, claims) or answer
    held = answer.outcome is Outcome.HOLD
    shadow = tuple(_shadow(one, subject, tiers) for one in match.shadow)
    subject.close()
    return Decision(
        outcome=answer.outcome,
        tier=tier,
        rule_id=rule.id if rule else None,
        rule_name=rule.name if rule else None,
        reason=answer.reason,
        detail=answer.detail,
        hint=hint.held(intent) if held else answer.hint,
        requirements=requirements_of(match, tier, tiers) if held else None,
        warrant_ttl_seconds=warrant_ttl_of(match, tier, tiers),
        flags=tuple(f"{one.id}: {one.shape.then.reason or one.name}" for one in match.flags),
        shadow=shadow,
        retry_after_seconds=answer.retry_after_seconds,
        reservations=claims,
        matched=rule is not None,
        why=explain(match, subject, rules, tier, inputs, claims),
    )


def _not_allowed(subject: Subject, rules: RuleSet, tiers: TierTable) -> Decision:
    intent, match = subject.intent, Match(None)
    tier, inputs = tier_of(match, subject, tiers)
    return Decision(
        outcome=Outcome.DENIED,
        tier=tier,
        reason=Reason.ACTION_NOT_ALLOWED,
        detail=f"{intent.action} is not among the allowed actions of {subject.facts.agent.name}",
        hint=hint.not_allowed(intent),
        why=explain(match, subject, rules, tier, inputs),
    )


def _open(match: Match, subject: Subject) -> Sequence[str]:
    """What this call leaves open, where the rule holds for that reason only."""
    if match.rule is None or match.determined:
        return ()
    return tell(match.rule.tree, subject, match.rule.tz).open


def _shadow(rule: Rule, subject: Subject, tiers: TierTable) -> dict[str, Any]:
    tier, _ = tier_of(Match(rule), subject, tiers)
    return {"rule": rule.id, "name": rule.name, "action": rule.action, "tier": tier.value}


def combine(decisions: Sequence[Decision]) -> Decision:
    """One decision for a call of several intents, at least one."""
    if len(decisions) == 1:
        return decisions[0]
    first = max(decisions, key=lambda part: (_STRICT[part.outcome], part.tier))
    held = [part.requirements for part in decisions if part.requirements]
    waits = [part.retry_after_seconds for part in decisions if part.retry_after_seconds]
    claims = added_up(claim for part in decisions for claim in part.reservations)
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
        why=together([part.why for part in decisions], claims),
    )
    over = by_budget(whole.outcome, claims)
    return replace(whole, **over._asdict(), requirements=None) if over else whole


def _together(first: Requirements, held: Sequence[Requirements]) -> Requirements:
    """Everything that any part asks; the shortest of their deadlines."""
    others = tuple(dict.fromkeys(part for part in held if part != first))
    return replace(
        first,
        timeout_seconds=min(part.timeout_seconds for part in held),
        redeem_seconds=min(part.redeem_seconds for part in held),
        also=(*first.also, *others),
    )
