"""Warnings: what they find, and that ordinary rules have none."""

from __future__ import annotations

import pytest

from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.document import parse
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.policy.lint import lint
from vienna_kernel.policy.ruleset import RuleSet

TYPES = {
    "refund": ActionType(
        name="refund",
        description="",
        default_tier=Tier.T2,
        effect=Effect.SPEND,
        reversibility=Reversibility.IRREVERSIBLE,
        parameters={
            "amount": Parameter.of(ParamType.DECIMAL),
            "currency": Parameter.of(ParamType.CURRENCY),
            "note": Parameter.of(ParamType.STRING),
        },
    )
}


def found(*rules: tuple[int, str, str], default: str = "deny", typed: bool = False) -> list[str]:
    rows = [
        f'  - {{id: r{i}, priority: {p}, when: "{w}", then: {{action: {a}}}}}'
        for i, (p, w, a) in enumerate(rules)
    ]
    text = f"apiVersion: vienna/v1\nkind: Rules\nid: p\ndefault: {default}\nrules:\n" + "\n".join(rows)
    ruleset = RuleSet.compile([parse(text, name="p.yaml")])
    return [str(warning) for warning in lint(ruleset, action_types=TYPES if typed else None)]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (
            [(2, "action == 'a'", "allow"), (1, "action == 'a' AND n > 5", "deny")],
            "r0 (allow, priority 2) is asked first",
        ),
        (
            [(2, "action in ['a', 'b']", "allow"), (1, "action == 'a'", "deny")],
            "what it allows is not denied here",
        ),
        (
            [(2, "action == 'a'", "require_approval"), (1, "action == 'a' AND n > 5", "escalate")],
            "can never decide",
        ),
        ([(2, "action == 'a'", "deny"), (1, "action_type == 'a'", "allow")], "can never decide"),
        ([(1, "action == 'a' AND action == 'b'", "deny")], "name different actions"),
        ([(1, "action == 'a' AND n > 5 AND n < 5", "deny")], "two conditions on n exclude each other"),
        ([(1, "action == 'a' AND n == 1 AND n in [2, 3]", "deny")], "exclude each other"),
        ([(1, "action == 'a' AND n exists AND n not exists", "deny")], "exclude each other"),
        ([(1, "trust_score > 80", "allow")], "allows without naming an action"),
        ([(1, "action contains 'read' AND trust_score > 80", "allow")], "name contains 'read'"),
        ([(1, "action == 'a' AND request.path matches '/x'", "allow")], "anchor it with ^ and $"),
        ([(1, "action == 'a' AND context.claimed.ticket exists", "allow")], "the agent itself says"),
    ],
)
def test_warns(rules: list[tuple[int, str, str]], why: str) -> None:
    warnings = found(*rules)
    assert any(why in warning for warning in warnings), warnings
    assert all(warning.startswith("p.yaml:") for warning in warnings)


@pytest.mark.parametrize(
    "rules",
    [
        [(2, "action == 'a'", "deny"), (1, "action == 'b'", "allow")],
        [(2, "action == 'a' AND n > 5", "deny"), (1, "action == 'a'", "allow")],
        [(2, "action == 'a' AND n <= 5", "allow"), (1, "action == 'a' AND n > 5", "deny")],
        [(2, "action == 'a' AND n between [1, 5]", "allow"), (1, "action == 'a' AND n == 6", "deny")],
        [(2, "action == 'a' AND n > 5 EUR", "require_approval"), (1, "action == 'a'", "require_approval")],
        [(1, "action.effect == 'read'", "allow")],
        [(1, "action == 'a' AND request.path matches '^/x$'", "allow")],
        [(1, "rate > 100", "rate_limit")],
    ],
)
def test_is_silent(rules: list[tuple[int, str, str]]) -> None:
    assert found(*rules) == []


def test_a_default_that_allows() -> None:
    assert "the default is allow" in found((1, "action == 'a'", "deny"), default="allow")[0]


@pytest.mark.parametrize(
    ("when", "why"),
    [
        ("action == 'refnd'", "did you mean 'refund'?"),
        ("action == 'refund' AND parameters.amuont > 5 EUR", "declares no parameter 'amuont'"),
        ("action == 'refund' AND parameters.amount > 5", "name one (currency: EUR)"),
    ],
)
def test_names_that_nothing_declares(when: str, why: str) -> None:
    assert any(why in warning for warning in found((1, when, "deny"), typed=True))
    assert found((1, "action == 'refund' AND parameters.amount > 5 EUR", "deny"), typed=True) == []
    assert found((1, "action == 'http.post'", "deny"), typed=True) == []
