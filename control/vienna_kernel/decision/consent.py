"""How much consent an intent needs: its tier, what people have to do, how long the warrant lives.

1. The tier is the highest of action default, first contact, risk band and rule. A rule lowers it only with
   ``may_lower``, and only when it holds for certain.
2. What a rule asks of people adds to what the tier asks; it takes away only with ``may_lower``.
3. A rule shortens a warrant's life and the time to redeem, never lengthens them.
4. A rule that would have allowed, had it been possible to tell, decides nothing; but its tier and what it asks of
   people count beside those of the rule that decides. Else a call that leaves a field out would get past it.
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
    floors = [(rule, _allowed_at(rule, tier)) for rule in match.passed]
    if match.rule is not None:
        tier = _by_rule(match.rule, tier, inputs, determined=match.determined)
    for rule, floor in floors:
        if floor > tier:
            tier = floor
            inputs.append({"from": f"rule {rule.id}, which might allow at it", "tier": floor.value})
    return tier, inputs


def _allowed_at(rule: Rule, tier: Tier) -> Tier:
    """The tier at which a rule that allows would do so."""
    then = rule.shape.then
    if then.tier is None:
        return tier
    return then.tier if then.may_lower else max(tier, then.tier)


def _by_rule(rule: Rule, tier: Tier, inputs: list[dict[str, Any]], *, determined: bool) -> Tier:
    then = rule.shape.then
    if then.tier is not None:
        lowers = then.may_lower and determined
        tier = then.tier if lowers else max(tier, then.tier)
        word = "rule, which may lower" if lowers else "rule"
        inputs.append({"from": word, "tier": then.tier.value})
    if then.action == "require_approval":
        tier = max(tier, Tier.T1)
        inputs.append({"from": "require_approval", "tier": Tier.T1.value})
    if then.action == "escalate":
        tier = _higher(tier)
        inputs.append({"from": "escalate, one higher", "tier": tier.value})
    return tier


def requirements_of(match: Match, tier: Tier, tiers: TierTable) -> Requirements:
    base = tiers.requirements(tier)
    own = _asked(match.rule, base, lowers=match.determined) if match.rule else base
    others = (_asked(rule, base, lowers=False) for rule in match.passed)
    also = tuple(dict.fromkeys(part for part in others if part not in (base, own)))
    return replace(own, also=also) if also else own


def _asked(rule: Rule, base: Requirements, *, lowers: bool) -> Requirements:
    asked = rule.shape.then.approvals
    if asked is None:
        return base
    lowers = lowers and rule.shape.then.may_lower
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


def warrant_ttl_of(match: Match, tier: Tier, tiers: TierTable) -> int:
    rules = [match.rule, *match.passed] if match.rule else match.passed
    given = (rule.shape.then.warrant_ttl for rule in rules)
    return min([tiers.warrant_ttl(tier), *(seconds for seconds in given if seconds)])
