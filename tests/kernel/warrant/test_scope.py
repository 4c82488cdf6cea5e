"""Laws of permits and scopes over a whole small space, so that none can hold by never being asked; and mutants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.value import Value
from vienna_kernel.warrant import scope as scope_module
from vienna_kernel.warrant.scope import Limit, exactly


@dataclass(frozen=True)
class Meant:
    action: str
    target: str
    parameters: dict[str, Value]


LIMITS = (
    None,
    Limit(one_of=(1,)),
    Limit(most=Decimal(3)),
    Limit(),
    Limit(required=False),
    Limit(one_of=(), required=False),
    Limit(one_of=()),
)
NUMBERS: tuple[Value, ...] = (None, 1, 3, 4, "x")  # None: not there
MEANT = [
    Meant(
        action, target, {name: value for name, value in (("n", n), ("m", m), ("k", k)) if value is not None}
    )
    for action, target, n, m, k in product(("pay", "read"), ("a", "b"), NUMBERS, NUMBERS, (None, 7))
]


def permits(m: ModuleType) -> list[Any]:
    """Each permit over two actions, one target or every, two parameters, open or closed."""
    return [
        m.Permit(
            action=action,
            target=target,
            limits={name: limit for name, limit in (("n", n), ("m", k)) if limit is not None},
            open=open_,
        )
        for (action, target), n, k, open_ in product(
            (("pay", None), ("pay", "a"), ("pay", "b"), ("read", "a")), LIMITS, LIMITS, (True, False)
        )
    ]


def bits(thing: Any, space: list[Any]) -> int:
    return sum(thing.covers(one) << at for at, one in enumerate(space))


def law_permit_covers(m: ModuleType) -> int:
    """``covers`` by a reading of its own: each parameter by its limit, nothing unnamed unless open."""
    yes = 0
    for permit, meant in product(permits(m)[::3], MEANT):
        held = permit.action == meant.action and permit.target in (None, meant.target)
        for name in ("n", "m", "k"):
            limit, there = permit.limits.get(name), name in meant.parameters
            if limit is None:
                held = held and (permit.open or not there)
            else:
                held = held and (limit.allows(meant.parameters[name]) if there else not limit.required)
        assert permit.covers(meant) == held, (permit, meant)
        yes += held
    return yes


def law_permit_within(m: ModuleType) -> int:
    """``within`` says yes exactly where every meaning that the inner covers is covered by the outer."""
    rows = [(permit, bits(permit, MEANT)) for permit in permits(m)]
    yes = 0
    for (inner, mine), (outer, theirs) in product(rows, rows):
        assert inner.within(outer) == (mine & ~theirs == 0), (inner, outer)
        yes += mine != 0 and mine & ~theirs == 0
    return yes


def law_permit_meet(m: ModuleType) -> int:
    """``meet`` covers exactly what both cover; None is said exactly of nothing."""
    rows = [(permit, bits(permit, MEANT)) for permit in permits(m)[::3]]
    something = 0
    for (one, mine), (two, theirs) in product(rows, rows):
        met = one.meet(two)
        assert (0 if met is None else bits(met, MEANT)) == mine & theirs, (one, two)
        assert (met is None) == (mine & theirs == 0), (one, two)
        something += met is not None
    return something


# Calls of none, one and two intents, over one parameter and one that nobody names.
SOME = [meant for meant in MEANT if "m" not in meant.parameters and meant.action == "pay"]
CALLS = [[], *([one] for one in SOME), *([one, two] for one in SOME for two in SOME)]


def scopes(m: ModuleType) -> list[Any]:
    """Each scope of none, one and two permits out of some."""
    some = [row for row in permits(m) if row.action == "pay" and "m" not in row.limits]
    some = [row for row in some if not row.open or "n" not in row.limits]
    return [m.Scope(tuple(row)) for row in ((), *((one,) for one in some), *product(some, some))]


def law_scope_covers(m: ModuleType) -> int:
    """A call of as many intents as permits, each within its own; nothing by an empty scope."""
    yes = 0
    for scope, call in product(scopes(m)[::5], CALLS):
        pairs = list(zip(scope.permits, call, strict=False))
        held = len(call) == len(scope.permits) > 0 and all(permit.covers(meant) for permit, meant in pairs)
        assert scope.covers(call) == held, (scope, call)
        yes += held
    return yes


def law_scope_within(m: ModuleType) -> int:
    rows = [(scope, bits(scope, CALLS)) for scope in scopes(m)]
    yes = 0
    for (inner, mine), (outer, theirs) in product(rows, rows):
        assert inner.within(outer) == (mine & ~theirs == 0), (inner, outer)
        yes += mine != 0 and mine & ~theirs == 0
    return yes


def law_scope_meet(m: ModuleType) -> int:
    """It covers exactly what both cover, lies within both, and is the greatest that does."""
    rows = [(scope, bits(scope, CALLS)) for scope in scopes(m)[::7]]
    something = 0
    for (one, mine), (two, theirs) in product(rows, rows):
        met = one.meet(two)
        assert bits(met, CALLS) == mine & theirs, (one, two)
        assert met.within(one)
        assert met.within(two)
        something += mine & theirs != 0
        for three, _ in rows[::2]:
            assert three.within(met) == (three.within(one) and three.within(two)), (one, two, three)
    return something


@pytest.mark.parametrize(
    ("law", "least"),
    [
        (law_permit_covers, 1000),
        (law_permit_within, 6000),
        (law_permit_meet, 1000),
        (law_scope_covers, 100),
        (law_scope_within, 1000),
        (law_scope_meet, 100),
    ],
    ids=lambda law: getattr(law, "__name__", None),
)
def test_law(law: Any, least: int) -> None:
    assert law(scope_module) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_permit_covers, "if act.action != self.action or self", "if self"),
        (law_permit_covers, "or self.target not in (None, act.target)", ""),
        (law_permit_covers, "FREE if self.open else FORBIDDEN", "FREE"),
        (law_permit_covers, "FREE if self.open else FORBIDDEN", "FORBIDDEN"),
        (law_permit_covers, "limit.required and name not in act.parameters", "name not in act.parameters"),
        (law_permit_covers, "limit.required and name not in act.parameters", "False"),
        (law_permit_within, "if self.action != outer.action or outer", "if outer"),
        (law_permit_within, "or outer.target not in (None, self.target)", ""),
        (law_permit_within, "outer.target not in (None, self.target)", "self.target not in (None, outer.target)"),
        (law_permit_within, "if self.open and not outer.open:\n            return False", "pass"),
        (law_permit_within, "if self.open and not outer.open", "if outer.open and not self.open"),
        (law_permit_within, "for name in {**self.limits, **outer.limits})", "for name in self.limits)"),
        (law_permit_within, "for name in {**self.limits, **outer.limits})", "for name in outer.limits)"),
        (law_permit_within, "return all(self.limit(name).within(", "return any(self.limit(name).within("),
        (law_permit_within, "any(limit.impossible for", "all(limit.impossible for"),
        (law_permit_within, "return any(limit.impossible for limit in self.limits.values())", "return False"),
        (law_permit_meet, "self.target != other.target and None not in (self.target, other.target)", "False"),
        (law_permit_meet, "self.target if self.target is not None else other.target", "None"),
        (law_permit_meet, "self.target if self.target is not None else other.target", "other.target"),
        (law_permit_meet, "open=self.open and other.open", "open=self.open or other.open"),
        (law_permit_meet, "names = {**self.limits, **other.limits}", "names = dict(self.limits)"),
        (law_permit_meet, "self.limit(name).meet(other.limit(name))", "self.limit(name)"),
        (law_permit_meet, "return None if met.impossible else met", "return met"),
        (law_scope_covers, "not self.permits or len(call) != len(self.permits)", "len(call) != len(self.permits)"),
        (law_scope_covers, "return all(permit.covers(act)", "return any(permit.covers(act)"),
        (law_scope_covers,
         "return all(permit.covers(act) for permit, act in zip(self.permits, call, strict=True))",
         "return all(any(permit.covers(act) for permit in self.permits) for act in call)"),
        (law_scope_within, "return not self.permits or any(permit", "return any(permit"),
        (law_scope_within, "if len(self.permits) != len(outer.permits):\n            return False",
         "outer = Scope((*outer.permits, *self.permits)[: len(self.permits)])"),
        (law_scope_within,
         "return all(mine.within(theirs) for mine, theirs in zip(self.permits, outer.permits, strict=True))",
         "return all(any(mine.within(theirs) for theirs in outer.permits) for mine in self.permits)"),
        (law_scope_meet, "if None not in met else Scope()", ""),
        (law_scope_meet, "mine.meet(theirs) for mine", "mine for mine"),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, scope_module, old, new)


def test_an_empty_scope_covers_nothing() -> None:
    empty = scope_module.Scope()
    assert not any(empty.covers(call) for call in CALLS)
    assert empty.within(empty)


def test_a_permit_used_twice_is_two_uses() -> None:
    pay = scope_module.Permit(action="pay", target="a", limits={"n": Limit(most=Decimal(3))})
    one, two = scope_module.Scope((pay,)), scope_module.Scope((pay, pay))
    meant = Meant("pay", "a", {"n": 3})
    assert one.covers([meant])
    assert not one.covers([meant, meant])
    assert not two.within(one)
    assert not one.within(two)


def test_exactly_covers_one_meaning_but_for_what_is_constrained() -> None:
    permit = exactly("pay", "a", {"n": 3, "m": "x"}, {"n": Limit(most=Decimal(3))})
    covered = [meant.parameters for meant in MEANT if permit.covers(meant)]
    assert covered == [{"n": 1, "m": "x"}, {"n": 3, "m": "x"}]
