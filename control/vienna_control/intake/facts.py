"""What policy sees beside the intent: facts of ours, never what the agent says of itself.

First contact: an unmapped host that no mapping names and that this agent has not reached before. A URL carries data
out as well as a body does, so somebody looks at it once.

What a decision was made on is kept beside it, in brief (``kept``), so that another bundle can be asked about the same
moment later (``recalled``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, select

from vienna_control import rows
from vienna_control.budgets import books
from vienna_control.clock import iso
from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask
from vienna_control.intake.rates import Rate
from vienna_control.store import Tx
from vienna_control.store.tables import intents, known_hosts, trust_events
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.risk import RECENT_INCIDENTS
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.value import Value, canonical, pack, plain_decimal, unpack

_RETRIES_WITHIN = timedelta(hours=1)
_MOST_RETRIES = 100
_INCIDENTS_WITHIN = timedelta(days=1)
_MOST_INCIDENTS = 10
_CLAIMED_BYTES = 2048


def gather(
    tx: Tx, agent: Agent, ask: Ask, *, mappings: MappingSet, rate: Rate, own: str | None = None
) -> Facts:
    """The facts of one ask, at the instant of this unit. ``own``: the intent that is judged again, if it is."""
    return Facts(
        agent=agent.facts(),
        now=tx.now,
        request=ask.request(),
        context={"timestamp": tx.at, RECENT_INCIDENTS: _incidents(tx, agent)},
        rate=rate,
        budgets=books.of(tx.conn, agent.tenant, tx.now, own=own),
        retry_count=_retries(tx, ask),
        first_contact=_first_contact(tx, ask, mappings),
        claimed=ask.claimed,
    )


def _retries(tx: Tx, ask: Ask) -> int:
    """How often the same call was asked for within the last hour, counted up to a hundred."""
    since = iso(tx.now - _RETRIES_WITHIN)
    return int(_LATELY.scalar(tx.conn, agent=ask.caller.agent_id, fingerprint=ask.fingerprint, since=since))


_LATELY = rows.Prepared(
    select(func.count().label("times")).select_from(
        select(intents.c.id)
        .where(
            intents.c.agent_id == bindparam("agent"),
            intents.c.fingerprint == bindparam("fingerprint"),
            intents.c.created_at >= bindparam("since"),
        )
        .limit(_MOST_RETRIES)
        .subquery()
    )
)


def _incidents(tx: Tx, agent: Agent) -> int:
    """How often the agent lost trust by what it did within the last day, counted up to ten."""
    return int(_LOST.scalar(tx.conn, agent=agent.id, since=iso(tx.now - _INCIDENTS_WITHIN)))


_LOST = rows.Prepared(
    select(func.count().label("times")).select_from(
        select(trust_events.c.id)
        .where(
            trust_events.c.agent_id == bindparam("agent"),
            trust_events.c.at >= bindparam("since"),
            trust_events.c.after < trust_events.c.before,
            trust_events.c.actor == "system",
        )
        .limit(_MOST_INCIDENTS)
        .subquery()
    )
)


def _first_contact(tx: Tx, ask: Ask, mappings: MappingSet) -> bool:
    if ask.mapped or not ask.host or ask.host in mappings.hosts:
        return False
    known = select(known_hosts.c.host).where(
        known_hosts.c.agent_id == ask.caller.agent_id, known_hosts.c.host == ask.host
    )
    return tx.conn.scalar(known) is None


def remember_host(tx: Tx, ask: Ask) -> None:
    """This agent reached this host: the next call there is not a first contact."""
    rows.add(tx.conn, known_hosts, agent_id=ask.caller.agent_id, host=ask.host, first_at=tx.at)


def kept(facts: Facts, rates: Mapping[str, int]) -> dict[str, Any]:
    """What a decision was made on beside the intent, as plain JSON data without floats; what is usual is left out.

    ``rates``: what was counted for it, by rule. What the agent claims is kept up to 2 kB, else that it was longer.
    """
    agent, incidents = facts.agent, facts.context.get(RECENT_INCIDENTS)
    short = len(canonical(facts.claimed)) <= _CLAIMED_BYTES
    told = {
        "trust": plain_decimal(Decimal(str(agent.trust))),
        "environment": agent.environment,
        "first_contact": facts.first_contact,
        "retries": facts.retry_count,
        "incidents": incidents,
        "rates": dict(rates),
        "claimed": pack(facts.claimed) if short else None,
        "claimed_too_long": not short,
    }
    return {name: value for name, value in told.items() if value}


def recalled(
    told: Mapping[str, Any], agent: AgentFacts, now: datetime, *, request: Mapping[str, Value]
) -> Facts:
    """The facts of a moment as far as ``kept`` tells them; ``agent``: as it is registered now."""
    rates, claimed = told.get("rates", {}), unpack(told.get("claimed") or {})
    if told:
        agent = replace(agent, trust=float(told.get("trust", 0)), environment=told.get("environment"))
    return Facts(
        agent=agent,
        now=now,
        request=request,
        context={"timestamp": iso(now), RECENT_INCIDENTS: told.get("incidents", 0)},
        rate=lambda rule_id, window_seconds: int(rates.get(rule_id, 1)),
        retry_count=told.get("retries", 0),
        first_contact=bool(told.get("first_contact")),
        claimed=claimed if isinstance(claimed, Mapping) else {},
    )
