"""Decisions: what each rule action does with the tier, what people must do, what the agent is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.approval.requirements import Requirements
from vienna_kernel.decision.decide import AgentFacts, Decision, Facts, Outcome, combine, decide
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
INTENT = Intent(
    action="act",
    target="toy:thing/1",
    parameters={"n": 5},
    effect=Effect.WRITE,
    reversibility=Reversibility.REVERSIBLE,
    default_tier=Tier.T0,
    undetermined=frozenset({"u"}),
    mapping="m@1",
)


def rules(then: str = "", when: str = "n == 5", more: str = "", default: str = "deny") -> RuleSet:
    body = f'[{{id: r, name: the rule, when: "{when}", then: {{{then}}}{more}}}]' if then else "[]"
    text = f"apiVersion: vienna/v1\nkind: Rules\nid: p\ndefault: {default}\nrules: {body}\n"
    return RuleSet.compile([parse(text, name="p.yaml")])


def ask(found: RuleSet, intent: Intent = INTENT, facts: Facts = FACTS) -> Decision:
    return decide(intent, facts, found, TIERS)


def at(tier: Tier) -> Intent:
    return replace(INTENT, default_tier=tier)


ROWS = {
    ("allow", Tier.T0): (Outcome.PROCEED, Tier.T0),
    ("allow", Tier.T1): (Outcome.HOLD, Tier.T1),
    ("allow", Tier.T2): (Outcome.HOLD, Tier.T2),
    ("allow", Tier.T3): (Outcome.HOLD, Tier.T3),
    ("deny", Tier.T0): (Outcome.DENIED, Tier.T0),
    ("deny", Tier.T1): (Outcome.DENIED, Tier.T1),
    ("deny", Tier.T2): (Outcome.DENIED, Tier.T2),
    ("deny", Tier.T3): (Outcome.DENIED, Tier.T3),
    ("require_approval", Tier.T0): (Outcome.HOLD, Tier.T1),
    ("require_approval", Tier.T1): (Outcome.HOLD, Tier.T1),
    ("require_approval", Tier.T2): (Outcome.HOLD, Tier.T2),
    ("require_approval", Tier.T3): (Outcome.HOLD, Tier.T3),
    ("escalate", Tier.T0): (Outcome.HOLD, Tier.T1),
    ("escalate", Tier.T1): (Outcome.HOLD, Tier.T2),
    ("escalate", Tier.T2): (Outcome.HOLD, Tier.T3),
    ("escalate", Tier.T3): (Outcome.HOLD, Tier.T3),
    ("rate_limit, limit: 4", Tier.T0): (Outcome.RATE_LIMITED, Tier.T0),
    ("rate_limit, limit: 4", Tier.T3): (Outcome.RATE_LIMITED, Tier.T3),
    ("rate_limit, limit: 5", Tier.T0): (Outcome.DENIED, Tier.T0),  # it goes on, and nothing else holds
    ("flag", Tier.T0): (Outcome.DENIED, Tier.T0),
}


class TestTruthTable:
    """product.md, "What a rule's action does with the computed tier"."""

    @pytest.mark.parametrize(("action", "tier"), ROWS, ids=str)
    def test_row(self, action: str, tier: Tier) -> None:
        decision = ask(rules(f"action: {action}"), at(tier))
        assert (decision.outcome, decision.tier) == ROWS[action, tier]

    @pytest.mark.parametrize(
        ("action", "tier", "named"), list(product(("allow", "require_approval"), Tier, Tier)), ids=str
    )
    def test_a_tier_that_is_named_raises_and_never_lowers(self, action: str, tier: Tier, named: Tier) -> None:
        least = Tier.T1 if action == "require_approval" else Tier.T0
        assert ask(rules(f"action: {action}, tier: {named}"), at(tier)).tier is max(tier, named, least)

    @pytest.mark.parametrize(("tier", "named"), list(product(Tier, Tier)), ids=str)
    def test_with_may_lower_it_is_the_tier(self, tier: Tier, named: Tier) -> None:
        assert ask(rules(f"action: allow, tier: {named}, may_lower: true"), at(tier)).tier is named

    def test_nothing_lowers_on_what_it_cannot_tell(self) -> None:
        found = rules(
            "action: require_approval, tier: T1, may_lower: true, approvals: {count: 1}", when="u == 1"
        )
        decision = ask(found, at(Tier.T2))
        assert decision.tier is Tier.T2
        assert decision.requirements is not None
        assert decision.requirements.count == 2


class TestTier:
    def test_the_risk_band_raises(self) -> None:
        large = replace(
            INTENT,
            effect=Effect.SPEND,
            reversibility=Reversibility.IRREVERSIBLE,
            cost=Cost(Decimal(10**6), "EUR"),
        )
        decision = ask(rules("action: allow"), large)
        assert (decision.tier, decision.outcome) == (Tier.T2, Outcome.HOLD)

    def test_the_first_contact_with_a_host_raises_an_unmapped_read(self) -> None:
        read = replace(INTENT, action="http.get", effect=Effect.READ, mapping=None)
        first = replace(FACTS, first_contact=True)
        assert ask(rules("action: allow"), read).tier is Tier.T0
        assert ask(rules("action: allow"), read, first).tier is Tier.T1
        assert ask(rules("action: allow"), replace(read, mapping="m@1"), first).tier is Tier.T0

    def test_trust_that_rises_lowers_nothing(self) -> None:
        for tier in Tier:
            found = [ask(rules("action: allow"), at(tier), trusting(score)).tier for score in (50, 75, 100)]
            assert found == [tier] * 3


def trusting(score: float) -> Facts:
    return replace(FACTS, agent=replace(FACTS.agent, trust=score))


class TestDefault:
    UNMAPPED = replace(
        INTENT, action="http.post", target="https://api.example", mapping=None, default_tier=Tier.T2
    )

    def test_nothing_held(self) -> None:
        decision = ask(rules())
        assert (decision.outcome, decision.reason, decision.matched) == (
            Outcome.DENIED,
            Reason.NO_RULE_MATCHED,
            False,
        )

    def test_an_unmapped_write_has_a_reason_of_its_own_and_says_what_next(self) -> None:
        decision = ask(rules(), self.UNMAPPED)
        assert decision.reason is Reason.UNMAPPED_ACTION
        assert "vienna mappings check FILE" in decision.hint

    def test_an_unmapped_read_does_not(self) -> None:
        assert ask(rules(), replace(self.UNMAPPED, effect=Effect.READ)).reason is Reason.NO_RULE_MATCHED

    def test_a_default_that_allows_allows_at_the_tier(self) -> None:
        found = rules(default="allow")
        assert ask(found).outcome is Outcome.PROCEED
        assert ask(found, at(Tier.T2)).outcome is Outcome.HOLD

    def test_but_no_unmapped_write(self) -> None:
        assert ask(rules(default="allow"), self.UNMAPPED).reason is Reason.UNMAPPED_ACTION
        held = ask(rules("action: require_approval"), self.UNMAPPED)
        assert (held.outcome, held.matched, held.tier) == (Outcome.HOLD, True, Tier.T2)


class TestAllowedActions:
    @pytest.mark.parametrize(
        ("allowed", "may"),
        [
            (("*",), True),
            (("act",), True),
            (("ac",), False),
            (("act.*",), False),
            ((), False),
            (("x", "act"), True),
        ],
    )
    def test_before_any_rule(self, allowed: tuple[str, ...], may: bool) -> None:
        facts = replace(FACTS, agent=replace(FACTS.agent, allowed_actions=allowed))
        decision = ask(rules("action: allow"), facts=facts)
        assert (decision.reason is not Reason.ACTION_NOT_ALLOWED) is may
        assert (decision.outcome is Outcome.PROCEED) is may

    def test_a_prefix(self) -> None:
        agent = replace(FACTS.agent, allowed_actions=("http.*",))
        assert agent.may("http.get")
        assert not agent.may("https.get")


class TestRequirements:
    def test_the_tier_and_the_rule_together(self) -> None:
        then = (
            "action: require_approval, tier: T2, warrant_ttl: 60s, approvals: "
            "{count: 3, groups: [finance], people: [bob], timeout: 30m, on_timeout: deny, redeem_within: 1h, page: now}"
        )
        decision = ask(rules(then))
        assert decision.requirements == Requirements(
            count=3, groups=("finance",), people=("bob",), mfa=True, timeout_seconds=1800, on_timeout="deny",
            redeem_seconds=3600, page="now", notify=("admin",),
        )  # fmt: skip
        assert decision.warrant_ttl_seconds == 60

    def test_a_rule_asks_for_no_less_than_its_tier(self) -> None:
        then = "action: require_approval, tier: T2, warrant_ttl: 1h, approvals: {count: 1, redeem_within: 7d}"
        decision = ask(rules(then))
        assert decision.requirements == TIERS.requirements(Tier.T2)
        assert decision.warrant_ttl_seconds == TIERS.warrant_ttl(Tier.T2)

    def test_unless_it_may_lower(self) -> None:
        decision = ask(rules("action: allow, tier: T2, may_lower: true, approvals: {count: 1}"), at(Tier.T3))
        assert decision.requirements is not None
        assert (decision.requirements.count, decision.requirements.mfa) == (1, True)

    def test_only_what_is_held_has_any(self) -> None:
        for then in ("action: allow", "action: deny", "action: rate_limit, limit: 1"):
            assert ask(rules(then)).requirements is None


class TestTold:
    def test_the_reason_of_a_denial_reaches_the_agent_cleaned(self) -> None:
        reason = "no\\e[31m more\\u202e than\\n10,000 " + "x" * 200
        rule = f'{{id: r, when: [], then: {{action: deny, reason: "{reason}"}}}}'
        text = f"apiVersion: vienna/v1\nkind: Rules\nid: p\nrules: [{rule}]"
        found = RuleSet.compile([parse(text, name="p")])
        hint = ask(found).hint
        assert hint.startswith('Denied by policy: "no [31m more than 10,000 xxx')
        assert "\x1b" not in hint
        assert "\u202e" not in hint
        assert "\n" not in hint
        assert len(hint) <= 400

    def test_a_denial_of_what_is_open_says_what_is(self) -> None:
        decision = ask(rules("action: deny", when="u == 1"))
        assert "parameters.u" in decision.hint
        assert decision.explanation["undetermined"] == ["parameters.u"]

    def test_a_limit_says_when_to_come_back(self) -> None:
        decision = ask(rules("action: rate_limit, limit: 1, window: 10m"))
        assert (decision.reason, decision.retry_after_seconds) == (Reason.RATE_LIMITED, 600)
        assert "10m" in decision.hint

    def test_flags_and_shadows(self) -> None:
        text = """
