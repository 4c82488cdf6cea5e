"""What stands out in a call, for this agent: the one thing first, the rest beneath, each a sentence.

1. It is compared with what the agent has done and what succeeded (``fleet.profile``), never with what it tried.
2. The order is fixed: where to, what, how much, with whom, how often, what cannot be read, on what, when, and how far
   it is trusted. What follows from something above it is left out: a first refund is also its largest.
3. It costs some ten look-ups by key, however long the history is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, bindparam, func, select

from vienna_control import rows
from vienna_control.approvals.legible import legible
from vienna_control.clock import iso
from vienna_control.fleet import profile
from vienna_control.fleet.registry import START_TRUST, Agent
from vienna_control.intake.ask import Ask
from vienna_control.store.tables import intents
from vienna_kernel import money
from vienna_kernel.intent import Intent
from vienna_kernel.value import plain_decimal

_COMPARED = 50  # parts of one call that are looked up one by one
_AT_ONCE = 5  # calls within a minute that are no burst, whatever was before
_MOST_COUNTED = 2000  # calls of the last minute
_ENOUGH = 5  # times it was done before a target or counterparty can be a new one
_DAYS_AWAKE = 3  # days that have to be known before an hour is an odd one
_SHOWN = 120


def told(conn: Connection, agent: Agent, ask: Ask, now: datetime) -> list[str]:
    """What stands out, the most telling first; empty when nothing does."""
    parts = ask.intents[:_COMPARED]
    return list(
        dict.fromkeys(
            (
                *_where(conn, agent, ask),
                *_what(conn, agent, parts),
                *_how_much(conn, agent, ask.intents, now),
                *_with_whom(conn, agent, parts),
                *_how_often(conn, agent, parts, now),
                *_unread(ask),
                *_on_what(conn, agent, parts),
                *_when(conn, agent, now),
                *_trust(agent),
                *_rest(ask),
            )
        )
    )


def _where(conn: Connection, agent: Agent, ask: Ask) -> Iterator[str]:
    if ask.host and not profile.reached(conn, agent.id, ask.host):
        yield f"{agent.name} has not called {legible(ask.host, most=_SHOWN)} before"


def _actions(parts: Sequence[Intent]) -> list[str]:
    return list(dict.fromkeys(part.action for part in parts))


def _what(conn: Connection, agent: Agent, parts: Sequence[Intent]) -> Iterator[str]:
    for action in _actions(parts):
        if not profile.times(conn, agent.id, action):
            yield f"the first {legible(action, most=_SHOWN)} of {agent.name}"


def _how_much(conn: Connection, agent: Agent, parts: Sequence[Intent], now: datetime) -> Iterator[str]:
    asked: dict[tuple[str, str], Decimal] = {}
    for part in parts:
        for _, amount, currency in profile.amounts(part):
            key = (part.action, currency)
            asked[key] = max(amount, asked.get(key, amount))
    for (action, currency), amount in asked.items():
        if not profile.times(conn, agent.id, action):
            continue
        most = profile.largest(conn, agent.id, action, currency, now)
        if most is None:
            yield f"the first {action} of {agent.name} in {currency}"
        elif amount > most:
            was = money.shown(most, currency)
            days = profile.DAYS
            yield f"the largest {action} of {agent.name} in the last {days} days was {was}{_times(amount, most)}"


def _times(amount: Decimal, most: Decimal) -> str:
    """How many times as much, from twice on."""
    ratio = amount / most if most else Decimal(0)
    return f"; this is {plain_decimal(ratio.quantize(Decimal(1)))} times that" if ratio >= 2 else ""


def _with_whom(conn: Connection, agent: Agent, parts: Sequence[Intent]) -> Iterator[str]:
    for part in parts:
        if not profile.times(conn, agent.id, part.action) or _many(conn, agent, part.action, "party"):
            continue
        parties = profile.parties(part)
        if len(parties) > profile.MOST_PARTIES:
            yield f"only {profile.MOST_PARTIES} of the {len(parties)} that it involves were compared with what is usual"
        for party in parties[: profile.MOST_PARTIES]:
            if not profile.times(conn, agent.id, part.action, "party", party):
                shown = legible(party.replace(": ", " ", 1), most=_SHOWN)
                yield f"no {part.action} of {agent.name} has involved this before: {shown}"


def _many(conn: Connection, agent: Agent, action: str, kind: str) -> bool:
    return profile.different(conn, agent.id, action, kind) > profile.MOST_DIFFERENT


def _on_what(conn: Connection, agent: Agent, parts: Sequence[Intent]) -> Iterator[str]:
    """A new target, where an action comes back to its targets more often than not."""
    for part in parts:
        done = profile.times(conn, agent.id, part.action)
        if done < _ENOUGH or 2 * profile.different(conn, agent.id, part.action, "target") > done:
            continue
        if not profile.times(conn, agent.id, part.action, "target", part.target):
            yield f"the first {part.action} of {agent.name} on {legible(part.target, most=_SHOWN)}"


def _how_often(conn: Connection, agent: Agent, parts: Sequence[Intent], now: datetime) -> Iterator[str]:
    for action in _actions(parts):
        since = iso(now - timedelta(minutes=1))
        count = int(_LATELY.scalar(conn, agent=agent.id, action=action, since=since)) + 1
        if count <= _AT_ONCE:
            continue
        busiest = max(profile.hours(conn, agent.id, now, action).values(), default=0)
        if count > busiest:
            yield f"{count} {action} within a minute; in the busiest hour of two weeks {busiest} succeeded"


_MINUTE = (
    select(intents.c.action)
    .where(intents.c.agent_id == bindparam("agent"), intents.c.created_at >= bindparam("since"))
    .limit(_MOST_COUNTED)
    .subquery()
)
_LATELY = rows.Prepared(
    select(func.count().label("times")).select_from(_MINUTE).where(_MINUTE.c.action == bindparam("action"))
)


def _unread(ask: Ask) -> Iterator[str]:
    call = ask.call
    if call is None:
        return
    if call.unknown:
        names = ", ".join(legible(name, most=60) for name in call.unknown)
        yield f"it carries what its mapping does not declare: {names}"
    if call.body is None and call.body_bytes:
        kind = legible(call.content_type or "an unnamed type", most=60)
        yield f"its body cannot be shown: {call.body_bytes} bytes of {kind}"


def _when(conn: Connection, agent: Agent, now: datetime) -> Iterator[str]:
    known = profile.hours(conn, agent.id, now)
    days, hours = {key[:10] for key in known}, {int(key[11:13]) for key in known}
    if len(days) >= _DAYS_AWAKE and now.hour not in hours:
        yield f"{agent.name} was never active between {now.hour:02}:00 and {(now.hour + 1) % 24:02}:00 UTC lately"


def _trust(agent: Agent) -> Iterator[str]:
    if agent.trust < START_TRUST:
        yield f"{agent.name} has lost trust: {plain_decimal(Decimal(str(agent.trust)))} of 100"


def _rest(ask: Ask) -> Iterator[str]:
    if len(ask.intents) > _COMPARED:
        yield f"only the first {_COMPARED} of {len(ask.intents)} parts were compared with what is usual"
