"""Consent: tier and requirements of a match, at the places that decisions do not show."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from vienna_kernel.decision import risk
from vienna_kernel.decision.consent import requirements_of, tier_of, warrant_ttl_of
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.ruleset import Match, RuleSet
from vienna_kernel.policy.subject import Subject
from vienna_kernel.shipped import root

TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
FACTS = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=datetime(2026, 3, 25, 10, tzinfo=UTC))


def subject(tier: Tier) -> Subject:
    intent = Intent(
        action="a",
        target="t",
        parameters={},
        effect=Effect.WRITE,
        reversibility=Reversibility.REVERSIBLE,
        default_tier=tier,
        mapping="m@1",
    )
    return Subject(intent, FACTS, lambda i, f: risk.score(i, f, TIERS.weights, TIERS.hours))


def match(then: str, *, determined: bool = True) -> Match:
    text = f"apiVersion: vienna/v1\nkind: Rules\nid: p\nrules: [{{id: r, when: [], then: {{{then}}}}}]"
    return Match(RuleSet.compile([parse(text, name="p.yaml")]).rules[0], determined)


@pytest.mark.parametrize(("tier", "named"), list(product(Tier, Tier)), ids=str)
def test_the_last_input_is_the_tier_it_came_to(tier: Tier, named: Tier) -> None:
    found, inputs = tier_of(match(f"action: allow, tier: {named}"), subject(tier), TIERS)
    assert found is max(Tier(row["tier"]) for row in inputs)


def test_without_a_rule_people_do_what_the_tier_asks() -> None:
    for tier in Tier:
        assert requirements_of(Match(None), tier, TIERS) == TIERS.requirements(tier)
        assert warrant_ttl_of(Match(None), tier, TIERS) == TIERS.warrant_ttl(tier)


@pytest.mark.parametrize(("count", "least"), [(1, 2), (2, 2), (5, 5)])
def test_undetermined_asks_for_no_fewer(count: int, least: int) -> None:
    asked = match(
        f"action: allow, tier: T2, may_lower: true, approvals: {{count: {count}}}", determined=False
    )
    assert requirements_of(asked, Tier.T2, TIERS).count == least


def test_a_rule_takes_no_second_factor_away() -> None:
    asked = match("action: allow, tier: T2, may_lower: true, approvals: {count: 1, mfa: false}")
    assert requirements_of(asked, Tier.T2, TIERS).mfa
