"""Budgets of a rule set: defined alike wherever they are, named where they exist, counted where they are seen."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.budget.account import Account, Slot, slot_end
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.document import Document, DocumentError, parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.parameter import ParamType
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.subject import Subject

NOW = datetime(2026, 3, 25, 10, tzinfo=UTC)
HIDDEN = "{name: calls, window: 1d, max: 5, over: count, per: counterparty, counterparty: parameters.secret}"
TOKENS = "{name: tokens, per: agent, window: 1d, max: 2000000, over: parameters.tokens}"
EUROS = "{name: euros, window: 1d, max: 100, currency: EUR, over: parameters.amount}"
TYPES = {
    "think": ActionType(
        name="think",
        description="",
        default_tier=Tier.T0,
        effect=Effect.READ,
        reversibility=Reversibility.REVERSIBLE,
        parameters={
            "tokens": Parameter.of(ParamType.INT),
            "to": Parameter.of(ParamType.STRING),
            "secret": Parameter.of(ParamType.INT),
        },
        redacted=frozenset({"secret"}),
    )
}


def rule(
    limits: str = "", when: str = "action == 'think'", id: str = "r", then: str = "action: allow"
) -> str:
    return f'{{id: {id}, when: "{when}", then: {{{then}}}{f", limits: {{{limits}}}" if limits else ""}}}'


def page(*rules: str, budgets: str = "", name: str = "p.yaml") -> Document:
    head = f"budgets: [{budgets}]\n" if budgets else ""
    body = "".join(f"  - {text}\n" for text in rules) or "  []\n"
    return parse(f"apiVersion: vienna/v1\nkind: Rules\nid: p\n{head}rules:\n{body}", name=name)


def test_the_rule_of_the_documentation_loads() -> None:
    found = RuleSet.compile([page(rule(f"budget: {TOKENS}"))], action_types=TYPES)
    assert found.rules[0].budgets == ("tokens",)
    assert found.budgets["tokens"].limit == 2_000_000


def test_one_budget_may_be_named_from_anywhere() -> None:
    pages = [
        page(rule(f"budget: {TOKENS}, budgets: [euros, tokens]"), budgets=EUROS),
        page(rule("budgets: [tokens]", id="s"), rule(f"budget: {TOKENS}", id="t"), name="q.yaml"),
    ]
    stored = {
        "id": "pol-1",
        "when": "action == 'other'",
        "then": {"action": "allow"},
        "limits": {"budgets": ["euros"]},
    }
    found = RuleSet.compile(pages, stored=[stored])
    assert {one.id: one.budgets for one in found.rules} == {
        "r": ("tokens", "euros"),
        "s": ("tokens",),
        "t": ("tokens",),
        "pol-1": ("euros",),
    }
    assert sorted(found.budgets) == ["euros", "tokens"]


@pytest.mark.parametrize(
    ("pages", "complaint"),
    [
        (
            [page(rule(f"budget: {TOKENS}"), rule(f"budget: {TOKENS.replace('1d', '2d')}", id="s"))],
            "p.yaml:6 rules[1].limits.budget: the budget 'tokens' is defined otherwise at p.yaml:5 "
            "rules[0].limits.budget",
        ),
        (
            [page(rule("budgets: [tokns]"), budgets=TOKENS)],
            "p.yaml:6 rules[0].limits.budgets[0]: no budget 'tokns' is defined; did you mean 'tokens'?",
        ),
        (
            [page(rule(when="budget.tokens.spent > 5"))],
            "p.yaml:5 rules[0].when: no budget 'tokens' is defined",
        ),
        (
            [page(rule(when="budget.tokens.spent > 5 EUR"), budgets=TOKENS)],
            "p.yaml:6 rules[0].when: the budget 'tokens' is in no currency, not in EUR",
        ),
        (
            [page(rule(when="budget.euros.spent > 5 USD"), budgets=EUROS)],
            "p.yaml:6 rules[0].when: the budget 'euros' is in EUR, not in USD",
        ),
        (
            [page(rule(f"budget: {TOKENS.replace('tokens}', 'secret}')}"))],
            "p.yaml:5 rules[0].limits: the budget 'tokens' cannot count 'secret': it is redacted in think",
        ),
        (
            [
                page(
                    rule("budgets: [calls]"),
                    budgets=HIDDEN,
                )
            ],
            "p.yaml:6 rules[0].limits: the budget 'calls' cannot count 'secret': it is redacted in think",
        ),
        (
            [page(rule(f"budget: {TOKENS}", then="action: deny"))],
            "p.yaml:5 rules[0]: limits do not fit the action deny, which lets nothing go",
        ),
        (
            [page(rule(f"budget: {TOKENS}", then="action: flag"))],
            "p.yaml:5 rules[0]: limits do not fit the action flag, which lets nothing go",
        ),
        (
            [page(rule("budget: {name: x}"))],
            "p.yaml:5 rules[0].limits.budget: the key 'window' is missing",
        ),
        (
            [page(rule(f"bugdet: {TOKENS}"))],
            "p.yaml:5 rules[0].limits.bugdet: unknown key 'bugdet'; did you mean 'budget'?",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(pages: list[Document], complaint: str) -> None:
    with pytest.raises(DocumentError) as raised:
        RuleSet.compile(pages, action_types=TYPES)
    lines = [re.sub(r"(p\.yaml:\d+):\d+", r"\1", str(error)) for error in raised.value.errors]
    assert complaint in lines


def test_a_budget_changes_the_digest() -> None:
    def digest(budgets: str) -> str:
        return RuleSet.compile([page(rule(), budgets=budgets)]).digest

    assert len({digest(""), digest(TOKENS), digest(TOKENS.replace("1d", "2d"))}) == 3


INTENT = Intent(
    action="think",
    target="t",
    parameters={"tokens": 5},
    effect=Effect.READ,
    reversibility=Reversibility.REVERSIBLE,
    default_tier=Tier.T0,
)


def judged(when: str, budgets: str, account: Account | None, **keys: Any) -> bool | None:
    """True, False, or None, as a rule that denies and a rule that allows tell it together."""
    pages = [page(rule(when=when, id="a"), rule(when=when, id="d", then="action: deny"), budgets=budgets)]
    found = RuleSet.compile(pages, action_types=TYPES)
    books = None if account is None else lambda _budget, _key: account
    facts = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=NOW, budgets=books)
    subject = Subject(INTENT, facts, lambda _intent, _facts: RiskScore(0, ()), found.budgets)
    match = found.evaluate(subject)
    return None if match.rule and not match.determined else match.rule is not None


BOOKS = Account(
    limit=Decimal(100),
    window_seconds=86400,
    now=NOW,
    reserved=Decimal(10),
    slots=(Slot(slot_end(NOW, 86400), Decimal(60)),),
)
NOBODY = "{name: b, window: 1d, max: 5, over: count, per: counterparty, counterparty: parameters.to}"


@pytest.mark.parametrize(
    ("when", "budgets", "account", "expected"),
    [
        ("budget.tokens.remaining == 30", TOKENS, BOOKS, True),
        ("budget.tokens.spent == 60", TOKENS, BOOKS, True),
        ("budget.tokens.reserved == 10", TOKENS, BOOKS, True),
        ("budget.tokens.limit == 100", TOKENS, BOOKS, True),
        ("budget.tokens.remaining > 30", TOKENS, BOOKS, False),
        ("budget.euros.remaining < 31 EUR", EUROS, BOOKS, True),
        ("budget.euros.remaining < 31", EUROS, BOOKS, True),
        ("budget.tokens.remaining == 30", TOKENS, None, None),
        ("budget.b.remaining == 30", NOBODY, BOOKS, None),
    ],
)
def test_conditions_read_the_books(
    when: str, budgets: str, account: Account | None, expected: bool | None
) -> None:
    assert judged(when, budgets, account) is expected


def test_the_books_of_one_account_are_opened_once() -> None:
    asked: list[str] = []

    def books(budget: Any, key: str) -> Account:
        asked.append(budget.name + key)
        return BOOKS

    text = "budget.tokens.remaining > 1 AND budget.tokens.spent > 1 AND budget.euros.spent > 1"
    found = RuleSet.compile([page(rule("budgets: [tokens]", when=text), budgets=f"{TOKENS}, {EUROS}")])
    facts = Facts(agent=AgentFacts(id="-1", name="bot"), now=NOW, budgets=books)
    subject = Subject(INTENT, facts, lambda _intent, _facts: RiskScore(0, ()), found.budgets)
    assert found.evaluate(subject).rule is not None
    assert subject.claim("tokens").account is BOOKS
    assert asked == ["tokens-1", "euros-1"]


def test_a_mapping_says_what_is_redacted() -> None:
    mapping = """
apiVersion: vienna/v1
kind: Mapping
id: bank
version: 2026-11-01
hosts: [bank.example]
protocol: rest
actions:
  - action: pay
    match: {methods: [POST], path: /pay}
    target: bank:account
    params:
      units: {from: json, type: int}
      iban: {from: json, redact: true}
    effect: spend
    reversibility: irreversible
    default_tier: T2
"""
    types = MappingSet.compile([parse(mapping, name="bank.yaml")]).action_types
    of_units = "{name: units, window: 1d, max: 5, over: parameters.units}"
    of_iban = (
        "{name: calls, window: 1d, max: 5, over: count, per: counterparty, counterparty: parameters.iban}"
    )
    RuleSet.compile([page(rule(f"budget: {of_units}", "action == 'pay'"))], action_types=types)
    with pytest.raises(DocumentError, match="cannot count 'iban': it is redacted in pay"):
        RuleSet.compile([page(rule(f"budget: {of_iban}", "action == 'pay'"))], action_types=types)
