"""The subject: what is hidden, what is worked out once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.operand import kind_of
from vienna_kernel.policy.subject import Subject

INTENT = Intent(
    action="a",
    target="t",
    parameters={"iban": "AT61", "note": "x"},
    effect=Effect.SPEND,
    reversibility=Reversibility.UNKNOWN,
    default_tier=Tier.T0,
    undetermined=frozenset({"u"}),
    redacted=frozenset({"iban", "gone"}),
)
FACTS = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=datetime(2026, 3, 25, tzinfo=UTC))


def test_only_what_is_really_redacted_is_hidden() -> None:
    def hidden(intent: Intent) -> tuple[frozenset[str], frozenset[str]]:
        subject = Subject(intent, FACTS, lambda _intent, _facts: RiskScore(0, ()))
        return subject.hidden, subject.undetermined

    assert hidden(INTENT) == (frozenset(), frozenset({"u"}))
    assert hidden(INTENT.redact(b"key")) == (frozenset({"iban"}), frozenset({"u", "iban"}))
    assert isinstance(INTENT.redact(b"key").parameters["iban"], str)
    assert kind_of(INTENT.redact(b"key").parameters["iban"]) is not None


def test_the_score_and_each_rate_are_worked_out_once() -> None:
    asked: list[str] = []

    def score(_intent: Intent, _facts: Facts) -> RiskScore:
        asked.append("score")
        return RiskScore(7, ())

    def rate(rule: str, _window: int) -> int:
        asked.append(rule)
        return 3

    subject = Subject(INTENT, replace(FACTS, rate=rate), score)
    assert [subject.risk.value, subject.risk.value] == [7, 7]
    assert [subject.rate("r", 60), subject.rate("r", 60), subject.rate("s", 60)] == [3, 3, 3]
    assert asked == ["score", "r", "s"]
    assert Subject(INTENT, FACTS, score).rate("r", 60) is None
