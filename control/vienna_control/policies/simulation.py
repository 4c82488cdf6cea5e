"""Simulations: scenarios against a policy, and nothing follows from them.

1. A scenario is an intent that somebody made up, or a recorded one (``rejudge``).
2. All of it runs on a connection that cannot write: no warrant, no approval, no reservation, no trust, no rate of a
   real agent is touched. Rates are counted over the scenarios themselves, from nothing.
3. What came out is kept, the last hundred of a tenant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, delete, select

from vienna_control import rows
from vienna_control.fleet.registry import Agent
from vienna_control.freeze import stops
from vienna_control.intake.admission import standing
from vienna_control.intake.ask import Caller
from vienna_control.intake.judgement import enforced, judge
from vienna_control.intake.rates import Rates
from vienna_control.intake.submission import MisfitError, Submission, ask_of
from vienna_control.policies import rejudge
from vienna_control.policies.backtest import groups_of, named
from vienna_control.policies.bundle import Bundle
from vienna_control.policies.rejudge import Recorded, Span
from vienna_control.policies.trial import WORDS
from vienna_control.store import Tx
from vienna_control.store.tables import simulations as table
from vienna_kernel.decision.decide import Decision, Outcome
from vienna_kernel.value import Value, plain
from vienna_kernel.verdict import Reason, Refused

MOST_SCENARIOS = 500
MOST_RECORDED = 1000
_KEPT = 100

type Source = Literal["scenarios", "recorded"]
type Item = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """An intent that somebody made up. ``claimed``: what its agent would say of itself and the world."""

    agent: Agent
    action: str
    parameters: Mapping[str, Value]
    target: str | None = None
    claimed: Mapping[str, Value] = field(default_factory=dict)


def play(conn: Connection, bundle: Bundle, scenarios: Sequence[Scenario], *, now: datetime) -> list[Item]:
    """What would be decided of each, in order. ``conn``: one that cannot write."""
    tx, rates = Tx(conn=conn, now=now, next_arrival=0), Rates()
    return [_played(tx, bundle, rates, one) for one in scenarios]


def _played(tx: Tx, bundle: Bundle, rates: Rates, one: Scenario) -> Item:
    agent = one.agent
    about = {
        "agent_id": agent.id,
        "agent": agent.name,
        "action": one.action,
        "target": one.target,
        "parameters": plain(dict(one.parameters)),
    }
    wanted = Submission(
        action=one.action,
        parameters=one.parameters,
        target=one.target,
        mode="passback",
        claimed=one.claimed,
        simulation=True,
    )
    caller = Caller(tenant=agent.tenant, agent_id=agent.id, source=f"agent:{agent.id}")
    try:
        ask = ask_of(caller, wanted, bundle=bundle, attempt="simulation")
    except MisfitError as error:
        return {**about, **_refused(Refused(Reason.INVALID_PARAMETER, str(error)))}
    stopped = standing(agent)
    if not isinstance(stopped, Refused):
        stopped = stops.refusal(tx.conn, ask) or agent
    if isinstance(stopped, Refused):
        return {**about, **_refused(stopped)}
    judged = judge(tx, agent, ask, bundle=bundle, rates=rates, count=True)
    decision = judged.decision
    goes = decision.outcome is Outcome.PROCEED
    rung = agent.enforcement != "observe" and (goes or enforced(agent.enforcement, decision.tier))
    return {**about, "target": ask.intents[0].target, **_decided(decision), "enforced": rung}


def replay(conn: Connection, bundle: Bundle, span: Span) -> list[Item]:
    """What would be decided of recorded intents, the newest first, beside what was."""
    return [_replayed(one, bundle) for one in rejudge.recorded(conn, span)]


def _replayed(one: Recorded, bundle: Bundle) -> Item:
    row, before = one.row, one.told
    was = str(before.get("outcome"))
    about = {
        "intent_id": row["id"],
        "agent_id": row["agent_id"],
        "action": row["action"],
        "target": row["target"],
        "exact": one.exact,
        "before": {
            "decision": WORDS[Outcome(was)] if was in Outcome else was,
            "risk_tier": before.get("tier"),
            "rule": before.get("rule_id"),
        },
    }
    decision = rejudge.judged(one, bundle)
    if decision is None:
        return {**about, "decision": None, "changed": False}
    changed = (decision.outcome.value, decision.tier.value) != (was, before.get("tier"))
    return {**about, **_decided(decision), "changed": changed}


def _decided(decision: Decision) -> Item:
    requirements = decision.requirements
    return {
        "decision": WORDS[decision.outcome],
        "risk_tier": decision.tier.value,
        "rule": {"id": decision.rule_id, "name": decision.rule_name} if decision.rule_id else None,
        "code": decision.reason.value if decision.reason else None,
        "reason": decision.detail,
        "flags": list(decision.flags),
        "asked": groups_of(requirements) if decision.outcome is Outcome.HOLD else [],
        "required_approvers": requirements.people_needed if requirements else 0,
        "mfa": any(part.mfa for part in requirements.parts()) if requirements else False,
    }


def _refused(refused: Refused) -> Item:
    """Turned away before policy is asked."""
    return {
        "decision": "denied",
        "risk_tier": None,
        "rule": None,
        "code": refused.reason.value,
        "reason": refused.detail,
        "flags": [],
        "asked": [],
        "required_approvers": 0,
        "mfa": False,
        "enforced": True,
    }


def summary(items: Sequence[Item], bundle: Bundle, source: Source) -> dict[str, Any]:
    """Counted: decisions, who would be asked, which rules decided; of recorded ones what changed."""
    decisions = Counter(str(item["decision"]) for item in items if item["decision"] is not None)
    told: dict[str, Any] = {
        "items": len(items),
        "decisions": {word: decisions.get(word, 0) for word in WORDS.values()},
        "asked": named(Counter(group for item in items for group in item.get("asked", ()))),
        "rules": named(Counter(rule["id"] for item in items if (rule := item.get("rule")) is not None)),
    }
    if source == "recorded":
        told["not_judged"] = sum(item["decision"] is None for item in items)
        told["changed"] = sum(bool(item["changed"]) for item in items)
        told["not_replayable"] = [
            {"rule_id": rule.id, "because": why} for rule, why in rejudge.not_replayable(bundle)
        ]
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A simulation that was made. ``asked``: as it was asked for, to be shown again."""

    tenant: str
    author: str
    name: str
    source: Source
    policy: Literal["live", "candidate"]
    asked: Mapping[str, Any]
    summary: Mapping[str, Any]
    items: Sequence[Item]


