"""Rules by API: two dialects, one stored shape; complaints name the field as it was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

import policy_kit
from vienna_kernel.decision.facts import Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.document import DocumentError
from vienna_kernel.intent import Intent
from vienna_kernel.policy.api import rule_from_api, rule_patched, rule_to_api
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.subject import Subject

LEAF = {"field": "action", "operator": "equals", "value": "deploy"}
BUSY = {"field": "rate", "operator": "gt", "value": 100}
HEAD = {"name": "n", "conditions": [LEAF]}
FULL = {"name": "n", "conditions": [LEAF], "action": {"type": "deny", "reason": "no"}}


def stored(data: dict[str, Any]) -> dict[str, Any]:
    found = rule_from_api(data, rule_id="pol-1")
    RuleSet.compile([], stored=[json.loads(json.dumps(found))])
    return found


@pytest.mark.parametrize(
    ("flat", "full"),
    [
        (
            {**HEAD, "action_on_match": "require_approval", "approval_tier": "T2", "priority": 9},
            {**HEAD, "action": {"type": "require_approval", "risk_tier_override": "T2"}, "priority": 9},
        ),
        (
            {
                "name": "Production Deployments",
                "condition": "action == 'deploy' AND environment == 'production'",
                "risk_tier": "T2",
                "required_approvals": 2,
                "required_roles": ["senior_dev", "devops"],
                "timeout": "30m",
            },
            {
                "name": "Production Deployments",
                "expression": "action == 'deploy' AND environment == 'production'",
                "action": {
                    "type": "require_approval",
                    "risk_tier_override": "T2",
                    "approvals": {"count": 2, "roles": ["senior_dev", "devops"], "timeout": "30m"},
                },
            },
        ),
        (
            {
                "name": "n", "condition": "cost_impact > 5000", "risk_tier": "T3",
                "required_approvals": ["engineering_director", "cfo"], "requires_mfa": True,
            },
            {
                "name": "n", "expression": "cost_impact > 5000",
                "action": {
                    "type": "require_approval", "tier": "T3",
                    "approvals": {"roles": ["engineering_director", "cfo"], "mfa": True},
                },
            },
        ),
        (
            {**HEAD, "action_on_match": "require_approval", "required_approvers": ["operator-cto"]},
            {**HEAD, "action": {"type": "require_approval", "approvals": {"people": ["operator-cto"]}}},
        ),
        (
            {"name": "n", "condition": "action_type == 'read'", "risk_tier": "T0"},
            {"name": "n", "expression": "action_type == 'read'", "action": {"type": "allow", "tier": "T0"}},
        ),
        (
            {"name": "n", "conditions": [BUSY], "action_on_match": "rate_limit"},
            {"name": "n", "conditions": [BUSY], "action": {"type": "rate_limit"}},
        ),
    ],
)  # fmt: skip
def test_both_dialects_are_one_rule(flat: dict[str, Any], full: dict[str, Any]) -> None:
    assert stored(flat) == stored(full)


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"risk_tier_override": None},
        {"risk_tier_override": "T3"},
        {"enabled": False, "shadow": True, "tags": ["x"], "valid_until": "2027-01-01T00:00:00Z"},
        {"conditions": [{"field": "amount", "operator": "gt", "value": 1000.55, "currency": "EUR"}]},
        {"conditions": [{"any": [LEAF, {"not": LEAF}]}]},
        {"conditions": None, "expression": "amount > 10.5 EUR"},
        {"version": 3, "created_at": "…", "created_by": "op-1", "updated_at": "…"},
    ],
)
def test_what_is_shown_reads_back_as_the_same_rule(extra: dict[str, Any]) -> None:
    found = stored({**FULL, **extra})
    shown = json.loads(json.dumps(rule_to_api(found)))
    assert rule_from_api(shown) == found
    assert shown["action"]["type"] == "deny"


def test_fractions_stay_exact() -> None:
    found = stored({**FULL, "conditions": [{"field": "n", "operator": "gt", "value": 0.1}]})
    assert found["when"][0]["value"] == {"$decimal": "0.1"}


@pytest.mark.parametrize(
    ("data", "where", "why"),
    [
        ({**FULL, "nmae": "x"}, "/nmae", "did you mean 'name'?"),
        (
            {**FULL, "conditions": [{**LEAF, "operator": "eqals"}]},
            "/conditions/0/operator",
            "did you mean 'equals'?",
        ),
        (
            {**FULL, "conditions": [LEAF, {"field": "rate", "operator": "gt", "value": "1"}]},
            "/conditions/1/value",
            "a number",
        ),
        ({**FULL, "conditions": None, "expression": "a =="}, "/expression", "column 5"),
        ({"name": "n", "condition": "a ==", "action_on_match": "deny"}, "/condition", "column 5"),
        ({**FULL, "expression": "a == 1"}, "/expression", "not both"),
        ({**FULL, "conditions": None}, "/conditions", "say 'conditions' or 'expression'"),
        ({**FULL, "action": {"type": "denny"}}, "/action/type", "input should be 'deny'"),
        ({**FULL, "action": {}}, "/action", "missing"),
        ({**FULL, "action": "deny"}, "/action", "expected an object"),
        ({**FULL, "action": {"type": "deny", "raeson": "x"}}, "/action/raeson", "did you mean 'reason'?"),
        (
            {**FULL, "action": {"type": "allow", "risk_tier_override": "T7"}},
            "/action/risk_tier_override",
            "T7",
        ),
        ({**FULL, "risk_tier_override": "T7"}, "/risk_tier_override", "T7"),
        ({**FULL, "priority": "high"}, "/priority", "integer"),
        ({**FULL, "limits": {"budget": {}}}, "/limits/budget", "the key 'name' is missing"),
        ({"name": "n", "conditions": []}, "/action_on_match", "missing"),
        (
            {"name": "n", "conditions": [], "action_on_match": "deny", "action": {"type": "deny"}},
            "/action_on_match",
            "unknown key",
        ),
        ({"name": "n", "conditions": [], "risk_tier": "T9"}, "/risk_tier", "T9"),
        (
            {"name": "n", "conditions": [], "risk_tier": "T2", "required_approvals": 9},
            "/required_approvals",
            "less than or equal to 5",
        ),
        (
            {"name": "n", "conditions": [], "risk_tier": "T2", "timeout": "soon"},
            "/timeout",
            "expected a duration",
        ),
    ],
)
def test_complaints_point_into_what_was_sent(data: dict[str, Any], where: str, why: str) -> None:
    with pytest.raises(DocumentError) as raised:
        rule_from_api(data, rule_id="pol-1")
    assert raised.value.errors[0].where == where
    assert why in raised.value.errors[0].why


ASKS = {
    "type": "require_approval",
    "risk_tier_override": "T2",
    "approvals": {"count": 3, "groups": ["finance"]},
}


@pytest.mark.parametrize(
    ("change", "same_as"),
    [
        ({}, {}),
        ({"priority": 7, "enabled": False}, {"priority": 7, "enabled": False}),
        ({"expression": "n > 5"}, {"conditions": None, "expression": "n > 5"}),
        ({"condition": "n > 5"}, {"conditions": None, "expression": "n > 5"}),
        ({"action": {"reason": "because"}}, {"action": {**ASKS, "reason": "because"}}),
        (
            {"action": {"risk_tier_override": None}},
            {"action": {k: v for k, v in ASKS.items() if k[0] != "r"}},
        ),
        (
            {"action": {"approvals": {"mfa": True}}},
            {"action": {**ASKS, "approvals": {**ASKS["approvals"], "mfa": True}}},
        ),
        ({"action_on_match": "allow"}, {"action": {**ASKS, "type": "allow"}}),
        ({"required_approvals": 2}, {"action": {**ASKS, "approvals": {"count": 2, "groups": ["finance"]}}}),
        ({"approval_tier": "T3"}, {"action": {**ASKS, "risk_tier_override": "T3"}}),
        ({"tags": ["x"], "id": "pol-1"}, {"tags": ["x"]}),
    ],
)
def test_a_subset_replaces_its_fields(change: dict[str, Any], same_as: dict[str, Any]) -> None:
    before = {**HEAD, "action": ASKS}
    assert rule_patched(stored(before), change) == stored({**before, **same_as})


def test_a_subset_that_does_not_fit_has_no_reading() -> None:
    for change in ({"action": {"type": "denny"}}, {"nmae": "x"}, {"action": "deny"}, {"expression": "a =="}):
        with pytest.raises(DocumentError):
            rule_patched(stored({**HEAD, "action": ASKS}), change)


@policy_kit.LAW
@given(policy_kit.rules(1), policy_kit.SUBJECTS)
def test_a_rule_by_api_is_the_rule_of_the_file(
    rule: dict[str, Any], subjects: list[tuple[Intent, Facts]]
) -> None:
    """Whatever a file can say, the API takes, shows and takes again; and it decides the same."""
    then = {key: value for key, value in rule["then"].items() if key not in ("action", "tier")}
    action = {"type": rule["then"]["action"], **then}
    if "tier" in rule["then"]:
        action["risk_tier_override"] = rule["then"]["tier"]
    rest = {key: value for key, value in rule.items() if key not in ("when", "then", "id")}
    found = rule_from_api(
        {**rest, "name": "n", "conditions": rule["when"], "action": action}, rule_id=rule["id"]
    )
    shown = json.loads(json.dumps(rule_to_api(found)))
    assert rule_from_api(shown) == found
    stored_ = RuleSet.compile([], stored=[json.loads(json.dumps(found))])
    written = RuleSet.compile([policy_kit.page([rule])])
    for intent, facts in subjects:
        answers = [
            one.evaluate(Subject(intent, facts, lambda _intent, _facts: RiskScore(policy_kit.RISK, ())))
            for one in (stored_, written)
        ]
        assert (
            len(
                {
                    (match.rule is None, match.determined, len(match.flags), len(match.shadow))
                    for match in answers
                }
            )
            == 1
        )


def test_a_rule_of_unknown_keys_is_told_of_a_hundred() -> None:
    with pytest.raises(DocumentError) as caught:
        rule_from_api({f"k{number}": 1 for number in range(1000)})
    assert len(caught.value.errors) == 100
