"""Which rules can be reached: that hold for no call, that others always decide before, denials behind an allow.

What is said is proven over a model that holds every real call (see ``worlds``); where a proof would take too long,
nothing is said. A rule that holds where its conditions cannot be told does hold there, unless it allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vienna_kernel.policy.condition import Leaf, conjuncts, leaves
from vienna_kernel.policy.domain import ANYTHING, Domain, of_name, of_schema
from vienna_kernel.policy.kinds import ActionShape
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.sieve import demands
from vienna_kernel.policy.warning import PolicyWarning
from vienna_kernel.policy.worlds import FALSE, NOT_FALSE, NOT_TRUE, TRUE, Answer, Placed, Want, Worlds

_MOST_TOGETHER = 6
_SAME = {
    "action_type": "action",
    "agent_id": "agent.name",
    "agent.trust_score": "trust_score",
    "target.host": "request.host",
}
_ZONED = ("time_of_day", "day_of_week")


class Reach:
    """The enabled rules of a set, in their order."""

    def __init__(self, rules: Sequence[Rule], types: Mapping[str, ActionShape]) -> None:
        self._types = types
        self._demands = {rule.id: dict(demands(rule.tree)) for rule in rules}
        self._before: dict[str, list[Rule]] = {}
        named: dict[str | None, list[Rule]] = {}
        for rule in rules:
            groups = [None, *sorted(rule.actions)] if rule.actions is not None else list(named)
            earlier = {one.id: one for group in groups for one in named.get(group, ())}
            self._before[rule.id] = list(earlier.values())
            if _always_decides(rule):
                for group in sorted(rule.actions) if rule.actions is not None else [None]:
                    named.setdefault(group, []).append(rule)

    def warnings(self, rule: Rule) -> Iterator[PolicyWarning]:
        """What keeps a rule from deciding, at most one thing, and each denial that an allow is asked before."""
        never = self._never(rule)
        if never is not None:
            yield never
            return
        before = [one for one in self._before[rule.id] if not self._apart(one, rule)]
        for earlier in before:
            hidden = self._behind(rule, earlier)
            if hidden is not None:
                yield hidden
                if hidden.code in ("never_decides", "never_denies"):
                    return
        if 1 < len(before) <= _MOST_TOGETHER and self._behind_all(rule, before):
            names = ", ".join(one.id for one in before)
            why = f"can never decide: whenever it holds, one of {names} has decided before"
            yield PolicyWarning(
                rule.where, rule.id, "never_decides", why, "give it a higher priority, or remove it"
            )

    def _never(self, rule: Rule) -> PolicyWarning | None:
        worlds = self._worlds(rule)
        if (certain := worlds.find(_all(rule, TRUE))).possible is not False:
            return None
        why = f": {certain.say}" if certain.say else ""
        if rule.action == "allow" or worlds.find(_all(rule, NOT_FALSE)).possible is False:
            said = f"can never hold{why}"
            return PolicyWarning(
                rule.where, rule.id, "never_holds", said, "change one of its conditions, or remove it"
            )
        said = f"holds for no value, only where something cannot be told{why}"
        return PolicyWarning(rule.where, rule.id, "holds_only_open", said, "change one of its conditions")

    def _behind(self, rule: Rule, earlier: Rule) -> PolicyWarning | None:
        worlds = self._worlds(rule, earlier)
        named = f"{earlier.id} ({earlier.action}, priority {earlier.priority})"
        higher = f"give it a priority above {earlier.priority}"
        hides = rule.action == "deny" and earlier.action == "allow" and not rule.shape.shadow
        if _implied(worlds, _all(rule, _holding(rule)), earlier):
            why = f"can never decide: whenever it holds, {named} has decided before"
            code = "never_denies" if hides else "never_decides"
            return PolicyWarning(rule.where, rule.id, code, why, f"{higher}, or remove it")
        if not hides:
            return None
        if _implied(worlds, _all(rule, TRUE), earlier):
            why = f"denies nothing that is known: whenever its conditions are met, {named} has allowed before"
            return PolicyWarning(rule.where, rule.id, "hidden_deny", why, higher)
        both = worlds.find([*_all(rule, TRUE), *_all(earlier, TRUE)])
        if not both.possible:
            return None
        example = f", for example {both.say}" if both.say else ""
        why = f"does not deny what {named} allows before it{example}"
        return PolicyWarning(
            rule.where, rule.id, "hidden_deny", why, f"{higher}, or exclude it from {earlier.id}"
        )

    def _behind_all(self, rule: Rule, before: Sequence[Rule]) -> bool:
        others = [(one.tree, NOT_TRUE if one.action == "allow" else FALSE) for one in before]
        found = self._worlds(rule, *before).find([*_all(rule, _holding(rule)), *others])
        return found.possible is False

    def holds_where(self, rule: Rule, answers: Sequence[tuple[Leaf, Answer]]) -> bool:
        """Whether a rule can hold for certain where some of its tests answer so."""
        wants: list[Want] = [(leaf, frozenset({answer})) for leaf, answer in answers]
        return self._worlds(rule).find([*_all(rule, TRUE), *wants]).possible is not False

    def _apart(self, one: Rule, other: Rule) -> bool:
        """Whether they ask different values of one field, so that neither stands before the other."""
        mine, theirs = self._demands[one.id], self._demands[other.id]
        return any(demand.apart(theirs[key]) for key, demand in mine.items() if key in theirs)

    def _worlds(self, *rules: Rule) -> Worlds:
        named = [rule.actions for rule in rules if rule.actions is not None]
        actions = frozenset.intersection(*named) if named else None
        placed = [self._placed(leaf, rule, actions) for rule in rules for leaf in leaves(rule.tree)]
        return Worlds(placed, {one.variable: self._domain(one, actions) for one in placed})

    def _placed(self, leaf: Leaf, rule: Rule, actions: frozenset[str] | None) -> Placed:
        name = _SAME.get(leaf.field.name, leaf.field.name)
        if name == "rate":
            name = f"rate of {rule.id}"
        elif name in _ZONED:
            name = f"{name} in {rule.tz}"
        elif name == leaf.field.parameter and self._declared(name, actions) is not None:
            name = f"parameters.{name}"
        return Placed(leaf, name, rule.tz)

    def _domain(self, placed: Placed, actions: frozenset[str] | None) -> Domain:
        name = placed.variable
        if name.startswith("parameters."):
            return self._declared(name.removeprefix("parameters."), actions) or ANYTHING
        return of_name(name.partition(" ")[0])

    def _declared(self, name: str, actions: frozenset[str] | None) -> Domain | None:
        """What a parameter can hold, when every action declares it alike."""
        if not actions or not all(action in self._types for action in actions):
            return None
        parts = [self._types[action].parameters.get(name) for action in actions]
        domains = {of_schema(part.schema) for part in parts if part is not None}
        return domains.pop() if None not in parts and len(domains) == 1 else None


def _always_decides(rule: Rule) -> bool:
    """Whether, wherever it holds, nothing behind it is asked."""
    timed = rule.shape.valid_from is not None or rule.shape.valid_until is not None
    limited = rule.action == "rate_limit" and rule.shape.then.limit is not None
    return not (timed or limited or rule.shape.shadow or rule.action == "flag")


def _holding(rule: Rule) -> frozenset[Answer]:
    return TRUE if rule.action == "allow" else NOT_FALSE


def _all(rule: Rule, wanted: frozenset[Answer]) -> list[Want]:
    """Its conditions one by one: all of them true, or none of them false."""
    return [(part, wanted) for part in conjuncts(rule.tree)]


def _implied(worlds: Worlds, wants: Sequence[Want], earlier: Rule) -> bool:
    """Whether the earlier rule holds in every world that is as wanted."""
    fails = NOT_TRUE if earlier.action == "allow" else FALSE
    return all(worlds.find([*wants, (part, fails)]).possible is False for part in conjuncts(earlier.tree))
