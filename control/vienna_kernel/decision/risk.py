"""The risk score, 0 to 100: what an action could cost, how far it reaches, who asks when, and how things stand.

1. Each input is a fraction 0 to 1 times its weight, in tenths of a point; the score is their sum, cut at 100.
2. Inputs only ever add: a trusted agent, a quiet hour, a clean record or a claimed calm take nothing away. So trust
   above the start lowers nothing, however it was earned.
3. A read has nothing to reverse and nothing to pay.
4. What is not known adds where the action could be dangerous (a spend of unknown amount), and nothing where it is only
   context that nobody reports (hours, load, record).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vienna_kernel.decision.facts import Facts
from vienna_kernel.intent import Effect, Intent, Reversibility
from vienna_kernel.policy.clock_time import minutes_of, zone
from vienna_kernel.value import Value, plain_decimal

type Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

DAYS: tuple[Day, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_HARMLESS_COST = 100  # major units; a hundred thousand and more counts in full
_REVERSIBILITY = {
    Reversibility.REVERSIBLE: 0.0,
    Reversibility.COMPENSATABLE: 0.5,
    Reversibility.IRREVERSIBLE: 1.0,
    Reversibility.UNKNOWN: 0.75,
}
_URGENCY = {"low": 0.0, "normal": 0.0, "medium": 0.25, "high": 0.5, "critical": 1.0}
_NEUTRAL_TRUST = 50.0
_CALM_LOAD = 0.5  # up to here a system is not busy
_MANY_INCIDENTS = 5

SYSTEM_LOAD = "system_load"
"""Context: how busy the systems are that would have to bear it, 0 to 1; ours, or claimed."""
RECENT_INCIDENTS = "recent_incidents"
"""Context: how often the agent lost trust within the last day; ours only."""


class Weights(BaseModel):
    """Points that each input adds at most, 0 to 100."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cost_impact: int = Field(40, ge=0, le=100)
    reversibility: int = Field(25, ge=0, le=100)
    blast_radius: int = Field(25, ge=0, le=100)
    urgency: int = Field(10, ge=0, le=100)
    untrusted_agent: int = Field(15, ge=0, le=100)
    outside_hours: int = Field(10, ge=0, le=100)
    system_load: int = Field(5, ge=0, le=100)
    history: int = Field(10, ge=0, le=100)


