"""Budgets in a decision: what is refused, what is told, what is to be reserved, several intents in one call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.budget.account import Account, Slot
from vienna_kernel.budget.definition import Budget
from vienna_kernel.decision.decide import AgentFacts, Decision, Facts, Outcome, combine, decide
from vienna_kernel.decision.hint import LONGEST
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.shipped import root
from vienna_kernel.verdict import Reason

NOW = datetime(2026, 3, 25, 10, tzinfo=UTC)
TIERS = TierTable.from_document(parse((root() / "tiers.yaml").read_text(), name="tiers.yaml"))
RULES = RuleSet.compile(
    [
        parse(
            """
apiVersion: vienna/v1
kind: Rules
id: p
budgets:
  - {name: calls, window: 1h, max: 3, over: count, per: tenant}
rules:
  - {id: noted, priority: 9, when: n > 0, then: {action: flag}}
  - {id: stopped, priority: 8, when: n == 13, then: {action: deny}}
  - id: spends
    priority: 5
    when: action == 'spend'
    then: {action: allow}
    limits:
      budget: {name: euros, window: 1d, max: 100, currency: EUR, over: parameters.amount}
      budgets: [calls]
  - id: asks
    when: action == 'ask'
    then: {action: require_approval}
    limits: {budgets: [euros]}
  - {id: free, when: action == 'free', then: {action: allow}}
""",
            name="p.yaml",
        )
    ]
)


class Books:
    """What the shell knows, and what it was asked."""

    def __init__(self, spent: str = "0", reserved: str = "0", *, calls: int = 0, ago: int = 0) -> None:
        ends = NOW - timedelta(seconds=ago)
        self.slots = {"euros": Slot(ends, Decimal(spent)), "calls": Slot(ends, Decimal(calls))}
        self.reserved = {"euros": Decimal(reserved), "calls": Decimal(0)}
        self.asked: list[tuple[str, str]] = []

    def __call__(self, budget: Budget, key: str) -> Account:
        self.asked.append((budget.name, key))
        return Account(
            limit=budget.limit,
            window_seconds=budget.window,
            now=NOW,
            reserved=self.reserved[budget.name],
            slots=(self.slots[budget.name],),
        )


def intent(amount: Any = 30, action: str = "spend", **more: Any) -> Intent:
    return Intent(
        action=action,
        target="toy:thing/1",
        parameters={"amount": amount, "currency": "EUR", **more},
        effect=Effect.WRITE,
        reversibility=Reversibility.REVERSIBLE,
        default_tier=Tier.T0,
        money={"amount": "currency"},
        mapping="m@1",
    )


def facts(books: Books | None) -> Facts:
    return Facts(agent=AgentFacts(id="agt-1", name="bot"), now=NOW, budgets=books)


def ask(wanted: Intent, books: Books | None) -> Decision:
    return decide(wanted, facts(books), RULES, TIERS)


def test_what_fits_goes_and_says_what_to_reserve() -> None:
    books = Books("70")
    decision = ask(intent(30), books)
    assert (decision.outcome, decision.reason) == (Outcome.PROCEED, None)
    assert [(c.budget.name, c.key, c.amount) for c in decision.reservations] == [
        ("euros", "agt-1", 30),
        ("calls", "", 1),
    ]
    assert books.asked == [("euros", "agt-1"), ("calls", "")]
    rows = decision.explanation["budgets"]
    assert [(row["budget"], row["spent"], row["amount"], row["fits"]) for row in rows] == [
        ("euros", "70", "30", True),
        ("calls", "0", "1", True),
    ]


def test_what_does_not_fit_is_refused_and_told_how_much_is_left_and_when_it_frees() -> None:
    decision = ask(intent(30), Books("60.50", "10", ago=3600))
    assert (decision.outcome, decision.reason) == (Outcome.RATE_LIMITED, Reason.BUDGET_EXCEEDED)
    assert decision.rule_id == "spends"
    assert decision.retry_after_seconds == 23 * 3600
    assert decision.hint == (
        "The budget euros has 29.50 EUR of 100.00 EUR in 1d left, and this asks 30.00 EUR. "
        "Enough frees at 2026-03-26T09:00:00Z. Do not retry before. Ask for less, or ask your user."
    )
    assert decision.detail == "budget euros: 30 asked, 29.5 of 100 left"
    assert decision.explanation["budgets"][0]["fits"] is False
    assert [c.fits for c in decision.reservations] == [False, True]


def test_what_calls_under_way_hold_frees_when_they_end() -> None:
    decision = ask(intent(30), Books("0", "80"))
    assert (decision.outcome, decision.retry_after_seconds) == (Outcome.RATE_LIMITED, 60)
    assert "when calls under way have ended" in decision.hint


@pytest.mark.parametrize(
    ("wanted", "books", "told"),
    [
        (intent(101), Books(), "holds 100.00 EUR in 1d, and this alone asks 101.00 EUR"),
        (intent(None), Books(), "does not settle how much it would use (parameters.amount in EUR)"),
        (intent(30, currency="USD"), Books(), "does not settle how much"),
        (intent(-30), Books(), "does not settle how much"),
        (intent(30), None, "cannot be told whose it is"),
    ],
)
def test_what_never_fits_is_denied(wanted: Intent, books: Books | None, told: str) -> None:
    decision = ask(wanted, books)
    assert (decision.outcome, decision.reason) == (Outcome.DENIED, Reason.BUDGET_EXCEEDED)
    assert decision.retry_after_seconds is None
    assert told in decision.hint
    assert len(decision.hint) <= LONGEST


def test_nobody_is_asked_for_what_does_not_fit() -> None:
    fits, does_not = ask(intent(30, "ask"), Books("70")), ask(intent(30, "ask"), Books("71"))
    assert (fits.outcome, does_not.outcome) == (Outcome.HOLD, Outcome.RATE_LIMITED)
    assert fits.requirements is not None
    assert does_not.requirements is None


def test_only_the_rule_that_decides_books() -> None:
    for wanted in (intent(500, "free", n=1), intent(500, "spend", n=13)):
        books = Books("100")
        decision = ask(wanted, books)
        assert decision.reason in (None, Reason.POLICY_DENIED)
        assert (decision.reservations, books.asked) == ((), [])
        assert "budgets" not in decision.explanation


_STOP = "  - {id: stop, when: action == 'spend', then: {action: deny}}\n"


def test_a_field_left_out_leads_past_no_budget() -> None:
    text = """
