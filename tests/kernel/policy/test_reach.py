"""Reach: what is said of a rule is so for every call; it is said where it is so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy_kit
from vienna_kernel.decision.facts import Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.document import Document
from vienna_kernel.intent import Intent
from vienna_kernel.policy.judge import compile_tree
from vienna_kernel.policy.reach import Reach
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.subject import Subject


def said(rules: RuleSet) -> dict[str, list[str]]:
    """Codes by rule."""
    enabled = [rule for rule in rules.rules if rule.shape.enabled]
    reach = Reach(enabled, {})
    return {rule.id: [one.code for one in reach.warnings(rule)] for rule in enabled}


def rules(*rows: tuple[str, str], **keys: Any) -> RuleSet:
    made = [
        {"id": f"r{at}", "priority": 100 - at, "when": when, "then": then(action), **keys.get(f"r{at}", {})}
        for at, (action, when) in enumerate(rows)
    ]
    return RuleSet.compile([policy_kit.page(made)])


def then(action: str) -> dict[str, Any]:
    word, _, limit = action.partition(" ")
    return {"action": word, **({"limit": int(limit)} if limit else {})}


A = "action == 'a'"


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        # never
        ([("allow", f"{A} AND n > 5 AND n < 5")], ["never_holds"]),
        ([("deny", f"{A} AND n > 5 AND n < 5")], ["holds_only_open"]),
        ([("deny", f"{A} AND retry_count > 5 AND retry_count < 6")], ["never_holds"]),
        ([("deny", f"{A} AND action_type == 'b'")], ["never_holds"]),
        ([("flag", "risk_score > 100")], ["never_holds"]),
        ([("flag", "trust_score between [101, 200]")], ["never_holds"]),
        ([("deny", "day_of_week in ['monday'] AND day_of_week in ['tuesday']")], ["never_holds"]),
        ([("allow", f"{A} AND NOT (n == 1 OR m == 2) AND (n == 1 OR (m == 2 AND k == 3))")], ["never_holds"]),
        ([("allow", f"{A} AND n > 5 EUR AND n > 5 USD")], ["never_holds"]),
        ([("allow", f"{A} AND n in [1, 2] AND n not in [1, 2, 3]")], ["never_holds"]),
        ([("allow", f"{A} AND n > 5")], []),
        ([("deny", "n > 5 OR n <= 5")], []),
        # behind one
        ([("deny", A), ("allow", f"{A} AND n > 5")], ["never_decides"]),
        ([("deny", "n > 5"), ("allow", "n > 7")], ["never_decides"]),
        ([("deny", "n > 5"), ("deny", "n > 7")], ["never_decides"]),
        ([("deny", "n > 5"), ("deny", "n >= 5")], []),
        ([("deny", "n > 5"), ("flag", "n > 7 AND x == 1")], ["never_decides"]),
        ([("require_approval", "n in [1, 2, 3]"), ("escalate", "n in [1, 3]")], ["never_decides"]),
        ([("require_approval", "n > 5 OR m == 1"), ("escalate", "m == 1")], ["never_decides"]),
        ([("deny", "NOT n == 1"), ("allow", "n == 2")], ["never_decides"]),
        ([("deny", "time_of_day time_between ['08:00', '18:00']"),
          ("allow", "time_of_day time_between ['09:00', '17:00']")], ["never_decides"]),
        ([("deny", "time_of_day time_between ['08:00', '18:00']"),
          ("allow", "time_of_day time_between ['09:00', '18:01']")], []),
        ([("deny", "rate > 5"), ("deny", "rate > 7")], []),  # each counts for itself
        ([("rate_limit 5", A), ("allow", A)], []),  # within its limit it goes on
        ([("flag", A), ("allow", A)], []),
        ([("deny", "n > 5 EUR"), ("deny", "n > 7 USD")], []),
        ([("deny", "n > 5 EUR"), ("deny", "n > 7 EUR")], ["never_decides"]),
        ([("allow", "n > 5"), ("require_approval", "n > 7")], []),  # which holds where n is left open
        ([("allow", "n > 5"), ("allow", "n > 7")], ["never_decides"]),
        ([("deny", "s matches '^a'"), ("deny", "s matches '^a'")], ["never_decides"]),
        ([("deny", "s matches '^a'"), ("deny", "s matches '^ab'")], []),  # nobody looks into a pattern
        # behind several
        ([("deny", "retry_count > 5"), ("deny", "retry_count < 9"), ("allow", "n == 1")], ["never_decides"]),
        ([("deny", "retry_count > 5"), ("deny", "retry_count < 5"), ("allow", "n == 1")], []),
        ([("require_approval", f"{A} AND n <= 5 EUR"), ("require_approval", f"{A} AND n > 5 EUR"),
          ("deny", f"{A} AND n exists")], ["never_decides"]),
        ([("require_approval", f"{A} AND n <= 5 EUR"), ("require_approval", f"{A} AND n > 5 EUR"),
          ("deny", A)], []),  # a call whose action declares no n
        ([("allow", f"{A} AND n <= 5"), ("allow", f"{A} AND n > 5"), ("deny", f"{A} AND n exists")],
         ["hidden_deny", "hidden_deny"]),  # which denies where n is hidden
        # a denial behind an allow
        ([("allow", A), ("deny", f"{A} AND n > 5")], ["never_denies"]),
        ([("allow", "n > 5"), ("deny", "n > 7")], ["hidden_deny"]),  # only where n is left open
        ([("allow", "n > 5"), ("deny", "n > 3")], ["hidden_deny"]),
        ([("allow", f"{A} AND n > 5"), ("deny", "m == 1")], ["hidden_deny"]),
        ([("allow", f"{A} AND n <= 5"), ("deny", f"{A} AND n > 5")], []),
        ([("allow", A), ("deny", "action == 'b'")], []),
        ([("allow", "s == 'x'"), ("deny", "s != 'x'")], []),
        ([("allow", f"{A} AND n > 5 EUR"), ("deny", f"{A} AND n > 9 USD")], []),
        ([("allow", f"{A} AND n <= 5"), ("deny", f"{A} AND n >= 5")], ["hidden_deny"]),  # of exactly 5
        ([("allow", "s in ['x', 'y']"), ("deny", "s in ['y', 'z']")], ["hidden_deny"]),
        ([("allow", "s in ['x', 'y']"), ("deny", "s in ['z']")], []),
        ([("deny", "agent_id == 'x'"), ("allow", "agent.name == 'x'")], ["never_decides"]),
        ([("deny", "agent.trust_score < 30"), ("allow", "trust_score < 20")], ["never_decides"]),
        ([("deny", "target.host == 'x'"), ("allow", "request.host == 'x'")], ["never_decides"]),
    ],
)  # fmt: skip
def test_of_the_last_rule(rows: list[tuple[str, str]], codes: list[str]) -> None:
    found = said(rules(*rows))
    assert found[f"r{len(rows) - 1}"] == codes


@pytest.mark.parametrize(
    "keys",
    [
        {"r0": {"shadow": True}},
        {"r0": {"enabled": False}},
        {"r0": {"valid_until": "2030-01-01T00:00:00Z"}},
        {"r0": {"valid_from": "2030-01-01T00:00:00Z"}},
    ],
)
def test_a_rule_that_does_not_always_decide_stands_before_none(keys: dict[str, Any]) -> None:
    assert said(rules(("allow", A), ("deny", f"{A} AND n > 5"), **keys))["r1"] == []


def test_the_same_hours_in_another_zone_are_other_hours() -> None:
    def hours(name: str, action: str, timezone: str) -> Document:
        when = "time_of_day time_between ['08:00', '18:00'] AND day_of_week == 'monday'"
        rule = {
            "id": name,
            "priority": 2 if action == "deny" else 1,
            "when": when,
            "then": {"action": action},
        }
        return policy_kit.page([rule], timezone=timezone, name=name)

    for zone, codes in (("UTC", ["never_decides"]), ("Europe/Vienna", [])):
        found = RuleSet.compile([hours("first", "deny", "UTC"), hours("second", "flag", zone)])
        assert said(found)["second"] == codes


def test_an_example_says_what_slips_through() -> None:
    found = rules(("allow", f"{A} AND n > 5"), ("deny", f"{A} AND m == 'x'"))
    reach = Reach(found.rules, {})
    (only,) = reach.warnings(found.rules[1])
    assert "for example action a, m x, n 6" in only.why
    assert only.fix == "give it a priority above 100, or exclude it from r0"
    assert only.where.startswith("p.yaml:")


LEAVES = st.one_of(
    policy_kit.numbers("n", "parameters.n", "risk_score", "retry_count"),
    policy_kit.texts("s", "action", among=["a", "b", "x"]),
    policy_kit.MONEY,
    policy_kit.LEAVES,
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=2, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=3,
)


@st.composite
def crowded(draw: st.DrawFn) -> RuleSet:
    """Rules made of few tests, so that many exclude or cover each other."""
    handful = draw(st.lists(TREES, min_size=2, max_size=4))
    made = []
    for at in range(draw(st.integers(1, 6))):
        when = draw(st.lists(st.sampled_from(handful), max_size=3))
        word = draw(st.sampled_from(["allow", "deny", "require_approval", "escalate", "flag", "rate_limit"]))
        then = {"action": word} | ({"limit": 5} if word == "rate_limit" else {})
        shadow = draw(st.sampled_from([False, False, False, True]))
        made.append(
            {
                "id": f"r{at}",
                "priority": draw(st.integers(0, 2)),
                "when": when,
                "then": then,
                "shadow": shadow,
            }
        )
    return RuleSet.compile([policy_kit.page(made, timezone="Europe/Vienna")])


def held(rule: Rule, subject: Subject) -> bool | None:
    return compile_tree(rule.tree, rule.tz)(subject)


@policy_kit.LAW
@given(crowded(), policy_kit.SUBJECTS)
def test_what_is_said_is_so_for_every_call(rules: RuleSet, subjects: list[tuple[Intent, Facts]]) -> None:
    by_id = {rule.id: rule for rule in rules.rules}
    for intent, facts in subjects:
        one = Subject(intent, facts, lambda _intent, _facts: RiskScore(policy_kit.RISK, ()))
        match = rules.evaluate(one)
        reached = {rule.id for rule in (match.rule, *match.flags, *match.shadow) if rule is not None}
        for name, codes in said(rules).items():
            answer = held(by_id[name], one)
            if "never_holds" in codes:
                assert answer is False or (answer is None and by_id[name].action == "allow")
            if "holds_only_open" in codes:
                assert answer is not True
            if "never_decides" in codes or "never_denies" in codes:
                assert name not in reached
            denies = by_id[name].action == "deny" and answer is True and not by_id[name].shape.shadow
            if denies and not {"hidden_deny", "never_denies"} & set(codes):
                assert match.rule is None or match.rule.action != "allow"
