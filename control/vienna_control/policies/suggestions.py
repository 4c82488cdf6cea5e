"""What people always say the same about, told as a rule or a consent in advance. Nothing is applied by itself.

1. Always yes: of an agent's calls of one action, at least twenty were approved by at least two people within two weeks,
   and none was denied. Proposed: consent in advance within the bounds of what was approved; and where one approver is
   enough today (T1), a rule that lets exactly that go: asked just before the one that people are asked by, so that no
   rule that denies is passed over.
2. Always no: at least five were denied and none approved. Proposed: a rule that denies it.
3. What nobody decided, or an emergency did, says nothing either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.fleet.bounds import limits_of, patterns
from vienna_control.store.tables import agents, approvals, intents, votes
from vienna_kernel.intent import Effect, Intent, Tier
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.value import Value, pack, plain
from vienna_kernel.warrant.limit import Limit

WITHIN = timedelta(days=14)
_YES = 20
_PEOPLE = 2
_NO = 5
_MOST = 20_000
_VALID = timedelta(days=7)
_NEVER = frozenset({Effect.DELETE, Effect.GRANT, Effect.ADMIN, Effect.EXECUTE})


@dataclass(slots=True)
class Asked:
    """What was asked of people about one action of one agent.

    Attributes:
        parts: Of the calls that were approved.
        rules: Ids of the rules that people were asked by.
        tier: The highest.
    """

    agent_id: str
    agent: str
    action: str
    approved: int = 0
    denied: int = 0
    people: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    parts: list[Intent] = field(default_factory=list)
    tier: Tier = Tier.T0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What could be put in place. ``rule``: in the stored shape; ``standing``: the body of ``POST /standing``."""

    says: str
    asked: Asked
    rule: dict[str, Any] | None = None
    standing: dict[str, Any] | None = None


def found(conn: Connection, tenant: str, now: datetime, rules: RuleSet) -> list[Suggestion]:
    """Suggestions from what people decided lately, those that spare the most questions first. ``rules``: in force."""
    every = sorted(_asked(conn, tenant, now), key=lambda one: -(one.approved + one.denied))
    made = [_suggestion(one, now, rules) for one in every]
    return [one for one in made if one is not None]


def _asked(conn: Connection, tenant: str, now: datetime) -> list[Asked]:
    query = (
        select(
            approvals.c.id,
            approvals.c.status,
            approvals.c.tier,
            approvals.c.agent_id,
            agents.c.name.label("agent"),
            intents.c.action,
            intents.c.meaning,
            intents.c.decision,
        )
        .join(intents, intents.c.id == approvals.c.intent_id)
        .join(agents, agents.c.id == approvals.c.agent_id)
        .where(
            approvals.c.tenant == tenant,
            approvals.c.created_at >= iso(now - WITHIN),
            approvals.c.status.in_(("approved", "denied")),
            approvals.c.break_glass_id.is_(None),
        )
        .order_by(approvals.c.created_at.desc())
        .limit(_MOST)
    )
    groups: dict[tuple[str, str], Asked] = {}
    of: dict[str, Asked] = {}
    for row in rows.every(conn, query):
        one = groups.setdefault(
            (row["agent_id"], row["action"]), Asked(row["agent_id"], row["agent"], row["action"])
        )
        of[row["id"]] = one
        _count(one, row)
    for vote in rows.every(conn, _voted(tenant, now)):
        if vote["approval_id"] in of:
            of[vote["approval_id"]].people.add(vote["operator_id"])
    return list(groups.values())


def _count(one: Asked, row: rows.Row) -> None:
    one.tier = max(one.tier, Tier(row["tier"]))
    if row["status"] == "denied":
        one.denied += 1
        return
    one.approved += 1
    one.rules.add(str(rows.load(row["decision"]).get("rule_id")))
    one.parts += [Intent.from_json(part) for part in rows.load(row["meaning"])]


def _voted(tenant: str, now: datetime) -> Any:
    since = (approvals.c.tenant == tenant, approvals.c.created_at >= iso(now - WITHIN))
    return (
        select(votes.c.approval_id, votes.c.operator_id)
        .join(approvals, approvals.c.id == votes.c.approval_id)
        .where(*since, votes.c.verdict == "approve")
    )


def _suggestion(one: Asked, now: datetime, rules: RuleSet) -> Suggestion | None:
    if "+" in one.action:
        return None
    if one.denied >= _NO and not one.approved:
        return Suggestion(says="always no", asked=one, rule=_denying(one))
    if one.denied or one.approved < _YES or len(one.people) < _PEOPLE or one.tier >= Tier.T3:
        return None
    if any(part.mapping is None or part.effect in _NEVER for part in one.parts):
        return None
    currency = _currency(one.parts)
    limits = limits_of(one.parts, currency)
    if limits is None:
        return None
    before = just_before(one.rules, rules) if one.tier <= Tier.T1 else None
    return Suggestion(
        says="always yes",
        asked=one,
        rule=None if before is None else _allowing(one, limits, currency, before),
        standing=_standing(one, limits, currency, now),
    )


