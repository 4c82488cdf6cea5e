"""Consent: tier and requirements of a match, at the places that decisions do not show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

import policy_kit
from vienna_kernel.decision import risk
from vienna_kernel.decision.consent import requirements_of, tier_of, warrant_ttl_of
from vienna_kernel.decision.decide import Decision, Outcome, combine, decide
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


# what leaving something out can never do: turn a refusal, or a question to people, into a grant

THENS = [
    {"action": "allow"},
    {"action": "allow", "tier": "T0", "may_lower": True},
    {"action": "allow", "tier": "T2"},
    {"action": "allow", "tier": "T1", "may_lower": True, "approvals": {"groups": ["finance"], "count": 1}},
    {"action": "deny"},
    {"action": "require_approval"},
    {"action": "require_approval", "tier": "T0", "may_lower": True},
    {"action": "escalate"},
    {"action": "flag"},
    {"action": "rate_limit", "limit": 4},
    {"action": "rate_limit", "limit": 5},
]
FEW = [THENS[at] for at in (0, 1, 2, 4, 5, 8)]


def told(values: tuple[bool | None, ...], at: Tier) -> Intent:
    """An intent that answers the rules ``p0``, ``p1``, … as said; None leaves it out."""
    intent = subject(at).intent
    given = {f"p{i}": value for i, value in enumerate(values) if value is not None}
    missing = frozenset(f"p{i}" for i, value in enumerate(values) if value is None)
    return replace(intent, parameters=given, undetermined=missing)


def outcomes(thens: Sequence[Any], default: str, at: Tier) -> dict[tuple[bool | None, ...], Decision]:
    made = [
        {"id": f"r{i}", "priority": 9 - i, "when": f"parameters.p{i} == true", "then": then}
        for i, then in enumerate(thens)
    ]
    rules = RuleSet.compile([policy_kit.page(made, default=default)])
    facts = replace(FACTS, rate=lambda _rule, _window: 5)
    values = product([True, False, None], repeat=len(thens))
    return {row: decide(told(row, at), facts, rules, TIERS) for row in values}


def scrutinised(thens: Sequence[Any], default: str, at: Tier) -> None:
    found = outcomes(thens, default, at)
    for known, decision in found.items():
        if None in known or decision.outcome is Outcome.PROCEED:
            continue
        for gone in product([False, True], repeat=len(known)):
            masked = tuple(None if out else value for value, out in zip(known, gone, strict=True))
            assert found[masked].outcome is not Outcome.PROCEED, (thens, default, at, known, masked)


@pytest.mark.parametrize("at", Tier)
def test_leaving_out_what_is_known_never_makes_a_grant_of_a_refusal(at: Tier) -> None:
    """Every two rules, each of every kind, each holding, not holding or open."""
    for one, other in product(THENS, repeat=2):
        for default in ("deny", "allow"):
            scrutinised([one, other], default, at)


@pytest.mark.parametrize("first", range(len(FEW)))
def test_nor_with_three_rules(first: int) -> None:
    for second, third in product(FEW, repeat=2):
        scrutinised([FEW[first], second, third], "allow", Tier.T0)


def test_an_allow_that_cannot_be_told_still_asks_its_people() -> None:
    thens = [
        {"action": "allow", "tier": "T2", "approvals": {"groups": ["finance"]}, "warrant_ttl": "30s"},
        {"action": "allow", "tier": "T1", "approvals": {"groups": ["devops"]}},
    ]
    found = outcomes(thens, "deny", Tier.T0)
    known, left_out = found[False, True], found[None, True]
    assert (known.outcome, known.tier, known.rule_id) == (Outcome.HOLD, Tier.T1, "r1")
    assert known.requirements is not None
    assert known.requirements.also == ()
    assert (left_out.outcome, left_out.tier, left_out.rule_id) == (Outcome.HOLD, Tier.T2, "r1")
    assert left_out.requirements is not None
    assert [part.groups for part in left_out.requirements.parts()] == [("devops",), ("finance",)]
    assert left_out.warrant_ttl_seconds == 30
    assert left_out.explanation["tier"]["inputs"][-1] == {
        "from": "rule r0, which might allow at it",
        "tier": "T2",
    }


def test_one_that_would_have_asked_nothing_changes_nothing() -> None:
    found = outcomes([{"action": "allow"}, {"action": "allow"}], "deny", Tier.T0)
    assert replace(found[None, True], why=found[False, True].why) == found[False, True]
    assert found[None, False].outcome is Outcome.DENIED


def test_one_that_would_have_lowered_raises_nothing() -> None:
    lowers = {"action": "allow", "tier": "T1", "may_lower": True}
    found = outcomes([lowers, lowers], "deny", Tier.T3)
    assert [found[row].tier for row in ((True, True), (None, True), (False, True))] == [Tier.T1] * 3


def test_in_a_call_of_several_its_people_are_asked_as_well() -> None:
    thens = [
        {"action": "allow", "tier": "T1", "approvals": {"groups": ["finance"]}},
        {"action": "allow", "tier": "T1", "approvals": {"groups": ["devops"]}},
    ]
    left_out = outcomes(thens, "deny", Tier.T0)[None, True]
    whole = combine([left_out, outcomes(thens, "deny", Tier.T0)[False, True]])
    assert whole.requirements is not None
    assert {part.groups for part in whole.requirements.parts()} == {("devops",), ("finance",)}
