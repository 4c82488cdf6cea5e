"""A rule drawn from one intent: the same agent, action and kind of target, and its amount as the bound.

It is a draft: who reads it makes it theirs, tries it (``POST /policies/backtest``) and posts it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from typing import Any, Literal

from vienna_control import rows
from vienna_control.fleet.profile import PARTIES
from vienna_control.intake.recorded import meaning_of
from vienna_control.policies.suggestions import Asked, about, id_of, just_before, tests_of
from vienna_kernel.intent import Intent, Tier
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.value import Value, pack, plain_decimal
from vienna_kernel.warrant.limit import Limit

type Then = Literal["allow", "require_approval", "deny"]

_WORDS: dict[Then, str] = {
    "allow": "may {action} without asking",
    "require_approval": "asks people before it may {action}",
    "deny": "may not {action}",
}
_STEPS = re.compile(r"([/:.?&=])")
_ANY = "[^/:.?&=]+"
_PRIORITY = 500
"""Where nothing says better: that of a rule which people's answers suggest."""


class TooHighError(ValueError):
    """No rule lets go what this tier asks people for."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A rule in the stored shape. ``says``: it in one sentence; ``notes``: what to look at before it is posted."""

    rule: dict[str, Any]
    says: str
    notes: tuple[str, ...]


def drawn(row: rows.Row, then: Then, rules: RuleSet) -> Draft:
    """The rule for one of ``view.listed``. ``rules``: in force. Raises ``TooHighError``."""
    if then == "allow" and Tier(row["tier"]) > Tier.T1:
        raise TooHighError
    parts = meaning_of(row)
    action = parts[0].action if parts else row["action"]
    asked = Asked(row["agent_id"], row["agent_name"], action)
    tests = _Tests(parts[0] if parts else None, row, then)
    before = just_before({row["rule"]}, rules) if row["rule"] else None
    says = " ".join([asked.agent, _WORDS[then].format(action=action), *tests.words])
    notes = tests.notes + (
        [f"the call means {len(parts)} things; this is the first"] if len(parts) > 1 else []
    )
    if then == "require_approval" and before is not None:
        notes.append(f"it is asked before {row['rule']}: people and groups that one names are not taken over")
    if before is None:
        notes.append("its priority is a guess: rules of a higher one are asked first")
    rule = {
        "id": _free(id_of(_prefix(then), asked), rules),
        "name": says[:200],
        "priority": _PRIORITY if before is None else before,
        "enabled": True,
        "when": pack([*about(asked), *tests.found]),
        "then": _then(then, row),
    }
    return Draft(rule, says, tuple(notes))


class _Tests:
    """Conditions beside the agent and the action, the words for them, and what is to be looked at."""

    def __init__(self, part: Intent | None, row: rows.Row, then: Then) -> None:
        self.found: list[dict[str, Value]] = []
        self.words: list[str] = []
        self.notes: list[str] = []
        target = part.target if part else row["target"]
        if target:
            self._target(target)
        if part is not None:
            for name, value in part.parameters.items():
                self._parameter(part, name, value, then)

    def _target(self, target: str) -> None:
        """The same, or one that differs in steps with a digit only: what they name is one thing of many."""
        space, _, rest = target.partition(":")
        steps = [] if rest.startswith("//") else _STEPS.split(rest)
        if not any(_numbered(step) for step in steps):
            self.words.append(f"on {target}")
            self.found.append({"field": "target", "operator": "equals", "value": target})
            return
        shown = "".join("*" if _numbered(step) else step for step in steps)
        pattern = "".join(_ANY if _numbered(step) else re.escape(step) for step in steps)
        self.words.append(f"on {space}:{shown}")
        self.found.append(
            {"field": "target", "operator": "matches", "value": f"^{re.escape(space)}:{pattern}$"}
        )

    def _parameter(self, part: Intent, name: str, value: Value, then: Then) -> None:
        if name in part.redacted:
            self.notes.append(f"{name} is kept as a hash only: the rule does not look at it")
        elif name in part.money and isinstance(value, int | Decimal) and not isinstance(value, bool):
            self._amount(part, name, Decimal(value), then)
        elif name in PARTIES and then == "allow" and isinstance(value, str):
            self.found += tests_of(name, Limit(one_of=(value,)), None)
            self.words.append(f"where {name} is {value}")

    def _amount(self, part: Intent, name: str, amount: Decimal, then: Then) -> None:
        """What is let go is let go up to this amount; what is not is not from this amount on."""
        holder = part.money[name]
        code = part.parameters.get(holder, holder)
        limit = Limit(most=amount) if then == "allow" else Limit(least=amount)
        self.found += tests_of(name, limit, code if isinstance(code, str) else None)
        self.words.append(f"{'up to' if then == 'allow' else 'from'} {plain_decimal(amount)} {code}")


def _prefix(then: Then) -> str:
    return {"allow": "may", "require_approval": "ask", "deny": "no"}[then]


def _then(then: Then, row: rows.Row) -> dict[str, Any]:
    match then:
        case "allow":
            return {"action": "allow", "tier": "T0", "may_lower": True}
        case "deny":
            return {"action": "deny", "reason": f"drawn from {row['id']}"}
    return {"action": "require_approval", "tier": max(Tier(row["tier"]), Tier.T1).value}


def _numbered(step: str) -> bool:
    return any(char.isdigit() for char in step)


def _free(rule_id: str, rules: RuleSet) -> str:
    """An id that no rule has."""
    taken = {rule.id for rule in rules.rules}
    options = (f"{rule_id[:90]}-{number}" for number in count(2))
    return rule_id if rule_id not in taken else next(one for one in options if one not in taken)
