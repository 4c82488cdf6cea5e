"""Rule sets: read as one or not at all; first match in order; the index changes nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import policy_kit
from vienna_kernel.action import ActionType, Parameter
from vienna_kernel.budget.definition import Budget
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import RiskScore
from vienna_kernel.document import Document, DocumentError, parse
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.policy.environments import Environments
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import Match, RuleSet
from vienna_kernel.policy.subject import Subject
from vienna_kernel.value import digest

NOW = datetime(2026, 3, 25, 10, tzinfo=UTC)
FACTS = Facts(agent=AgentFacts(id="agt-1", name="bot"), now=NOW, rate=lambda _rule, _window: 5)
INTENT = Intent(
    action="a",
    target="t",
    parameters={"n": 5},
    effect=Effect.WRITE,
    reversibility=Reversibility.REVERSIBLE,
    default_tier=Tier.T0,
    undetermined=frozenset({"u"}),
    mapping="m@1",
)
TYPES = {
    "refund": ActionType(
        name="refund",
        description="",
        default_tier=Tier.T2,
        effect=Effect.SPEND,
        reversibility=Reversibility.IRREVERSIBLE,
        parameters={
            "amount": Parameter.of(ParamType.DECIMAL),
            "note": Parameter.of(ParamType.STRING),
            "meta": Parameter.of(ParamType.MAP),
            "tags": Parameter({"type": "array", "items": {"type": "string"}}),
        },
    )
}


def page(*rules: str, **keys: str) -> Document:
    head = "".join(f"{key}: {value}\n" for key, value in keys.items())
    body = "".join(f"  - {rule}\n" for rule in rules) or "  []\n"
    return parse(f"apiVersion: vienna/v1\nkind: Rules\nid: p\n{head}rules:\n{body}", name="p.yaml")


def rule(id: str, when: str, action: str, priority: int = 0, more: str = "", then: str = "") -> str:
    return f'{{id: {id}, priority: {priority}, when: "{when}", then: {{action: {action}{then}}}{more}}}'


def rules(*texts: str, **keys: str) -> RuleSet:
    return RuleSet.compile([page(*texts, **keys)])


def ask(found: RuleSet, intent: Intent = INTENT, facts: Facts = FACTS) -> Match:
    return found.evaluate(Subject(intent, facts, lambda _intent, _facts: RiskScore(0, ())))


def decided(found: RuleSet, intent: Intent = INTENT, facts: Facts = FACTS) -> str | None:
    match = ask(found, intent, facts)
    return match.rule.id if match.rule else None


class TestOrder:
    def test_higher_priority_first(self) -> None:
        assert decided(rules(rule("one", "n == 5", "allow", 1), rule("two", "n == 5", "allow", 2))) == "two"

    def test_equal_priority_the_stricter_then_the_id(self) -> None:
        words = ["allow", "require_approval", "escalate", "deny"]
        for at in range(4):
            some = [rule(f"r{i}", "n == 5", word) for i, word in enumerate(words[: at + 1])]
            assert decided(rules(*some)) == f"r{at}"
        assert decided(rules(rule("b", "n == 5", "deny"), rule("a", "n == 5", "deny"))) == "a"

    def test_nothing_holds(self) -> None:
        match = ask(rules(rule("one", "n == 6", "allow")))
        assert (match.rule, match.determined) == (None, True)

    def test_a_rule_that_is_not_enabled_is_kept_and_not_asked(self) -> None:
        found = rules(rule("off", "n == 5", "deny", 9, ", enabled: false"), rule("on", "n == 5", "allow"))
        assert (decided(found), found.count, len(found.rules)) == ("on", 1, 2)

    def test_validity_includes_its_start_and_not_its_end(self) -> None:
        timed = rules(
            rule(
                "t",
                "n == 5",
                "deny",
                0,
                ", valid_from: 2026-03-25T10:00:00Z, valid_until: 2026-03-25T11:00:00Z",
            )
        )
        for minutes, held in ((-1, False), (0, True), (59, True), (60, False)):
            facts = replace(FACTS, now=NOW + timedelta(minutes=minutes))
            assert (decided(timed, facts=facts) == "t") is held


class TestUndetermined:
    @pytest.mark.parametrize(
        ("action", "then", "holds"),
        [
            ("allow", "", False),
            ("deny", "", True),
            ("require_approval", "", True),
            ("escalate", "", True),
            ("rate_limit", ", limit: 1", True),
        ],
    )
    def test_only_an_allow_does_not_hold(self, action: str, then: str, holds: bool) -> None:
        match = ask(rules(rule("r", "u == 1", action, then=then)))
        assert (match.rule is not None) is holds
        assert match.determined is not holds

    def test_certain_is_certain(self) -> None:
        assert ask(rules(rule("r", "n == 5", "deny"))).determined


class TestGoingOn:
    def test_flags_are_noted_and_passed(self) -> None:
        match = ask(
            rules(
                rule("f", "n == 5", "flag", 2), rule("g", "u == 1", "flag", 1), rule("a", "n == 5", "allow")
            )
        )
        assert [flag.id for flag in match.flags] == ["f", "g"]
        assert match.rule is not None
        assert match.rule.id == "a"

    def test_shadows_are_recorded_and_passed(self) -> None:
        shadow = ", shadow: true"
        match = ask(
            rules(
                rule("d", "n == 5", "deny", 3, shadow),
                rule("f", "n == 5", "flag", 2, shadow),
                rule("l", "n == 5", "rate_limit", 2, shadow, ", limit: 4"),
                rule("within", "n == 5", "rate_limit", 2, shadow, ", limit: 5"),
                rule("no", "n == 6", "deny", 2, shadow),
                rule("a", "n == 5", "allow"),
            )
        )
        assert [one.id for one in match.shadow] == ["d", "l", "f"]
        assert match.flags == ()
        assert match.rule is not None
        assert match.rule.id == "a"

    @pytest.mark.parametrize(("count", "limited"), [(4, False), (5, False), (6, True)])
    def test_a_limit_holds_above_it(self, count: int, limited: bool) -> None:
        found = rules(rule("l", "n == 5", "rate_limit", 2, then=", limit: 5"), rule("a", "n == 5", "allow"))
        facts = replace(FACTS, rate=lambda _rule, _window: count)
        assert decided(found, facts=facts) == ("l" if limited else "a")

    def test_a_limit_that_nobody_counts_holds(self) -> None:
        found = rules(rule("l", "n == 5", "rate_limit", 2, then=", limit: 5"), rule("a", "n == 5", "allow"))
        assert decided(found, facts=replace(FACTS, rate=None)) == "l"

    def test_the_window_is_the_rules_own(self) -> None:
        asked: list[tuple[str, int]] = []

        def rate(name: str, window: int) -> int:
            asked.append((name, window))
            return 0

        found = rules(
            rule("m", "rate > 1", "rate_limit"), rule("h", "rate > 1", "rate_limit", then=", window: 1h")
        )
        ask(found, facts=replace(FACTS, rate=rate))
        assert sorted(asked) == [("h", 3600), ("m", 60)]


class TestReading:
    @pytest.mark.parametrize(
        ("text", "where", "why"),
        [
            (rule("r", "a ==", "deny"), "5:", "column 5 of the expression"),
            (rule("r", "n == 1", "denny"), "5:", "input should be 'deny'"),
            (
                "{id: r, when: [{field: n, operator: eqals, value: 1}], then: {action: deny}}",
                "5:31",
                "did you mean 'equals'?",
            ),
            ("{id: r, wehn: [], then: {action: deny}}", "5:5", "did you mean 'when'?"),
            ("{id: r, then: {action: deny}}", "5:5", "the key 'when' is missing"),
            ("{id: r r, when: [], then: {action: deny}}", "5:6", "id"),
            (
                "{id: r, when: [], then: {action: deny, approvals: {}}}",
                "5:",
                "approvals does not fit the action deny",
            ),
            (
                "{id: r, when: [], then: {action: allow, limit: 5}}",
                "5:",
                "limit does not fit the action allow",
            ),
            ("{id: r, when: [], then: {action: allow, may_lower: true}}", "5:", "may_lower needs the tier"),
            ("{id: r, when: [], then: {action: flag, tier: T2}}", "5:", "tier does not fit the action flag"),
            ("{id: r, when: [], then: {action: rate_limit}}", "5:", "rate_limit needs a condition on 'rate'"),
            ("{id: r, when: [], then: {action: allow, window: 1h}}", "5:", "a window needs"),
            ("{id: r, when: [], then: {action: allow, tier: T9}}", "5:", "tier"),
            ("{id: r, when: [], then: {action: allow, warrant_ttl: soon}}", "5:", "expected a duration"),
            ("{id: r, when: [], then: {action: require_approval, approvals: {count: 9}}}", "5:", "count"),
            (
                "{id: r, when: [], then: {action: require_approval, approvals: {on_timeout: allow}}}",
                "5:",
                "on_timeout",
            ),
            (
                "{id: r, when: [], then: {action: deny, reason: over 10,000}}",
                "5:",
                "put text that has one in quotes",
            ),
            ("{id: r, when: [], then: {action: deny}, valid_from: today}", "5:", "a time with its offset"),
            (
                "{id: r, when: [], then: {action: deny}, valid_from: 2026-03-25T10:00:00}",
                "5:",
                "with its offset",
            ),
            (
                "{id: r, when: [], then: {action: deny},"
                " valid_from: 2026-03-25T10:00:00Z, valid_until: 2026-03-25T10:00:00Z}",
                "5:",
                "valid_until is not after",
            ),
            (
                "{id: r, when: [], then: {action: allow}, limits: {budget: {name: tokens, max: 5}}}",
                "5:55 rules[0].limits.budget",
                "the key 'window' is missing",
            ),
        ],
    )
    def test_what_has_no_reading_is_told_at_its_place(self, text: str, where: str, why: str) -> None:
        with pytest.raises(DocumentError) as raised:
            rules(text)
        assert str(raised.value).startswith(f"p.yaml:{where}")
        assert why in str(raised.value)

    @pytest.mark.parametrize("keys", [{"timezone": "Mars/Phobos"}, {"default": "maybe"}, {"rulez": "[]"}])
    def test_nor_a_page_with_a_wrong_head(self, keys: dict[str, str]) -> None:
        with pytest.raises(DocumentError, match=next(iter(keys))):
            rules(rule("r", "n == 1", "deny"), **keys)

    def test_every_complaint_of_every_page_is_told(self) -> None:
        pages = [page(rule("r", "a ==", "deny"), rule("s", "b ==", "deny")), page("{id: t}")]
        with pytest.raises(DocumentError) as raised:
            RuleSet.compile(pages, stored=[{"id": "pol-1", "when": "c ==", "then": {"action": "deny"}}])
        assert len(raised.value.errors) == 5
        assert str(raised.value.errors[-1]).startswith("policy pol-1 /when: at column 5")

    def test_ids_are_unique_over_files_and_stored_rules(self) -> None:
        same = {"id": "r", "when": "n == 1", "then": {"action": "deny"}}
        with pytest.raises(DocumentError, match=r"the rule id 'r' stands also at p\.yaml:5"):
            RuleSet.compile([page(rule("r", "n == 1", "deny"))], stored=[same])

    def test_stored_rules_stand_among_the_others_and_hold_decimals(self) -> None:
        stored = {
            "id": "pol-1",
            "priority": 5,
            "when": [{"field": "n", "operator": "gt", "value": {"$decimal": "4.5"}}],
            "then": {"action": "deny"},
        }
        found = RuleSet.compile([page(rule("r", "n == 5", "allow"))], stored=[stored])
        assert decided(found) == "pol-1"
        assert [one.source for one in found.rules] == ["api", "p.yaml"]

    @pytest.mark.parametrize(("zone", "holds"), [("Europe/Vienna", True), ("UTC", False), (None, False)])
    def test_stored_rules_are_of_the_zone_of_the_pages(self, zone: str | None, holds: bool) -> None:
        """Ten o'clock in UTC is eleven in Vienna, in winter."""
        stored = {
            "id": "pol-1",
            "priority": 5,
            "when": [{"field": "n", "operator": "time_between", "value": ["11:00", "11:30"]}],
            "then": {"action": "deny"},
        }
        pages = [] if zone is None else [page(timezone=zone)]
        found = RuleSet.compile(pages, stored=[stored], default="allow")
        late = replace(INTENT, parameters={"n": "2026-01-05T10:15:00Z"})
        match = found.evaluate(Subject(late, FACTS, lambda _intent, _facts: RiskScore(48, ())))
        assert (match.rule is not None) is holds

    def test_a_condition_that_does_not_fit_the_declared_type(self) -> None:
        for text, why in (
            ("action == 'refund' AND note > 5", "does not fit a field that holds text"),
            ("action == 'refund' AND parameters.amount == 'x'", "the field holds a number"),
        ):
            with pytest.raises(DocumentError, match=why):
                RuleSet.compile([page(rule("r", text, "deny"))], action_types=TYPES)
            RuleSet.compile([page(rule("r", text.replace("refund", "other"), "deny"))], action_types=TYPES)
        for text in ("amount > 5 EUR", "tags contains 'a'", "meta.k == 'x'", "parameters.meta.k.z > 5"):
            RuleSet.compile([page(rule("r", f"action == 'refund' AND {text}", "deny"))], action_types=TYPES)

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("tags contains 5", "contains: of the items, equals: the field holds text, got 5"),
            ("parameters.tags == 'a'", "equals does not fit a field that holds a list"),
            ("note contains 5", "contains: the field holds text, got 5"),
            ("note.x == 1", "'note' holds text, which has no members"),
            ("parameters.amount.x exists", "'amount' holds a number, which has no members"),
            ("meta == 'x'", "does not fit a field that holds an object"),
        ],
    )
    def test_nor_one_on_the_inside_of_it(self, text: str, why: str) -> None:
        with pytest.raises(DocumentError, match=why):
            RuleSet.compile([page(rule("r", f"action == 'refund' AND {text}", "deny"))], action_types=TYPES)

    @pytest.mark.parametrize(
        ("said", "given", "default"),
        [
            ([], None, "deny"),
            ([], "allow", "allow"),
            (["allow"], None, "allow"),
            (["allow"], "deny", "allow"),
            (["allow", "deny"], "allow", "deny"),
            (["deny"], "allow", "deny"),
        ],
    )
    def test_the_default(self, said: list[str], given: Any, default: str) -> None:
        pages = [page(rule(f"r{i}", "n == 1", "deny"), default=word) for i, word in enumerate(said)]
        assert RuleSet.compile(pages, default=given).default == default

    def test_the_digest_names_the_rules_and_the_default(self) -> None:
        one = rules(rule("a", "n == 5", "deny"), rule("b", "n == 5", "allow"))
        assert one.digest == rules(rule("b", "n == 5", "allow"), rule("a", "n == 5", "deny")).digest
        assert one.digest != rules(rule("a", "n == 5", "deny"), rule("b", "n == 6", "allow")).digest
        assert RuleSet((), default="deny").digest != RuleSet((), default="allow").digest

    def test_the_digest_is_over_named_members(self) -> None:
        assert RuleSet((), default="deny").digest == digest({"default": "deny", "rules": []})
        one = rules(rule("a", "n == 5", "deny"))
        data = [dict(row.data) for row in one.rules]
        assert one.digest == digest({"default": "deny", "rules": data})

    def test_budgets_and_labels_are_members_where_there_are_any(self) -> None:
        labels = {"production": ["k8s:*"], "staging": ["a", "b*"]}
        budgets = {name: Budget(name=name, max=Decimal(5), window="1d", over="count") for name in ("b", "a")}
        named = {name: budget.model_dump() for name, budget in budgets.items()}
        rows = [["production", ["k8s:*"]], ["staging", ["a", "b*"]]]
        said: dict[str, Any] = {"default": "deny", "rules": []}
        for some, members in (
            ({}, {}),
            ({"budgets": budgets}, {"budgets": named}),
            ({"environments": Environments([labels])}, {"environments": rows}),
        ):
            assert RuleSet((), **some).digest == digest({**said, **members})  # type: ignore[arg-type]

    def test_what_pages_are_written_for_is_kept(self) -> None:
        assert RuleSet(()).expected == {}
        assert RuleSet((), expected=TYPES).expected == TYPES