apiVersion: vienna/v1
kind: Rules
id: p
rules:
  - {id: f, priority: 3, when: n == 5, then: {action: flag, reason: look here}}
  - {id: s, priority: 2, when: n == 5, then: {action: escalate}, shadow: true}
  - {id: a, priority: 1, when: n == 5, then: {action: allow}}
"""
        decision = ask(RuleSet.compile([parse(text, name="p")]), at(Tier.T1))
        assert decision.flags == ("f: look here",)
        assert decision.shadow == ({"rule": "s", "name": "s", "action": "escalate", "tier": "T2"},)
        assert (decision.rule_id, decision.tier) == ("a", Tier.T1)

    def test_the_explanation_is_json_without_floats(self) -> None:
        told = ask(
            rules("action: allow, tier: T1"), replace(INTENT, parameters={"n": Decimal("5.00")})
        ).explanation
        assert json.loads(json.dumps(told), parse_float=pytest.fail) == told
        assert told["rule"] == {
            "id": "r",
            "name": "the rule",
            "priority": 0,
            "action": "allow",
            "source": "p.yaml",
        }
        assert told["conditions"]["actual"] == "5"
        assert told["tier"] == {
            "value": "T1",
            "inputs": [
                {"from": "action default", "tier": "T0"},
                {"from": "risk score", "tier": "T0", "score": 0},
                {"from": "rule", "tier": "T1"},
            ],
        }
        assert [row["weight"] for row in told["risk"]["inputs"]] == [40, 25, 25, 10, 15, 10, 5, 10]


class TestCombine:
    PROCEED = Decision(outcome=Outcome.PROCEED, tier=Tier.T0, warrant_ttl_seconds=300, matched=True)
    HOLD = Decision(
        outcome=Outcome.HOLD,
        tier=Tier.T1,
        rule_id="h",
        warrant_ttl_seconds=600,
        requirements=Requirements(count=1, groups=("devops",), timeout_seconds=60),
        matched=True,
    )
    HIGH = replace(
        HOLD, tier=Tier.T2, rule_id="high", requirements=Requirements(count=2, groups=("finance",), mfa=True)
    )
    LIMITED = Decision(outcome=Outcome.RATE_LIMITED, tier=Tier.T0, retry_after_seconds=60, matched=True)
    DENIED = Decision(outcome=Outcome.DENIED, tier=Tier.T0, reason=Reason.POLICY_DENIED)

    def test_one_is_itself(self) -> None:
        assert combine([self.HIGH]) is self.HIGH

    def test_the_highest_tier_and_everybodys_requirements(self) -> None:
        found = combine([self.PROCEED, self.HOLD, self.HIGH])
        assert (found.outcome, found.tier, found.rule_id) == (Outcome.HOLD, Tier.T2, "high")
        assert found.warrant_ttl_seconds == 300
        assert found.requirements is not None
        assert found.requirements.groups == ("finance",)
        assert [part.groups for part in found.requirements.also] == [("devops",)]
        assert found.requirements.timeout_seconds == 60
        assert found.matched

    def test_equal_requirements_are_asked_once(self) -> None:
        found = combine([self.HOLD, self.HOLD])
        assert found.requirements == self.HOLD.requirements

    def test_one_refusal_refuses_all(self) -> None:
        found = combine([self.HIGH, self.DENIED, self.LIMITED])
        assert (found.outcome, found.reason, found.tier) == (Outcome.DENIED, Reason.POLICY_DENIED, Tier.T2)
        assert found.requirements is None
        assert found.retry_after_seconds is None
        assert not found.matched

    def test_a_limit_refuses_what_would_be_held(self) -> None:
        found = combine([self.HIGH, self.LIMITED, replace(self.LIMITED, retry_after_seconds=90)])
        assert (found.outcome, found.retry_after_seconds, found.requirements) == (
            Outcome.RATE_LIMITED,
            90,
            None,
        )

    @given(st.lists(st.sampled_from([PROCEED, HOLD, HIGH, LIMITED, DENIED]), min_size=1, max_size=5))
    def test_it_is_never_weaker_than_a_part(self, parts: list[Decision]) -> None:
        order = list(Outcome)
        found = combine(parts)
        assert order.index(found.outcome) == max(order.index(part.outcome) for part in parts)
        assert found.tier is max(part.tier for part in parts)
        if found.outcome is Outcome.HOLD:
            assert found.requirements is not None
            asked = list(found.requirements.parts())
            for part in parts:
                if part.requirements:
                    assert any(
                        (one.groups, one.count) == (part.requirements.groups, part.requirements.count)
                        for one in asked
                    )


def every_intent() -> Iterator[Intent]:
    for effect, tier, mapping in product(Effect, Tier, (None, "m@1")):
        yield replace(INTENT, effect=effect, default_tier=tier, mapping=mapping)


def test_without_rules_nothing_at_all_proceeds() -> None:
    assert {ask(rules(), intent).outcome for intent in every_intent()} == {Outcome.DENIED}


def test_only_the_lowest_tier_proceeds_and_only_under_a_rule_that_allows() -> None:
    actions: list[Any] = ["allow", "deny", "require_approval", "escalate", "flag", "rate_limit, limit: 1"]
    for action, intent in product(actions, every_intent()):
        decision = ask(rules(f"action: {action}"), intent)
        if decision.outcome is Outcome.PROCEED:
            assert (action, decision.tier) == ("allow", Tier.T0)
        if decision.outcome is Outcome.HOLD:
            assert decision.requirements is not None
            assert decision.requirements.people_needed >= 1
        assert (decision.reason is not None) is (decision.outcome in (Outcome.DENIED, Outcome.RATE_LIMITED))
        assert len(decision.hint) <= 400
