"""The few values that stand for all: whatever a call answers to the tests of a field is among their rows."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
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
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType, schema_of
from vienna_kernel.policy.condition import Leaf, Reader
from vienna_kernel.policy.domain import ANYTHING, Domain, of_name, of_schema
from vienna_kernel.policy.judge import compile_tree
from vienna_kernel.policy.sample import Probe, Row, TooManyError, rows_of
from vienna_kernel.policy.spelling import short
from vienna_kernel.policy.subject import Subject

VIENNA = ZoneInfo("Europe/Vienna")
FIELDS = [
    "parameters.n", "parameters.amount", "parameters.s", "parameters.l", "parameters.m.k", "s", "amount", "b", "t",
    "m.k", "context.region", "region", "context.claimed.s", "action", "action.effect", "action.mapped",
    "action.blast_radius", "agent.name", "agent.environment", "environment", "trust_score", "risk_score",
    "retry_count", "rate", "time_of_day", "day_of_week", "context.timestamp", "cost_impact", "target",
    "request.host", "request.port",
]  # fmt: skip
OPERANDS: list[tuple[str, Any]] = [
    *((word, value) for word in ("equals", "not_equals") for value in ("x", "a", 5, Decimal("5.5"), True, "09:30")),
    *((word, value) for word in ("gt", "gte", "lt", "lte") for value in (0, 5, Decimal("5.5"), 48)),
    *((word, ["x", "bot", "y"]) for word in ("in", "not_in")),
    *((word, [5, 7]) for word in ("in", "not_in", "between")),
    *(("contains", value) for value in ("x", 5, True, "")),
    *(("matches", value) for value in ("x", "^x", "[0-9]")),
    *(("time_between", value) for value in (["09:00", "17:00"], ["22:00", "04:00"])),
    ("exists", None),
    ("not_exists", None),
    ("equals", "monday"),
    ("in", ["write", "spend"]),
]  # fmt: skip


def leaves(name: str) -> list[Leaf]:
    """Every test of the field that has a reading."""
    found = []
    for word, wanted in OPERANDS:
        for currency in (None, "EUR", "USD"):
            data = policy_kit.leaf(name, word, wanted) | ({"currency": currency} if currency else {})
            reader = Reader(rule_id="r", window_seconds=60, tz=VIENNA)
            node = reader.read(data, ("when",))
            if not reader.complaints and isinstance(node, Leaf):
                found.append(node)
    return found


LEAVES = {name: leaves(name) for name in FIELDS}


def rows(name: str, some: Sequence[Leaf], domain: Domain) -> Sequence[Row]:
    return rows_of(name, [Probe.of(leaf, VIENNA) for leaf in some], domain)


@policy_kit.LAW
@given(st.sampled_from(FIELDS), st.data(), policy_kit.SUBJECTS)
def test_every_call_is_among_the_rows(
    name: str, data: st.DataObject, subjects: list[tuple[Intent, Facts]]
) -> None:
    some = data.draw(st.lists(st.sampled_from(LEAVES[name]), min_size=1, max_size=4))
    possible = {row.answers for row in rows(name, some, of_name(name))}
    for intent, facts in subjects:
        one = Subject(intent, facts, lambda _intent, _facts: RiskScore(policy_kit.RISK, ()))
        assert tuple(compile_tree(leaf, VIENNA)(one) for leaf in some) in possible


OPEN = ["parameters.v", "v", "parameters.v.k", "v.k"]
OPEN_LEAVES = {name: leaves(name) for name in OPEN}
VALUES: list[Any] = [
    0, 5, 6, 7, Decimal("5.5"), Decimal("NaN"), "x", "xy", "z", "10:00", "\ud800", True, False, [], ["x"], ["y", 5],
    {"k": "x"}, {"k": 5}, {}, None,
]  # fmt: skip


def open_subjects() -> Iterator[Subject]:
    """Every value, with and without a currency, as money or not, left out or not declared, hidden or not."""
    base = Intent(
        action="a", target="t", parameters={}, effect=Effect.WRITE, reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T0,
    )  # fmt: skip
    agent = AgentFacts(id="agt-1", name="bot")
    for value, money, currency, declared in product(
        VALUES, [{}, {"v": "currency"}], ["EUR", None], [frozenset({"v"}), frozenset()]
    ):
        plain = replace(
            base, parameters={"v": value, "currency": currency}, money=money, undetermined=declared
        )
        variants = [plain, replace(plain, parameters={"currency": currency})]
        if value != "\ud800":  # no text, so that nothing can be made of it
            variants.append(replace(plain, redacted=frozenset({"v"})).redact(b"key"))
        for intent in variants:
            yield Subject(intent, Facts(agent=agent, now=policy_kit.NOW), lambda _i, _f: RiskScore(0, ()))


@pytest.mark.parametrize("name", OPEN)
def test_every_value_of_a_parameter_is_among_the_rows(name: str) -> None:
    """Over the small space of values, for every single test and for a few hundred handfuls."""
    chance = random.Random(name)
    handfuls = [[one] for one in OPEN_LEAVES[name]]
    handfuls += [chance.sample(OPEN_LEAVES[name], chance.randint(2, 4)) for _ in range(300)]
    subjects = list(open_subjects())
    for some in handfuls:
        possible = {row.answers for row in rows(name, some, ANYTHING)}
        judges = [compile_tree(leaf, VIENNA) for leaf in some]
        found = {tuple(judge(one) for judge in judges) for one in subjects}
        assert found <= possible, [short(leaf) for leaf in some]


def test_every_field_has_tests_to_be_tried_with() -> None:
    assert {name: len(found) > 3 for name, found in LEAVES.items()} == dict.fromkeys(FIELDS, True)


def answers(
    name: str, *conditions: tuple[str, Any], domain: Domain | None = None
) -> set[tuple[bool | None, ...]]:
    """The rows of the tests given, by what they answer."""
    some = []
    for word, wanted in conditions:
        reader = Reader(rule_id="r", window_seconds=60, tz=VIENNA)
        node = reader.read(policy_kit.leaf(name, word, wanted), ("when",))
        assert isinstance(node, Leaf)
        some.append(node)
    return {row.answers for row in rows(name, some, domain or of_name(name))}


T, F, N = True, False, None


@pytest.mark.parametrize(
    ("name", "tests", "possible"),
    [
        ("risk_score", [("gt", 100)], {(F,)}),  # a score ends at 100
        ("risk_score", [("gte", 0)], {(T,)}),
        ("retry_count", [("gt", 3), ("lt", 4)], {(T, F), (F, T)}),  # no whole number lies between
        ("trust_score", [("gt", 3), ("lt", 4)], {(T, F), (F, T), (T, T)}),
        ("action.mapped", [("equals", True)], {(T,), (F,)}),
        ("day_of_week", [("in", ["monday", "tuesday"]), ("equals", "tuesday")], {(T, T), (T, F), (F, F)}),
        ("action", [("equals", "a"), ("matches", "^a$")], {(T, T), (F, T), (F, F), (F, N)}),
        ("time_of_day", [("time_between", ["09:00", "17:00"]), ("time_between", ["18:00", "08:00"])],
         {(T, F), (F, T), (F, F)}),
        ("agent.environment", [("equals", "x"), ("exists", None)], {(T, T), (F, T), (F, F)}),
        ("environment", [("equals", "x"), ("exists", None)], {(T, T), (F, T), (N, T), (N, F)}),
        ("cost_impact", [("gt", 5), ("exists", None)], {(T, T), (F, T), (F, F), (N, F)}),
    ],
)  # fmt: skip
def test_a_field_that_is_known_well_has_few(
    name: str, tests: list[tuple[str, Any]], possible: set[tuple[bool | None, ...]]
) -> None:
    assert answers(name, *tests) == possible


@pytest.mark.parametrize(
    ("schema", "tests", "possible"),
    [
        ({"type": "string", "enum": ["a", "b"]}, [("equals", "c")], {(F,), (N,)}),
        ({"type": "string", "enum": ["a", "b"]}, [("not_in", ["a", "b"])], {(F,), (N,)}),
        (schema_of(ParamType.DECIMAL), [("equals", "x")], {(F,), (N,)}),
        (schema_of(ParamType.STRING), [("gt", 5)], {(F,), (N,)}),
        (schema_of(ParamType.BOOL), [("equals", True), ("equals", False)], {(T, F), (F, T), (F, F), (N, N)}),
        (schema_of(ParamType.EMAIL_LIST), [("contains", "x"), ("equals", "x")], {(T, N), (F, N), (N, N), (F, F)}),
    ],
)  # fmt: skip
def test_a_parameter_holds_what_is_declared(
    schema: dict[str, Any], tests: list[tuple[str, Any]], possible: set[tuple[bool | None, ...]]
) -> None:
    found = answers("parameters.v", *tests, domain=of_schema(schema))
    assert {row for row in found if row != (F, N)} == {row for row in possible if row != (F, N)}


def test_a_schema_that_says_nothing_allows_anything() -> None:
    assert of_schema({}) is ANYTHING
    assert of_schema({"type": ["string", "null"]}) is ANYTHING


def test_too_many_patterns_on_one_text_are_too_many() -> None:
    with pytest.raises(TooManyError):
        answers("parameters.s", *[("matches", f"x{at}") for at in range(6)])


def test_each_row_says_when_it_comes_about() -> None:
    some = [leaf for leaf in LEAVES["parameters.amount"] if leaf.operator.name == "gt" and leaf.operand == 5]
    said = {row.say for row in rows("amount", some, ANYTHING)}
    assert {"amount 4 EUR", "amount 6 EUR"} & said
    assert said & {"no amount", "amount left open", "amount hidden"}