# Each action with each answer, enforced and not; the one limit is passed and the other kept, as five calls were made.
KINDS = [
    (action, then, when, shadow)
    for (action, then), when, shadow in product(
        (
            ("deny", ""),
            ("allow", ""),
            ("require_approval", ""),
            ("escalate", ""),
            ("flag", ""),
            ("rate_limit", ", limit: 4"),
            ("rate_limit", ", limit: 5"),
        ),
        ("n == 5", "n == 6", "u == 1"),
        ("", ", shadow: true"),
    )
] + [
    ("rate_limit", "", when, shadow)
    for when, shadow in product(("rate > 4", "rate > 5"), ("", ", shadow: true"))
]


def kinds_at(priority: int) -> list[Rule]:
    """A rule of each kind, in their order."""
    texts = [
        rule(f"r{priority}-{at:02}", when, action, priority, shadow, then)
        for at, (action, then, when, shadow) in enumerate(KINDS)
    ]
    return sorted(rules(*texts).rules, key=lambda made: made.id)


def test_every_two_rules_before_a_third_answer_as_they_say() -> None:
    """The whole of the answer, by a reading of its own, over every two kinds of rule."""
    first, second, (third, *_) = kinds_at(3), kinds_at(2), kinds_at(1)
    for one, two in product(range(len(KINDS)), repeat=2):
        wanted: dict[str, Any] = {"rule": None, "determined": True, "evaluated": 0}
        told: dict[str, tuple[Rule, ...]] = {"flags": (), "shadow": (), "passed": ()}
        for kind, made in ((one, first[one]), (two, second[two]), (0, third)):
            action, then, when, shadow = KINDS[kind]
            wanted["evaluated"] += 1
            kept = then == ", limit: 5"
            if when in ("n == 6", "rate > 5") or kept:
                continue
            if action == "allow" and when == "u == 1":
                told["passed"] += () if shadow else (made,)
            elif shadow:
                told["shadow"] += (made,)
            elif action == "flag":
                told["flags"] += (made,)
            else:
                wanted |= {"rule": made, "determined": when != "u == 1"}
                break
        assert ask(RuleSet((third, second[two], first[one]))) == Match(**wanted, **told), (
            KINDS[one],
            KINDS[two],
        )


