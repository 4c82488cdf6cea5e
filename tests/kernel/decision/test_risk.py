"""The risk score: each input, its bounds, and that the numbers give sensible tiers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    return {row.name: row.points for row in score(intent, facts, Weights(), hours).inputs}


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
    assert found == pytest.approx([0, 0, 40 / 3, 80 / 3, 40, 40])


def test_money_of_unknown_amount_counts_in_full() -> None:
    assert points(replace(REFUND, cost=None))["cost_impact"] == 40
    assert points(replace(READ, cost=None))["cost_impact"] == 0


def test_reversibility_and_blast_radius() -> None:
    write = replace(REFUND, effect=Effect.WRITE, cost=None)
    found = [points(replace(write, reversibility=word))["reversibility"] for word in Reversibility]
    assert found == [0, 12.5, 25, 18.75]
    found = [
        points(replace(write, blast_radius=count))["blast_radius"] for count in (-1, 0, 1, 10, 1000, 10**9)
    ]
    assert found == pytest.approx([0, 0, 0, 25 / 3, 25, 25])


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


def test_the_explanation_holds_every_input_without_floats() -> None:
    told = score(REFUND, FACTS, Weights()).to_json()
    assert told["score"] == 48
    assert [row["name"] for row in told["inputs"]] == list(Weights.model_fields)
    assert told["inputs"][0] == {
        "name": "cost_impact", "value": "0.57", "weight": 40, "points": "22.7", "why": "5000 EUR",
    }  # fmt: skip


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
