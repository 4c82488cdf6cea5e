"""What the law says about one ask: admission, then policy for each of its intents, then one answer for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vienna_control.fleet.registry import Agent, Enforcement
from vienna_control.intake import facts as gathering
from vienna_control.intake.admission import admit
from vienna_control.intake.ask import Ask
from vienna_control.intake.rates import Rate, Rates
from vienna_control.policies import Bundle
from vienna_control.store import Tx
from vienna_kernel.decision.decide import Decision, Outcome, combine, decide
from vienna_kernel.decision.explanation import Explanation
from vienna_kernel.intent import Tier
from vienna_kernel.verdict import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was decided, and what it was decided on (``facts``, in brief; empty when policy was not asked)."""

    decision: Decision
    facts: Mapping[str, Any] = field(default_factory=dict)
    first_contact: bool = False
    retries: int = 0


def judge(
    tx: Tx,
    agent: Agent,
    ask: Ask,
    *,
    bundle: Bundle,
    rates: Rates,
    count: bool,
    own: str | None = None,
    admitted: bool = False,
) -> Judgement:
    """Decide one ask.

    ``count``: whether it counts for rates (not when the same call is asked about again). ``own``: the intent that is
    judged again: what it has reserved of budgets is not in its own way. ``admitted``: this very call was admitted
    before, and keeps the action type that it was submitted under.
    """
    refused = None if admitted else admit(ask, bundle.action_types)
    if refused is not None:
        return Judgement(decision=_refusal(ask, refused, bundle))
    counted: dict[str, int] = {}
    rate = _noted(rates.of(agent.id, tx.now, count=count), counted)
    facts = gathering.gather(tx, agent, ask, mappings=bundle.mappings, rate=rate, own=own)
    decision = combine([decide(intent, facts, bundle.rules, bundle.tiers) for intent in ask.intents])
    if ask.override_tier is not None:
        decision = _raised(decision, ask.override_tier, bundle)
    return Judgement(
        decision=decision,
        facts=gathering.kept(facts, counted),
        first_contact=facts.first_contact,
        retries=facts.retry_count,
    )


def _noted(rate: Rate, counted: dict[str, int]) -> Rate:
    """The same counter; what it says is noted by rule."""

    def noted(rule_id: str, window_seconds: int) -> int:
        counted[rule_id] = rate(rule_id, window_seconds)
        return counted[rule_id]

    return noted


def _refusal(ask: Ask, refused: Refused, bundle: Bundle) -> Decision:
    """A refusal before policy, in the shape of a decision."""
    tier = max(intent.default_tier for intent in ask.intents)
    return Decision(
        outcome=Outcome.DENIED,
        tier=tier,
        reason=refused.reason,
        detail=refused.detail,
        hint=refused.hint,
        warrant_ttl_seconds=bundle.tiers.warrant_ttl(tier),
        why=Explanation.of({"admission": {"reason": refused.reason.value, "detail": refused.detail}}),
    )


def _raised(decision: Decision, tier: Tier, bundle: Bundle) -> Decision:
    """The decision at a tier that an admin asked for: only ever higher."""
    if tier <= decision.tier or decision.outcome not in (Outcome.PROCEED, Outcome.HOLD):
        return decision
    asked = bundle.tiers.requirements(tier)
    if decision.requirements is not None:
        asked = replace(asked, also=(*asked.also, decision.requirements))
    return replace(
        decision,
        outcome=Outcome.HOLD,
        tier=tier,
        requirements=asked,
        warrant_ttl_seconds=min(decision.warrant_ttl_seconds, bundle.tiers.warrant_ttl(tier)),
    )


def enforced(enforcement: Enforcement, tier: Tier) -> bool:
    """Whether what policy says at this tier is enforced for an agent on this rung of the ladder."""
    if enforcement == "enforce_high":
        return tier >= Tier.T2
    return enforcement == "enforce"
