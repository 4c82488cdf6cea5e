"""What is probably not meant, in rules that are valid: ``vienna policies check`` prints it.

It warns of rules that can never hold or never decide, of denials that an allow is asked before (``reach``), of names
that nothing declares (``names``), of rules that let go more than they read (``loose``), of rules whose time is over,
and of a default that allows. What it calls impossible is proven; what it does not mention may still be unintended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from vienna_kernel.policy.expects import with_expected
from vienna_kernel.policy.kinds import ActionShape
from vienna_kernel.policy.loose import loose
from vienna_kernel.policy.names import undeclared
from vienna_kernel.policy.reach import Reach
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.warning import PolicyWarning

__all__ = ["PolicyWarning", "lint"]


def lint(
    rules: RuleSet, *, action_types: Mapping[str, ActionShape] | None = None, now: datetime | None = None
) -> list[PolicyWarning]:
    """Everything suspicious in a rule set, in the order of its rules.

    Args:
        action_types: Known ones; None or empty: no name is held against them.
        now: To find rules that are over; None: nobody knows the time.
    """
    enabled = [rule for rule in rules.rules if rule.shape.enabled]
    types = with_expected(rules.expected, action_types)
    reach = Reach(enabled, types)
    found = list(_default(rules))
    for rule in enabled:
        found += _over(rule, now)
        named = list(undeclared(rule, types))
        found += named
        if not any(one.code in ("unknown_action", "unknown_value") for one in named):
            found += reach.warnings(rule)
        found += loose(rule, reach)
    return found


def _default(rules: RuleSet) -> Iterator[PolicyWarning]:
    if rules.default == "allow":
        why = "the default is allow: whatever no rule speaks of passes at its tier; in prod this takes two people"
        yield PolicyWarning(
            "default", "", "allows_by_default", why, "use default: deny, and allow what is meant"
        )


def _over(rule: Rule, now: datetime | None) -> Iterator[PolicyWarning]:
    end = rule.shape.valid_until
    if now is not None and end is not None and end <= now:
        why = f"never holds any more: it was valid until {end.isoformat()}"
        yield PolicyWarning(rule.where, rule.id, "over", why, "remove it, or give it a later valid_until")
