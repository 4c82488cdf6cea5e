"""The templates: five to eight rules each; their cases pass, and notice when a rule says something else."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.action import ActionType
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import Document, parse
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.policy import expression
from vienna_kernel.policy.cases import CaseResult, run_cases
from vienna_kernel.policy.lint import lint
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root

NAMES = ["devops", "financial_services", "general", "healthcare", "legal"]
FOLDER = root() / "templates"
TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_bytes(), name="tiers.yaml"))


def load(name: str) -> Document:
    return parse((FOLDER / f"{name}.yaml").read_bytes(), name=f"{name}.yaml")


PAGES = {name: load(name) for name in NAMES}
CASES = {name: load(f"{name}_cases") for name in NAMES}


@pytest.fixture(scope="module")
def action_types() -> Mapping[str, ActionType]:
    pages = [
        parse(path.read_bytes(), name=path.name) for path in sorted((root() / "mappings").glob("*.yaml"))
    ]
    return MappingSet.compile([page for page in pages if page.data.get("kind") == "Mapping"]).action_types


def run(page: Document, name: str, types: Mapping[str, ActionType] | None = None) -> list[CaseResult]:
    rules = RuleSet.compile([page], action_types=types)
    return run_cases(rules, TIERS, CASES[name], action_types=types)


def test_there_are_five() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml") if not path.stem.endswith("_cases")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_has_five_to_eight_rules_with_names_and_is_described(name: str) -> None:
    page = PAGES[name]
    assert page.data["id"] == name
    assert page.data["description"]
    assert page.data["default"] == "deny"
    assert 5 <= len(page.data["rules"]) <= 8
    assert all(rule["name"] for rule in page.data["rules"])


@pytest.mark.parametrize("name", NAMES)
def test_its_cases_pass_by_itself_and_with_the_shipped_mappings(
    name: str, action_types: Mapping[str, ActionType]
) -> None:
    for types in (None, action_types):
        assert {
            result.name: result.differences for result in run(PAGES[name], name, types) if not result.passed
        } == {}


@pytest.mark.parametrize("name", NAMES)
def test_nothing_in_it_looks_unintended(name: str, action_types: Mapping[str, ActionType]) -> None:
    for types in (None, action_types):
        rules = RuleSet.compile([PAGES[name]], action_types=types)
        assert [str(warning) for warning in lint(rules, action_types=types)] == []


def test_nor_in_all_of_them_together(action_types: Mapping[str, ActionType]) -> None:
    """``general`` decides about every action: it is asked after what speaks of one."""
    rules = RuleSet.compile(list(PAGES.values()), action_types=action_types)
    assert [str(one) for one in lint(rules, action_types=action_types)] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_in_its_cases(name: str) -> None:
    results = run(PAGES[name], name)
    seen = {result.decision.rule_id for result in results}
    seen |= {flag.partition(":")[0] for result in results for flag in result.decision.flags}
    assert {rule["id"] for rule in PAGES[name].data["rules"]} <= seen


@pytest.mark.parametrize("name", NAMES)
def test_what_may_be_left_out_is_left_out_in_a_case(name: str) -> None:
    """Every parameter that a rule asks about is undetermined in some case."""
    asked = {
        leaf["field"]
        for rule in PAGES[name].data["rules"]
        for leaf in leaves(conditions(rule))
        if leaf["field"].startswith("parameters.") or leaf["field"] == "environment"
    }
    found = {
        field for result in run(PAGES[name], name) for field in result.decision.explanation["undetermined"]
    }
    assert asked <= found


# A case that no changed rule would fail says nothing: each of these changes is noticed.


@dataclass(frozen=True)
class Change:
    """One rule of a template, said otherwise."""

    rule: str
    what: str
    data: dict[str, Any]


def conditions(rule: Mapping[str, Any]) -> list[Any]:
    when = rule["when"]
    return [expression.parse(when)] if isinstance(when, str) else copy.deepcopy(when)


def leaves(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, list):
        for part in data:
            yield from leaves(part)
    elif "field" in data:
        yield data
    else:
        for part in data.values():
            yield from leaves(part)


def shifted(value: Any) -> Iterator[Any]:
    """The nearest other values of a constant."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, Decimal)):
        step = Decimal("0.01") if abs(value) > 100 else 1
        yield from (value - step, value + step)
    elif isinstance(value, list) and all(isinstance(item, str) and item[2:3] == ":" for item in value):
        for at, minutes in ((0, -1), (0, 1), (1, -1), (1, 1)):
            moved = datetime.strptime(value[at], "%H:%M") + timedelta(minutes=minutes)  # noqa: DTZ007
            yield [*value[:at], f"{moved:%H:%M}", *value[at + 1 :]]
    elif isinstance(value, list) and isinstance(value[0], str):
        yield from ([item for item in value if item != gone] or ["nothing"] for gone in value)
    elif isinstance(value, list):
        for at, step in ((0, -1), (0, 1), (1, -1), (1, 1)):
            yield [*value[:at], value[at] + step, *value[at + 1 :]]
    else:
        yield f"not {value}" if value not in ("read",) else "send"


SIGNS = {
    "gt": "gte",
    "gte": "gt",
    "lt": "lte",
    "lte": "lt",
    "equals": "not_equals",
    "in": "not_in",
    "not_in": "in",
}


def changes(name: str) -> Iterator[Change]:
    for at, rule in enumerate(PAGES[name].data["rules"]):
        for what, other in said_otherwise(rule):
            data = {**PAGES[name].data, "rules": list(PAGES[name].data["rules"])}
            data["rules"][at : at + 1] = [other] if other else []
            yield Change(rule["id"], what, data)


def said_otherwise(rule: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    yield "is gone", None
    for word in ("allow", "deny", "flag"):
        if word != rule["then"]["action"]:
            yield f"is {word}", {**rule, "then": {"action": word}}
    for key in ("tier", "may_lower", "warrant_ttl", "approvals"):
        if key in rule["then"]:
            gone = {key, "may_lower"} if key == "tier" else {key}
            then = {name: value for name, value in rule["then"].items() if name not in gone}
            yield f"without {key}", {**rule, "then": then}
    for at, leaf in enumerate(leaves(conditions(rule))):
        for field, others in (
            ("value", shifted(leaf.get("value"))),
            ("operator", iter([SIGNS.get(leaf["operator"])])),
        ):
            for other in others:
                if other is not None:
                    when = conditions(rule)
                    list(leaves(when))[at][field] = other
                    yield (
                        f"{leaf['field']} {leaf['operator']} {leaf.get('value')} -> {other}",
                        {**rule, "when": when},
                    )


SAME_ANYWAY = {"high-risk: without tier"}  # with the shipped bands; whoever moves those keeps this rule


@pytest.mark.parametrize("name", NAMES)
def test_its_cases_notice_whatever_is_changed(name: str) -> None:
    unnoticed = []
    for change in changes(name):
        page = replace(PAGES[name], data=change.data)
        if all(result.passed for result in run(page, name)):
            unnoticed.append(f"{change.rule}: {change.what}")
    assert set(unnoticed) <= SAME_ANYWAY
