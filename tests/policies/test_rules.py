"""The shipped rules decide what their cases say, and nothing in them looks unintended."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from vienna_kernel import document
from vienna_kernel.action import ActionType
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.intent import Tier
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.policy.cases import CaseResult, run_cases
from vienna_kernel.policy.lint import lint
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root

ROOT = root()


def load(path: str) -> document.Document:
    return document.parse((ROOT / path).read_bytes(), name=path)


@pytest.fixture(scope="module")
def action_types() -> Mapping[str, ActionType]:
    pages = [load(f"mappings/{path.name}") for path in sorted((ROOT / "mappings").glob("*.yaml"))]
    return MappingSet.compile([page for page in pages if page.data.get("kind") == "Mapping"]).action_types


@pytest.fixture(scope="module")
def rules(action_types: Mapping[str, ActionType]) -> RuleSet:
    return RuleSet.compile([load("starter.yaml")], action_types=action_types)


@pytest.fixture(scope="module")
def tiers() -> TierTable:
    return TierTable.from_document(load("tiers.yaml"))


@pytest.fixture(scope="module")
def results(rules: RuleSet, tiers: TierTable, action_types: Mapping[str, ActionType]) -> list[CaseResult]:
    return run_cases(rules, tiers, load("starter_cases.yaml"), action_types=action_types)


@pytest.mark.parametrize("name", [case["name"] for case in load("starter_cases.yaml").data["cases"]])
def test_case(results: list[CaseResult], name: str) -> None:
    case = next(result for result in results if result.name == name)
    assert case.differences == [], case.where


def test_every_rule_has_a_case_that_it_decides(rules: RuleSet, results: list[CaseResult]) -> None:
    seen = {result.decision.rule_id for result in results}
    seen |= {row["rule"] for result in results for row in result.decision.shadow}
    assert {rule.id for rule in rules.rules} <= seen


def test_nothing_in_it_looks_unintended(rules: RuleSet, action_types: Mapping[str, ActionType]) -> None:
    assert [str(warning) for warning in lint(rules, action_types=action_types)] == []


def test_the_default_denies(rules: RuleSet) -> None:
    assert rules.default == "deny"


def test_the_tiers_are_those_of_the_product(tiers: TierTable) -> None:
    table = {tier: tiers.requirements(tier) for tier in Tier}
    assert [table[tier].count for tier in Tier] == [0, 1, 2, 3]
    assert [table[tier].mfa for tier in Tier] == [False, False, True, True]
    assert table[Tier.T3].justification
    assert table[Tier.T3].rollback_plan
    assert table[Tier.T3].executive
    assert [tiers.warrant_ttl(tier) for tier in Tier] == [300, 600, 300, 300]
    assert [table[tier].redeem_seconds for tier in Tier][1:] == [24 * 3600, 4 * 3600, 3600]
    assert [table[tier].timeout_seconds for tier in Tier][1:] == [3600, 4 * 3600, 24 * 3600]
    assert [tiers.execution(tier) for tier in Tier] == ["direct", "direct", "passback", "passback"]
    assert [tiers.band(score) for score in (0, 29, 30, 59, 60, 84, 85, 100)] == [
        Tier.T0, Tier.T0, Tier.T1, Tier.T1, Tier.T2, Tier.T2, Tier.T3, Tier.T3,
    ]  # fmt: skip
