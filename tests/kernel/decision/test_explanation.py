"""An explanation: worked out once, when somebody reads it; it says what the decision was made on."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any

import pytest

import policy_kit
from vienna_kernel.decision.decide import combine, decide
from vienna_kernel.decision.explanation import Explanation
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root

TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
FACTS = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=policy_kit.NOW, rate=lambda _rule, _window: 5)
INTENT = Intent(
    action="a",
    target="t",
    parameters={"n": 5},
    effect=Effect.WRITE,
    reversibility=Reversibility.REVERSIBLE,
    default_tier=Tier.T0,
    undetermined=frozenset({"u"}),
    mapping="m@1",
)


def rules(when: Any, action: str = "allow") -> RuleSet:
    return RuleSet.compile([policy_kit.page([{"id": "r", "when": when, "then": {"action": action}}])])


def test_it_is_made_when_it_is_first_read_and_only_then() -> None:
    made: list[int] = []

    def tell() -> dict[str, Any]:
        made.append(1)
        return {"rule": None}

    one = Explanation(tell)
    assert made == []
    assert one.to_json() is one.to_json()
    assert made == [1]


def test_it_is_equal_copied_and_pickled_as_its_data() -> None:
    decision = decide(INTENT, FACTS, rules("n == 5"), TIERS)
    again = decide(INTENT, FACTS, rules("n == 5"), TIERS)
    assert decision == again
    assert pickle.loads(pickle.dumps(decision)) == decision
    assert copy.deepcopy(decision).explanation == decision.explanation
    assert Explanation.of({"a": 1}) != Explanation.of({"a": 2})
    assert Explanation.of({}) != {}
    assert repr(Explanation.of({"a": 1})) == "Explanation.of({'a': 1})"
    with pytest.raises(TypeError):
        hash(Explanation.of({}))


def test_reading_it_late_counts_no_call() -> None:
    counted: list[str] = []

    def rate(rule: str, _window: int) -> int:
        counted.append(rule)
        return 200

    facts = replace(FACTS, rate=rate)
    unasked = decide(INTENT, facts, rules("n == 5 OR rate > 100"), TIERS)
    assert [part["result"] for part in unasked.explanation["conditions"]["any"]] == ["true", "not asked"]
    assert counted == []
    asked = decide(INTENT, facts, rules("n == 5 AND rate > 100"), TIERS)
    assert counted == ["r"]
    assert asked.explanation["conditions"]["all"][1]["actual"] == 200
    assert counted == ["r"]


def test_it_holds_every_input_of_tier_and_risk() -> None:
    told = decide(INTENT, FACTS, rules("n == 5", "escalate"), TIERS).explanation
    assert [row["from"] for row in told["tier"]["inputs"]] == [
        "action default", "risk score", "escalate, one higher",
    ]  # fmt: skip
    assert told["tier"]["value"] == "T1"
    assert [row["name"] for row in told["risk"]["inputs"]][:4] == [
        "cost_impact", "reversibility", "blast_radius", "urgency",
    ]  # fmt: skip
    assert json.loads(json.dumps(told), parse_float=pytest.fail) == told


def test_where_no_rule_decides_it_says_so() -> None:
    told = decide(INTENT, FACTS, rules("n == 6"), TIERS).explanation
    assert (told["rule"], told["conditions"], told["undetermined"], told["default"]) == (
        None,
        None,
        [],
        "deny",
    )
    facts = replace(FACTS, agent=replace(FACTS.agent, allowed_actions=()))
    assert decide(INTENT, facts, rules("n == 5"), TIERS).explanation["evaluated"] == 0


def test_what_is_open_is_told_to_the_agent_only_where_the_rule_holds_for_that_reason() -> None:
    open_ = decide(INTENT, FACTS, rules("u == 1", "deny"), TIERS)
    certain = decide(INTENT, FACTS, rules("n == 5 OR u == 1", "deny"), TIERS)
    assert "parameters.u" in open_.hint
    assert "parameters.u" not in certain.hint
    assert certain.explanation["undetermined"] == ["parameters.u"]


def test_a_call_of_several_is_explained_part_by_part() -> None:
    parts = [decide(INTENT, FACTS, rules("n == 5", word), TIERS) for word in ("allow", "deny")]
    assert combine(parts).explanation == {"parts": [part.explanation for part in parts]}
