"""What one evaluation looks at: an intent, the facts beside it, and what follows from both, worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    """

    __slots__ = (
        "_rates",
        "_risk",
        "_score",
        "currencies",
        "facts",
        "hidden",
        "intent",
        "parameters",
        "spends",
        "undetermined",
    )

    def __init__(self, intent: Intent, facts: Facts, score: Callable[[Intent, Facts], RiskScore]) -> None:
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

    @property
    def risk(self) -> RiskScore:
        if self._risk is None:
            self._risk = self._score(self.intent, self.facts)
        return self._risk

    def rate(self, rule_id: str, window_seconds: int) -> Any:
        """Calls in the window for this rule; None when nobody counts. Asked once for each rule."""
        if self.facts.rate is None:
            return None
        if self._rates is None:
            self._rates = {}
        if rule_id not in self._rates:
            self._rates[rule_id] = self.facts.rate(rule_id, window_seconds)
        return self._rates[rule_id]


def _is_hidden(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(REDACTED)
