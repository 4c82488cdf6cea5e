"""Rows of a rule: nothing is lost between them and the text, and what is typed means what it looks like."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vienna_control.console.rule_rows import FIELDS, filled, rows_of
from vienna_control.policies.templates import every

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.one_of(
    st.text(max_size=10, alphabet=st.characters(exclude_categories=["Cs"])),
    st.sampled_from(
        ['"', '"a"', "a, b", "[x", "y]", "1", "1.50", "true", " a", "\\", '\\"', ",", "", "null"]
    ),
)
SCALARS = st.one_of(WORDS, st.integers(-(2**53), 2**53), st.booleans(), st.decimals(-1000, 1000, places=2))
FIELD_NAMES = st.sampled_from(["parameters.x", "target", "action", "agent.trust_score", "nothing.like it"])


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    word = draw(st.sampled_from(["equals", "not_equals", "contains", "gt", "in", "not_in", "matches"]))
    field = draw(FIELD_NAMES)
    text = word == "matches" or field in ("target", "action")
    one = WORDS if text else SCALARS
    value = draw(st.lists(one, min_size=1, max_size=4) if word in ("in", "not_in") else one)
    return {"field": field, "operator": word, "value": value}


GROUPS = st.recursive(
    conditions(),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"all": members}),
        st.lists(inner, min_size=1, max_size=3).map(lambda members: {"any": members}),
        inner.map(lambda member: {"not": member}),
    ),
    max_leaves=6,
)


def rule(when: Any, **more: Any) -> dict[str, Any]:
    return {"id": "r", "when": when, "then": {"action": "deny"}, **more}


def elsewhere(rows: dict[str, Any]) -> dict[str, Any]:
    """The rows with a further condition: the whole tree is read anew."""
    added = copy.deepcopy(rows)
    added["when"] = {
        "word": "all",
        "members": [added["when"], {"field": "rate", "operator": "gt", "value": "9"}],
    }
    return added


@QUICK
@given(when=st.lists(GROUPS, max_size=3))
def test_conditions_come_back_as_they_were_when_others_are_added(when: list[Any]) -> None:
    base = rule(when)
    made = filled(base, elsewhere(rows_of(base)))["when"]
    assert made == [{"all": when}, {"field": "rate", "operator": "gt", "value": 9}]


@QUICK
@given(when=st.lists(GROUPS, max_size=3), tags=st.lists(WORDS.filter(bool), max_size=3), name=WORDS)
def test_rows_that_nobody_touched_change_nothing(when: list[Any], tags: list[str], name: str) -> None:
    base = rule(
        when,
        tags=tags,
        name=name,
        limits={"budget": {"name": "b", "max": Decimal("1.50"), "settle_on": ["/a"]}},
    )
    assert filled(base, nested(rows_of(base))) == base


def nested(rows: dict[str, Any]) -> dict[str, Any]:
    """As a form sends them: by the steps of their names."""
    body: dict[str, Any] = {"when": rows["when"]}
    for name in FIELDS:
        *above, last = name.split(".")
        inside = body
        for step in above:
            inside = inside.setdefault(step, {})
        inside[last] = rows[name]
    return body


def test_shipped_rules_come_back_as_they_were() -> None:
    for template in every().values():
        for one in template.rules:
            assert filled(one, nested(rows_of(one))) == one


def test_an_expression_stays_one_until_its_rows_change() -> None:
    base = rule("action == 'create_refund' AND (parameters.amount > 1000 EUR OR NOT target matches '^x')")
    rows = rows_of(base)
    assert [one.get("word") or one["field"] for one in rows["when"]["members"]] == ["action", "any"]
    assert filled(base, {**rows, "name": "Renamed"})["when"] == base["when"]
    rows["when"]["members"][0]["value"] = "create_payout"
    assert filled(base, rows)["when"] == [
        {"field": "action", "operator": "equals", "value": "create_payout"},
        {
            "any": [
                {"field": "parameters.amount", "operator": "gt", "value": 1000, "currency": "EUR"},
                {"not": {"field": "target", "operator": "matches", "value": "^x"}},
            ]
        },
    ]


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ({"field": "parameters.a", "operator": "gt", "value": "1000"}, 1000),
        ({"field": "parameters.a", "operator": "gt", "value": "10.5"}, Decimal("10.5")),
        ({"field": "parameters.a", "operator": "equals", "value": '"1000"'}, "1000"),
        ({"field": "target", "operator": "equals", "value": "1000"}, "1000"),
        ({"field": "parameters.a", "operator": "equals", "value": "true"}, True),
        ({"field": "parameters.a", "operator": "in", "value": 'a, "b, c", 3'}, ["a", "b, c", 3]),
        ({"field": "parameters.a", "operator": "between", "value": "[1, 2.5]"}, [1, Decimal("2.5")]),
        ({"field": "time_of_day", "operator": "time_between", "value": "22:00, 06:00"}, ["22:00", "06:00"]),
        ({"field": "parameters.a", "operator": "matches", "value": "^[0-9]+$"}, "^[0-9]+$"),
        ({"field": "parameters.a", "operator": "exists", "value": "true"}, True),
    ],
)
def test_what_is_typed_means_what_it_looks_like(row: dict[str, str], value: Any) -> None:
    made = filled(rule([]), {"when": {"word": "all", "members": [row]}})
    assert made["when"] == [{"field": row["field"], "operator": row["operator"], "value": value}]


def test_presence_takes_no_value_and_money_its_currency() -> None:
    members = [
        {"field": "parameters.a", "operator": "exists", "value": ""},
        {"field": "parameters.b", "operator": "gt", "value": "5", "currency": "eur"},
    ]
    made = filled(rule([]), {"when": {"word": "any", "members": members}})
    assert made["when"] == {
        "any": [
            {"field": "parameters.a", "operator": "exists"},
            {"field": "parameters.b", "operator": "gt", "value": 5, "currency": "EUR"},
        ]
    }


def test_an_emptied_field_is_taken_out_with_what_is_empty_above_it() -> None:
    base = rule(
        [], description="x", then={"action": "require_approval", "approvals": {"groups": ["finance"]}}
    )
    made = filled(base, {"description": "", "then": {"approvals": {"groups": "", "mfa": False}}})
    assert made == rule([], then={"action": "require_approval"})


KEYS = st.sampled_from(["when", "word", "members", "then", "id", "field", "value"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.text(max_size=5), st.integers()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=10,
)


@QUICK
@given(rows=st.dictionaries(KEYS, ANYTHING))
def test_whatever_is_sent_gives_a_rule_or_nothing_worse(rows: Any) -> None:
    filled(rule([]), rows)
