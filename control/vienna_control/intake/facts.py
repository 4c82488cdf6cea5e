"""What policy sees beside the intent: facts of ours, never what the agent says of itself.

First contact: an unmapped host that no mapping names and that this agent has not reached before. A URL carries data
out as well as a body does, so somebody looks at it once.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, func, select

from vienna_control import rows
from vienna_control.budgets import books
from vienna_control.clock import iso
from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask
from vienna_control.intake.rates import Rate
from vienna_control.store import Tx
from vienna_control.store.tables import intents, known_hosts, trust_events
from vienna_kernel.decision.facts import Facts
from vienna_kernel.decision.risk import RECENT_INCIDENTS
from vienna_kernel.mapping.reading import MappingSet

_RETRIES_WITHIN = timedelta(hours=1)
_MOST_RETRIES = 100
_INCIDENTS_WITHIN = timedelta(days=1)
_MOST_INCIDENTS = 10


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
