"""Warnings: what they find, and that ordinary rules have none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy_kit
from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.document import Document, parse
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.policy.lint import PolicyWarning, lint
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
            "reason": Parameter.of(ParamType.STRING, enum=("duplicate", "fraudulent")),
        },
    )
}


def page(*rules: str, default: str = "deny") -> RuleSet:
    text = f"apiVersion: vienna/v1\nkind: Rules\nid: p\ndefault: {default}\nrules:\n" + "\n".join(rules)
    return RuleSet.compile([parse(text, name="p.yaml")])


def found(*rules: tuple[int, str, str], default: str = "deny", typed: bool = False) -> list[PolicyWarning]:
    rows = [
        f'  - {{id: r{i}, priority: {p}, when: "{w}", then: {{action: {a}}}}}'
        for i, (p, w, a) in enumerate(rules)
    ]
    return lint(page(*rows, default=default), action_types=TYPES if typed else None)


def codes(warnings: list[PolicyWarning]) -> list[str]:
    return [one.code for one in warnings]


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ([(2, "action == 'a'", "allow"), (1, "action == 'a' AND n > 5", "deny")], "never_denies"),
        ([(2, "action == 'a' AND n > 5", "allow"), (1, "action == 'a' AND m == 1", "deny")], "hidden_deny"),
        (
            [(2, "action == 'a'", "require_approval"), (1, "action == 'a' AND n > 5", "escalate")],
            "never_decides",
        ),
        ([(2, "action == 'a'", "deny"), (1, "action_type == 'a'", "allow")], "never_decides"),
        ([(1, "action == 'a' AND action == 'b'", "deny")], "never_holds"),
        ([(1, "action == 'a' AND n > 5 AND n < 5", "deny")], "holds_only_open"),
        ([(1, "action == 'a' AND n == 1 AND n in [2, 3]", "allow")], "never_holds"),
        ([(1, "action == 'a' AND n exists AND n not exists", "deny")], "never_holds"),
        # loose allows
        ([(1, "trust_score > 80", "allow")], "allows_any_action"),
        ([(1, "action.effect == 'write'", "allow")], "allows_any_action"),
        ([(1, "action != 'a'", "allow")], "allows_any_action"),
        ([(1, "action contains 'read' AND action.effect == 'read'", "allow")], "loose_allow"),
        ([(1, "action matches '^get_.*$' AND action.effect == 'read'", "allow")], "loose_allow"),
        ([(1, "action == 'a' AND request.path matches '/x'", "allow")], "loose_allow"),
        ([(1, "action == 'a' AND request.path matches '^/x|/y$'", "allow")], "loose_allow"),
        ([(1, "action == 'a' AND request.path matches '^/x[$]'", "allow")], "loose_allow"),
        ([(1, "action == 'a' AND s contains ''", "allow")], "loose_allow"),
        ([(1, "action == 'a' AND context.claimed.ticket exists", "allow")], "loose_allow"),
        ([(1, "action == 'http.post'", "allow")], "allows_unmapped"),
        ([(1, "action in ['http.get', 'http.delete']", "allow")], "allows_unmapped"),
        # rates
        ([(1, "rate < 100", "rate_limit")], "refuses_all"),
        ([(1, "rate >= 1 AND action == 'a'", "rate_limit")], "refuses_all"),
        ([(1, "action == 'a'", "rate_limit, limit: 0")], "refuses_all"),
        # people
        ([(1, "action == 'a'", "allow, tier: T0, approvals: {groups: [x]}")], "asks_nobody"),
        ([(1, "action == 'a'", "allow, approvals: {count: 2}")], "asks_nobody"),
        (
            [(1, "action == 'a'", "require_approval, approvals: {people: [bob], on_timeout: escalate}")],
            "escalates_in_vain",
        ),
        (
            [(1, "action == 'a'", "require_approval, approvals: {roles: [cfo], on_timeout: escalate}")],
            "escalates_in_vain",
        ),
    ],
)
def test_warns(rules: list[tuple[int, str, str]], code: str) -> None:
    warnings = found(*rules)
    assert code in codes(warnings), warnings
    for one in warnings:
        assert re.match(r"p\.yaml:\d+:\d+ rules\[\d\]", one.where)
        assert one.why
        assert one.fix
        assert str(one) == f"{one.where}: {one.rule_id}: {one.why} ({one.fix})"


@pytest.mark.parametrize(
    "rules",
    [
        [(2, "action == 'a'", "deny"), (1, "action == 'b'", "allow")],
        [(2, "action == 'a' AND n > 5", "deny"), (1, "action == 'a'", "allow")],
        [(2, "action == 'a' AND n <= 5", "allow"), (1, "action == 'a' AND n > 5", "deny")],
        [(2, "action == 'a' AND n between [1, 5]", "allow"), (1, "action == 'a' AND n == 6", "deny")],
        [(2, "action == 'a' AND n > 5 EUR", "require_approval"), (1, "action == 'a'", "require_approval")],
        [(1, "action.effect == 'read'", "allow")],
        [(1, "action.effect in ['read']", "allow")],
        [(1, "action in ['http.get', 'http.head']", "allow")],
        [(1, "action == 'a' AND request.path matches '^/x$'", "allow")],
        [(1, "action == 'a' AND request.path matches '^(/x|/y)$'", "allow")],
        [(1, "action == 'a' AND request.path matches '^[|]$'", "allow")],
        [(1, "action == 'a' AND request.path matches '/x'", "deny")],
        [(1, "rate > 100", "rate_limit")],
        [(1, "action == 'a'", "rate_limit, limit: 1")],
        [(1, "action == 'a'", "allow, tier: T1, approvals: {groups: [x]}")],
        [(1, "action == 'a'", "require_approval, approvals: {people: [bob], on_timeout: deny}")],
        [(1, "action == 'a'", "require_approval, approvals: {groups: [x], on_timeout: escalate}")],
    ],
)
def test_is_silent(rules: list[tuple[int, str, str]]) -> None:
    assert found(*rules) == []


def test_the_place_is_that_of_the_condition_where_it_is_one() -> None:
    rules = page(
        "  - id: r",
        "    when:",
        "      - {field: action, operator: equals, value: a}",
        "      - {field: request.path, operator: matches, value: x}",
        "    then: {action: allow}",
    )
    (only,) = lint(rules)
    assert only.where == "p.yaml:9:9 rules[0].when[1]"


def test_a_default_that_allows() -> None:
    (only,) = found((1, "action == 'a'", "deny"), default="allow")
    assert (only.code, only.where) == ("allows_by_default", "default")


def test_a_rule_whose_time_is_over() -> None:
    rules = page("  - {id: r, when: action == 'a', then: {action: deny}, valid_until: 2026-03-25T10:00:00Z}")
    end = datetime(2026, 3, 25, 10, tzinfo=UTC)
    assert codes(lint(rules, now=end)) == ["over"]
    assert lint(rules, now=end - timedelta(seconds=1)) == lint(rules) == []


def test_what_is_not_enabled_is_not_looked_at() -> None:
    assert lint(page("  - {id: r, enabled: false, when: trust_score > 80, then: {action: allow}}")) == []


@pytest.mark.parametrize(
    ("when", "code", "why"),
    [
        ("action == 'refnd'", "unknown_action", "did you mean 'refund'?"),
        ("action in ['refund', 'http.psot']", "unknown_action", "did you mean 'http.post'?"),
        ("action == 'refund' AND parameters.amuont > 5 EUR", "unknown_parameter", "did you mean 'amount'?"),
        ("action == 'refund' AND amuont > 5 EUR", "unknown_field", "did you mean 'amount'?"),
        ("action == 'refund' AND trustscore > 5", "unknown_field", "did you mean 'trust_score'?"),
        ("trustscore > 5", "unknown_field", "did you mean 'trust_score'?"),
        ("action == 'refund' AND parameters.amount > 5", "no_currency", "cannot be told"),
        ("action == 'refund' AND reason == 'fraud'", "unknown_value", "did you mean 'fraudulent'?"),
        ("action == 'refund' AND reason in ['duplicate', 'x']", "unknown_value", "reason is never 'x'"),
    ],
)
def test_names_that_nothing_declares(when: str, code: str, why: str) -> None:
    warnings = found((1, when, "deny"), typed=True)
    assert codes(warnings) == [code]
    assert why in warnings[0].why


@pytest.mark.parametrize(
    "when",
    [
        "action == 'refund' AND parameters.amount > 5 EUR",
        "action == 'refund' AND amount > 5 EUR",
        "action == 'refund' AND reason in ['duplicate', 'fraudulent']",
        "action == 'refund' AND reason matches 'dup'",
        "action == 'refund' AND region == 'eu'",  # a fact of context, as far as anybody knows
        "action == 'http.post'",
        "action == 'refund' AND amount exists",
    ],
)
def test_names_that_something_declares(when: str) -> None:
    assert found((1, when, "deny"), typed=True) == []


def test_what_is_declared_tells_more_rules_apart() -> None:
    """``amount`` is ``parameters.amount`` where the action declares it, and no text."""
    rows = [
        (2, "action == 'refund' AND amount > 5 EUR", "deny"),
        (1, "action == 'refund' AND parameters.amount > 7 EUR", "deny"),
    ]
    assert codes(found(*rows)) == []
    assert codes(found(*rows, typed=True)) == ["never_decides"]
    assert codes(
        found(
            (
                1,
                "action == 'refund' AND reason exists AND NOT reason in ['duplicate', 'fraudulent']",
                "allow",
            ),
            typed=True,
        )
    ) == ["never_holds"]


@policy_kit.LAW
@given(policy_kit.pages(most=6), st.sampled_from([None, TYPES]))
def test_whatever_is_a_rule_set_can_be_checked(
    pages: list[Document], types: dict[str, ActionType] | None
) -> None:
    rules = RuleSet.compile(pages, action_types=types)
    for one in lint(rules, action_types=types, now=policy_kit.NOW):
        assert one.code
        assert one.where.partition(":")[0] in {"p0.yaml", "p1.yaml", "p2.yaml"}