def just_before(asked_by: set[str], rules: RuleSet) -> int | None:
    """A priority before the rules that people were asked by, and after every rule that denies before them."""
    found = {rule.id: rule.shape.priority for rule in rules.rules if rule.shape.enabled}
    if not asked_by <= set(found):
        return None
    first = min(found[rule_id] for rule_id in asked_by)
    beside = any(rule.action == "deny" and rule.shape.priority == first for rule in rules.rules)
    return None if beside else first + 1


def _absent(one: Asked, limits: Mapping[str, Limit]) -> list[str]:
    """Parameters that the action declares and that no approved call had: what they would do nobody has seen."""
    return sorted({name for part in one.parts for name in part.undetermined} - set(limits))


def _currency(parts: list[Intent]) -> str | None:
    codes = {part.parameters.get(holder, holder) for part in parts for holder in part.money.values()}
    found = {code for code in codes if isinstance(code, str)}
    return found.pop() if len(found) == 1 else None


def id_of(word: str, one: Asked) -> str:
    """An id for a rule about this: the word, the action and the agent."""
    kept = "".join(char if char.isalnum() or char in "._-" else "-" for char in f"{one.action}-{one.agent}")
    return f"{word}-{kept}"[:100]


def _denying(one: Asked) -> dict[str, Any]:
    return {
        "id": id_of("no", one),
        "name": f"{one.agent} may not {one.action}: people always said no",
        "priority": 500,
        "enabled": True,
        "when": about(one),
        "then": {"action": "deny", "reason": "people have always said no to this"},
    }


def about(one: Asked) -> list[dict[str, Any]]:
    """Conditions that hold of this action of this agent."""
    return [
        {"field": "action", "operator": "equals", "value": one.action},
        {"field": "agent_id", "operator": "equals", "value": one.agent},
    ]


def _allowing(one: Asked, limits: Mapping[str, Limit], currency: str | None, priority: int) -> dict[str, Any]:
    money = {name for part in one.parts for name in part.money}
    absent = [{"field": f"parameters.{name}", "operator": "not_exists"} for name in _absent(one, limits)]
    tests = [
        test
        for name, limit in limits.items()
        for test in tests_of(name, limit, currency if name in money else None)
    ]
    return {
        "id": id_of("yes", one),
        "name": f"{one.agent} may {one.action} as people always let it",
        "priority": priority,
        "enabled": True,
        "when": pack([*about(one), *tests, *absent]),
        "then": {"action": "allow", "tier": "T0", "may_lower": True},
    }


def tests_of(name: str, limit: Limit, currency: str | None) -> Iterator[dict[str, Value]]:
    """Conditions that a parameter meets within this limit."""
    field_name = f"parameters.{name}"
    told: dict[str, Value] = {"currency": currency} if currency else {}
    if limit.one_of is not None:
        yield {"field": field_name, "operator": "in", "value": list(limit.one_of)}
    elif limit.least is not None or limit.most is not None:
        if limit.least is not None:
            yield {"field": field_name, "operator": "gte", "value": limit.least, **told}
        if limit.most is not None:
            yield {"field": field_name, "operator": "lte", "value": limit.most, **told}


def _standing(
    one: Asked, limits: Mapping[str, Limit], currency: str | None, now: datetime
) -> dict[str, Any] | None:
    """None where calls leave something open that nobody has seen: consent in advance would not cover them."""
    if _absent(one, limits):
        return None
    targets = patterns([part.target for part in one.parts])
    return {
        "action": one.action,
        "agents": [one.agent],
        "target": targets[0] if len(targets) == 1 else None,
        "limits": {name: _body(limit) for name, limit in limits.items()},
        "currency": currency,
        "count": one.approved,
        "expires_at": iso(now + _VALID),
        "most_tier": one.tier.value,
        "reason": f"{len(one.people)} people approved {one.approved} of these in {WITHIN.days} days, denied none",
    }


def _body(limit: Limit) -> dict[str, Any]:
    told: dict[str, Any] = {"optional": True} if not limit.required else {}
    if limit.one_of is not None:
        told["one_of"] = plain(list(limit.one_of))
    for name, bound in (("min", limit.least), ("max", limit.most)):
        if bound is not None:
            told[name] = format(Decimal(bound), "f")
    return told
