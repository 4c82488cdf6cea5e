"""Whether conditions fit the parameters that their actions declare.

What does not fit is an error when the rules are read, never a silent False when they run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from vienna_kernel.errors import MalformedError
from vienna_kernel.policy import limits
from vienna_kernel.policy.condition import Leaf, fits, leaves
from vienna_kernel.policy.operand import HOLDS, Kind
from vienna_kernel.policy.operators import OPERATORS, misfit
from vienna_kernel.policy.rule import Rule


class _Parameter(Protocol):
    @property
    def schema(self) -> Mapping[str, Any]: ...


class ActionShape(Protocol):
    """What this module needs of an ``action.ActionType``."""

    @property
    def parameters(self) -> Mapping[str, _Parameter]: ...

    @property
    def redacted(self) -> frozenset[str]: ...


_KINDS = {
    "string": Kind.TEXT,
    "integer": Kind.NUMBER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOL,
    "array": Kind.LIST,
    "object": Kind.OBJECT,
}


def parameter_kind(rule: Rule, name: str, action_types: Mapping[str, ActionShape]) -> Kind:
    """What a parameter holds, when every action of the rule agrees on it; else ``ANY``."""
    kinds = set()
    for action in rule.actions or ():
        known = action_types[action].parameters.get(name) if action in action_types else None
        kinds.add(kind_of_schema(known.schema) if known else Kind.ANY)
    return kinds.pop() if len(kinds) == 1 else Kind.ANY


def _misfit_item(rule: Rule, leaf: Leaf, name: str, action_types: Mapping[str, ActionShape]) -> str | None:
    """``contains`` compares with the items of a list: they are of one type, where the type is declared."""
    if leaf.operator.name != "contains":
        return None
    for action in rule.actions or ():
        known = action_types[action].parameters.get(name) if action in action_types else None
        items = known.schema.get("items") if known and known.schema.get("type") == "array" else None
        kind = kind_of_schema(items) if isinstance(items, Mapping) else Kind.ANY
        if wrong := misfit(OPERATORS["equals"], kind, leaf.operand):
            return f"contains: of the items, {wrong}"
    return None


def kind_of_schema(schema: Mapping[str, Any]) -> Kind:
    word = schema.get("type")
    if word == "string" and schema.get("format") == "date-time":
        return Kind.TIME
    return _KINDS.get(word, Kind.ANY) if isinstance(word, str) else Kind.ANY


def misfits(
    found: Sequence[limits.Placed], action_types: Mapping[str, ActionShape]
) -> Iterator[MalformedError]:
    """Every test of a parameter whose declared type it does not fit."""
    for document, _, rule in found:
        for leaf in leaves(rule.tree):
            wrong = _misfit(rule, leaf, action_types)
            if wrong:
                yield MalformedError(document.where(leaf.path), f"{leaf.field.name}: {wrong}")


def _misfit(rule: Rule, leaf: Leaf, action_types: Mapping[str, ActionShape]) -> str | None:
    name = leaf.field.parameter
    if name is None:
        return None
    kind = parameter_kind(rule, name, action_types)
    if leaf.field.name.removeprefix("parameters.") == name:
        return fits(leaf, kind) or _misfit_item(rule, leaf, name, action_types)
    return None if kind in (Kind.OBJECT, Kind.ANY) else f"{name!r} holds {HOLDS[kind]}, which has no members"
