"""What one evaluation looks at: an intent, the facts beside it, and what follows from both, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vienna_kernel.budget.account import Account
from vienna_kernel.budget.amount import amount_of, key_of
from vienna_kernel.budget.claim import Claim
from vienna_kernel.budget.definition import Budget
from vienna_kernel.decision.facts import Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.intent import Effect, Intent

REDACTED = "[redacted "


class Subject:
    """One intent under judgement.

    Attributes:
        parameters: Of the intent.
        undetermined: Declared names without a known value, those that redaction hides among them.
        hidden: Names whose values are here only as keyed hashes.
        currencies: Codes that were looked up, by the name of the amount.
        spends: The action moves money, whether or not it is known how much.
        budgets: By name, those that are defined.
    """

    __slots__ = (
        "_accounts",
        "_closed",
        "_rates",
        "_risk",
        "_score",
        "budgets",
        "currencies",
        "facts",
        "hidden",
        "intent",
        "parameters",
        "spends",
        "undetermined",
    )

    def __init__(
        self,
        intent: Intent,
        facts: Facts,
        score: Callable[[Intent, Facts], RiskScore],
        budgets: Mapping[str, Budget] | None = None,
    ) -> None:
        self.intent = intent
        self.facts = facts
        self.parameters = intent.parameters
        self.undetermined = intent.undetermined
        self.hidden: frozenset[str] = frozenset()
        self.spends = intent.effect is Effect.SPEND
        if intent.redacted:
            self.hidden = frozenset(
                name for name in intent.redacted if _is_hidden(intent.parameters.get(name))
            )
            self.undetermined |= self.hidden
        self.currencies: dict[str, Any] = {}
        self._score = score
        self._risk: RiskScore | None = None
        self._rates: dict[str, int] | None = None
        self.budgets = budgets if budgets is not None else {}
        self._accounts: dict[str, Account | None] | None = None
        self._closed = False

    def close(self) -> None:
        """The decision is made: what it did not ask for is neither counted nor looked up any more."""
        self._closed = True

    @property
    def risk(self) -> RiskScore:
        if self._risk is None:
            self._risk = self._score(self.intent, self.facts)
        return self._risk

    def rate(self, rule_id: str, window_seconds: int) -> Any:
        """Calls in the window for this rule; None when nobody counts. Asked once for each rule, until closed."""
        if self.facts.rate is None:
            return None
        if self._rates is None:
            self._rates = {}
        if rule_id not in self._rates:
            if self._closed:
                return None
            self._rates[rule_id] = self.facts.rate(rule_id, window_seconds)
        return self._rates[rule_id]

    def account(self, name: str) -> Account | None:
        """This call's account of a budget; None when nobody keeps books, or it cannot be told whose it is."""
        if self._accounts is None:
            self._accounts = {}
        if name not in self._accounts:
            if self._closed:
                return None
            self._accounts[name] = self._booked(self.budgets[name])
        return self._accounts[name]

    def unasked(self, name: str) -> bool:
        """Whether the decision was made without looking into this budget's books."""
        return self._closed and name not in (self._accounts or {})

    def _booked(self, budget: Budget) -> Account | None:
        key = key_of(budget, self.intent, self.facts.agent.id)
        return None if key is None or self.facts.budgets is None else self.facts.budgets(budget, key)

    def claim(self, name: str) -> Claim:
        """What this call asks of a budget."""
        budget = self.budgets[name]
        return Claim(
            budget=budget,
            key=key_of(budget, self.intent, self.facts.agent.id),
            amount=amount_of(budget, self.intent),
            account=self.account(name),
        )


def _is_hidden(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(REDACTED)
