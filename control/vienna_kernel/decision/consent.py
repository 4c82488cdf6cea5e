"""How much consent an intent needs: its tier, what people have to do, how long the warrant lives.

1. The tier is the highest of action default, first contact, risk band and rule. A rule lowers it only with
   ``may_lower``, and only when it holds for certain.
2. What a rule asks of people adds to what the tier asks; it takes away only with ``may_lower``.
3. A rule shortens a warrant's life and the time to redeem, never lengthens them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vienna_kernel.approval.requirements import Requirements
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.intent import Tier
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import Match
from vienna_kernel.policy.subject import Subject


def _higher(tier: Tier) -> Tier:
    return {Tier.T0: Tier.T1, Tier.T1: Tier.T2}.get(tier, Tier.T3)


def tier_of(match: Match, subject: Subject, tiers: TierTable) -> tuple[Tier, list[dict[str, Any]]]:
    intent, band = subject.intent, tiers.band(subject.risk.value)
    inputs: list[dict[str, Any]] = [
        {"from": "action default", "tier": intent.default_tier.value},
        {"from": "risk score", "tier": band.value, "score": subject.risk.value},
    ]
    tier = max(intent.default_tier, band)
    if intent.mapping is None and subject.facts.first_contact:
        inputs.append({"from": "first contact with this host", "tier": Tier.T1.value})
        tier = max(tier, Tier.T1)
    if match.rule is None:
        return tier, inputs
    then = match.rule.shape.then
    if then.tier is not None:
        lowers = then.may_lower and match.determined
        tier = then.tier if lowers else max(tier, then.tier)
        word = "rule, which may lower" if lowers else "rule"
        inputs.append({"from": word, "tier": then.tier.value})
    if then.action == "require_approval":
        tier = max(tier, Tier.T1)
        inputs.append({"from": "require_approval", "tier": Tier.T1.value})
    if then.action == "escalate":
        tier = _higher(tier)
        inputs.append({"from": "escalate, one higher", "tier": tier.value})
    return tier, inputs


def requirements_of(match: Match, tier: Tier, tiers: TierTable) -> Requirements:
    base = tiers.requirements(tier)
    asked = match.rule.shape.then.approvals if match.rule else None
    if match.rule is None or asked is None:
        return base
    lowers = match.rule.shape.then.may_lower and match.determined
    count = asked.count or base.count
    return replace(
        base,
        count=count if lowers else max(count, base.count),
        groups=tuple(asked.groups),
        roles=tuple(asked.roles),
        people=tuple(asked.people),
        mfa=base.mfa or asked.mfa,
        justification=base.justification or asked.justification,
        rollback_plan=base.rollback_plan or asked.rollback_plan,
        executive=base.executive or asked.executive,
        timeout_seconds=asked.timeout or base.timeout_seconds,
        on_timeout=asked.on_timeout or base.on_timeout,
        redeem_seconds=min(asked.redeem_within or base.redeem_seconds, base.redeem_seconds),
        page=asked.page,
    )


def warrant_ttl_of(rule: Rule | None, tier: Tier, tiers: TierTable) -> int:
    usual = tiers.warrant_ttl(tier)
    return min((rule.shape.then.warrant_ttl if rule else None) or usual, usual)
