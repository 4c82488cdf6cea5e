"""Names in conditions that nothing declares, and words that a declared field never is: as a rule is misspelt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from vienna_kernel.document import nearest
from vienna_kernel.policy.condition import Leaf, leaves
from vienna_kernel.policy.kinds import ActionShape
from vienna_kernel.policy.operators import EQUALITY
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.vocabulary import KNOWN
from vienna_kernel.policy.warning import PolicyWarning

UNMAPPED = tuple(
    f"http.{method}" for method in ("get", "head", "options", "post", "put", "patch", "delete", "trace")
)
"""Actions of requests that no mapping reads."""
_ALIKE = 0.8  # two letters changed places; "region" and "reason" are farther apart


def undeclared(rule: Rule, types: Mapping[str, ActionShape]) -> Iterator[PolicyWarning]:
    """Each name of a rule that nothing declares; nothing is said where no action is known at all."""
    if not types:
        return
    actions = sorted(rule.actions or ())
    for action in actions:
        if action not in types and action not in UNMAPPED:
            near = nearest(action, [*types, *(UNMAPPED if action.startswith("http.") else ())])
            why = f"nothing declares the action {action!r}, so the rule never holds for it{_hint(near)}"
            fix = "correct the name, map it, register it, or say in 'expects' what it takes"
            yield PolicyWarning(rule.where, rule.id, "unknown_action", why, fix)
    known = [types[action].parameters for action in actions if action in types]
    if known and len(known) == len(actions):
        for leaf in leaves(rule.tree):
            yield from _parameter(rule, leaf, known)
    else:
        for leaf in leaves(rule.tree):
            yield from _misspelt(rule, leaf, {name for kind in types.values() for name in kind.parameters})


def _hint(near: str) -> str:
    """The nearest name only: the list of all would fill a page."""
    return near if near.startswith("; did you mean") else ""


def _parameter(rule: Rule, leaf: Leaf, known: Sequence[Mapping[str, Any]]) -> Iterator[PolicyWarning]:
    name = leaf.field.parameter
    if name is None:
        return
    declared = [parameters[name] for parameters in known if name in parameters]
    if not declared:
        yield from _no_parameter(
            rule, leaf, name, sorted({one for parameters in known for one in parameters})
        )
        return
    if leaf.field.name.removeprefix("parameters.") != name:
        return
    yield from _never_is(rule, leaf, [part.schema for part in declared], len(declared) == len(known))
    if leaf.currency is None and leaf.operator.takes_currency and any(_priced(name, kind) for kind in known):
        why = f"{name} stands beside a currency: compared with a bare number, it cannot be told"
        yield PolicyWarning(
            rule.place(leaf), rule.id, "no_currency", why, "name the currency, as in 1000 EUR (currency: EUR)"
        )


def _no_parameter(rule: Rule, leaf: Leaf, name: str, known: list[str]) -> Iterator[PolicyWarning]:
    if leaf.field.name.startswith("parameters."):
        why = f"its action declares no parameter {name!r}, so the condition is false{_hint(nearest(name, known))}"
        yield PolicyWarning(rule.place(leaf), rule.id, "unknown_parameter", why, "correct the name")
    else:
        yield from _misspelt(rule, leaf, set(known))


def _misspelt(rule: Rule, leaf: Leaf, known: set[str]) -> Iterator[PolicyWarning]:
    """A bare name that nothing holds, and that is nearly one that something does."""
    name = leaf.field.name
    if leaf.field.parameter is None or name.startswith("parameters.") or leaf.field.parameter in known:
        return
    near = get_close_matches(name, [*KNOWN, *known], n=1, cutoff=_ALIKE)
    if near:
        why = f"no action declares {name!r}, and no fact is known by it; did you mean {near[0]!r}?"
        yield PolicyWarning(
            rule.place(leaf), rule.id, "unknown_field", why, "correct the name, or write context.…"
        )


def _never_is(
    rule: Rule, leaf: Leaf, schemas: Sequence[Mapping[str, Any]], everywhere: bool
) -> Iterator[PolicyWarning]:
    enums = [schema.get("enum") for schema in schemas]
    if (
        leaf.operator.name not in EQUALITY
        or not everywhere
        or not all(isinstance(one, list) for one in enums)
    ):
        return
    words = [word for enum in enums if enum for word in enum]
    for value in leaf.operand if isinstance(leaf.operand, list) else [leaf.operand]:
        if value not in words:
            near = nearest(str(value), [str(word) for word in words])
            why = f"{leaf.field.name} is never {value!r}{near}"
            yield PolicyWarning(rule.place(leaf), rule.id, "unknown_value", why, "correct the value")


def _priced(name: str, parameters: Mapping[str, Any]) -> bool:
    return name in parameters and parameters[name].schema.get("type") == "number" and "currency" in parameters