def test_a_limit_counts_its_own_rule_in_its_own_window() -> None:
    counted: list[tuple[str, int]] = []

    def rate(name: str, window: int) -> int:
        counted.append((name, window))
        return 1

    found = rules(rule("l", "n == 5", "rate_limit", 2, then=", limit: 5, window: 1h"))
    assert ask(found, facts=replace(FACTS, rate=rate)) == Match(None, evaluated=1)
    assert counted == [("l", 3600)]


def asked(pages: list[Document], intent: Intent, facts: Facts) -> policy_kit.Found:
    """What the rule set answers, in the words of the plain one."""
    counted: list[str] = []

    def rate(rule_id: str, window: int) -> int:
        counted.append(rule_id)
        return facts.rate(rule_id, window) if facts.rate else 0

    one = replace(facts, rate=rate) if facts.rate else facts
    subject = Subject(intent, one, lambda _intent, _facts: RiskScore(policy_kit.RISK, ()))
    match = RuleSet.compile(pages).evaluate(subject)
    return policy_kit.Found(
        rule=match.rule.id if match.rule else None,
        determined=match.determined,
        flags=[one.id for one in match.flags],
        shadow=[one.id for one in match.shadow],
        passed=[one.id for one in match.passed],
        counted=counted,
    )


def plainly(pages: list[Document], intent: Intent, facts: Facts) -> policy_kit.Found:
    found = policy_kit.naive(pages, intent, facts)
    return replace(found, counted=list(dict.fromkeys(found.counted)))


