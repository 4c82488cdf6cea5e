"""What would spare people the repetitive part of an agent's calls: bodies that can be sent as they are, and files.

Nothing here is applied by itself, and none of it can be wider than what was seen again and again:

1. Only what came at least five times is repetitive. What is rare stays a question for people, or refused.
2. Deleting, granting, executing and administering, and whatever is T3, is never consented to in advance; nor is a
   read that is T2 or above allowed.
3. A value that takes few forms may take those that came back; a number or an amount is bounded by what most were
   (``bounds``); a counterparty has to be one that came back. What was outside is not covered.
4. How many calls each would cover is found by holding them against it, as the law will.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from vienna_control.approvals.standing.terms import told_limit
from vienna_control.clock import iso
from vienna_control.fleet import learning
from vienna_control.fleet.bounds import LEAST, limits_of, patterns
from vienna_kernel.approval.standing import Standing, covers, fits
from vienna_kernel.intent import Effect, Intent, Tier
from vienna_kernel.money import currency_code
from vienna_kernel.verdict import Granted, Reason

VALID = timedelta(days=7)
"""How long a consent in advance is proposed for."""

_NEVER = frozenset({Effect.DELETE, Effect.GRANT, Effect.ADMIN, Effect.EXECUTE})
_SPARE = Decimal("1.5")  # as many uses as were seen, and half as many more


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A recorded call that people would be asked about (``held``), or that would be refused."""

    at: str
    host: str
    method: str
    url: str
    parts: tuple[Intent, ...]
    held: bool
    tier: Tier
    reason: Reason | None
    rule: str | None
    whom: tuple[str, ...]
    call: str | None
    intent_id: str

    @property
    def action(self) -> str:
        return "+".join(dict.fromkeys(part.action for part in self.parts))

    @property
    def target(self) -> str:
        return self.parts[0].target if self.parts else ""

    @property
    def unmapped(self) -> bool:
        return any(part.mapping is None for part in self.parts)

    @property
    def reads(self) -> bool:
        return all(part.effect is Effect.READ for part in self.parts)

    @property
    def may_be_spared(self) -> bool:
        """Whether nobody said no to it: people would be asked, or no rule speaks of it."""
        return self.held or self.reason is Reason.NO_RULE_MATCHED


@dataclass(slots=True)
class Found:
    """Proposals, and which calls are left to people or refused once all of them are accepted."""

    asked: Sequence[Asked]
    rows: list[dict[str, Any]] = field(default_factory=list)
    spared: set[str] = field(default_factory=set)
    turned_into_questions: set[str] = field(default_factory=set)

    def propose(self, kind: str, send: Mapping[str, Any], covered: Sequence[Asked], why: str) -> None:
        self.rows.append({"kind": kind, **send, "covers": len(covered), "why": why})

    def told(self, calls: int, hours: float) -> dict[str, Any]:
        """The proposals, and what would be left."""
        left = [one for one in self.asked if one.intent_id not in self.spared]
        held = sum(one.held or one.intent_id in self.turned_into_questions for one in left)
        return {
            "proposals": self.rows,
            "with_proposals": {
                "would_hold": held,
                "would_deny": len(left) - held,
                "approvals_per_hour": round(held / hours, 2),
                "approvals_per_thousand_calls": round(1000 * held / calls, 2) if calls else 0.0,
            },
        }


def of(
    asked: Sequence[Asked],
    *,
    strange: Mapping[tuple[str, str], int],
    agent: str,
    hours: float,
    now: datetime,
) -> Found:
    """Proposals for the calls that people would be asked about or that would be refused.

    ``strange``: how many reads there were of hosts that the agent may not reach unasked, by host and action; people are
    asked once. ``hours``: the calls span.
    """
    found = Found(asked)
    _reads(found, agent, strange)
    _writes(found, agent, hours, now)
    _mappings(found)
    return found


# reads


def _reads(found: Found, agent: str, strange: Mapping[tuple[str, str], int]) -> None:
    """Rules that allow reads: where a mapping says what is read, by action, else by host."""
    for (host, action), calls in _grouped(
        (one for one in found.asked if one.reads and one.may_be_spared),
        lambda one: (one.host if one.unmapped else "", one.action),
    ):
        times = max(len(calls), strange.get((host, action), 0))
        if times < LEAST or "+" in action or any(one.tier > Tier.T1 for one in calls):
            continue
        where = f" AND target.host == {_quoted(host)}" if host else ""
        rule = {
            "name": f"{agent} may read {host or action}",
            "priority": 20,
            "expression": f"agent_id == {_quoted(agent)} AND action == {_quoted(action)}{where}",
            "action": {"type": "allow", **({"risk_tier_override": "T0", "may_lower": True} if host else {})},
        }
        why = f"{times} reads of {host or action}, which nobody has to look at one by one"
        found.propose("rule", {"path": "/policies", "body": rule}, calls, why)
        found.spared |= {one.intent_id for one in calls}


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _grouped[K](calls: Iterator[Asked], key: Callable[[Asked], K]) -> list[tuple[K, list[Asked]]]:
    """Alike calls together, the most first."""
    groups: dict[K, list[Asked]] = {}
    for one in calls:
        groups.setdefault(key(one), []).append(one)
    return sorted(groups.items(), key=lambda row: (-len(row[1]), str(row[0])))


