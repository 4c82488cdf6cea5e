"""What is probably not meant, in rules that are valid: ``vienna policies check`` prints it.

It warns of an allow that is asked before a deny, of rules that can never hold or never decide, of allows that are
wider than they read, of names nothing declares, and of a default that allows. It judges single conditions side by
side; what only a solver could tell goes unsaid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vienna_kernel.document import nearest
from vienna_kernel.policy.condition import Leaf, conjuncts, leaves
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import ActionShape, RuleSet
from vienna_kernel.policy.vocabulary import ACTION_NAMES

_DECIDES = ("deny", "escalate", "require_approval", "allow")


@dataclass(frozen=True, slots=True)
class Warning:
    """One thing to look at.

    Attributes:
        where: ``file:line:column`` of the rule.
        rule_id: Empty for the set as a whole.
        why: One sentence.
    """

    where: str
    rule_id: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.rule_id}: {self.why}" if self.rule_id else f"{self.where}: {self.why}"


def lint(rules: RuleSet, *, action_types: Mapping[str, ActionShape] | None = None) -> list[Warning]:
    """Everything suspicious in a rule set, in the order of its rules."""
    enabled = [rule for rule in rules.rules if rule.shape.enabled]
    found = []
    if rules.default == "allow":
        why = "the default is allow: whatever no rule speaks of passes at its tier; in prod this takes two people"
        found.append(Warning("default", "", why))
    for at, rule in enumerate(enabled):
        whys = [*_impossible(rule), *_hidden(rule, enabled[:at]), *_loose(rule)]
        whys += _undeclared(rule, action_types or {})
        found += [Warning(rule.where, rule.id, why) for why in whys]
    return found


def _tests(rule: Rule) -> list[Leaf]:
    """The single tests that must all hold for the rule to hold."""
    return [part for part in conjuncts(rule.tree) if isinstance(part, Leaf)]


def _impossible(rule: Rule) -> Iterator[str]:
    if rule.actions is not None and not rule.actions:
        yield "can never hold: its conditions name different actions"
        return
    tests = _tests(rule)
    for i, one in enumerate(tests):
        for other in tests[i + 1 :]:
            if _disjoint(one, other):
                yield f"can never hold: two conditions on {one.field.name} exclude each other"
                return


def _hidden(rule: Rule, before: Sequence[Rule]) -> Iterator[str]:
    mine = _tests(rule)
    for earlier in before:
        if earlier.action not in _DECIDES or earlier.shape.shadow or _timed(earlier):
            continue
        if not _meet(earlier, rule):
            continue
        if rule.action == "deny" and earlier.action == "allow":
            yield (
                f"{earlier.id} (allow, priority {earlier.priority}) is asked first and can hold for the same calls: "
                "what it allows is not denied here"
            )
        elif _covers(earlier, mine):
            yield f"can never decide: whenever it holds, {earlier.id} ({earlier.action}) has decided before"
            return


def _timed(rule: Rule) -> bool:
    return rule.shape.valid_from is not None or rule.shape.valid_until is not None


def _meet(one: Rule, other: Rule) -> bool:
    """Whether both can hold for one call, as far as their single tests tell."""
    if one.actions is not None and other.actions is not None and not one.actions & other.actions:
        return False
    return not any(_disjoint(a, b) for a in _tests(one) for b in _tests(other))


def _covers(earlier: Rule, later: Sequence[Leaf]) -> bool:
    """Whether every condition of the earlier rule stands, word for word, in the later one too."""
    parts = conjuncts(earlier.tree)
    known = {_key(leaf) for leaf in later}
    return all(isinstance(part, Leaf) and _key(part) in known for part in parts)


def _key(leaf: Leaf) -> tuple[str, str, str, str | None]:
    name = "action" if leaf.field.name in ACTION_NAMES else leaf.field.name
    return name, leaf.operator.name, repr(leaf.operand), leaf.currency


def _disjoint(one: Leaf, other: Leaf) -> bool:
    """Whether no value passes both tests."""
    if _key(one)[0] != _key(other)[0] or one.currency != other.currency:
        return False
    if {one.operator.name, other.operator.name} == {"exists", "not_exists"}:
        return True
    mine, theirs = _values(one), _values(other)
    if mine is not None and theirs is not None:
        return not mine & theirs
    a, b = _interval(one), _interval(other)
    return a is not None and b is not None and (_below(a, b) or _below(b, a))


def _values(leaf: Leaf) -> frozenset[Any] | None:
    if leaf.operator.name == "equals":
        return frozenset([leaf.operand])
    return frozenset(leaf.operand) if leaf.operator.name == "in" else None


type _Interval = tuple[Decimal, bool, Decimal, bool]  # lowest, inclusive, highest, inclusive

_FAR = Decimal("Infinity")


def _interval(leaf: Leaf) -> _Interval | None:
    word, operand = leaf.operator.name, leaf.operand
    if word == "between":
        return Decimal(operand[0]), True, Decimal(operand[1]), True
    if word in ("gt", "gte"):
        return Decimal(operand), word == "gte", _FAR, False
    if word in ("lt", "lte"):
        return -_FAR, False, Decimal(operand), word == "lte"
    if word == "equals" and isinstance(operand, (int, Decimal)):
        return Decimal(operand), True, Decimal(operand), True
    return None


def _below(low: _Interval, high: _Interval) -> bool:
    return low[2] < high[0] or (low[2] == high[0] and not (low[3] and high[1]))


def _loose(rule: Rule) -> Iterator[str]:
    if rule.action != "allow":
        return
    effect = any(
        leaf.field.name == "action.effect" and leaf.operator.name == "equals" for leaf in _tests(rule)
    )
    if rule.actions is None and not effect:
        yield "allows without naming an action: add action == '…' or action.effect == 'read'"
    for leaf in leaves(rule.tree):
        if leaf.field.name in ACTION_NAMES and leaf.operator.name == "contains":
            yield f"allows every action whose name contains {leaf.operand!r}: name the actions with 'in'"
        if leaf.operator.name == "matches" and not (
            leaf.operand.startswith("^") and leaf.operand.endswith("$")
        ):
            yield f"allows what {leaf.operand!r} finds anywhere in {leaf.field.name}: anchor it with ^ and $"
        if leaf.field.name.startswith("context.claimed"):
            yield f"allows by {leaf.field.name}, which the agent itself says"


def _undeclared(rule: Rule, action_types: Mapping[str, ActionShape]) -> Iterator[str]:
    if not action_types:
        return
    for action in sorted(rule.actions or ()):
        if action not in action_types and not action.startswith("http."):
            yield f"nothing declares the action {action!r}{nearest(action, list(action_types))}"
    known = [action_types[action].parameters for action in rule.actions or () if action in action_types]
    if not known or len(known) < len(rule.actions or ()):
        return
    for leaf in leaves(rule.tree):
        name = leaf.field.parameter
        if name is None or not leaf.field.name.startswith("parameters."):
            continue
        if not any(name in parameters for parameters in known):
            yield f"its action declares no parameter {name!r}, so the condition is false"
        elif leaf.currency is None and leaf.field.currency is not None and _is_amount(name, leaf, known):
            yield f"{name} stands beside a currency: name one (currency: EUR), or the rule cannot tell"


def _is_amount(name: str, leaf: Leaf, known: Sequence[Mapping[str, Any]]) -> bool:
    if not leaf.operator.takes_currency:
        return False
    return any(
        name in parameters and parameters[name].schema.get("type") == "number" and "currency" in parameters
        for parameters in known
    )
