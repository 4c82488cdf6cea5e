"""Every way in which the tests of some rules can come out together: a small model of all calls.

1. Tests tell the values of a field apart at their constants only. So a few values stand for all: each constant, one
   between each two, one beyond, a text that is none of them; and no value, left out or not declared. Each gives a row
   of answers; equal rows are one.
2. What no such value settles (a pattern on that other text, the items of a list) is taken to come out either way.
3. Fields are taken to be independent. So every real call is in the model, and some are that cannot be: what holds in
   no world never holds; what holds in one may hold.
4. A question with too many worlds has no answer, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from itertools import product
from math import prod
from typing import NamedTuple

from vienna_kernel.policy.condition import Leaf, Node, Not, leaves
from vienna_kernel.policy.domain import Domain
from vienna_kernel.policy.sample import Probe, Row, TooManyError, rows_of

type Answer = bool | None
type Want = tuple[Node, frozenset[Answer]]

_MOST_WORLDS = 4_000

TRUE: frozenset[Answer] = frozenset({True})
NOT_FALSE: frozenset[Answer] = frozenset({True, None})
NOT_TRUE: frozenset[Answer] = frozenset({False, None})
FALSE: frozenset[Answer] = frozenset({False})


class Placed(NamedTuple):
    """A test as it stands in its rule: the field it is about (the same for other spellings), and its time zone."""

    leaf: Leaf
    variable: str
    tz: tzinfo


class Found(NamedTuple):
    """The answer to a question.

    Attributes:
        possible: Whether some world is as wanted; None: too many to tell.
        say: The world in words, for example; or what keeps it from being one, where that is a single field.
    """

    possible: bool | None
    say: str = ""


class Worlds:
    """The worlds of some tests. Leaves are known by identity: give it those of the trees that it is asked about."""

    def __init__(self, placed: Iterable[Placed], domains: Mapping[str, Domain]) -> None:
        tests: dict[str, list[Probe]] = {}
        self._at: dict[int, tuple[str, int]] = {}
        for leaf, variable, tz in placed:
            known = tests.setdefault(variable, [])
            test = Probe.of(leaf, tz)
            if test not in known:
                known.append(test)
            self._at[id(leaf)] = variable, known.index(test)
        self._tests, self._domains = tests, domains
        self._rows: dict[str, Sequence[Row]] = {}

    def find(self, wants: Sequence[Want]) -> Found:
        """A world in which each tree gives one of the answers that are wanted of it."""
        try:
            return self._found(wants)
        except TooManyError:
            return Found(None)

    def _found(self, wants: Sequence[Want]) -> Found:
        rows: dict[str, Sequence[Row]] = {}
        wide: list[tuple[frozenset[str], Want]] = []
        for node, wanted in wants:
            names = frozenset(self._at[id(leaf)][0] for leaf in leaves(node))
            if len(names) != 1:
                wide.append((names, (node, wanted)))
                continue
            (name,) = names
            left = rows.get(name, self._rows_of(name))
            rows[name] = [row for row in left if self._answer(node, {name: row}) in wanted]
            if not rows[name]:
                return Found(False, _contrary([test.say for test in self._tests[name]]))
        chosen = {name: left[0] for name, left in rows.items()}
        for names, together in _components(wide):
            world = self._world(sorted(names), together, rows)
            if world is None:
                return Found(False)
            chosen |= world
        return Found(True, ", ".join(row.say for row in chosen.values() if row.say))

    def _world(
        self, names: Sequence[str], wants: Sequence[Want], rows: Mapping[str, Sequence[Row]]
    ) -> dict[str, Row] | None:
        options = [rows.get(name) or self._rows_of(name) for name in names]
        if prod(len(option) for option in options) > _MOST_WORLDS:
            raise TooManyError
        for choice in product(*options):
            world = dict(zip(names, choice, strict=True))
            if all(self._answer(node, world) in wanted for node, wanted in wants):
                return world
        return None

    def _rows_of(self, name: str) -> Sequence[Row]:
        if name not in self._rows:
            self._rows[name] = rows_of(name, self._tests[name], self._domains[name])
        return self._rows[name]

    def _answer(self, node: Node, world: Mapping[str, Row]) -> Answer:
        if isinstance(node, Leaf):
            name, at = self._at[id(node)]
            return world[name].answers[at]
        if isinstance(node, Not):
            found = self._answer(node.member, world)
            return None if found is None else not found
        answers = [self._answer(member, world) for member in node.members]
        ends = node.word == "any"
        return ends if ends in answers else None if None in answers else not ends


def _contrary(tests: Sequence[str]) -> str:
    return f"{tests[0]} is never so" if len(tests) == 1 else f"{' and '.join(tests)} exclude each other"


def _components(wide: Sequence[tuple[frozenset[str], Want]]) -> list[tuple[frozenset[str], list[Want]]]:
    """Wants that share no field are asked apart."""
    found: list[tuple[frozenset[str], list[Want]]] = []
    for names, want in wide:
        touching = [part for part in found if part[0] & names]
        found = [part for part in found if not part[0] & names]
        joined = names.union(*(part[0] for part in touching))
        found.append((joined, [want, *(other for part in touching for other in part[1])]))
    return found