def held_alike(pages: list[Document], subjects: list[tuple[Intent, Facts]]) -> None:
    for intent, facts in subjects:
        assert asked(pages, intent, facts) == plainly(pages, intent, facts)


@policy_kit.LAW
@given(policy_kit.pages(), policy_kit.SUBJECTS)
def test_it_answers_what_every_rule_asked_in_turn_would_answer(
    pages: list[Document], subjects: list[tuple[Intent, Facts]]
) -> None:
    held_alike(pages, subjects)


@st.composite
def many(draw: st.DrawFn) -> list[Document]:
    """Many rules on few fields, where a sieve comes before them: made of a handful, by chance."""
    leaves = st.one_of(
        policy_kit.numbers("n", "parameters.amount"),
        policy_kit.MONEY,
        policy_kit.texts("s", "parameters.m.k", "target.host", among=["x", "y", "h"]),
        policy_kit.numbers("risk_score", among=[5, 48, 50]),
        policy_kit.TREES,
    )
    handful = draw(st.lists(leaves, min_size=4, max_size=8))
    chance = random.Random(draw(st.integers(0, 2**32)))  # a generator, no secret
    made = []
    for at in range(chance.randint(13, 60)):
        when = [*policy_kit.bound(chance), *chance.sample(handful, chance.randint(1, 2))]
        then = {"action": chance.choice(["allow", "deny", "require_approval", "escalate", "flag"])}
        made.append({"id": f"r{at}", "priority": chance.randint(0, 9), "when": when, "then": then})
    return [policy_kit.page(made, timezone="Europe/Vienna")]


@policy_kit.LAW
@given(many(), policy_kit.SUBJECTS)
def test_also_where_there_are_many(pages: list[Document], subjects: list[tuple[Intent, Facts]]) -> None:
    held_alike(pages, subjects)


@policy_kit.LAW
@given(
    st.permutations(
        [rule(f"r{i}", "n == 5", word, i) for i, word in enumerate(["deny", "allow", "escalate"])]
    )
)
def test_the_order_in_the_file_is_of_no_account(texts: list[str]) -> None:
    assert decided(rules(*texts)) == "r2"


def test_names_that_agents_invent_do_not_grow_the_index() -> None:
    found = rules(rule("a", "action == 'a'", "deny"), rule("b", "n == 5", "deny"))
    for i in range(100):
        ask(found, replace(INTENT, action=f"x{i}"))
    assert len(found._index._made) == 0
