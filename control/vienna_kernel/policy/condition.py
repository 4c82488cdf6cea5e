"""Conditions: a tree of tests on fields, read from any of its spellings. What it answers is in ``judge``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

from vienna_kernel.document import Path, nearest
from vienna_kernel.money import currency_code
from vienna_kernel.policy import expression
from vienna_kernel.policy.clock_time import minute_of_day
from vienna_kernel.policy.field import Field
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.operators import EQUALITY, OPERATORS, Operator, misfit
from vienna_kernel.policy.vocabulary import ACTION_NAMES, CLOSED, UnknownFieldError, find

_DEEPEST = 32
_MOST = 200
_LEAF_KEYS = ["field", "operator", "value", "currency"]
_GROUPS = ["all", "any", "not"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One test on one field; ``path`` is its place in the document."""

    field: Field
    operator: Operator
    operand: Any
    currency: str | None
    path: Path


@dataclass(frozen=True, slots=True)
class Group:
    """``all`` or ``any`` of its members; an empty ``all`` holds."""

    word: str
    members: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    member: Node


type Node = Leaf | Group | Not


class Reader:
    """Reads condition data into a tree, collecting complaints instead of stopping at the first.

    Attributes:
        complaints: (path, why) of everything that has no reading.
    """

    def __init__(self, *, rule_id: str, window_seconds: int, tz: tzinfo) -> None:
        self._rule_id = rule_id
        self._window_seconds = window_seconds
        self._tz = tz
        self._count = 0
        self.complaints: list[tuple[Path, str]] = []

    def read(self, data: Any, path: Path, depth: int = 0) -> Node:
        """The tree of any spelling: a list (all of it), an expression, a group, a single test."""
        if depth > _DEEPEST:
            return self._wrong(path, f"nested deeper than {_DEEPEST}")
        if isinstance(data, str):
            return self._expression(data, path)
        if isinstance(data, list):
            return Group("all", tuple(self.read(item, (*path, i), depth + 1) for i, item in enumerate(data)))
        if not isinstance(data, dict):
            return self._wrong(path, "expected a list of conditions, a group, or an expression")
        words = [word for word in _GROUPS if word in data]
        if words:
            return self._group(words[0], data, path, depth)
        return self._leaf(data, path)

    def _wrong(self, path: Path, why: str) -> Group:
        self.complaints.append((path, why))
        return Group("all", ())

    def _expression(self, text: str, path: Path) -> Node:
        try:
            data = expression.parse(text)
        except expression.ExpressionError as error:
            return self._wrong(path, str(error))
        before = len(self.complaints)
        node = self.read(data, path)
        self.complaints[before:] = [(path, why) for _, why in self.complaints[before:]]
        return _at(node, path)

    def _group(self, word: str, data: dict[str, Any], path: Path, depth: int) -> Node:
        if len(data) > 1:
            other = next(key for key in data if key != word)
            return self._wrong((*path, other), f"{word!r} stands alone: nest {other!r} in it")
        if word == "not":
            return Not(self.read(data["not"], (*path, "not"), depth + 1))
        if not isinstance(data[word], list) or (word == "any" and not data[word]):
            return self._wrong((*path, word), "expected a list of conditions")
        members = self.read(data[word], (*path, word), depth + 1)
        return Group(word, members.members) if isinstance(members, Group) else members

    def _leaf(self, data: dict[str, Any], path: Path) -> Node:
        self._count += 1
        if self._count > _MOST:
            return self._wrong(path, f"more than {_MOST} conditions in one rule")
        for key in data:
            if key not in _LEAF_KEYS:
                return self._wrong((*path, key), f"unknown key {key!r}{nearest(key, _LEAF_KEYS + _GROUPS)}")
        name, word = data.get("field"), data.get("operator")
        if not isinstance(name, str) or not isinstance(word, str):
            return self._wrong(path, "a condition names a 'field' and an 'operator'")
        if word not in OPERATORS:
            return self._wrong(
                (*path, "operator"), f"unknown operator {word!r}{nearest(word, list(OPERATORS))}"
            )
        try:
            field = find(name, rule_id=self._rule_id, window_seconds=self._window_seconds, tz=self._tz)
        except UnknownFieldError as error:
            return self._wrong((*path, "field"), str(error))
        return self._checked(Leaf(field, OPERATORS[word], data.get("value"), data.get("currency"), path))

    def _checked(self, leaf: Leaf) -> Node:
        if leaf.currency is not None:
            if not (isinstance(leaf.currency, str) and currency_code(leaf.currency) == leaf.currency):
                return self._wrong((*leaf.path, "currency"), "expected an ISO 4217 code such as EUR")
            if leaf.field.currency is None or not leaf.operator.takes_currency:
                return self._wrong((*leaf.path, "currency"), "only comparisons of money name a currency")
        wrong = fits(leaf, leaf.field.kind)
        return self._wrong((*leaf.path, "value"), wrong) if wrong else leaf


def _at(node: Node, path: Path) -> Node:
    """The tree with every test at one place: the expression it was read from."""
    if isinstance(node, Leaf):
        return Leaf(node.field, node.operator, node.operand, node.currency, path)
    if isinstance(node, Not):
        return Not(_at(node.member, path))
    return Group(node.word, tuple(_at(member, path) for member in node.members))


def fits(leaf: Leaf, kind: Kind) -> str | None:
    """What is wrong with a test of a field of this kind, or None."""
    if leaf.currency is not None and kind is Kind.ANY:
        kind = Kind.MONEY
    return misfit(leaf.operator, kind, leaf.operand) or _unheard_of(leaf, kind)


def _unheard_of(leaf: Leaf, kind: Kind) -> str | None:
    """A text that is compared with the field and that the field can never be."""
    if leaf.operator.name not in EQUALITY:
        return None
    for value in leaf.operand if isinstance(leaf.operand, list) else [leaf.operand]:
        if leaf.field.name in CLOSED and value not in CLOSED[leaf.field.name]:
            return f"{value!r} is no {leaf.field.name}{nearest(str(value), list(CLOSED[leaf.field.name]))}"
        if kind is Kind.TIME and minute_of_day(value, UTC) is None:
            return f"expected a time, got {value!r}"
    return None


def leaves(node: Node) -> Iterator[Leaf]:
    """Every test of a tree, in order."""
    if isinstance(node, Leaf):
        yield node
    elif isinstance(node, Not):
        yield from leaves(node.member)
    else:
        for member in node.members:
            yield from leaves(member)


def conjuncts(node: Node) -> Sequence[Node]:
    """What must hold for the whole to hold: the members of a top-level ``all``, nested ones too."""
    if isinstance(node, Group) and node.word == "all":
        return [part for member in node.members for part in conjuncts(member)]
    return [node]


def _names_action(node: Node) -> bool:
    return (
        isinstance(node, Leaf) and node.field.name in ACTION_NAMES and node.operator.name in ("equals", "in")
    )


def actions_of(node: Node) -> frozenset[str] | None:
    """The only actions for which the tree can hold; None: it may hold for any."""
    found: frozenset[str] | None = None
    for part in conjuncts(node):
        if isinstance(part, Leaf) and _names_action(part):
            named = frozenset(part.operand if isinstance(part.operand, list) else [part.operand])
            found = named if found is None else found & named
    return found


def without_action(node: Node) -> Node:
    """The tree without the tests that ``actions_of`` used: what is left to ask once the index chose by action."""
    return Group("all", tuple(part for part in conjuncts(node) if not _names_action(part)))
