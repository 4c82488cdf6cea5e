"""The JSON Schema for editors: it takes what the kernel reads, and what it does not take the kernel does not read."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given

import policy_kit
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.policy.operators import OPERATORS
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.schema import rules_schema
from vienna_kernel.shipped import root

SCHEMA = jsonschema_rs.Draft202012Validator(rules_schema())


def plain(value: Any) -> Any:
    """As an editor sees it: decimals as numbers."""
    return json.loads(
        json.dumps(value, default=lambda item: float(item) if isinstance(item, Decimal) else str(item))
    )


def page(when: Any, **keys: Any) -> dict[str, Any]:
    return dict(policy_kit.page([{"id": "r", "when": when, "then": {"action": "deny"}, **keys}]).data)


@pytest.mark.parametrize(
    "path",
    [
        "starter.yaml",
        *(
            f"templates/{name}.yaml"
            for name in ("devops", "financial_services", "general", "healthcare", "legal")
        ),
    ],
)
def test_what_ships_fits(path: str) -> None:
    data = parse((root() / path).read_bytes(), name=path).data
    assert [str(error) for error in SCHEMA.iter_errors(plain(data))] == []


def test_every_operator_says_what_it_takes() -> None:
    tests = rules_schema()["$defs"]["Condition"]["anyOf"]
    named = [
        test["properties"]["operator"]["const"] for test in tests if "operator" in test.get("properties", {})
    ]
    assert named == list(OPERATORS)


@pytest.mark.parametrize(
    "when",
    [
        5,
        "",
        {"all": []} | {"any": ["a == 1"]},
        {"any": []},
        {"field": "a", "operator": "eqals", "value": 1},
        {"feild": "a", "operator": "equals", "value": 1},
        {"field": "a", "operator": "equals"},
        {"field": "a", "operator": "gt", "value": "1"},
        {"field": "a", "operator": "in", "value": []},
        {"field": "a", "operator": "between", "value": [1]},
        {"field": "a", "operator": "time_between", "value": ["9:00", "10:00"]},
        {"field": "a", "operator": "exists", "value": False},
        {"field": "a", "operator": "gt", "value": 1, "currency": "eur"},
        {"field": "a", "operator": "matches", "value": "1", "currency": "EUR"},
        [{"not": [{"field": "a", "operator": "nope", "value": 1}]}],
    ],
)
def test_what_it_refuses_the_kernel_refuses(when: Any) -> None:
    data = page(when)
    assert not SCHEMA.is_valid(data)
    with pytest.raises(DocumentError):
        RuleSet.compile([policy_kit.page(data["rules"])])


@pytest.mark.parametrize(
    "rule",
    [
        {"prioritee": 1},
        {"id": "no spaces here"},
        {"then": {"action": "denny"}},
        {"then": {"action": "allow", "tier": "T9"}},
    ],
)
def test_misspelt_keys_and_words_are_underlined(rule: dict[str, Any]) -> None:
    assert not SCHEMA.is_valid(page("a == 1", **rule))


@policy_kit.LAW
@given(policy_kit.pages())
def test_it_takes_whatever_the_kernel_reads(pages: list[Any]) -> None:
    for one in pages:
        RuleSet.compile([one])
        assert SCHEMA.is_valid(plain(one.data))
