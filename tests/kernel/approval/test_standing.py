"""Standing warrants: what they cover, and that they never cover more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.approval.standing import Standing, covers, fits
from vienna_kernel.errors import IllegalMoveError
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict
from vienna_kernel.warrant.limit import Limit

NOW = datetime(2026, 3, 25, 10, tzinfo=UTC)
END = NOW + timedelta(days=30)
INTENT = Intent(
    action="create_refund",
    target="stripe:charge/ch_1",
    parameters={"amount": Decimal(20), "currency": "EUR", "charge": "ch_1"},
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
    money={"amount": "currency"},
    mapping="stripe@1",
)
SMALL = Standing(
    id="std-1",
    action="create_refund",
    agents=frozenset({"agt-1"}),
    target="stripe:charge/*",
    limits={
        "amount": Limit(most=Decimal(50)),
        "currency": Limit(one_of=("EUR",)),
        "charge": Limit(),
        "reason": Limit(required=False),
    },
    currency="EUR",
    count=10,
    expires_at=END,
)


def ask(standing: Standing = SMALL, *intents: Intent, tier: Tier = Tier.T2, **more: Any) -> Verdict:
    asked: dict[str, Any] = {"agent_id": "agt-1", "now": NOW, **more}
    return covers(standing, intents or [INTENT], tier=tier, **asked)


def given_(**parameters: Any) -> Intent:
    """The intent with other parameters; None leaves one out."""
    kept = {name: value for name, value in {**INTENT.parameters, **parameters}.items() if value is not None}
    return replace(INTENT, parameters=kept)


def reason(verdict: Verdict) -> Reason | None:
    return verdict.reason if isinstance(verdict, Refused) else None


def test_it_covers_what_was_meant() -> None:
    assert ask() == Granted()
    assert ask(SMALL, given_(amount=50), given_(amount=Decimal("0.01"))) == Granted()
    assert ask(SMALL, given_(reason="duplicate")) == Granted()
    assert ask(replace(SMALL, target=None), replace(INTENT, target="elsewhere")) == Granted()


@pytest.mark.parametrize(
    ("standing", "why"),
    [
        ({"revoked": True}, Reason.WARRANT_REVOKED),
        ({"not_before": NOW + timedelta(seconds=1)}, Reason.WARRANT_NOT_YET_VALID),
        ({"expires_at": NOW}, Reason.WARRANT_EXPIRED),  # the end is not part of it
        ({"agents": frozenset({"agt-2"})}, Reason.WARRANT_HOLDER),
        ({"agents": frozenset()}, Reason.WARRANT_HOLDER),
        ({"most_tier": Tier.T1}, Reason.WARRANT_REQUIREMENTS),
        ({"used": 10}, Reason.WARRANT_CONSUMED),
        ({"used": 11}, Reason.WARRANT_CONSUMED),
        ({"count": 0}, Reason.WARRANT_CONSUMED),
        ({"action": "create_payout"}, Reason.WARRANT_SCOPE),
        ({"target": "stripe:charge/ch_2"}, Reason.WARRANT_SCOPE),
        ({"limits": {}}, Reason.WARRANT_SCOPE),
        ({"currency": None}, Reason.WARRANT_SCOPE),
        ({"currency": "USD"}, Reason.WARRANT_SCOPE),
    ],
)
def test_each_bound_has_its_reason(standing: dict[str, Any], why: Reason) -> None:
    verdict = ask(replace(SMALL, **standing))
    assert reason(verdict) is why
    assert isinstance(verdict, Refused)
    assert verdict.detail.startswith("standing warrant std-1: ")


def test_it_holds_from_its_first_instant_until_before_its_last() -> None:
    timed = replace(SMALL, not_before=NOW, expires_at=NOW + timedelta(seconds=1))
    second = timedelta(seconds=1)
    tick = timedelta(microseconds=1)
    assert [ask(timed, now=at) == Granted() for at in (NOW - tick, NOW, NOW + second - tick, NOW + second)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize("tier", Tier)
def test_the_highest_tier_only_where_it_says_so(tier: Tier) -> None:
    assert (ask(tier=tier) == Granted()) is (tier is not Tier.T3)
    assert ask(replace(SMALL, most_tier=Tier.T3), tier=tier) == Granted()


@pytest.mark.parametrize(
    ("intent", "says"),
    [
        (given_(amount=Decimal("50.01")), "amount is outside"),
        (given_(amount="20"), "amount is outside"),
        (given_(amount=True), "amount is outside"),
        (given_(amount=None), "amount must be there"),
        (given_(currency="USD"), "currency is outside"),
        (given_(extra=1), "extra is not provided for"),
        (replace(INTENT, target="stripe:payout/po_1"), "outside stripe:charge/*"),
        (replace(INTENT, mapping=None), "no mapping"),
        (replace(INTENT, undetermined=frozenset({"metadata"})), "metadata is left open"),
        (replace(given_(amount=None), undetermined=frozenset({"amount"})), "amount is left open"),
        (replace(INTENT, money={"amount": "USD"}), "not one in EUR"),
        (replace(INTENT, money={"amount": "other"}), "not one in EUR"),
    ],
)
def test_what_is_outside_is_named_and_its_value_is_not(intent: Intent, says: str) -> None:
    verdict = ask(SMALL, intent)
    assert isinstance(verdict, Refused)
    assert verdict.reason is Reason.WARRANT_SCOPE
    assert says in verdict.detail
    assert "50.01" not in verdict.detail


def test_an_optional_bound_does_not_cover_what_is_left_open() -> None:
    """A refund without an amount is a full refund."""
    loose = replace(SMALL, limits={**SMALL.limits, "amount": Limit(most=Decimal(50), required=False)})
    open_ = replace(given_(amount=None), undetermined=frozenset({"amount"}))
    assert reason(ask(loose, open_)) is Reason.WARRANT_SCOPE
    free = replace(SMALL, limits={**SMALL.limits, "amount": Limit(required=False)})
    assert ask(free, open_) == Granted()
    assert ask(SMALL, replace(INTENT, undetermined=frozenset({"reason"}))) == Granted()


def test_a_call_of_several_is_as_many_uses_and_one_outside_is_all_outside() -> None:
    last = replace(SMALL, used=8)
    assert ask(last, INTENT, INTENT) == Granted()
    assert reason(ask(last, INTENT, INTENT, INTENT)) is Reason.WARRANT_CONSUMED
    assert reason(ask(SMALL, INTENT, given_(amount=51))) is Reason.WARRANT_SCOPE
    assert reason(covers(SMALL, [], agent_id="agt-1", tier=Tier.T2, now=NOW)) is Reason.WARRANT_SCOPE


def test_uses_are_spent_and_never_more_than_there_are() -> None:
    one = replace(SMALL, count=3)
    assert [one.left, one.spend(2).left, one.spend(2).spend(1).left] == [3, 1, 0]
    assert replace(one, used=5).left == 0
    for uses in (4, 0, -1):
        with pytest.raises(IllegalMoveError):
            one.spend(uses)


@given(st.integers(0, 6), st.lists(st.integers(1, 3)))
def test_what_was_covered_never_exceeds_the_count(count: int, calls: list[int]) -> None:
    standing, done = replace(SMALL, count=count), 0
    for size in calls:
        if ask(standing, *[INTENT] * size) == Granted():
            standing, done = standing.spend(size), done + size
        assert standing.left == count - done >= 0


@pytest.mark.parametrize(
    ("pattern", "target", "inside"),
    [
        ("stripe:charge/ch_1", "stripe:charge/ch_1", True),
        ("stripe:charge/ch_1", "stripe:charge/ch_12", False),
        ("stripe:charge/*", "stripe:charge/ch_1", True),
        ("stripe:charge/*", "stripe:charge/", False),
        ("stripe:charge/*", "stripe:charge", False),
        ("stripe:charge/*", "stripe:charge/ch_1/refunds", False),
        ("k8s:prod/*/deployment/web", "k8s:prod/shop/deployment/web", True),
        ("k8s:prod/*/deployment/web", "k8s:prod/a/b/deployment/web", False),
        ("github:acme/**", "github:acme/site", True),
        ("github:acme/**", "github:acme/site/issues/1", True),
        ("github:acme/**", "github:acme", False),
        ("github:acme/**", "github:acme/", False),
        ("github:acme/**", "github:acme/../other", False),
        ("github:acme/*", "github:acme/..", False),
        ("github:ac*", "github:acme", False),  # a star is a whole step
        ("github:*/x/**", "github:*/x/y", True),
        ("*", "anything", True),
        ("**", "any/thing", True),
        ("**", "", False),
    ],
)
def test_patterns_fit_whole_steps(pattern: str, target: str, inside: bool) -> None:
    assert fits(pattern, target) is inside


# never more than its scope, over the whole small space

VALUES: list[Any] = [0, 50, 51, "EUR", True, None]
LIMITS = [
    Limit(required=required, **bounds)
    for required in (True, False)
    for bounds in (
        {}, {"one_of": (0, "EUR")}, {"most": Decimal(50)}, {"least": Decimal(1)}, {"one_of": ()},
    )
]  # fmt: skip


def small_intents() -> Iterator[Intent]:
    for a, b, left_open, money in product(VALUES, VALUES, (False, True), ({}, {"a": "EUR"}, {"a": "b"})):
        there = {name: value for name, value in (("a", a), ("b", b)) if value is not None}
        missing = frozenset({"a", "b"} - set(there)) if left_open else frozenset()
        yield replace(INTENT, parameters=there, undetermined=missing, money=money)


def allowed(limit: Limit | None, value: Any, *, open_: bool) -> bool:
    """One parameter that is there, or is known not to be."""
    if limit is None:
        return open_ or value is None
    if value is None:
        return not limit.required
    if limit.one_of is not None and not any(
        value == one and type(value) is type(one) for one in limit.one_of
    ):
        return False
    if limit.least is None and limit.most is None:
        return True
    if type(value) is not int:
        return False
    return (limit.least is None or value >= limit.least) and (limit.most is None or value <= limit.most)


def plainly(standing: Standing, intent: Intent) -> bool:
    """Whatever a value that is left open may turn out to be, the call stays within."""
    for name in ("a", "b"):
        possible = [*VALUES, 10**6, "x"] if name in intent.undetermined else [intent.parameters.get(name)]
        limit = standing.limits.get(name)
        if not all(allowed(limit, value, open_=standing.open) for value in possible):
            return False
    bound = standing.limits.get("a")
    if (
        "a" in intent.money
        and "a" in intent.parameters
        and bound is not None
        and bound != Limit(required=bound.required)
    ):
        holder = intent.money["a"]
        return intent.parameters.get(holder, holder) == standing.currency
    return True


@pytest.mark.parametrize("open_", [False, True])
@pytest.mark.parametrize("currency", [None, "EUR"])
def test_over_every_two_limits_and_every_two_values(open_: bool, currency: str | None) -> None:
    intents = list(small_intents())
    for first, second in product([None, *LIMITS], repeat=2):
        limits = {name: limit for name, limit in (("a", first), ("b", second)) if limit is not None}
        standing = replace(SMALL, target=None, limits=limits, open=open_, currency=currency)
        for intent in intents:
            expected = plainly(standing, intent)
            assert (ask(standing, intent) == Granted()) is expected, (
                limits,
                intent.parameters,
                intent.undetermined,
            )
