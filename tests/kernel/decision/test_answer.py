"""The truth table of product.md, whole: rule action x computed tier x tier of the rule x may_lower x certainty, against
the same written out plainly.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from itertools import product
from typing import Any

import pytest

import policy_kit
from vienna_kernel.decision.decide import Decision, Outcome, decide
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import parse
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root
from vienna_kernel.verdict import Reason

TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
FACTS = Facts(
    agent=AgentFacts(id="agt-1", name="bot"),
    now=datetime(2026, 3, 25, 10, tzinfo=UTC),
    rate=lambda _rule, _window: 5,
)
QUIET = Intent(
    action="a",
    target="t",
    parameters={"n": 5},
    effect=Effect.READ,
    reversibility=Reversibility.REVERSIBLE,
    default_tier=Tier.T0,
    undetermined=frozenset({"u"}),
    mapping="m@1",
)
LOUD = replace(QUIET, effect=Effect.SPEND, reversibility=Reversibility.IRREVERSIBLE)
BANDS = {
    Tier.T0: QUIET,
    Tier.T1: replace(LOUD, reversibility=Reversibility.REVERSIBLE),
    Tier.T2: LOUD,
    Tier.T3: replace(LOUD, blast_radius=1000),
}
ACTIONS = ["allow", "deny", "require_approval", "escalate", "rate_limit over", "rate_limit within", "flag"]
OVERRIDES: list[tuple[Tier | None, bool]] = [(None, False), *product(Tier, (False, True))]
CERTAIN, OPEN = "n == 5", "u == 1"


@cache
def rules(action: str, tier: Tier | None, may_lower: bool, when: str, default: str) -> RuleSet:
    word, _, limit = action.partition(" ")
    then: dict[str, Any] = {"action": word}
    if limit:
        then["limit"] = 4 if limit == "over" else 5
    if tier is not None:
        then |= {"tier": tier.value, "may_lower": may_lower}
    return RuleSet.compile([policy_kit.page([{"id": "r", "when": when, "then": then}], default=default)])


def plainly(
    action: str, computed: int, named: int | None, lowers: bool, certain: bool, default: str
) -> tuple[str, int]:
    """The table of product.md: what happens, and at which tier (0 to 3)."""
    tier = computed
    if named is not None:
        tier = named if lowers and certain else max(computed, named)
    if action == "deny":
        return "denied", tier
    if action == "rate_limit over":
        return "rate_limited", tier
    if action == "require_approval":
        return "hold", max(tier, 1)
    if action == "escalate":
        return "hold", min(tier + 1, 3)
    if action == "allow" and certain:
        return "hold" if tier else "proceed", tier
    # nothing decides: the default does; an allow that might have held asks for what it would have asked
    tier = computed
    if action == "allow" and named is not None:
        tier = max(computed, named)
    if default == "deny":
        return "denied", tier
    return "hold" if tier else "proceed", tier


def test_the_bands_are_what_the_table_is_tried_with() -> None:
    found = {
        tier: decide(intent, FACTS, rules("deny", None, False, CERTAIN, "deny"), TIERS)
        for tier, intent in BANDS.items()
    }
    assert {tier: decision.tier for tier, decision in found.items()} == {tier: tier for tier in Tier}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("default", ["deny", "allow"])
def test_every_row(action: str, default: str) -> None:
    for (named, lowers), certain, at, band in product(OVERRIDES, (True, False), Tier, Tier):
        if action == "flag" and named is not None:
            continue  # a flag decides nothing: a tier in it is an error when it is read
        found = rules(action, named, lowers, CERTAIN if certain else OPEN, default)
        decision = decide(replace(BANDS[band], default_tier=at), FACTS, found, TIERS)
        computed = max(list(Tier).index(at), list(Tier).index(band))
        expected = plainly(
            action, computed, None if named is None else list(Tier).index(named), lowers, certain, default
        )
        assert (decision.outcome, list(Tier).index(decision.tier)) == expected, (
            named,
            lowers,
            certain,
            at,
            band,
        )


@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_is_refused_says_why_and_whatever_is_held_says_whom_to_ask(action: str) -> None:
    for certain, at in product((True, False), Tier):
        when = CERTAIN if certain else OPEN
        decision = decide(
            replace(QUIET, default_tier=at), FACTS, rules(action, None, False, when, "deny"), TIERS
        )
        refused = decision.outcome in (Outcome.DENIED, Outcome.RATE_LIMITED)
        assert (decision.reason is not None) is refused
        assert (decision.requirements is not None) is (decision.outcome is Outcome.HOLD)
        assert decision.detail
        assert bool(decision.hint) is (decision.outcome is not Outcome.PROCEED)
        assert (decision.retry_after_seconds is not None) is (decision.outcome is Outcome.RATE_LIMITED)


# what may stand before it: the first contact, and the allowed actions


@pytest.mark.parametrize(("named", "lowers"), OVERRIDES, ids=str)
def test_first_contact_counts_as_any_other_input_of_the_tier(named: Tier | None, lowers: bool) -> None:
    first = replace(FACTS, first_contact=True)
    read = replace(QUIET, action="http.get", mapping=None)
    decision = decide(read, first, rules("allow", named, lowers, CERTAIN, "deny"), TIERS)
    assert decision.tier is (named if named and lowers else max(named or Tier.T0, Tier.T1))


def test_an_agent_that_may_not_ask_is_refused_before_any_rule() -> None:
    facts = replace(FACTS, agent=replace(FACTS.agent, allowed_actions=("b",)))
    for action in ACTIONS:
        decision = decide(QUIET, facts, rules(action, None, False, CERTAIN, "allow"), TIERS)
        assert (decision.outcome, decision.reason) == (Outcome.DENIED, Reason.ACTION_NOT_ALLOWED)


# cost_impact and environment decide as facts of ours


def paying(amount: int, currency: str) -> Decision:
    intent = replace(QUIET, effect=Effect.SPEND, cost=Cost(Decimal(amount), currency))
    made = [
        {"id": "dear", "priority": 2, "when": "cost_impact > 500 EUR", "then": {"action": "deny"}},
        {"id": "any", "priority": 1, "when": "cost_impact >= 0", "then": {"action": "allow"}},
    ]
    return decide(intent, FACTS, RuleSet.compile([policy_kit.page(made)]), TIERS)


@pytest.mark.parametrize(
    ("amount", "currency", "rule"),
    [(500, "EUR", "any"), (501, "EUR", "dear"), (1, "USD", "dear"), (500, "eur", "any")],
)
def test_a_cost_in_another_currency_is_held_against_the_ceiling(
    amount: int, currency: str, rule: str
) -> None:
    assert paying(amount, currency).rule_id == rule


@pytest.mark.parametrize(
    ("target", "agent", "claimed", "outcome"),
    [
        ("production", None, "staging", Outcome.DENIED),
        (None, "production", "staging", Outcome.DENIED),
        ("staging", "production", "production", Outcome.PROCEED),
        (None, None, "staging", Outcome.DENIED),  # nobody knows, whatever the agent says
    ],
)
def test_the_environment_is_our_label_and_an_unknown_one_may_be_production(
    target: str | None, agent: str | None, claimed: str, outcome: Outcome
) -> None:
    made = [
        {"id": "prod", "priority": 2, "when": "environment == 'production'", "then": {"action": "deny"}},
        {"id": "rest", "priority": 1, "when": "NOT environment == 'production'", "then": {"action": "allow"}},
    ]
    facts = replace(
        FACTS,
        environment=target,
        agent=replace(FACTS.agent, environment=agent),
        claimed={"environment": claimed},
    )
    assert decide(QUIET, facts, RuleSet.compile([policy_kit.page(made)]), TIERS).outcome is outcome
