"""The risk score: each input, its bounds, and that the numbers give sensible tiers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal
from itertools import product
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mutant import must_die
from vienna_kernel.decision import risk
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import Hours, Weights, score
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier

READ = Intent(
    action="get_order",
    target="orders",
    parameters={},
    effect=Effect.READ,
    reversibility=Reversibility.UNKNOWN,
    default_tier=Tier.T0,
    mapping="toy@1",
)
REFUND = replace(
    READ, effect=Effect.SPEND, reversibility=Reversibility.IRREVERSIBLE, cost=Cost(Decimal(5000), "EUR")
)
FACTS = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=datetime(2026, 3, 25, 10, tzinfo=UTC))
HOURS = Hours(timezone="Europe/Vienna", start="08:00", end="18:00")


def points(intent: Intent, facts: Facts = FACTS, hours: Hours | None = None) -> dict[str, float]:
    return {row.name: row.tenths / 10 for row in score(intent, facts, Weights(), hours).inputs}


def trusted(trust: float) -> Facts:
    return replace(FACTS, agent=replace(FACTS.agent, trust=trust))


def test_a_read_by_an_ordinary_agent_is_no_risk() -> None:
    assert score(READ, FACTS, Weights()).value == 0


def test_even_an_untrusted_read_at_night_stays_in_the_lowest_band() -> None:
    night = replace(trusted(0), now=datetime(2026, 3, 25, 2, tzinfo=UTC))
    assert score(READ, night, Weights(), HOURS).value == 25


def test_money_counts_from_a_hundred_to_a_hundred_thousand() -> None:
    amounts = [0, 100, 1000, 10_000, 100_000, 10**9]
    found = [points(replace(REFUND, cost=Cost(Decimal(n), "EUR")))["cost_impact"] for n in amounts]
    assert found == [0, 0, 13.3, 26.7, 40, 40]


def test_money_of_unknown_amount_counts_in_full() -> None:
    assert points(replace(REFUND, cost=None))["cost_impact"] == 40
    assert points(replace(READ, cost=None))["cost_impact"] == 0


def test_reversibility_and_blast_radius() -> None:
    write = replace(REFUND, effect=Effect.WRITE, cost=None)
    found = [points(replace(write, reversibility=word))["reversibility"] for word in Reversibility]
    assert found == [0, 12.5, 25, 18.8]
    found = [
        points(replace(write, blast_radius=count))["blast_radius"] for count in (-1, 0, 1, 10, 1000, 10**9)
    ]
    assert found == [0, 0, 0, 8.3, 25, 25]


def test_trust_below_the_start_adds_and_above_it_takes_nothing() -> None:
    found = [points(READ, trusted(trust))["untrusted_agent"] for trust in (0, 25, 50, 75, 100)]
    assert found == [15, 7.5, 0, 0, 0]


def test_claimed_urgency_only_adds() -> None:
    assert points(READ, replace(FACTS, claimed={"urgency": "critical"}))["urgency"] == 10
    assert (
        points(READ, replace(FACTS, context={"urgency": "high"}, claimed={"urgency": "low"}))["urgency"] == 5
    )
    assert points(READ, replace(FACTS, claimed={"urgency": ["x"]}))["urgency"] == 0


@pytest.mark.parametrize(
    ("at", "outside"),
    [
        (datetime(2026, 3, 25, 7, 0, tzinfo=UTC), 0),  # eight in Vienna
        (datetime(2026, 3, 25, 6, 59, tzinfo=UTC), 10),
        (datetime(2026, 3, 25, 17, 0, tzinfo=UTC), 10),  # six in Vienna
        (datetime(2026, 3, 28, 10, 0, tzinfo=UTC), 10),  # a Saturday
    ],
)
def test_hours(at: datetime, outside: float) -> None:
    assert points(READ, replace(FACTS, now=at), HOURS)["outside_hours"] == outside


@pytest.mark.parametrize(
    ("hour", "minute", "inside"),
    [
        (8, 29, False),
        (8, 30, True),
        (8, 59, True),
        (12, 0, True),
        (17, 44, True),
        (17, 45, False),
        (0, 0, False),
    ],
)
def test_hours_to_the_minute(hour: int, minute: int, inside: bool) -> None:
    half = Hours(timezone="UTC", start="08:30", end="17:45")
    assert half.hold(datetime(2026, 3, 25, hour, minute, tzinfo=UTC)) is inside


@pytest.mark.parametrize("name", Weights.model_fields)
def test_a_weight_is_at_most_a_hundred(name: str) -> None:
    assert getattr(Weights(**{name: 100}), name) == 100
    for wrong in (-1, 101):
        with pytest.raises(ValidationError):
            Weights(**{name: wrong})


def test_each_input_says_why() -> None:
    def why(facts: Facts) -> dict[str, str]:
        return {row.name: row.why for row in score(READ, facts, Weights()).inputs}

    assert why(FACTS) == {
        "cost_impact": "no cost is known to follow",
        "reversibility": "a read has nothing to reverse",
        "blast_radius": "touches 1",
        "urgency": "urgency not given",
        "untrusted_agent": "trust 50",
        "outside_hours": "no working hours are configured",
        "system_load": "no system load is reported",
        "history": "no record is kept",
    }
    said = replace(
        FACTS, claimed={"urgency": "critical"}, context={"system_load": Decimal("0.9"), "recent_incidents": 2}
    )
    told = why(said)
    assert told["urgency"] == "urgency critical"
    assert told["system_load"] == "system load 0.90"
    assert told["history"] == "lost trust 2 times within a day"


def test_the_explanation_holds_every_input_without_floats() -> None:
    told = score(REFUND, FACTS, Weights()).to_json()
    assert told["score"] == 48
    assert [row["name"] for row in told["inputs"]] == list(Weights.model_fields)
    assert told["inputs"][0] == {
        "name": "cost_impact", "value": "0.57", "weight": 40, "points": "22.7", "why": "5000 EUR",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("load", "adds"),
    [
        (None, 0), ("0.9", 0), (True, 0), (Decimal("NaN"), 0), (Decimal("0.5"), 0), (Decimal("0.75"), 2.5),
        (1, 5), (Decimal("0.99"), 4.9), (85, 5), (-3, 0),
    ],
)  # fmt: skip
def test_a_busy_system_adds_where_its_load_is_reported(load: Any, adds: float) -> None:
    for source in ({"context": {"system_load": load}}, {"claimed": {"system_load": load}}):
        assert points(READ, replace(FACTS, **source))["system_load"] == adds


def test_a_claimed_calm_takes_nothing_from_what_we_know() -> None:
    busy = replace(FACTS, context={"system_load": 1}, claimed={"system_load": 0})
    assert points(READ, busy)["system_load"] == 5


@pytest.mark.parametrize(
    ("count", "adds"),
    [(None, 0), (0, 0), (1, 2), (4, 8), (5, 10), (10**9, 10), (-1, 0), ("5", 0), (True, 0)],
)
def test_lost_trust_adds_for_a_day(count: Any, adds: float) -> None:
    assert points(READ, replace(FACTS, context={"recent_incidents": count}))["history"] == adds
    assert points(READ, replace(FACTS, claimed={"recent_incidents": count}))["history"] == 0


# Laws over a small space: each input from low to high, each combination of them.

DIMENSIONS: dict[str, tuple[Any, ...]] = {
    "cost": (Decimal(0), Decimal(500), Decimal(10**6)),
    "reversibility": (
        Reversibility.REVERSIBLE, Reversibility.COMPENSATABLE, Reversibility.UNKNOWN, Reversibility.IRREVERSIBLE,
    ),
    "radius": (1, 5000),
    "urgency": ("low", "high", "critical"),
    "trust": (100.0, 50.0, 20.0, 0.0),
    "hour": (10, 2),
    "load": (None, Decimal("0.9")),
    "incidents": (0, 3),
}  # fmt: skip
EFFECTS = (Effect.READ, Effect.WRITE, Effect.SPEND)
LEVELS = [range(len(levels)) for levels in DIMENSIONS.values()]


def scored(m: ModuleType, effect: Effect, at: tuple[int, ...], weights: Any = None) -> Any:
    said = {name: levels[i] for (name, levels), i in zip(DIMENSIONS.items(), at, strict=True)}
    intent = replace(
        REFUND,
        effect=effect,
        cost=Cost(said["cost"], "EUR"),
        reversibility=said["reversibility"],
        blast_radius=said["radius"],
    )
    facts = replace(
        trusted(said["trust"]),
        now=datetime(2026, 3, 25, said["hour"], tzinfo=UTC),
        context={
            "urgency": said["urgency"],
            "system_load": said["load"],
            "recent_incidents": said["incidents"],
        },
    )
    return m.score(intent, facts, weights or m.Weights(), m.Hours(**HOURS.model_dump()))


def law_monotone(m: ModuleType) -> int:
    """Whatever else holds: an input that rises never lowers the score, which stays within 0 and 100."""
    values = {(effect, at): scored(m, effect, at).value for effect in EFFECTS for at in product(*LEVELS)}
    rose = 0
    for (effect, at), value in values.items():
        assert 0 <= value <= 100
        for place, level in enumerate(at):
            if level:
                lower = values[effect, (*at[:place], level - 1, *at[place + 1 :])]
                assert lower <= value, (effect, at, place)
                rose += lower < value
    return rose


def law_explained(m: ModuleType) -> int:
    """What the explanation shows adds up to the score: halves up, cut at 100."""
    cut = 0
    every = m.Weights(**dict.fromkeys(m.Weights.model_fields, 100))
    for weights in (m.Weights(), every, m.Weights(**dict.fromkeys(m.Weights.model_fields, 7))):
        for effect, at in product(EFFECTS, list(product(*LEVELS))[::13]):
            found = scored(m, effect, at, weights)
            assert all(abs(row.tenths / 10 - row.value * row.weight) < 0.0501 for row in found.inputs)
            told = found.to_json()
            rows = told["inputs"]
            total = sum(Decimal(row["points"]) for row in rows)
            assert [row["name"] for row in rows] == list(m.Weights.model_fields)
            assert all(row["why"] and 0 <= Decimal(row["points"]) <= row["weight"] for row in rows)
            assert told["score"] == min(100, int((total + Decimal("0.5")).to_integral_value(ROUND_FLOOR)))
            cut += total > 100
    return cut


def law_weights(m: ModuleType) -> int:
    """A heavier weight lowers nothing, and a weight of zero silences its input and no other."""
    moved = 0
    high = tuple(len(levels) - 1 for levels in DIMENSIONS.values())
    for effect, name in product(EFFECTS, m.Weights.model_fields):
        light, heavy = (
            scored(m, effect, high, m.Weights(**{**dict.fromkeys(m.Weights.model_fields, 5), name: weight}))
            for weight in (0, 10)
        )
        for one, two in zip(light.inputs, heavy.inputs, strict=True):
            assert one.tenths <= two.tenths
            assert one.tenths == (0 if one.name == name else two.tenths)
        assert light.value <= heavy.value
        moved += light.value < heavy.value
    return moved


def law_trust(m: ModuleType) -> int:
    """From the start upwards trust changes nothing, whoever earned it how; below it, it adds."""
    start = [scored_at_trust(m, 50, at) for at in product(*LEVELS)][::7]
    for trust in (50.1, 60, 75, 99.9, 100):
        assert [scored_at_trust(m, trust, at) for at in product(*LEVELS)][::7] == start
    return sum(scored_at_trust(m, 0, at) > scored_at_trust(m, 50, at) for at in list(product(*LEVELS))[::7])


def scored_at_trust(m: ModuleType, trust: float, at: tuple[int, ...]) -> int:
    if at[4]:  # the level of trust is what is varied here
        return 0
    intent = replace(
        REFUND, cost=Cost(DIMENSIONS["cost"][at[0]], "EUR"), blast_radius=DIMENSIONS["radius"][at[2]]
    )
    value: int = m.score(intent, trusted(trust), m.Weights()).value
    return value


@pytest.mark.parametrize(
    ("law", "least"),
    [(law_monotone, 8_000), (law_explained, 300), (law_weights, 20), (law_trust, 50)],
    ids=lambda law: getattr(law, "__name__", None),
)
def test_law(law: Any, least: int) -> None:
    assert law(risk) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_monotone, "min(100, (sum(", "((sum("),
        (law_monotone, "_NEUTRAL_TRUST - trust) /", "trust - _NEUTRAL_TRUST) /"),
        (law_monotone, "Reversibility.UNKNOWN: 0.75", "Reversibility.UNKNOWN: 0.25"),
        (law_monotone, '"critical": 1.0', '"critical": 0.25'),
        (law_monotone, "(1.0, weight, \"outside working hours\")", "(-1.0, weight, \"outside working hours\")"),
        (law_monotone, "max(0.0, (load - _CALM_LOAD)", "-max(0.0, (load - _CALM_LOAD)"),
        (law_monotone, "min(1.0, max(0, count) / _MANY_INCIDENTS)", "-min(1.0, max(0, count) / _MANY_INCIDENTS)"),
        (law_explained, "+ 0.5)\n\n    def to_json", "+ 0.9)\n\n    def to_json"),
        (law_explained, "+ 5) // 10)", "+ 4) // 10)"),
        (law_explained, "+ 5) // 10)", "+ 9) // 10)"),
        (law_explained, "{self.tenths % 10}", "0"),
        (law_explained, '        RiskInput("history", *_history(facts, weights.history)),\n', ""),
        (law_weights, "weights.system_load)),", "weights.history)),"),
        (law_weights, "self.value * self.weight * 10", "self.value * 10"),
        (law_trust, "max(0.0, min(1.0, (_NEUTRAL_TRUST", "(min(1.0, (_NEUTRAL_TRUST"),
        (law_trust, "_NEUTRAL_TRUST = 50.0", "_NEUTRAL_TRUST = 60.0"),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, risk, old, new)


@given(
    st.decimals(-(10**12), 10**12, places=2),
    st.integers(-5, 10**9),
    st.floats(-10, 200),
    st.sampled_from(Effect),
    st.sampled_from(Reversibility),
)
def test_the_score_has_bounds(
    amount: Decimal, radius: int, trust: float, effect: Effect, back: Reversibility
) -> None:
    intent = replace(REFUND, cost=Cost(amount, "EUR"), blast_radius=radius, effect=effect, reversibility=back)
    assert 0 <= score(intent, trusted(trust), Weights(), HOURS).value <= 100
