"""What a condition tree answers: every operator on every kind of value, three-valued groups, and what leaving a field
out can never do.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy_kit
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.condition import Group, Leaf, Node, Not, Reader
from vienna_kernel.policy.judge import compile_tree, explain, tell
from vienna_kernel.policy.operators import OPERATORS
from vienna_kernel.policy.subject import Subject

VIENNA = ZoneInfo("Europe/Vienna")
FACTS = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=policy_kit.NOW, rate=lambda _rule, _window: 5)
INTENT = Intent(
    action="a",
    target="t",
    parameters={},
    effect=Effect.WRITE,
    reversibility=Reversibility.REVERSIBLE,
    default_tier=Tier.T0,
    mapping="m@1",
)


def subject(intent: Intent, facts: Facts = FACTS) -> Subject:
    return Subject(intent, facts, lambda _intent, _facts: RiskScore(policy_kit.RISK, ()))


def tree(data: Any) -> Node:
    reader = Reader(rule_id="r", window_seconds=60, tz=VIENNA)
    node = reader.read(data, ("when",))
    assert reader.complaints == []
    return node


def ask(data: Any, intent: Intent = INTENT, facts: Facts = FACTS) -> bool | None:
    return compile_tree(tree(data), VIENNA)(subject(intent, facts))


LETTERS = {"T": True, "F": False, "?": None}

HELD: dict[str, Intent] = {
    **{
        name: replace(INTENT, parameters={"v": value})
        for name, value in {
            "'a'": "a",
            "'b'": "b",
            "5": 5,
            "7.5": Decimal("7.5"),
            "true": True,
            "'10:30'": "10:30",
            "['a']": ["a"],
            "['b', 5]": ["b", 5],
            "{k: a}": {"k": "a"},
        }.items()
    },
    "left out": replace(INTENT, undetermined=frozenset({"v"})),
    "not declared": INTENT,
    "hidden": replace(INTENT, parameters={"v": "a"}, redacted=frozenset({"v"})).redact(b"key"),
}

# One letter for each of the values above: true, false, undetermined.
ANSWERS: list[tuple[str, Any, str]] = [
    # operator     operand            'a''b' 5 7.5 tr 10: [a][b5]{k} out not hid
    ("equals",       "a",             "T F ? ? ? F ? ? ? ? F ?"),
    ("equals",       5,               "? ? T F ? ? ? ? ? ? F ?"),
    ("equals",       Decimal("7.50"), "? ? F T ? ? ? ? ? ? F ?"),
    ("equals",       True,            "? ? ? ? T ? ? ? ? ? F ?"),
    ("equals",       "5",             "F F ? ? ? F ? ? ? ? F ?"),
    ("not_equals",   "a",             "F T ? ? ? T ? ? ? ? F ?"),
    ("not_equals",   5,               "? ? F T ? ? ? ? ? ? F ?"),
    ("not_equals",   False,           "? ? ? ? T ? ? ? ? ? F ?"),
    ("contains",     "a",             "T F ? ? ? F T ? ? ? F ?"),
    ("contains",     "b",             "F T ? ? ? F F T ? ? F ?"),
    ("contains",     5,               "? ? ? ? ? ? ? T ? ? F ?"),
    ("contains",     True,            "? ? ? ? ? ? ? ? ? ? F ?"),
    ("gt",           5,               "? ? F T ? ? ? ? ? ? F ?"),
    ("lt",           Decimal("7.5"),  "? ? T F ? ? ? ? ? ? F ?"),
    ("gte",          5,               "? ? T T ? ? ? ? ? ? F ?"),
    ("gte",          Decimal("7.51"), "? ? F F ? ? ? ? ? ? F ?"),
    ("lte",          5,               "? ? T F ? ? ? ? ? ? F ?"),
    ("in",           ["a", "c"],      "T F ? ? ? F ? ? ? ? F ?"),
    ("in",           [5, 6],          "? ? T F ? ? ? ? ? ? F ?"),
    ("in",           [True],          "? ? ? ? T ? ? ? ? ? F ?"),
    ("not_in",       ["a", "c"],      "F T ? ? ? T ? ? ? ? F ?"),
    ("not_in",       [5, 6],          "? ? F T ? ? ? ? ? ? F ?"),
    ("matches",      "^[a]$",         "T F ? ? ? F ? ? ? ? F ?"),
    ("matches",      "0",             "F F ? ? ? T ? ? ? ? F ?"),
    ("between",      [5, 7],          "? ? T F ? ? ? ? ? ? F ?"),
    ("between",      [6, Decimal("7.5")], "? ? F T ? ? ? ? ? ? F ?"),
    ("time_between", ["10:30", "11:00"], "? ? ? ? ? T ? ? ? ? F ?"),
    ("time_between", ["22:00", "10:29"], "? ? ? ? ? F ? ? ? ? F ?"),
    ("exists",       None,            "T T T T T T T T T F F T"),
    ("not_exists",   None,            "F F F F F F F F F T T F"),
]  # fmt: skip


@pytest.mark.parametrize("spelled", ["v", "parameters.v"])
@pytest.mark.parametrize(("word", "wanted", "letters"), ANSWERS, ids=str)
def test_every_operator_on_every_kind_of_value(word: str, wanted: Any, letters: str, spelled: str) -> None:
    condition = policy_kit.leaf(spelled, word, wanted)
    expected = dict(zip(HELD, [LETTERS[letter] for letter in letters.split()], strict=True))
    assert {name: ask(condition, intent) for name, intent in HELD.items()} == expected
    negated = {name: None if answer is None else not answer for name, answer in expected.items()}
    assert {name: ask({"not": condition}, intent) for name, intent in HELD.items()} == negated


def test_the_table_has_every_operator() -> None:
    assert {word for word, _, _ in ANSWERS} == set(OPERATORS)


# the three-valued truth tables, as Kleene wrote them

WORDS = {True: "yes exists", False: "no exists", None: "open == 1"}
THREE = replace(INTENT, parameters={"yes": 1}, undetermined=frozenset({"open"}))
RANK: dict[bool | None, int] = {False: 0, None: 1, True: 2}


@pytest.mark.parametrize("size", [1, 2, 3])
def test_groups_are_the_least_and_the_greatest_of_their_members(size: int) -> None:
    for values in product([True, False, None], repeat=size):
        parts = [WORDS[value] for value in values]
        ranks = [RANK[value] for value in values]
        assert RANK[ask({"all": parts}, THREE)] == min(ranks)
        assert RANK[ask({"any": parts}, THREE)] == max(ranks)
        assert RANK[ask({"not": {"all": parts}}, THREE)] == 2 - min(ranks)
        assert RANK[ask({"not": {"any": parts}}, THREE)] == 2 - max(ranks)
        assert RANK[ask({"any": [{"all": parts}, parts[0]]}, THREE)] == max(min(ranks), ranks[0])


def test_an_empty_group_holds() -> None:
    assert ask([]) is ask({"all": []}) is True


# what leaving a field out, or hiding it, can never do: change what is certain

KNOWN = {"p": 1, "q": 2}
LITERALS = ["p == 1", "p == 2", "p != 1", "q > 1", "q in [1, 3]", "NOT q == 2"]
SMALL = [
    *LITERALS,
    *(f"{one} {word} {other}" for one in LITERALS for other in LITERALS for word in ("AND", "OR")),
    *(f"NOT ({one} {word} {other})" for one in LITERALS for other in LITERALS for word in ("AND", "OR")),
    *(f"({a} OR {b}) AND NOT ({c} AND {a})" for a in LITERALS for b in LITERALS for c in LITERALS),
]


@pytest.mark.parametrize("gone", [{"p"}, {"q"}, {"p", "q"}], ids=["p", "q", "both"])
def test_what_is_left_out_only_ever_makes_an_answer_uncertain(gone: set[str]) -> None:
    """Over the whole small space: trees of two fields, each with each value, known or not."""
    for text in SMALL:
        judge = compile_tree(tree(text), VIENNA)
        for p, q in product((1, 2, 3), repeat=2):
            whole = replace(INTENT, parameters={"p": p, "q": q})
            left = {name: value for name, value in whole.parameters.items() if name not in gone}
            certain = judge(subject(whole))
            assert certain is not None
            for open_ in (
                replace(whole, parameters=left, undetermined=frozenset(gone)),
                replace(whole, redacted=frozenset(gone)).redact(b"key"),
            ):
                assert judge(subject(open_)) in (certain, None), (text, p, q)


@policy_kit.LAW
@given(
    st.lists(policy_kit.TREES, min_size=1, max_size=3), policy_kit.intents(), policy_kit.facts(), st.data()
)
def test_nor_does_hiding_anything_anywhere(
    trees: list[Any], intent: Intent, facts: Facts, data: st.DataObject
) -> None:
    """Hidden values stay present, so every operator is among them; only of a hidden object the members are open."""
    hidden = data.draw(st.sets(st.sampled_from(sorted(policy_kit.VALUES))))
    plain = replace(intent, redacted=frozenset())
    before, after = (
        subject(plain, facts),
        subject(replace(plain, redacted=frozenset(hidden)).redact(b"key"), facts),
    )
    judge = compile_tree(tree(trees), VIENNA)
    certain = judge(before)
    assert certain is None or judge(after) in (certain, None)


# money and facts of ours

PAID = replace(
    INTENT,
    parameters={"amount": 50, "currency": "EUR"},
    money={"amount": "currency"},
    cost=Cost(Decimal(50), "EUR"),
)


@pytest.mark.parametrize("field", ["amount", "parameters.amount", "cost_impact"])
@pytest.mark.parametrize(("currency", "answer"), [("EUR", True), ("USD", None), ("GBP", None)])
def test_money_in_another_currency_cannot_be_told(field: str, currency: str, answer: bool | None) -> None:
    for word, value in (
        ("gt", 10),
        ("lte", 50),
        ("between", [1, 90]),
        ("equals", 50),
        ("in", [50]),
        ("not_in", [5]),
    ):
        condition = {"field": field, "operator": word, "value": value, "currency": currency}
        assert ask(condition, PAID) is answer
        assert ask({"not": condition}, PAID) is (None if answer is None else False)


def test_what_an_agent_claims_is_no_fact_of_ours() -> None:
    facts = replace(FACTS, claimed={"environment": "sandbox", "cost_impact": 0, "trust_score": 100, "x": 1})
    assert ask("environment == 'sandbox'", INTENT, facts) is None
    assert ask("cost_impact == 0", INTENT, facts) is False
    assert ask("trust_score == 100", INTENT, facts) is False
    assert ask("x == 1", INTENT, facts) is False
    assert ask("context.x == 1", INTENT, facts) is False
    assert ask("context.claimed.environment == 'sandbox'", INTENT, facts) is True


@pytest.mark.parametrize(
    ("target", "agent", "parameter", "found"),
    [
        ("production", "staging", "dev", "production"),
        (None, "staging", "dev", "staging"),
        (None, None, "dev", "dev"),
    ],
)
def test_the_label_of_the_target_then_of_the_agent_then_what_the_call_says(
    target: str | None, agent: str | None, parameter: str, found: str
) -> None:
    facts = replace(FACTS, environment=target, agent=replace(FACTS.agent, environment=agent))
    intent = replace(INTENT, parameters={"environment": parameter})
    for word in ("production", "staging", "dev"):
        assert ask(f"environment == '{word}'", intent, facts) is (word == found)


# why

NESTED = {
    "all": [
        policy_kit.leaf("parameters.n", "gt", 3),
        {"any": [policy_kit.leaf("s", "equals", "x"), {"not": policy_kit.leaf("rate", "lt", 3)}]},
    ]
}


def test_every_test_of_a_tree_is_asked_in_the_policys_zone() -> None:
    """Half past eight in UTC is half past nine in Vienna, in winter."""
    held = replace(INTENT, parameters={"v": "2026-01-05T08:30:00Z"})
    inside = policy_kit.leaf("v", "time_between", ["09:00", "10:00"])
    for data, answer in (
        (inside, True),
        ({"not": inside}, False),
        ({"all": [inside, inside]}, True),
        ({"any": [{"not": inside}, inside]}, True),
        ([{"not": {"any": [inside, inside]}}], False),
    ):
        assert ask(data, held) is answer
        told = tell(tree(data), subject(held), VIENNA)
        assert told.held is answer
        assert explain(tree(data), subject(held), VIENNA) == told.data


def test_an_explanation_nests_as_the_rule_does() -> None:
    told = explain(
        tree(NESTED), subject(replace(INTENT, parameters={"n": 5}, undetermined=frozenset({"s"}))), VIENNA
    )
    assert told == {
        "all": [
            {"field": "parameters.n", "operator": "gt", "expected": "> 3", "actual": 5, "result": "true",
             "passed": True},
            {
                "any": [
                    {"field": "s", "operator": "equals", "expected": "x", "actual": None, "result": "undetermined",
                     "passed": False, "gap": "undetermined"},
                    {
                        "not": {"field": "rate", "operator": "lt", "expected": "< 3", "actual": 5, "result": "false",
                                "passed": False},
                        "result": "true",
                        "passed": True,
                    },
                ],
                "result": "true",
                "passed": True,
            },
        ],
        "result": "true",
        "passed": True,
    }  # fmt: skip


def test_a_field_that_is_not_declared_says_so() -> None:
    told = explain(tree("s == 'x'"), subject(INTENT), VIENNA)
    assert (told["result"], told["actual"], told["gap"]) == ("false", None, "absent")


@policy_kit.LAW
@given(st.lists(policy_kit.TREES, max_size=3), policy_kit.intents(), policy_kit.facts())
def test_an_explanation_answers_what_the_rule_answered(
    trees: list[Any], intent: Intent, facts: Facts
) -> None:
    node, one = tree(trees), subject(intent, facts)
    held = compile_tree(node, VIENNA)(one)
    one.close()
    told = tell(node, one, VIENNA)
    assert told.held is held
    assert told.data["result"] == {True: "true", False: "false", None: "undetermined"}[held]
    assert _shape(told.data) == _shape_of(node)


def _shape(data: dict[str, Any]) -> Any:
    for word in ("all", "any"):
        if word in data:
            return word, [_shape(part) for part in data[word]]
    return ("not", [_shape(data["not"])]) if "not" in data else data["operator"]


def _shape_of(node: Node) -> Any:
    if isinstance(node, Leaf):
        return node.operator.name
    if isinstance(node, Not):
        return "not", [_shape_of(node.member)]
    assert isinstance(node, Group)
    return node.word, [_shape_of(part) for part in node.members]


def test_what_was_decided_without_a_rate_counts_nothing_for_the_explanation() -> None:
    counted: list[str] = []

    def rate(rule: str, _window: int) -> int:
        counted.append(rule)
        return 9

    one = subject(replace(INTENT, parameters={"n": 5}), replace(FACTS, rate=rate))
    node = tree("n == 5 OR rate > 3")
    assert compile_tree(node, VIENNA)(one) is True
    one.close()
    told = explain(node, one, VIENNA)
    assert counted == []
    assert [part["result"] for part in told["any"]] == ["true", "not asked"]
    assert tell(node, one, VIENNA).open == []
