"""The sieve: it rules out only what would answer False, and does rule it out."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy_kit
from vienna_kernel.decision.facts import Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.document import Document
from vienna_kernel.intent import Intent
from vienna_kernel.policy.condition import Node, Reader
from vienna_kernel.policy.judge import compile_tree
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.sieve import Sieve, places
from vienna_kernel.policy.subject import Subject

ZONES = [ZoneInfo(name) for name in policy_kit.ZONES]


def subject(intent: Intent, facts: Facts) -> Subject:
    return Subject(intent, facts, lambda _intent, _facts: RiskScore(policy_kit.RISK, ()))


def tree(data: Any, tz: ZoneInfo = ZONES[0]) -> Node:
    reader = Reader(rule_id="r", window_seconds=60, tz=tz)
    node = reader.read(data, ("when",))
    assert reader.complaints == []
    return node


LEAVES = st.one_of(
    policy_kit.numbers("n", "parameters.n", "parameters.amount", "amount", "cost_impact", "risk_score", "s"),
    policy_kit.MONEY,
    policy_kit.MONEY,
    policy_kit.texts("s", "parameters.s", "parameters.m.k", "target.host", "region", "amount", "environment"),
    policy_kit.HOURS,
    policy_kit.TREES,
)


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[Node, ZoneInfo]]:
    """Many rules made of a handful of tests, so that tables pay; each rule in its own time zone."""
    handful = draw(st.lists(LEAVES, min_size=2, max_size=6))
    chance = random.Random(draw(st.integers(0, 2**32)))
    made = []
    for _ in range(draw(st.sampled_from([3, 13, 40]))):
        tz = chance.choice(ZONES)
        parts = chance.sample(handful, chance.randint(0, 2))
        day = {"field": "day_of_week", "operator": "equals", "value": chance.choice(policy_kit.DAYS)}
        made.append((tree([*parts, *([day] if chance.random() < 0.5 else [])], tz), tz))
    return made


@policy_kit.LAW
@given(trees(), policy_kit.SUBJECTS)
def test_what_is_ruled_out_is_false(
    trees: list[tuple[Node, ZoneInfo]], subjects: list[tuple[Intent, Facts]]
) -> None:
    sieve = Sieve([node for node, _ in trees])
    for intent, facts in subjects:
        left = sieve.left(subject(intent, facts))
        for at, (node, tz) in enumerate(trees):
            if left >= 0 and not left >> at & 1:
                assert compile_tree(node, tz)(subject(intent, facts)) is False


@policy_kit.LAW
@given(trees(), policy_kit.intents(), policy_kit.facts())
def test_it_counts_no_call(trees: list[tuple[Node, ZoneInfo]], intent: Intent, facts: Facts) -> None:
    def rate(_rule: str, _window: int) -> int:
        pytest.fail("nobody had come as far as a rate")

    Sieve([node for node, _ in trees]).left(subject(intent, replace(facts, rate=rate)))


HERE = subject(
    Intent.from_json(
        {
            "action": "a",
            "target": "t",
            "parameters": {},
            "effect": "write",
            "reversibility": "unknown",
            "default_tier": "T0",
        }
    ),
    Facts(agent=policy_kit.AgentFacts(id="agt-1", name="bot"), now=policy_kit.NOW),
)
NUMERIC = [
    *(
        {"field": "v", "operator": word, "value": 5}
        for word in ("equals", "not_equals", "gt", "gte", "lt", "lte")
    ),
    *({"field": "v", "operator": word, "value": [3, 7]} for word in ("between", "in", "not_in")),
    {"field": "v", "operator": "in", "value": [7, 3]},
]
TESTS = [
    *NUMERIC,
    *({**one, "currency": "EUR"} for one in NUMERIC),
    *(
        {"field": "v", "operator": word, "value": "x"}
        for word in ("equals", "not_equals", "contains", "matches")
    ),
    *({"field": "v", "operator": word, "value": ["x", "y"]} for word in ("in", "not_in")),
    {"field": "v", "operator": "equals", "value": True},
    *({"field": "v", "operator": word} for word in ("exists", "not_exists")),
]
VALUES = [
    0,
    3,
    4,
    5,
    6,
    7,
    9,
    Decimal("5.5"),
    Decimal("NaN"),
    "5",
    "x",
    "y",
    "z",
    True,
    ["x"],
    {"k": 1},
    None,
]
SAME = ["v == 5", "v between [3, 7] EUR", "v == 'y'", "v > 6", "z exists"]


@pytest.mark.parametrize("other", SAME)
def test_over_every_operator_value_and_currency(other: str) -> None:
    """Two rules that test one field and one that does not, over the whole small space."""
    for data in TESTS:
        nodes = [tree(data), tree("z exists"), tree(other)]
        sieve = Sieve(nodes)
        judges = [compile_tree(node, ZONES[0]) for node in nodes]
        for value, money, currency in product(
            VALUES, [{}, {"v": "currency"}, {"v": "EUR"}], ["EUR", "USD", None]
        ):
            parameters = {"v": value, "currency": currency, "z": 1}
            for declared in (frozenset({"v"}), frozenset()):
                intent = replace(HERE.intent, parameters=parameters, money=money, undetermined=declared)
                one = subject(intent, HERE.facts)
                left = sieve.left(one)
                out = [judge(one) for at, judge in enumerate(judges) if left >= 0 and not left >> at & 1]
                assert set(out) <= {False}, (data, other, value, money, currency)


LADDER = [tree(f"n > {at} AND s in ['x{at}', 'y']") for at in range(100)]


@pytest.mark.parametrize(
    ("parameters", "left"),
    [
        ({"n": 3, "s": "x1"}, [1]),
        ({"n": 3, "s": "y"}, [0, 1, 2, 3]),  # 3 > 3 is left for the rule itself to answer
        ({"n": 3, "s": "z"}, []),
        ({"n": Decimal("-0.5"), "s": "y"}, []),
        ({"n": "3", "s": "y"}, list(range(100))),  # no number: nobody can tell
        ({"n": 3}, []),  # the action does not declare it
    ],
)
def test_on_each_field_it_leaves_those_whose_test_may_hold(
    parameters: dict[str, Any], left: list[int]
) -> None:
    one = subject(replace(HERE.intent, parameters=parameters), HERE.facts)
    assert list(places(Sieve(LADDER).left(one))) == left


def test_what_is_left_out_rules_out_none() -> None:
    one = subject(replace(HERE.intent, parameters={"s": "y"}, undetermined=frozenset({"n"})), HERE.facts)
    assert list(places(Sieve(LADDER).left(one))) == list(range(100))


def test_where_nothing_tells_rules_apart_there_is_none() -> None:
    assert not Sieve(
        [tree("n exists"), tree("rate > 5"), tree("NOT s == 'x'"), tree("day_of_week == 'monday'")]
    )
    assert Sieve([]).left(HERE) < 0


def test_ten_thousand_bounds_stay_a_small_table() -> None:
    node = [tree(f"n between [{at}, {at + 1}]") for at in range(2000)]
    one = subject(replace(HERE.intent, parameters={"n": 1234}), HERE.facts)
    left = list(places(Sieve(node).left(one)))
    assert {1233, 1234} <= set(left)
    assert len(left) <= 20


@policy_kit.LAW
@given(st.integers(0, 2**200))
def test_places_are_those_of_the_bits(bits: int) -> None:
    assert list(places(bits)) == [at for at in range(bits.bit_length()) if bits >> at & 1]


def test_a_rule_set_with_a_sieve_asks_few() -> None:
    made = [
        {"id": f"r{at}", "when": f"action == 'a' AND n > {at}", "then": {"action": "deny"}}
        for at in range(1000)
    ]
    rules = RuleSet.compile([Document("p.yaml", policy_kit.page(made).data, {})])
    assert rules.evaluate(subject(replace(HERE.intent, parameters={"n": 0}), HERE.facts)).evaluated <= 2
