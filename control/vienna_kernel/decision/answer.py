"""What a rule's action does with the tier: the truth table, and what follows where no rule decides.

``flag``, and a ``rate_limit`` within its limit, decide nothing: a rule set goes on to the next rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from vienna_kernel.budget.claim import Claim
from vienna_kernel.decision import hint, spending
from vienna_kernel.intent import Effect, Intent, Tier
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import Default
from vienna_kernel.verdict import Reason


class Outcome(StrEnum):
    """What happens next; later is stricter."""

    PROCEED = "proceed"
    HOLD = "hold"
    RATE_LIMITED = "rate_limited"
    DENIED = "denied"


class Answer(NamedTuple):
    """An outcome and its reason; see ``Decision`` for the words."""

    outcome: Outcome
    detail: str = ""
    reason: Reason | None = None
    hint: str = ""
    retry_after_seconds: int | None = None


def by_rule(rule: Rule, tier: Tier, open_fields: Sequence[str] = ()) -> Answer:
    """What follows from the rule that decides; ``open_fields``: it holds only because these cannot be told."""
    return _TABLE[rule.action](rule, tier, open_fields)


def by_default(intent: Intent, default: Default, tier: Tier) -> Answer:
    """What follows where no rule decides: a write that no mapping reads is refused even where the default allows."""
    if intent.mapping is None and intent.effect is not Effect.READ:
        why = f"no mapping reads {intent.action} on {intent.target}, and no rule speaks of it"
        return Answer(Outcome.DENIED, why, Reason.UNMAPPED_ACTION, hint.unmapped(intent))
    if default == "allow":
        return _consented(tier, "the default allows")
    why = f"no rule speaks of {intent.action} on {intent.target}; the default is deny"
    return Answer(Outcome.DENIED, why, Reason.NO_RULE_MATCHED, hint.no_rule(intent))


def by_budget(outcome: Outcome, claims: Sequence[Claim]) -> Answer | None:
    """The refusal of what would go, or be asked about, and does not fit a budget."""
    over = spending.overspent(claims) if claims and outcome in (Outcome.PROCEED, Outcome.HOLD) else None
    if over is None:
        return None
    refused = Outcome.RATE_LIMITED if over.retry_after_seconds else Outcome.DENIED
    return Answer(refused, over.detail, Reason.BUDGET_EXCEEDED, over.hint, over.retry_after_seconds)


def _said(rule: Rule) -> str:
    return rule.shape.then.reason or rule.name


def _deny(rule: Rule, _: Tier, open_fields: Sequence[str]) -> Answer:
    why = _said(rule)
    return Answer(
        Outcome.DENIED, f"rule {rule.id}: {why}", Reason.POLICY_DENIED, hint.denied(why, open_fields)
    )


def _rate_limit(rule: Rule, _: Tier, __: Sequence[str]) -> Answer:
    why, wait = _said(rule), rule.window_seconds
    told = hint.rate_limited(why, wait)
    return Answer(Outcome.RATE_LIMITED, f"rule {rule.id}: {why}", Reason.RATE_LIMITED, told, wait)


def _at_tier(rule: Rule, tier: Tier, _: Sequence[str]) -> Answer:
    return _consented(tier, f"rule {rule.id}: {_said(rule)}")


def _consented(tier: Tier, why: str) -> Answer:
    """At once in T0, above it with the tier's consent."""
    return Answer(Outcome.PROCEED if tier is Tier.T0 else Outcome.HOLD, why)


_TABLE: dict[str, Callable[[Rule, Tier, Sequence[str]], Answer]] = {
    "deny": _deny,
    "rate_limit": _rate_limit,
    "allow": _at_tier,
    "require_approval": _at_tier,  # its tier is at least T1
    "escalate": _at_tier,  # its tier is one higher
}
