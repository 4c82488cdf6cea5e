"""What a rung would do to an agent's recorded traffic, by the policy of today: judged again, not remembered.

1. Each recorded call is judged by the bundle in force with the facts of its moment (``policies.rejudge``); what people
   consented to in advance is taken off, in the order of the calls, until it is used up.
2. A host that was only reached while observing is not known: the first call there is asked about, the next are not.
3. It is read in batches, each in a reader thread: nobody waits for it but who asked.
4. What cannot be told is told as such: rules over budgets and rates, calls from before their mapping.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals.alike import shape
from vienna_control.approvals.standing import kept
from vienna_control.clock import iso
from vienna_control.fleet import proposals
from vienna_control.fleet.proposals import Asked
from vienna_control.fleet.registry import Agent, Enforcement
from vienna_control.intake.judgement import enforced
from vienna_control.policies import Bundle
from vienna_control.policies.rejudge import Recorded, Span, judged, not_replayable, page
from vienna_control.store import Store
from vienna_control.store.tables import known_hosts, standing_holders, standing_warrants, warrants
from vienna_kernel.approval.requirements import Requirements
from vienna_kernel.approval.standing import Standing, covers
from vienna_kernel.decision.decide import Decision, Outcome
from vienna_kernel.intent import Effect
from vienna_kernel.verdict import Granted

MOST = 20_000
"""Calls that a forecast is made from, the newest."""

_BATCH = 100
_SHOWN = 20


@dataclass(slots=True)
class _Tally:
    """What was counted so far.

    Attributes:
        hosts: That the agent may reach without being asked about: ``reachable``, and those it was asked about since.
        standing: With what is left of each.
        asked: Calls that people would be asked about, or that would be refused.
        turned_away: Refused on every rung, by the gate or before policy.
        strange: Reads of hosts that the agent may not reach unasked, by host and action.
    """

    to: Enforcement
    bundle: Bundle
    hosts: set[str]
    standing: list[Standing]
    now: datetime
    reachable: frozenset[str] = frozenset()
    calls: int = 0
    inexact: int = 0
    turned_away: int = 0
    covered: int = 0
    mapped_since: int = 0
    first_at: str | None = None
    last_at: str | None = None
    asked: list[Asked] = field(default_factory=list)
    unmapped: Counter[str] = field(default_factory=Counter)
    strange: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, one: Recorded) -> None:
        """Count one more call, older than the last; what operators asked for in its name is none of its own."""
        if one.row["source"].startswith("operator:"):
            return
        self.calls += 1
        self.first_at = one.row["created_at"]
        self.last_at = self.last_at or self.first_at
        host = one.row["host"] or ""
        mapped = all(part.mapping is not None for part in one.parts)
        if one.parts and not mapped:
            self.unmapped[host or "-"] += 1
            self.mapped_since += host in self.bundle.mappings.hosts
        known = mapped or host in self.hosts or host in self.bundle.mappings.hosts
        if not mapped and host not in self.reachable:
            self.strange[host, one.row["action"]] += all(part.effect is Effect.READ for part in one.parts)
        decision = judged(one, self.bundle, replace(one.facts, first_contact=not known))
        if decision is None:
            self.turned_away += 1
            return
        self.inexact += not one.exact
        if not enforced(self.to, decision.tier) or decision.outcome is Outcome.PROCEED:
            return
        if decision.outcome is Outcome.HOLD:
            if self._consented(one, decision):
                self.covered += 1
                return
            self.hosts.add(host)
        self.asked.append(_asked(one, decision))

    def _consented(self, one: Recorded, decision: Decision) -> bool:
        """Whether a standing warrant stands in for people; what it is used for is taken off."""
        agent_id = one.row["agent_id"]
        for at, given in enumerate(self.standing):
            if isinstance(
                covers(given, one.parts, agent_id=agent_id, tier=decision.tier, now=self.now), Granted
            ):
                self.standing[at] = given.spend(len(one.parts))
                return True
        return False


async def forecast(
    store: Store,
    bundle: Bundle,
    agent: Agent,
    to: Enforcement,
    *,
    now: datetime,
    days: int,
) -> dict[str, Any]:
    """What ``to`` would do with the traffic of the last ``days``, what would help, and what would be left then."""
    span = Span(
        tenant=agent.tenant,
        agent_id=agent.id,
        since=now - timedelta(days=days),
        until=now + timedelta(seconds=1),
        limit=MOST,
    )
    hosts = await store.read(lambda conn: _known(conn, agent.id))
    consents = await store.read(lambda conn: _consents(conn, agent, now))
    tally = _Tally(to=to, bundle=bundle, hosts=hosts, reachable=frozenset(hosts), standing=consents, now=now)
    last: Recorded | None = None
    while tally.calls < MOST:
        last = await store.read(partial(_batch, span=span, after=last, tally=tally))
        if last is None:
            break
    found = await store.read(
        lambda _: proposals.of(
            tally.asked, strange=tally.strange, agent=agent.name, hours=_hours(tally), now=now
        )
    )
    return {"to": to, "days": days, **_told(tally), **found.told(tally.calls, _hours(tally))}


def _consents(conn: Connection, agent: Agent, now: datetime) -> list[Standing]:
    """What is consented to in advance for an agent now, the one that ends first before the others."""
    query = (
        kept.listed()
        .join(standing_holders, standing_holders.c.standing_id == standing_warrants.c.id)
        .join(warrants, warrants.c.id == standing_holders.c.warrant_id)
        .where(
            standing_warrants.c.expires_at > iso(now),
            standing_holders.c.agent_id == agent.id,
            warrants.c.status == "issued",
        )
        .order_by(standing_warrants.c.expires_at, standing_warrants.c.id)
    )
    return [
        kept.terms(conn, row).standing(row["id"], used=row["used"], agents=frozenset({agent.id}))
        for row in rows.every(conn, query)
    ]


def _known(conn: Connection, agent_id: str) -> set[str]:
    query = select(known_hosts.c.host).where(known_hosts.c.agent_id == agent_id)
    return {row["host"] for row in rows.every(conn, query)}


def _batch(conn: Connection, span: Span, after: Recorded | None, tally: _Tally) -> Recorded | None:
    """Count the next batch; the last of it, None when there is no more."""
    found = page(conn, span, after=after, size=_BATCH)
    for one in found:
        tally.add(one)
    return found[-1] if len(found) == _BATCH else None


def _asked(one: Recorded, decision: Decision) -> Asked:
    return Asked(
        at=one.row["created_at"],
        host=one.row["host"] or "",
        method=one.row["method"],
        url=one.row["url"],
        parts=one.parts,
        held=decision.outcome is Outcome.HOLD,
        tier=decision.tier,
        reason=decision.reason,
        rule=decision.rule_name or decision.rule_id,
        whom=tuple(_whom(decision.requirements)) if decision.requirements else (),
        call=one.row["call"],
        intent_id=one.row["id"],
    )


def _whom(requirements: Requirements) -> Iterator[str]:
    """Who is asked: groups, roles and people that are named; else anybody who may."""
    named = (*requirements.groups, *requirements.roles, *requirements.people)
    yield from named or ("any approver",)


def _told(tally: _Tally) -> dict[str, Any]:
    held = [one for one in tally.asked if one.held]
    refused = [one for one in tally.asked if not one.held]
    hours, by_hour = _hours(tally), Counter(one.at[:13] for one in held)
    peak = max(by_hour.items(), key=lambda row: (row[1], row[0]), default=None)
    return {
        "since": tally.first_at,
        "until": tally.last_at,
        "hours": round(hours, 2),
        "calls": tally.calls,
        "cut": tally.calls >= MOST,
        "would_hold": len(held),
        "would_deny": len(refused),
        "covered_by_standing": tally.covered,
        "turned_away_on_every_rung": tally.turned_away,
        "approvals_per_hour": round(len(held) / hours, 2),
        "approvals_per_thousand_calls": per_thousand(len(held), tally.calls),
        "peak_hour": {"at": f"{peak[0]}:00Z", "approvals": peak[1]} if peak else None,
        "asked": _top(Counter(name for one in held for name in one.whom)),
        "held_actions": _top(Counter(one.action for one in held)),
        "denied_reasons": _top(Counter(one.reason.value for one in refused if one.reason)),
        "breaks": _breaks(refused),
        "unmapped_hosts": _top(tally.unmapped),
        "mapped_since": tally.mapped_since,
        "inexact": tally.inexact,
        "not_replayable": [
            {"rule": rule.id, "looks_at": what} for rule, what in not_replayable(tally.bundle)
        ],
    }


def _breaks(refused: Sequence[Asked]) -> list[dict[str, Any]]:
    """What would still break: calls that are refused, alike ones together, with one of them to look at."""
    alike: dict[tuple[str, str, str, str], list[Asked]] = {}
    for one in refused:
        key = (one.action, shape(one.target), one.reason.value if one.reason else "", one.rule or "")
        alike.setdefault(key, []).append(one)
    found: list[dict[str, Any]] = [
        {
            "action": action,
            "target": target,
            "reason": reason,
            "rule": rule or None,
            "count": len(calls),
            "intent_id": calls[0].intent_id,
        }
        for (action, target, reason, rule), calls in sorted(
            alike.items(), key=lambda row: (-len(row[1]), row[0])
        )
    ]
    return found[: 5 * _SHOWN]


def _hours(tally: _Tally) -> float:
    """Time that the recorded traffic spans, at least one hour, so that a burst is not made into a flood."""
    if tally.first_at is None or tally.last_at is None:
        return 1.0
    first, last = (datetime.fromisoformat(at) for at in (tally.first_at, tally.last_at))
    return max(1.0, (last - first).total_seconds() / 3600)


def per_thousand(count: int, calls: int) -> float:
    return round(1000 * count / calls, 2) if calls else 0.0


def _top(counter: Counter[str]) -> list[dict[str, Any]]:
    return [{"name": name, "count": count} for name, count in counter.most_common(_SHOWN)]