# writes


def _writes(found: Found, agent: str, hours: float, now: datetime) -> None:
    alike = _grouped(
        (one for one in found.asked if _is_candidate(one)),
        lambda one: (one.action, frozenset(one.parts[0].undetermined)),
    )
    for (action, _), calls in alike:
        whole = [
            (given, covered)
            for pattern in patterns([one.target for one in calls])
            for given, covered in _standing(action, pattern, calls, now)
        ]
        covered = [one for _, some in whole for one in some]
        unruled = [one for one in calls if not one.held]
        if covered and unruled:
            _ask_people(found, agent, action, unruled)
        for given, some in whole:
            _stand(found, agent, given, some, hours)


def _is_candidate(one: Asked) -> bool:
    return (
        not one.unmapped
        and not one.reads
        and one.may_be_spared
        and one.tier < Tier.T3
        and "+" not in one.action
        and not any(part.effect in _NEVER for part in one.parts)
    )


def _ask_people(found: Found, agent: str, action: str, calls: Sequence[Asked]) -> None:
    """No rule speaks of it: one that lets people be asked, for a consent in advance to stand in for them."""
    rule = {
        "name": f"People agree to {action} of {agent}",
        "priority": 15,
        "expression": f"agent_id == {_quoted(agent)} AND action == {_quoted(action)}",
        "action": {"type": "require_approval"},
    }
    why = f"{len(calls)} calls that no rule speaks of, so that they would be refused"
    found.propose("rule", {"path": "/policies", "body": rule}, calls, why)
    found.turned_into_questions |= {one.intent_id for one in calls}


def _stand(found: Found, agent: str, given: Standing, covered: Sequence[Asked], hours: float) -> None:
    uses = Decimal(sum(len(one.parts) for one in covered))
    each_day = (uses / max(Decimal(1), Decimal(str(hours)) / 24) * _SPARE).to_integral_value(ROUND_CEILING)
    body = {
        "action": given.action,
        "agents": [agent],
        "target": given.target,
        "limits": {name: told_limit(limit) for name, limit in given.limits.items()},
        "currency": given.currency,
        "count": int(each_day) * VALID.days,
        "expires_at": iso(given.expires_at),
        "most_tier": given.most_tier.value,
        "reason": f"{len(covered)} of the recorded calls of {agent} were like this",
    }
    why = (
        f"{len(covered)} calls alike, {int(uses)} uses: at most {int(each_day)} a day, for {VALID.days} days"
    )
    found.propose("standing", {"path": "/standing", "body": body}, covered, why)
    found.spared |= {one.intent_id for one in covered}


def _standing(
    action: str, pattern: str, calls: Sequence[Asked], now: datetime
) -> Iterator[tuple[Standing, list[Asked]]]:
    """The consent that the repetitive ones of these calls would need, for each currency, if there are such."""
    inside = [one for one in calls if all(fits(pattern, part.target) for part in one.parts)]
    for currency, some in _grouped(iter(inside), _currency):
        limits = limits_of([part for one in some for part in one.parts], currency)
        if len(some) < LEAST or limits is None:
            continue
        given = Standing(
            id="proposed",
            action=action,
            agents=frozenset({"it"}),
            target=pattern,
            limits=limits,
            currency=currency,
            count=len(some) * 1000,
            expires_at=now + VALID,
            most_tier=max(one.tier for one in some),
        )
        covered = [
            one
            for one in some
            if isinstance(covers(given, one.parts, agent_id="it", tier=one.tier, now=now), Granted)
        ]
        if len(covered) >= LEAST:
            yield given, covered


def _currency(one: Asked) -> str | None:
    """The one currency of its amounts; None: it has none, or several."""
    codes = {
        currency_code(code)
        for part in one.parts
        for name, holder in part.money.items()
        if name in part.parameters and isinstance(code := part.parameters.get(holder, holder), str)
    }
    return codes.pop() if len(codes) == 1 else None


# what no mapping reads


def _mappings(found: Found) -> None:
    """A mapping file for each host whose calls nothing reads, when it is called again and again."""
    unread = [one for one in found.asked if one.unmapped and not one.reads]
    by_host = dict(_grouped(iter(unread), lambda one: one.host))
    often = {host: calls for host, calls in by_host.items() if len(calls) >= LEAST}
    for host, files in learning.mappings([one for calls in often.values() for one in calls]):
        calls = often.get(host, [])
        why = (
            f"{len(calls)} calls that no mapping reads; each effect and tier in it is a guess to be reviewed"
        )
        found.propose("mapping", {"host": host, **files}, calls, why)