def keep(tx: Tx, done: Done) -> str:
    """Keep one; the oldest beyond a hundred of the tenant go."""
    simulation_id = tx.id("sim")
    rows.add(
        tx.conn,
        table,
        id=simulation_id,
        tenant=done.tenant,
        name=done.name,
        source=done.source,
        policy=done.policy,
        author=done.author,
        count=len(done.items),
        asked=rows.dump(dict(done.asked)),
        summary=rows.dump(dict(done.summary)),
        items=rows.dump(list(done.items)),
        created_at=tx.at,
    )
    last = select(table.c.id).where(table.c.tenant == done.tenant).order_by(table.c.id.desc()).limit(_KEPT)
    tx.conn.execute(delete(table).where(table.c.tenant == done.tenant, table.c.id.not_in(last)))
    return simulation_id


def listed(tenant: str) -> Select[Any]:
    """Those of a tenant, without their items."""
    names = ("id", "name", "source", "policy", "author", "count", "summary", "created_at")
    return select(*[table.c[name] for name in names]).where(table.c.tenant == tenant)


def find(conn: Connection, tenant: str, simulation_id: str) -> rows.Row | None:
    """One of a tenant, whole."""
    return rows.first(conn, select(table).where(table.c.id == simulation_id, table.c.tenant == tenant))


def shown(row: rows.Row) -> dict[str, Any]:
    """One as lists show it."""
    return {
        "simulation_id": row["id"],
        "name": row["name"],
        "status": "done",
        "source": row["source"],
        "policy": row["policy"],
        "author": row["author"],
        "summary": rows.load(row["summary"]),
        "created_at": row["created_at"],
    }
