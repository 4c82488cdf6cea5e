"""Conditions: every spelling gives one tree; what it answers has three values; why it does can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.condition import Group, Node, Reader, actions_of, leaves, without_action
from vienna_kernel.policy.judge import compile_tree, explain, tell
from vienna_kernel.policy.subject import Subject
from vienna_kernel.policy.vocabulary import KNOWN

VIENNA = zone("Europe/Vienna")
FACTS = Facts(
    agent=AgentFacts(id="agt-1", name="billing-bot", trust=42.5, environment="staging"),
    now=datetime(2026, 3, 25, 21, 30, tzinfo=UTC),
    request={"method": "POST", "host": "api.example", "port": 443, "path": "/v1/x"},
    context={"region": "eu", "labels": {"team": "ops"}},
    claimed={"urgency": "high"},
    rate=lambda _rule, _window: 7,
    retry_count=3,
)
INTENT = Intent(
    action="create_refund",
    target="toy:order/1",
    parameters={
        "amount": Decimal(5000),
        "currency": "EUR",
        "tags": ["a"],
        "meta": {"k": {"z": 1}},
        "note": None,
    },
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
    undetermined=frozenset({"reason"}),
    money={"amount": "currency"},
    cost=Cost(Decimal(5000), "EUR"),
    mapping="toy@1",
)


def subject(intent: Intent = INTENT, facts: Facts = FACTS) -> Subject:
    return Subject(intent, facts, lambda _intent, _facts: RiskScore(48, ()))


def tree(data: Any) -> Node:
    reader = Reader(rule_id="r", window_seconds=60, tz=VIENNA)
    node = reader.read(data, ("when",))
    assert reader.complaints == []
    return node


def complaints(data: Any) -> list[tuple[str, str]]:
    reader = Reader(rule_id="r", window_seconds=60, tz=VIENNA)
    reader.read(data, ("when",))
    return [("/".join(str(step) for step in path), why) for path, why in reader.complaints]


def ask(data: Any, intent: Intent = INTENT, facts: Facts = FACTS) -> bool | None:
    return compile_tree(tree(data), VIENNA)(subject(intent, facts))


class TestSpellings:
    def test_a_list_an_expression_and_a_group_are_one_tree(self) -> None:
        one = {"field": "action", "operator": "equals", "value": "create_refund"}
        two = {"field": "parameters.amount", "operator": "gt", "value": 1000, "currency": "EUR"}
        text = "action == 'create_refund' AND parameters.amount > 1000 EUR"
        told = [explain(tree(data), subject(), VIENNA) for data in ([one, two], {"all": [one, two]}, text)]
        assert told[0] == told[1] == told[2]

    @pytest.mark.parametrize(
        ("data", "where", "why"),
        [
            (5, "when", "expected a list of conditions"),
            ({}, "when", "names a 'field' and an 'operator'"),
            ([{"field": "a"}], "when/0", "names a 'field' and an 'operator'"),
            ([{"field": "a", "operator": "eqals", "value": 1}], "when/0/operator", "did you mean 'equals'?"),
            ([{"feild": "a", "operator": "gt", "value": 1}], "when/0/feild", "did you mean 'field'?"),
            (
                [{"field": "agent.trust", "operator": "gt", "value": 1}],
                "when/0/field",
                "did you mean 'agent.trust_score'?",
            ),
            (
                [{"field": "budget.x.left", "operator": "gt", "value": 1}],
                "when/0/field",
                "unknown field 'budget.x.left'; did you mean",
            ),
            ([{"field": "parameters", "operator": "exists"}], "when/0/field", "unknown field"),
            ([{"field": "a..b", "operator": "exists"}], "when/0/field", "not a field name"),
            ([{"field": "rate", "operator": "gt", "value": "1"}], "when/0/value", "expected a number"),
            (
                [{"field": "action", "operator": "gt", "value": 1}],
                "when/0/value",
                "does not fit a field that holds text",
            ),
            (
                [{"field": "trust_score", "operator": "equals", "value": "x"}],
                "when/0/value",
                "holds a number",
            ),
            (
                [{"field": "day_of_week", "operator": "equals", "value": "Monday"}],
                "when/0/value",
                "did you mean 'monday'?",
            ),
            ("day_of_week in ['monday', 'mon']", "when", "'mon' is no day_of_week; did you mean 'monday'?"),
            ("action.effect == 'reads'", "when", "did you mean 'read'?"),
            ("action.reversibility != 'never'", "when", "known here: compensatable, irreversible"),
            ("time_of_day == '9 am'", "when", "expected a time"),
            ("context.timestamp in ['soon']", "when", "expected a time"),
            (
                [{"field": "amount", "operator": "gt", "value": 1, "currency": "eur"}],
                "when/0/currency",
                "ISO 4217",
            ),
            (
                [{"field": "rate", "operator": "gt", "value": 1, "currency": "EUR"}],
                "when/0/currency",
                "only comparisons of money",
            ),
            (
                [{"field": "amount", "operator": "matches", "value": "1", "currency": "EUR"}],
                "when/0/currency",
                "only comparisons",
            ),
            ({"all": [], "any": []}, "when/any", "stands alone"),
            ({"any": []}, "when/any", "expected a list"),
            ({"all": "a == 1"}, "when/all", "expected a list"),
            ("a ==", "when", "column 5"),
            ("agent.trust > 1", "when", "did you mean"),
        ],
    )
    def test_what_has_no_reading_is_told_with_its_place(self, data: Any, where: str, why: str) -> None:
        found = complaints(data)
        assert found[0][0] == where
        assert why in found[0][1]

    def test_every_complaint_is_told(self) -> None:
        assert len(complaints([{"field": "a", "operator": "x"}, {"field": "a", "operator": "y"}])) == 2

    def test_depth_and_number_are_bounded(self) -> None:
        deep: Any = {"field": "a", "operator": "exists"}
        for _ in range(50):
            deep = {"not": deep}
        assert "nested deeper" in complaints(deep)[0][1]
        assert "nested deeper" in complaints("NOT " * 900 + "a exists")[0][1]
        assert "more than 200" in complaints([{"field": "a", "operator": "exists"}] * 201)[0][1]

    @pytest.mark.parametrize(
        ("nest", "levels"),
        [
            (lambda inner: {"not": inner}, 32),
            (lambda inner: [inner], 32),
            (lambda inner: {"all": [inner]}, 16),
            (lambda inner: {"any": [inner]}, 16),
            (lambda inner: {"any": [{"not": [inner]}]}, 8),
        ],
    )
    def test_every_way_to_nest_has_the_same_bound(self, nest: Callable[[Any], Any], levels: int) -> None:
        deep: Any = {"field": "a", "operator": "exists"}
        for _ in range(levels):
            deep = nest(deep)
        assert complaints(deep) == []
        assert [why for _, why in complaints(nest(deep))] == ["nested deeper than 32"]
        for _ in range(5000):
            deep = nest(deep)
        assert [why for _, why in complaints(deep)] == ["nested deeper than 32"]

    def test_tests_are_counted_over_the_whole_rule(self) -> None:
        one = {"field": "a", "operator": "exists"}
        assert complaints([one] * 200) == []
        assert complaints([{"all": [one] * 100}, {"not": {"any": [one] * 100}}]) == []
        assert complaints([{"all": [one] * 100}, {"not": {"any": [one] * 101}}]) == [
            ("when/1/not/any/100", "more than 200 conditions in one rule")
        ]

    def test_every_test_of_an_expression_stands_where_the_expression_does(self) -> None:
        node = tree(["x == 1", "NOT (a == 1 OR NOT b == 2) AND c == 3"])
        assert [leaf.path for leaf in leaves(node)] == [("when", 0), *[("when", 1)] * 3]

    def test_each_complaint_keeps_its_own_place(self) -> None:
        wrong = {"field": "a", "operator": "x"}
        places = [where for where, _ in complaints([{"not": wrong}, "agent.trust > 1", {"any": [wrong]}])]
        assert places == ["when/0/not/operator", "when/1", "when/2/any/0/operator"]


class TestFields:
    @pytest.mark.parametrize(
        "text",
        [
            "action == 'create_refund'",
            "action_type == 'create_refund'",
            "action.effect == 'spend'",
            "action.reversibility == 'irreversible'",
            "action.blast_radius == 1",
            "action.mapped == true",
            "target == 'toy:order/1'",
            "target.host == 'api.example'",
            "agent_id == 'billing-bot'",
            "agent.id == 'agt-1'",
            "agent.type == 'autonomous'",
            "agent.trust_score == 42.5",
            "trust_score < 50",
            "environment == 'staging'",
            "risk_score == 48",
            "rate == 7",
            "retry_count == 3",
            "cost_impact > 4000",
            "cost_impact > 4000 EUR",
            "time_of_day == '22:30'",
            "time_of_day time_between ['22:00', '23:00']",
            "context.timestamp time_between ['22:00', '23:00']",
            "day_of_week == 'wednesday'",
            "request.method == 'POST'",
            "request.port == 443",
            "amount > 4000 EUR",
            "parameters.amount > 4000 EUR",
            "parameters.meta.k.z == 1",
            "parameters.tags contains 'a'",
            "region == 'eu'",
            "context.region == 'eu'",
            "context.labels.team == 'ops'",
            "context.claimed.urgency == 'high'",
        ],
    )
    def test_can_be_named(self, text: str) -> None:
        assert ask(text) is True

    def test_a_known_name_is_never_something_else(self) -> None:
        liar = replace(INTENT, parameters={name: "x" for name in KNOWN})
        assert ask("trust_score == 42.5", liar) is True
        assert ask("environment == 'staging'", liar) is True
        assert ask("agent_id == 'x'", liar) is False

    def test_the_environment_of_the_target_is_before_that_of_the_agent(self) -> None:
        assert ask("environment == 'production'", facts=replace(FACTS, environment="production")) is True
        bare = replace(FACTS, agent=replace(FACTS.agent, environment=None))
        assert ask("environment == 'x'", replace(INTENT, parameters={"environment": "x"}), bare) is True

    def test_an_environment_that_nobody_knows_is_undetermined(self) -> None:
        bare = replace(FACTS, agent=replace(FACTS.agent, environment=None))
        for text in (
            "environment == 'production'",
            "environment != 'production'",
            "NOT environment == 'production'",
        ):
            assert ask(text, facts=bare) is None
        assert [ask("environment exists", facts=bare), ask("environment not exists", facts=bare)] == [
            False,
            True,
        ]
        assert ask("agent.environment == 'production'", facts=bare) is False  # that it has no label is known

    def test_what_an_agent_claims_has_one_name_only(self) -> None:
        assert ask("urgency == 'high'") is False
        assert ask("context.urgency == 'high'") is False


class TestThreeAnswers:
    def test_a_field_the_action_does_not_declare_is_false(self) -> None:
        for text in (
            "x == 1",
            "x != 1",
            "x not in [1]",
            "parameters.x > 1 EUR",
            "x exists",
            "parameters.meta.no == 1",
        ):
            assert ask(text) is False
        assert ask("x not exists") is True

    def test_a_member_of_what_is_no_object_is_undetermined(self) -> None:
        assert [ask("parameters.currency.x == 1"), ask("NOT parameters.tags.0 == 'a'")] == [None, None]
        assert ask("parameters.meta.k.no.further == 1") is False

    def test_nor_is_it_there(self) -> None:
        for name in ("parameters.currency.x", "parameters.tags.0", "parameters.amount.x.y"):
            assert [ask(f"{name} exists"), ask(f"{name} not exists")] == [False, True]
            assert tell(tree(f"{name} == 1"), subject(), VIENNA).data["gap"] == "undetermined"

    def test_a_declared_field_that_is_left_out_is_undetermined(self) -> None:
        for text in ("reason == 'a'", "parameters.reason != 'a'", "NOT reason == 'a'", "reason > 1 EUR"):
            assert ask(text) is None

    def test_presence_is_always_known(self) -> None:
        assert [ask("reason exists"), ask("reason not exists")] == [False, True]
        assert [ask("amount exists"), ask("note exists"), ask("note not exists")] == [True, False, True]

    def test_a_value_of_another_type_is_undetermined(self) -> None:
        assert ask("parameters.tags == 'a'") is None

    def test_nobody_counts(self) -> None:
        assert ask("rate > 1", facts=replace(FACTS, rate=None)) is None

    def test_an_undetermined_name_hides_no_context_behind_it(self) -> None:
        assert ask("reason == 'x'", facts=replace(FACTS, context={"reason": "x"})) is None

    def test_kleene(self) -> None:
        word = {True: "amount exists", False: "x exists", None: "reason == 'a'"}
        for one in word:
            assert ask(f"NOT {word[one]}") is (None if one is None else not one)
            for other in word:
                both = False if False in (one, other) else None if None in (one, other) else True
                either = True if True in (one, other) else None if None in (one, other) else False
                assert ask(f"{word[one]} AND {word[other]}") is both
                assert ask(f"{word[one]} OR {word[other]}") is either

    def test_nothing_to_hold_holds(self) -> None:
        assert ask([]) is True


class TestMoney:
    def test_another_currency_is_undetermined(self) -> None:
        assert ask("amount > 1 USD") is None
        assert ask("cost_impact > 1 USD") is None
        assert ask("amount between [1, 9000] EUR") is True
        assert ask("amount in [5000] EUR") is True

    def test_an_unknown_currency_is_undetermined(self) -> None:
        assert ask("amount > 1 EUR", replace(INTENT, parameters={"amount": 5})) is None
        assert ask("amount > 1 EUR", replace(INTENT, parameters={"amount": 5, "currency": 7})) is None

    def test_codes_compare_in_capitals(self) -> None:
        assert ask("amount > 1 EUR", replace(INTENT, parameters={"amount": 5, "currency": "eur"})) is True

    def test_the_parameter_that_names_the_currency_is_the_one_the_mapping_names(self) -> None:
        other = replace(INTENT, parameters={"amount": 5, "CUR": "usd", "currency": "EUR"})
        named = replace(other, money={"amount": "CUR"})
        assert [ask("amount > 1 USD", named), ask("amount > 1 EUR", named)] == [True, None]
        plain = replace(other, money={})
        assert [ask("amount > 1 EUR", plain), ask("amount > 1 USD", plain)] == [True, None]

    @pytest.mark.parametrize("holder", ["eur", "EURO", "EU"])
    def test_only_a_code_is_a_literal_code(self, holder: str) -> None:
        odd = replace(INTENT, parameters={"amount": 5}, money={"amount": holder})
        assert ask("amount > 1 EUR", odd) is None
        assert explain(tree("amount > 1 EUR"), subject(odd), VIENNA)["actual"] == 5  # of no currency

    def test_an_operator_that_takes_no_currency_asks_for_none(self) -> None:
        told = replace(INTENT, parameters={"amount": "5 apples", "currency": "EUR"})
        assert ask("amount matches 'apples'", told) is True

    def test_an_amount_with_a_currency_is_compared_with_numbers_only(self) -> None:
        wrong = {"field": "parameters.amount", "operator": "equals", "value": "5000", "currency": "EUR"}
        assert [where for where, _ in complaints(wrong)] == ["when/value"]
        del wrong["currency"]
        assert complaints(wrong) == []

    def test_a_literal_code(self) -> None:
        fixed = replace(INTENT, parameters={"amount": 5}, money={"amount": "EUR"})
        assert [ask("amount > 1 EUR", fixed), ask("amount > 1 USD", fixed)] == [True, None]

    def test_a_number_without_currency_cannot_be_compared_with_money(self) -> None:
        assert ask("amount > 1") is None
        assert ask("amount > 1", replace(INTENT, money={})) is True

    def test_cost_of_unknown_amount(self) -> None:
        assert ask("cost_impact > 1", replace(INTENT, cost=None)) is None
        assert ask("cost_impact > 1", replace(INTENT, cost=None, effect=Effect.WRITE)) is False


class TestRedaction:
    HIDDEN = replace(INTENT, parameters={**INTENT.parameters, "iban": "AT61"}, redacted=frozenset({"iban"}))

    def test_a_hidden_value_is_undetermined_but_present(self) -> None:
        hidden = self.HIDDEN.redact(b"key")
        assert ask("iban == 'AT61'", hidden) is None
        assert ask("iban != 'AT61'", hidden) is None
        assert ask("iban matches 'redacted'", hidden) is None
        assert [ask("iban exists", hidden), ask("iban not exists", hidden)] == [True, False]

    def test_of_a_hidden_object_nobody_knows_the_members(self) -> None:
        hidden = replace(self.HIDDEN, redacted=frozenset({"meta"})).redact(b"key")
        for text in ("parameters.meta.k exists", "meta.k not exists", "parameters.meta.k.z == 1"):
            assert ask(text, hidden) is None
        assert ask("parameters.meta exists", hidden) is True

    def test_the_explanation_never_shows_it(self) -> None:
        for intent in (self.HIDDEN, self.HIDDEN.redact(b"key")):
            told = explain(tree("iban == 'AT61'"), subject(intent), VIENNA)
            assert told["actual"] == "[redacted]"


class TestExplanation:
    def test_each_test_with_actual_and_expected(self) -> None:
        told = explain(tree("amount > 1000 EUR AND NOT (rate > 100 OR reason == 'a')"), subject(), VIENNA)
        assert told["result"] == "undetermined"
        assert told["all"][0] == {
            "field": "amount", "operator": "gt", "expected": "> 1000 EUR", "actual": "5000 EUR",
            "result": "true", "passed": True,
        }  # fmt: skip
        assert [part["passed"] for part in told["all"][1]["not"]["any"]] == [False, False]

    def test_open_fields_by_their_full_name(self) -> None:
        node = tree("reason == 'a' AND amount > 1 USD AND x == 1 AND reason != 'b'")
        assert tell(node, subject(), VIENNA).open == ["parameters.reason", "parameters.amount"]
        full = tree("parameters.reason == 'a' AND cost_impact > 1 USD AND environment == 'x'")
        unlabelled = subject(facts=replace(FACTS, agent=AgentFacts(id="agt-1", name="bot")))
        assert tell(full, unlabelled, VIENNA).open == ["parameters.reason", "cost_impact", "environment"]


class TestActions:
    @pytest.mark.parametrize(
        ("data", "actions"),
        [
            ("action == 'a'", {"a"}),
            ("action_type in ['a', 'b'] AND x == 1", {"a", "b"}),
            ("(action == 'a' AND x == 1) AND y == 1", {"a"}),
            ("action in ['a', 'b'] AND action == 'b'", {"b"}),
            ("action == 'a' AND action == 'b'", set()),
            ("action == 'a' OR x == 1", None),
            ("NOT action == 'a'", None),
            ("action != 'a'", None),
            ("action matches 'a'", None),
            ([], None),
        ],
    )
    def test_the_only_actions_it_can_hold_for(self, data: Any, actions: set[str] | None) -> None:
        assert actions_of(tree(data)) == actions

    def test_the_rest_asks_no_action(self) -> None:
        rest = without_action(tree("action == 'a' AND x == 1 AND (action == 'b' OR y == 1)"))
        assert isinstance(rest, Group)
        assert rest.word == "all"
        assert [leaf.field.name for leaf in leaves(rest)] == ["x", "action", "y"]


@given(st.permutations(["action == 'create_refund'", "rate > 5", "amount exists"]), st.booleans())
def test_a_call_is_counted_once_and_only_when_all_else_holds(parts: list[str], reached: bool) -> None:
    counted: list[str] = []

    def rate(rule: str, _window: int) -> int:
        counted.append(rule)
        return 6

    facts = replace(FACTS, rate=rate)
    text = " AND ".join([*parts, "rate > 4"] if reached else [*parts, "x exists"])
    one = subject(facts=facts)
    node = tree(text)
    assert compile_tree(node, VIENNA)(one) is reached
    assert counted == (["r"] if reached else [])
    explain(node, one, VIENNA)
    assert counted[: 1 if reached else 0] == (["r"] if reached else [])
    assert len(counted) <= 1
