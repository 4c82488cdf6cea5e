"""Enabled rules by the action they are about, in the order in which they are asked.

Most rules of a large bundle name their action; only those, and the few that name none, are asked about a call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vienna_kernel.policy.condition import without_action
from vienna_kernel.policy.judge import Judge, compile_tree
from vienna_kernel.policy.rule import Rule


class Row(NamedTuple):
    """One rule, ready to be asked.

    Attributes:
        judge: Its conditions but those on the action, which the index has answered.
        decides: Holding ends the evaluation; False for flags, shadows and limits that may not be reached.
        allows: It does not hold on undetermined conditions.
    """

    judge: Judge
    decides: bool
    allows: bool
    rule: Rule


class RuleIndex:
    """Built once for a set of enabled rules in their order."""

    def __init__(self, enabled: Sequence[Rule]) -> None:
        self._rows = tuple(_row(rule) for rule in enabled)
        self._places: dict[str, list[int]] = {}
        self._common = [at for at, rule in enumerate(enabled) if rule.actions is None]
        for at, rule in enumerate(enabled):
            for action in rule.actions or ():
                self._places.setdefault(action, []).append(at)
        self._unnamed = tuple(self._rows[at] for at in self._common)
        self._made: dict[str, tuple[Row, ...]] = {}

    def rows(self, action: str) -> tuple[Row, ...]:
        """The rules that can hold for an action. Each list is made when it is first asked for.

        Only actions that some rule names are kept: names that agents invent cannot grow it.
        """
        made = self._made.get(action)
        if made is None:
            own = self._places.get(action)
            if own is None:
                return self._unnamed
            made = self._made[action] = tuple(self._rows[at] for at in sorted([*own, *self._common]))
        return made


def _row(rule: Rule) -> Row:
    judge = compile_tree(rule.tree if rule.actions is None else without_action(rule.tree), rule.tz)
    if rule.shape.valid_from or rule.shape.valid_until:
        judge = _while_valid(rule, judge)
    goes_on = rule.action == "flag" or (rule.action == "rate_limit" and rule.shape.then.limit is not None)
    return Row(judge, not (goes_on or rule.shape.shadow), rule.action == "allow", rule)


def _while_valid(rule: Rule, judge: Judge) -> Judge:
    return lambda subject: judge(subject) if rule.valid_at(subject.facts.now) else False
