"""What a parameter holds, as the actions of a rule declare it."""

from __future__ import annotations

from typing import Any

import pytest

import policy_kit
from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.document import DocumentError
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType, schema_of
from vienna_kernel.policy.kinds import kind_of_schema, parameter_kind
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import RuleSet


def action(name: str, **parameters: ParamType) -> ActionType:
    return ActionType(
        name=name,
        description="",
        default_tier=Tier.T0,
        effect=Effect.WRITE,
        reversibility=Reversibility.UNKNOWN,
        parameters={key: Parameter.of(kind) for key, kind in parameters.items()},
    )


TYPES = {
    "pay": action("pay", amount=ParamType.DECIMAL, to=ParamType.EMAIL_LIST),
    "buy": action("buy", amount=ParamType.DECIMAL, to=ParamType.EMAIL),
}


def rule(when: str) -> Rule:
    return RuleSet.compile([policy_kit.page([{"id": "r", "when": when, "then": {"action": "deny"}}])]).rules[
        0
    ]


@pytest.mark.parametrize(
    ("kind", "holds"),
    [
        (ParamType.STRING, Kind.TEXT), (ParamType.INT, Kind.NUMBER), (ParamType.DECIMAL, Kind.NUMBER),
        (ParamType.MINOR_UNITS, Kind.NUMBER), (ParamType.CURRENCY, Kind.TEXT), (ParamType.BOOL, Kind.BOOL),
        (ParamType.TIMESTAMP, Kind.TIME), (ParamType.EMAIL_LIST, Kind.LIST), (ParamType.MAP, Kind.OBJECT),
        (ParamType.ANY, Kind.ANY), (ParamType.COUNT, Kind.NUMBER),
    ],
)  # fmt: skip
def test_of_a_type(kind: ParamType, holds: Kind) -> None:
    assert kind_of_schema(schema_of(kind)) is holds


@pytest.mark.parametrize("schema", [{}, {"type": ["string", "null"]}, {"type": "null"}, {"anyOf": []}])
def test_a_schema_that_leaves_it_open(schema: dict[str, Any]) -> None:
    assert kind_of_schema(schema) is Kind.ANY


@pytest.mark.parametrize(
    ("when", "name", "holds"),
    [
        ("action == 'pay'", "amount", Kind.NUMBER),
        ("action in ['pay', 'buy']", "amount", Kind.NUMBER),
        ("action == 'pay'", "to", Kind.LIST),
        ("action in ['pay', 'buy']", "to", Kind.ANY),  # they do not agree
        ("action in ['pay', 'sell']", "amount", Kind.ANY),  # one that nobody knows
        ("action == 'pay'", "note", Kind.ANY),
        ("rate > 5", "amount", Kind.ANY),
    ],
)
def test_where_every_action_of_the_rule_agrees(when: str, name: str, holds: Kind) -> None:
    assert parameter_kind(rule(when), name, TYPES) is holds


def test_what_does_not_fit_is_told_with_its_place() -> None:
    made = {
        "id": "r",
        "when": [policy_kit.leaf("action", "equals", "pay"), policy_kit.leaf("amount", "equals", "x")],
        "then": {"action": "deny"},
    }
    with pytest.raises(DocumentError) as raised:
        RuleSet.compile([policy_kit.page([made])], action_types=TYPES)
    assert (
        str(raised.value) == "p.yaml:1:1 rules[0].when[1]: amount: equals: the field holds a number, got 'x'"
    )
