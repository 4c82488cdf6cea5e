"""Why something was decided so, worked out when somebody asks: most decisions are never explained.

It is JSON data without floats: the rule, its conditions with actual and expected, what could not be told, the inputs
of the tier and of the risk score. It says what the decision was made on: nothing is counted or looked up for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vienna_kernel.budget.claim import Claim
from vienna_kernel.intent import Tier
from vienna_kernel.policy.judge import tell
from vienna_kernel.policy.ruleset import Match, RuleSet
from vienna_kernel.policy.subject import Subject


class Explanation:
    """JSON data that is made once, when it is first read. Equal where the data is; pickled as the data."""

    __slots__ = ("_data", "_tell")

    def __init__(self, tell: Callable[[], dict[str, Any]]) -> None:
        self._tell: Callable[[], dict[str, Any]] | None = tell
        self._data: dict[str, Any] = {}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Explanation:
        """One that is there already."""
        return cls(lambda: dict(data))

    def to_json(self) -> dict[str, Any]:
        if self._tell is not None:
            self._data, self._tell = self._tell(), None
        return self._data

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Explanation) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # it holds plain data, which has none

    def __repr__(self) -> str:
        return f"Explanation.of({self.to_json()!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Explanation.of, (self.to_json(),)


def explain(
    match: Match,
    subject: Subject,
    rules: RuleSet,
    tier: Tier,
    inputs: Sequence[Mapping[str, Any]],
    claims: Sequence[Claim] = (),
) -> Explanation:
    """The explanation of one decision; ``inputs`` are those of its tier, as ``consent.tier_of`` gives them."""

    def told() -> dict[str, Any]:
        data = _told(match, subject)
        data["default"] = rules.default
        data["evaluated"] = match.evaluated
        data["tier"] = {"value": tier.value, "inputs": list(inputs)}
        data["risk"] = subject.risk.to_json()
        if claims:
            data["budgets"] = [claim.to_json() for claim in claims]
        return data

    return Explanation(told)


def together(parts: Sequence[Explanation], claims: Sequence[Claim]) -> Explanation:
    """The explanation of a call of several intents, part by part."""

    def told() -> dict[str, Any]:
        data: dict[str, Any] = {"parts": [part.to_json() for part in parts]}
        return {**data, "budgets": [claim.to_json() for claim in claims]} if claims else data

    return Explanation(told)


def _told(match: Match, subject: Subject) -> dict[str, Any]:
    rule = match.rule
    if rule is None:
        return {"rule": None, "conditions": None, "undetermined": []}
    conditions = tell(rule.tree, subject, rule.tz)
    named = {"id": rule.id, "name": rule.name, "priority": rule.priority, "action": rule.action}
    return {
        "rule": {**named, "source": rule.source},
        "conditions": conditions.data,
        "undetermined": conditions.open,
    }
