"""Enabled rules by the action they are about, in the order in which they are asked.

Most rules of a large bundle name their action; only those, and the few that name none, are asked about a call. Where
many are left, a sieve tells from a few fields which of them can hold (see ``sieve``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from vienna_kernel.policy.condition import without_action
from vienna_kernel.policy.judge import Judge, compile_tree
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.sieve import Sieve, places
from vienna_kernel.policy.subject import Subject

_MANY = 12
"""So many rules are asked sooner than a sieve."""


class Row(NamedTuple):
    """One rule, ready to be asked.

    Attributes:
        at: Its place among all of them.
        judge: Its conditions but those on the action, which the index has answered.
        decides: Holding ends the evaluation; False for flags, shadows and limits that may not be reached.
        allows: It does not hold on undetermined conditions.
    """

    at: int
    judge: Judge
    decides: bool
    allows: bool
    rule: Rule


class _Group:
    """Rows that are asked together, in their order."""

    __slots__ = ("_sieve", "rows", "sifts")

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)
        self._sieve = Sieve([row.rule.tree for row in rows] if len(rows) > _MANY else [])
        self.sifts = bool(self._sieve)

    def left(self, subject: Subject) -> Sequence[Row]:
        """The rows that can hold for a subject."""
        bits = self._sieve.left(subject) if self.sifts else -1
        return self.rows if bits < 0 else [self.rows[at] for at in places(bits)]


class RuleIndex:
    """Built once for a set of enabled rules in their order."""

    def __init__(self, enabled: Sequence[Rule]) -> None:
        rows = [_row(at, rule) for at, rule in enumerate(enabled)]
        named: dict[str, list[Row]] = {}
        for row in rows:
            for action in row.rule.actions or ():
                named.setdefault(action, []).append(row)
        self._named = {action: _Group(own) for action, own in named.items()}
        self._unnamed = _Group([row for row in rows if row.rule.actions is None])
        self._made: dict[str, tuple[Row, ...]] = {}

    def rows(self, subject: Subject) -> Iterable[Row]:
        """The rules that can hold for a subject, in their order.

        Lists that are the same for every call of an action are made once, when first asked for; only for actions
        that some rule names, so that names which agents invent cannot grow them.
        """
        action = subject.intent.action
        made = self._made.get(action)
        if made is not None:
            return made
        own = self._named.get(action)
        if own is None:
            return self._unnamed.left(subject)
        if not own.sifts and not self._unnamed.sifts:
            made = self._made[action] = tuple(sorted([*own.rows, *self._unnamed.rows]))
            return made
        left, unnamed = own.left(subject), self._unnamed.left(subject)
        return sorted([*left, *unnamed]) if left and unnamed else left or unnamed


def _row(at: int, rule: Rule) -> Row:
    judge = compile_tree(rule.tree if rule.actions is None else without_action(rule.tree), rule.tz)
    if rule.shape.valid_from or rule.shape.valid_until:
        judge = _while_valid(rule, judge)
    goes_on = rule.action == "flag" or (rule.action == "rate_limit" and rule.shape.then.limit is not None)
    return Row(at, judge, not (goes_on or rule.shape.shadow), rule.action == "allow", rule)


def _while_valid(rule: Rule, judge: Judge) -> Judge:
    return lambda subject: judge(subject) if rule.valid_at(subject.facts.now) else False
