"""A practice approval: a person is rung, opens it, votes on it, and nothing comes of it.

1. It is an ordinary approval of an intent of the agent ``vienna-practice``, and says of itself what it is.
2. Only the person who asked for it is asked and may decide; what a vote takes is what the tier takes.
3. No call, no policy and no warrant stands behind it: it is marked as simulated, and no simulation is put before people
   otherwise. So it is told apart, whatever an agent calls its actions; reports, metrics and the fleet leave it out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, select

from vienna_control import rows
from vienna_control.approvals import queue
from vienna_control.approvals.legible import legible, legible_data
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent
from vienna_control.intake import entry
from vienna_control.intake.ask import Ask, Caller
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_kernel.approval.moves import Voter
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.lifecycle import Event, Status, advance

KIND = "practice"
ACTION = "vienna.practice"
MOST = 6
"""Of one person within ``WINDOW``."""

WINDOW = timedelta(hours=1)
_SECONDS = 600
_SENTENCE = "Practice: nothing happens, whatever you answer"

PRACTICE: ColumnElement[bool] = and_(intents.c.simulation, intents.c.approval_id.is_not(None))
"""Condition: it is the intent of a practice approval."""


class TooManyError(Exception):
    """This person practised often enough for now."""


def ask(tx: Tx, tenant: str, person: Voter, tier: Tier, tiers: TierTable, *, most_agents: int) -> queue.Asked:
    """Put a practice approval before this person. Raises ``TooManyError``, ``registry.FullError``."""
    agent = _agent(tx, tenant, most=most_agents)
    if _recent(tx, agent.id, person.id) >= MOST:
        raise TooManyError
    asked_of = legible(person.email or person.id)
    requirements = replace(
        tiers.requirements(tier),
        count=1,
        people=(person.id,),
        groups=(f"practice of {asked_of}",),  # nobody's: with no group named, everybody would be asked
        executive=False,
        timeout_seconds=_SECONDS,
        on_timeout="deny",
        notify=(),
        next_tier=None,
    )
    asking = _ask(tx, agent, person, tier)
    data = {"outcome": "hold", "tier": tier.value, "requirements": requirements.to_json()}
    told = entry.Told(data=data, tier=tier, reason=None, would=None, policy_digest="")
    status = advance(Status.RECEIVED, Event.HOLD)
    intent_id = entry.submit(tx, asking, told, status=status)
    asked = queue.ask_people(
        tx,
        asking,
        intent_id,
        tier=tier,
        requirements=requirements,
        shown=_shown(agent, asking, tier),
        practice=True,
    )
    entry.settle(tx, intent_id, status, approval_id=asked.approval_id)
    return asked


def end(tx: Tx, intent_id: str) -> str | None:
    """People agreed, and there is nothing to do: the intent's last status. None: it is no practice."""
    query = select(intents.c.status).where(intents.c.id == intent_id, PRACTICE)
    row = rows.first(tx.conn, query)
    if row is None:
        return None
    done = advance(Status(row["status"]), Event.CANCEL)
    entry.settle(tx, intent_id, done)
    return done.value


def _agent(tx: Tx, tenant: str, *, most: int) -> Agent:
    fresh = Agent(
        id="",
        tenant=tenant,
        name=registry.PRACTICE,
        type="operators",
        description="Practice approvals of people.",
        allowed_actions=(),
    )
    return registry.find(tx.conn, tenant, registry.PRACTICE) or registry.register(
        tx, fresh, actor="system", most=most
    )


def _recent(tx: Tx, agent_id: str, operator_id: str) -> int:
    query = select(func.count()).where(
        intents.c.agent_id == agent_id,
        intents.c.created_at > iso(tx.now - WINDOW),
        intents.c.target == _target(operator_id),
    )
    return tx.conn.scalar(query) or 0


def _target(operator_id: str) -> str:
    return f"operator:{operator_id}"


def _ask(tx: Tx, agent: Agent, person: Voter, tier: Tier) -> Ask:
    intent = Intent(
        action=ACTION,
        target=_target(person.id),
        parameters={},
        effect=Effect.READ,
        reversibility=Reversibility.REVERSIBLE,
        default_tier=tier,
        summary=_SENTENCE,
        mapping="api",
    )
    name = tx.id("prt")
    return Ask(
        caller=Caller(tenant=agent.tenant, agent_id=agent.id, source="system"),
        attempt=name,
        fingerprint=name,
        intents=(intent,),
        bundle="",
        wait=False,
        mode="passback",
        simulation=True,
    )


def _shown(agent: Agent, asking: Ask, tier: Tier) -> dict[str, Any]:
    return {
        "kind": KIND,
        "sentence": _SENTENCE,
        "unusual": [],
        "agent": {"id": agent.id, "name": agent.name, "type": agent.type, "trust": f"{agent.trust:.2f}"},
        "tier": tier.value,
        "rule": {"id": None, "name": None},
        "mode": asking.mode,
        "effect": legible_data(asking.actions()),
        "request": None,
        "claimed": {},
    }
