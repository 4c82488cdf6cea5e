"""Rules that are wider, or weaker, than they read: allows above all, rates without an edge, consent nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator

from vienna_kernel.intent import Tier
from vienna_kernel.policy.condition import Leaf, conjuncts, leaves
from vienna_kernel.policy.names import UNMAPPED
from vienna_kernel.policy.reach import Reach
from vienna_kernel.policy.rule import Rule
from vienna_kernel.policy.vocabulary import ACTION_NAMES
from vienna_kernel.policy.warning import PolicyWarning

_READS = ("http.get", "http.head", "http.options")


def loose(rule: Rule, reach: Reach) -> Iterator[PolicyWarning]:
    """What makes a rule let go more than it seems to."""
    if rule.action == "allow":
        yield from _wide(rule)
        yield from _asks_nobody(rule)
    if rule.action == "rate_limit":
        yield from _no_edge(rule, reach)
    yield from _no_end(rule)


def _wide(rule: Rule) -> Iterator[PolicyWarning]:
    if rule.actions is None and not _by_effect(rule):
        fix = "add action == '…', or action.effect == 'read'"
        yield PolicyWarning(rule.where, rule.id, "allows_any_action", "allows without naming an action", fix)
    for action in sorted(rule.actions or ()):
        if action in UNMAPPED and action not in _READS:
            why = f"allows {action}: requests that change something, of which nobody knows what they would do"
            yield PolicyWarning(rule.where, rule.id, "allows_unmapped", why, "map them, or require approval")
    for leaf in leaves(rule.tree):
        yield from _wide_test(rule, leaf)


def _by_effect(rule: Rule) -> bool:
    return any(
        isinstance(part, Leaf)
        and part.field.name == "action.effect"
        and (part.operator.name, part.operand) in (("equals", "read"), ("in", ["read"]))
        for part in conjuncts(rule.tree)
    )


def _wide_test(rule: Rule, leaf: Leaf) -> Iterator[PolicyWarning]:
    word, name, wanted = leaf.operator.name, leaf.field.name, leaf.operand
    if name in ACTION_NAMES and word == "contains":
        why, fix = f"allows every action whose name contains {wanted!r}", "name the actions with 'in'"
    elif name in ACTION_NAMES and word == "matches":
        why, fix = (
            f"allows every action that {wanted!r} matches, those to come too",
            "name the actions with 'in'",
        )
    elif word == "matches" and not _anchored(wanted):
        why, fix = f"allows what {wanted!r} finds anywhere in {name}", "anchor it with ^ and $"
    elif word == "contains" and wanted == "":
        why, fix = f"allows every {name}: each contains the empty text", "say what it has to contain"
    elif name.startswith("context.claimed"):
        why, fix = f"allows by {name}, which the agent says of itself", "decide by a fact of ours"
    else:
        return
    yield PolicyWarning(rule.place(leaf), rule.id, "loose_allow", why, fix)


def _anchored(pattern: str) -> bool:
    """Whether it has to match from the first character to the last, as far as its ends tell."""
    begins = pattern.startswith(("^", "\\A"))
    ends = pattern.endswith("\\z") or (pattern.endswith("$") and not pattern.endswith("\\$"))
    return begins and ends and "|" not in _outside_groups(pattern)


def _outside_groups(pattern: str) -> str:
    """What stands in no bracket: ``^a|b$`` is anchored on neither side of its bar."""
    depth, kept, escaped = 0, [], False
    for char in pattern:
        if not escaped and char in "([":
            depth += 1
        if depth == 0 and not escaped:
            kept.append(char)
        if not escaped and char in ")]":
            depth -= 1
        escaped = char == "\\" and not escaped
    return "".join(kept)


def _asks_nobody(rule: Rule) -> Iterator[PolicyWarning]:
    then = rule.shape.then
    if then.approvals is not None and then.tier is Tier.T0:
        why = "names approvals, but what is allowed at T0 goes at once: nobody is asked"
    elif then.approvals is not None and then.tier is None:
        why = "names approvals, but where the tier is T0 it goes at once: nobody is asked"
    else:
        return
    yield PolicyWarning(
        rule.where, rule.id, "asks_nobody", why, "use require_approval, or name a tier of T1 or higher"
    )


def _no_edge(rule: Rule, reach: Reach) -> Iterator[PolicyWarning]:
    limit = rule.shape.then.limit
    if limit == 0:
        why = "a limit of 0 refuses every call that meets its conditions"
        yield PolicyWarning(rule.where, rule.id, "refuses_all", why, "use deny, or a limit of 1 or more")
    if limit is not None:
        return
    first = [
        (leaf, leaf.operator.build(leaf.operand, rule.tz)(1))
        for leaf in leaves(rule.tree)
        if leaf.field.name == "rate"
    ]
    if reach.holds_where(rule, first):
        why = "refuses from the first call on: a rate counts this call, and its condition holds at 1"
        yield PolicyWarning(rule.where, rule.id, "refuses_all", why, "write rate > N, or give a limit")


def _no_end(rule: Rule) -> Iterator[PolicyWarning]:
    """A question to people that no escalation can answer: who is named must consent, whoever else is asked."""
    asked = rule.shape.then.approvals
    if asked is None or asked.on_timeout != "escalate":
        return
    named = [*asked.people, *asked.roles]
    if named:
        why = f"escalates when nobody answers, but without {', '.join(named)} nothing is approved"
        fix = "name groups instead, or on_timeout: deny"
        yield PolicyWarning(rule.where, rule.id, "escalates_in_vain", why, fix)