apiVersion: vienna/v1
kind: Rules
id: p
rules:
  - id: small
    priority: 5
    when: model == 'small'
    then: {action: allow}
    limits: {budget: {name: calls, window: 1h, max: 3, over: count}}
  - {id: any, when: action == 'spend', then: {action: allow}}
"""
    rules = RuleSet.compile([parse(text, name="p.yaml")])
    silent = replace(intent(1), undetermined=frozenset({"model"}))
    for calls, outcome in ((2, Outcome.PROCEED), (3, Outcome.RATE_LIMITED)):
        decision = decide(silent, facts(Books(calls=calls)), rules, TIERS)
        assert (decision.rule_id, decision.outcome) == ("any", outcome)
        assert [claim.budget.name for claim in decision.reservations] == ["calls"]
    stopped = RuleSet.compile(
        [parse(text.replace("id: any,", "id: any, priority: -1,") + _STOP, name="p.yaml")]
    )
    denied = decide(silent, facts(Books(calls=3)), stopped, TIERS)
    assert (denied.reason, denied.reservations) == (Reason.POLICY_DENIED, ())
    other = decide(intent(1, model="large"), facts(Books(calls=3)), rules, TIERS)
    assert (other.outcome, other.reservations) == (Outcome.PROCEED, ())


def test_several_intents_of_one_call_have_to_fit_together() -> None:
    one, other = ask(intent(60), Books()), ask(intent(41), Books())
    assert {one.outcome, other.outcome} == {Outcome.PROCEED}
    whole = combine([one, other])
    assert (whole.outcome, whole.reason) == (Outcome.RATE_LIMITED, Reason.BUDGET_EXCEEDED) or (
        whole.outcome is Outcome.DENIED
    )
    assert "this alone asks 101.00 EUR" in whole.hint
    fitting = combine([one, ask(intent(40), Books())])
    assert fitting.outcome is Outcome.PROCEED
    assert [(c.budget.name, c.amount) for c in fitting.reservations] == [("euros", 100), ("calls", 2)]
    assert [row["amount"] for row in fitting.explanation["budgets"]] == ["100", "2"]


def test_a_call_that_is_refused_for_something_else_is_refused_for_that() -> None:
    denied = ask(intent(1, "spend", n=13), Books())
    whole = combine([ask(intent(60), Books()), ask(intent(60), Books()), denied])
    assert whole.reason is Reason.POLICY_DENIED


def test_more_parts_than_anybody_sends_have_an_answer() -> None:
    part = ask(intent(10**18), Books())
    whole = combine([replace(part, outcome=Outcome.PROCEED, reason=None)] * 1000)
    assert whole.reason is Reason.BUDGET_EXCEEDED
