"""What an agent usually does: kept as it happens, so that the next call is compared without reading its history.

1. Only what left, was seen by a gate or run by us, and succeeded counts. What was refused, what waits, what drifted
   and what an agent says of itself do not: to look usual it has to get through, call by call.
2. Reads tell where an agent goes and when it is awake; all else is kept by action: how often and in which hours, on
   what, with whom, and the largest amount of each week and currency.
3. It is bounded for each agent and action: two weeks of hours, thirteen weeks of amounts, two hundred targets and as
   many counterparties. An action with more than those has no usual ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.store import Tx
from vienna_control.store.tables import habits
from vienna_kernel.intent import Effect, Intent
from vienna_kernel.money import currency_code
from vienna_kernel.value import digest, plain_decimal

DAYS = 90
"""How far back amounts are compared."""

MOST_DIFFERENT = 200
"""Targets and counterparties of an action that are kept; who has more has no usual ones."""

MOST_PARTIES = 50
"""Counterparties of one call that are kept, and compared."""

PARTIES = (
    "counterparty", "recipient", "recipients", "beneficiary", "destination", "to", "cc", "bcc", "iban", "payee",
    "account", "customer", "collaborator", "username", "invitee", "email", "channel", "domains",
)  # fmt: skip
"""Parameters that say with whom."""

_HOURS = timedelta(days=14)
_ANY = ""  # whatever the action
_MOST_CACHED = 50_000
_KEY = 255


def parties(intent: Intent) -> list[str]:
    """Whom an intent involves, each once; a redacted one by its keyed hash."""
    found: dict[str, None] = {}
    for name in PARTIES:
        value = intent.parameters.get(name)
        for one in value if isinstance(value, list | tuple) else [value]:
            if isinstance(one, str) and one:
                found[_key(f"{name}: {one}")] = None
    return list(found)


def _key(text: str) -> str:
    """A text as it is kept: a long one by its beginning and its digest, so that no two are taken for one."""
    return text if len(text) <= _KEY else f"{text[: _KEY - 72]} {digest(text)}"


def amounts(intent: Intent) -> Iterator[tuple[str, Decimal, str]]:
    """Its amounts of money: parameter, amount in major units, currency."""
    for name, holder in intent.money.items():
        value, code = intent.parameters.get(name), intent.parameters.get(holder, holder)
        known = currency_code(code) if isinstance(code, str) else None
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and known:
            yield name, Decimal(value), known


def hour_of(at: datetime) -> str:
    """``2026-03-02T10``."""
    return iso(at)[:13]


def week_of(at: datetime) -> str:
    """``2026-W10``."""
    year, week, _ = at.isocalendar()
    return f"{year:04}-W{week:02}"


class Profiles:
    """Keeps them; used in the writer thread only. What is written once in an hour is remembered in memory."""

    def __init__(self) -> None:
        self._lately: set[tuple[str, ...]] = set()

    def done(self, tx: Tx, agent_id: str, host: str, intents: Iterable[Intent]) -> None:
        """A call of this agent succeeded. ``host``: empty on the API's road."""
        hour = tx.at[:13]
        if self._is_new(agent_id, hour, "hour"):
            _count(tx, agent_id, _ANY, "hour", hour)
        if host and self._is_new(agent_id, hour, host):
            _count(tx, agent_id, _ANY, "host", _key(host))
        for intent in intents:
            if intent.effect is not Effect.READ:
                _keep(tx, agent_id, intent)

    def _is_new(self, *what: str) -> bool:
        if what in self._lately:
            return False
        if len(self._lately) >= _MOST_CACHED:
            self._lately.clear()
        self._lately.add(what)
        return True


def _keep(tx: Tx, agent_id: str, intent: Intent) -> None:
    action = intent.action
    _count(tx, agent_id, action, "done", "")
    _count(tx, agent_id, action, "hour", tx.at[:13])
    if intent.mapping is None:
        return
    _count(tx, agent_id, action, "target", _key(intent.target), bounded=True)
    for party in parties(intent)[:MOST_PARTIES]:
        _count(tx, agent_id, action, "party", party, bounded=True)
    for _, amount, currency in amounts(intent):
        _largest(tx, agent_id, action, currency, amount)