class Hours(BaseModel):
    """When people work; without it no hour is outside."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    timezone: str
    start: str
    end: str
    days: list[Day] = list(DAYS[:5])

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        zone(name)
        return name

    @field_validator("start", "end")
    @classmethod
    def _time(cls, text: str) -> str:
        minutes_of(text)
        return text

    def hold(self, now: datetime) -> bool:
        """Whether the instant is inside; the end is not."""
        local = now.astimezone(ZoneInfo(self.timezone))
        minute = local.hour * 60 + local.minute
        return DAYS[local.weekday()] in self.days and minutes_of(self.start) <= minute < minutes_of(self.end)


class RiskInput(NamedTuple):
    """One input: how far it applies (0 to 1), what it can add, what it adds, and why.

    Attributes:
        tenths: What it adds, in tenths of a point, so that what is shown adds up to the score.
    """

    name: str
    value: float
    weight: int
    why: str

    @property
    def tenths(self) -> int:
        return math.floor(self.value * self.weight * 10 + 0.5)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": f"{self.value:.2f}",
            "weight": self.weight,
            "points": f"{self.tenths // 10}.{self.tenths % 10}",
            "why": self.why,
        }


class RiskScore(NamedTuple):
    """``value`` 0 to 100, and every input with its weight."""

    value: int
    inputs: Sequence[RiskInput]

    def to_json(self) -> dict[str, Any]:
        return {"score": self.value, "inputs": [row.to_json() for row in self.inputs]}


def score(intent: Intent, facts: Facts, weights: Weights, hours: Hours | None = None) -> RiskScore:
    """The risk of one intent."""
    inputs = (
        RiskInput("cost_impact", *_cost(intent, weights.cost_impact)),
        RiskInput("reversibility", *_reversibility(intent, weights.reversibility)),
        RiskInput("blast_radius", *_blast_radius(intent, weights.blast_radius)),
        RiskInput("urgency", *_urgency(facts, weights.urgency)),
        RiskInput("untrusted_agent", *_trust(facts, weights.untrusted_agent)),
        RiskInput("outside_hours", *_outside(facts, hours, weights.outside_hours)),
        RiskInput("system_load", *_load(facts, weights.system_load)),
        RiskInput("history", *_history(facts, weights.history)),
    )
    # halves round up, so that a score never falls below its band by rounding
    return RiskScore(min(100, (sum(row.tenths for row in inputs) + 5) // 10), inputs)


def _cost(intent: Intent, weight: int) -> tuple[float, int, str]:
    if intent.cost is None:
        if intent.effect is Effect.SPEND:
            return 1.0, weight, "it spends, and nobody knows how much"
        return 0.0, weight, "no cost is known to follow"
    amount = abs(intent.cost.amount)
    if amount <= _HARMLESS_COST:
        share = 0.0
    else:
        share = min(1.0, math.log10(float(min(amount / _HARMLESS_COST, Decimal(1000)))) / 3)
    return share, weight, f"{plain_decimal(amount)} {intent.cost.currency}"


def _reversibility(intent: Intent, weight: int) -> tuple[float, int, str]:
    if intent.effect is Effect.READ:
        return 0.0, weight, "a read has nothing to reverse"
    return _REVERSIBILITY[intent.reversibility], weight, intent.reversibility.value


def _blast_radius(intent: Intent, weight: int) -> tuple[float, int, str]:
    count = max(1, intent.blast_radius)
    return min(1.0, math.log10(min(count, 1000)) / 3), weight, f"touches {count}"


def _urgency(facts: Facts, weight: int) -> tuple[float, int, str]:
    words = [str(source.get("urgency", "")).lower() for source in (facts.context, facts.claimed)]
    word = max(words, key=lambda name: _URGENCY.get(name, 0.0))
    return _URGENCY.get(word, 0.0), weight, f"urgency {word or 'not given'}"


def _trust(facts: Facts, weight: int) -> tuple[float, int, str]:
    trust = facts.agent.trust
    return max(0.0, min(1.0, (_NEUTRAL_TRUST - trust) / _NEUTRAL_TRUST)), weight, f"trust {trust:g}"


def _outside(facts: Facts, hours: Hours | None, weight: int) -> tuple[float, int, str]:
    if hours is None:
        return 0.0, weight, "no working hours are configured"
    inside = hours.hold(facts.now)
    return (0.0, weight, "inside working hours") if inside else (1.0, weight, "outside working hours")


def _load(facts: Facts, weight: int) -> tuple[float, int, str]:
    said = [_fraction(source.get(SYSTEM_LOAD)) for source in (facts.context, facts.claimed)]
    known = [load for load in said if load is not None]
    if not known:
        return 0.0, weight, "no system load is reported"
    load = max(known)
    return max(0.0, (load - _CALM_LOAD) / (1 - _CALM_LOAD)), weight, f"system load {load:.2f}"


def _fraction(value: Value) -> float | None:
    """A number cut to 0 and 1; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or not Decimal(value).is_finite():
        return None
    return float(min(Decimal(1), max(Decimal(0), Decimal(value))))


def _history(facts: Facts, weight: int) -> tuple[float, int, str]:
    count = facts.context.get(RECENT_INCIDENTS)
    if isinstance(count, bool) or not isinstance(count, int):
        return 0.0, weight, "no record is kept"
    return min(1.0, max(0, count) / _MANY_INCIDENTS), weight, f"lost trust {count} times within a day"
