"""``expects``: what a page of rules is written for, where no mapping declares it yet."""

from __future__ import annotations

import pytest

from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import Document, DocumentError, parse
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.policy.cases import run_cases
from vienna_kernel.policy.lint import lint
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root

TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
PARAMS = "{amount: decimal, currency: currency, side: {enum: [buy, sell]}}"
TRADE = f"trade: {{effect: spend, default_tier: T1, params: {PARAMS}}}"


def page(expects: str, when: str = "action == 'trade' AND amount > 5 EUR", name: str = "p") -> Document:
    text = (
        f"apiVersion: vienna/v1\nkind: Rules\nid: {name}\nexpects:\n  {expects}\n"
        f'rules:\n  - {{id: {name}, when: "{when}", then: {{action: deny}}}}\n'
    )
    return parse(text, name=f"{name}.yaml")


def test_an_action_that_is_expected_is_known() -> None:
    rules = RuleSet.compile([page(TRADE)])
    assert lint(rules) == []
    trade = rules.expected["trade"]
    assert (trade.effect, trade.reversibility, trade.default_tier) == (
        Effect.SPEND,
        Reversibility.UNKNOWN,
        Tier.T1,
    )
    assert trade.parameters["side"].schema["enum"] == ["buy", "sell"]


def test_it_makes_nothing_known_that_it_does_not_name() -> None:
    rules = RuleSet.compile([page(TRADE, "action == 'trde' AND amount > 5 EUR")])
    assert [one.code for one in lint(rules)] == ["unknown_action"]
    assert "did you mean 'trade'?" in lint(rules)[0].why
    assert [
        one.code for one in lint(RuleSet.compile([page(TRADE, "action == 'trade' AND side == 'hold'")]))
    ] == ["unknown_value"]


def test_conditions_are_held_against_it_when_the_page_is_read() -> None:
    with pytest.raises(
        DocumentError, match=r"p\.yaml:7:\d+ rules\[0\]\.when: side: gt does not fit a field that holds text"
    ):
        RuleSet.compile([page(TRADE, "action == 'trade' AND side > 5")])


def test_what_a_mapping_declares_counts_instead() -> None:
    declared = ActionType(
        name="trade",
        description="",
        default_tier=Tier.T2,
        effect=Effect.SPEND,
        reversibility=Reversibility.IRREVERSIBLE,
        parameters={"amount": Parameter.of(ParamType.STRING)},
    )
    with pytest.raises(DocumentError, match="amount: gt does not fit a field that holds text"):
        RuleSet.compile([page(TRADE)], action_types={"trade": declared})
    rules = RuleSet.compile(
        [page(TRADE, "action == 'trade' AND side == 'buy'")], action_types={"trade": declared}
    )
    assert [one.code for one in lint(rules, action_types={"trade": declared})] == []
    rules = RuleSet.compile(
        [page(TRADE, "action == 'trade' AND parameters.side == 'buy'")], action_types={"trade": declared}
    )
    assert [one.code for one in lint(rules, action_types={"trade": declared})] == ["unknown_parameter"]


def test_two_pages_expect_one_action_together() -> None:
    other = "trade: {effect: spend, params: {venue: string, side: {enum: [hold]}}}"
    rules = RuleSet.compile([page(TRADE), page(other, "action == 'trade' AND venue == 'x'", "q")])
    assert set(rules.expected["trade"].parameters) == {"amount", "currency", "side", "venue"}
    assert rules.expected["trade"].default_tier is Tier.T1


@pytest.mark.parametrize(
    ("expects", "where", "why"),
    [
        (
            "trade: {effect: spend, default_teir: T1}",
            "p.yaml:5:26 expects.trade.default_teir",
            "did you mean 'default_tier'?",
        ),
        ("trade: {effect: spends}", "p.yaml:5:11 expects.trade.effect", "'read', 'write'"),
        ("trade: {params: {}}", "p.yaml:5:3 expects.trade", "the key 'effect' is missing"),
        ("trade: {effect: read, params: {a: decimel}}", "p.yaml:5:34 expects.trade.params.a", "'decimal'"),
        ("trade: {effect: read, params: {a: {enum: x}}}", "p.yaml:5:38 expects.trade.params.a.enum", "list"),
        ("trade: {effect: read, params: {a: {}, b: 5}}", "p.yaml:5:41 expects.trade.params.b", ""),
    ],
)
def test_what_has_no_reading_is_told_at_its_place(expects: str, where: str, why: str) -> None:
    with pytest.raises(DocumentError) as raised:
        RuleSet.compile([page(expects)])
    assert raised.value.errors[0].where == where
    assert why in raised.value.errors[0].why


@pytest.mark.parametrize(
    "other",
    ["trade: {effect: read}", "trade: {effect: spend, params: {amount: string}}"],
)
def test_pages_that_do_not_agree_are_told(other: str) -> None:
    with pytest.raises(
        DocumentError, match=r"q\.yaml:5:3 expects\.trade: trade is expected otherwise: two mappings"
    ):
        RuleSet.compile([page(TRADE), page(other, "rate > 5", "q")])


def test_cases_know_it_too() -> None:
    rules = RuleSet.compile([page(TRADE)])
    cases = parse(
        "cases:\n"
        "  - {name: no amount, given: {action: trade}, expect: {decision: denied, undetermined: [parameters.amount]}}\n"
        "  - {name: misspelt, given: {action: trade, parameters: {amuont: 5}}, expect: {}}\n",
        name="p_cases.yaml",
    )
    first, second = run_cases(rules, TIERS, cases)
    assert first.differences == []
    assert first.decision.tier is Tier.T1
    assert second.differences == ["parameters: trade declares no 'amuont'; did you mean 'amount'?"]