def _count(tx: Tx, agent_id: str, action: str, kind: str, key: str, *, bounded: bool = False) -> None:
    name = {"agent_id": agent_id, "action": action, "kind": kind, "key": key}
    times = _TIMES.scalar(tx.conn, **name)
    if times is not None:
        rows.change_by(tx.conn, habits, name, times=times + 1, last_at=tx.at)
        return
    if bounded and different(tx.conn, agent_id, action, kind) > MOST_DIFFERENT:
        return
    rows.add(tx.conn, habits, **name, times=1, first_at=tx.at, last_at=tx.at)
    if kind == "hour":
        _forget(tx, agent_id, action, kind, before=hour_of(tx.now - _HOURS))


def _largest(tx: Tx, agent_id: str, action: str, currency: str, amount: Decimal) -> None:
    name = {"agent_id": agent_id, "action": action, "kind": f"amount:{currency}", "key": week_of(tx.now)}
    known = _MOST.first(tx.conn, **name)
    if known is None:
        told = plain_decimal(amount)
        rows.add(tx.conn, habits, **name, times=1, most=told, first_at=tx.at, last_at=tx.at)
        _forget(tx, agent_id, action, name["kind"], before=week_of(tx.now - timedelta(days=DAYS)))
        return
    most = max(Decimal(known["most"]), amount)
    rows.change_by(tx.conn, habits, name, times=known["times"] + 1, most=plain_decimal(most), last_at=tx.at)


def _forget(tx: Tx, agent_id: str, action: str, kind: str, *, before: str) -> None:
    old = delete(habits).where(
        habits.c.agent_id == agent_id, habits.c.action == action, habits.c.kind == kind, habits.c.key < before
    )
    tx.conn.execute(old)


def reached(conn: Connection, agent_id: str, host: str) -> bool:
    """Whether a call of this agent to this host has succeeded."""
    return times(conn, agent_id, _ANY, "host", host) > 0


def times(conn: Connection, agent_id: str, action: str, kind: str = "done", key: str = "") -> int:
    """How often this succeeded."""
    return _TIMES.scalar(conn, agent_id=agent_id, action=action, kind=kind, key=_key(key)) or 0


def different(conn: Connection, agent_id: str, action: str, kind: str) -> int:
    """How many targets or counterparties are kept; ``MOST_DIFFERENT`` + 1: there are more."""
    return int(_DIFFERENT.scalar(conn, agent_id=agent_id, action=action, kind=kind))


def largest(conn: Connection, agent_id: str, action: str, currency: str, now: datetime) -> Decimal | None:
    """The largest amount of the last 90 days, to the week; None: there was none."""
    since = week_of(now - timedelta(days=DAYS))
    kind = f"amount:{currency}"
    found = _SINCE.every(conn, agent_id=agent_id, action=action, kind=kind, since=since)
    return max((Decimal(row["most"]) for row in found), default=None)


def hours(conn: Connection, agent_id: str, now: datetime, action: str = _ANY) -> dict[str, int]:
    """The hours of the last two weeks in which it did this, each with how often; of any action: once each."""
    since = hour_of(now - _HOURS)
    found = _SINCE.every(conn, agent_id=agent_id, action=action, kind="hour", since=since)
    return {row["key"]: row["times"] for row in found}


_NAMED: tuple[Any, ...] = (
    habits.c.agent_id == bindparam("agent_id"),
    habits.c.action == bindparam("action"),
    habits.c.kind == bindparam("kind"),
)
_TIMES = rows.Prepared(select(habits.c.times).where(*_NAMED, habits.c.key == bindparam("key")))
_MOST = rows.Prepared(select(habits.c.times, habits.c.most).where(*_NAMED, habits.c.key == bindparam("key")))
_SINCE = rows.Prepared(
    select(habits.c.key, habits.c.times, habits.c.most).where(*_NAMED, habits.c.key >= bindparam("since"))
)
_DIFFERENT = rows.Prepared(
    select(func.count().label("different")).select_from(
        select(habits.c.key).where(*_NAMED).limit(MOST_DIFFERENT + 1).subquery()
    )
)
