"""What is about to go wrong, and what waits for somebody: looked for once a minute, and alerted.

1. A gate that is heard of, and whose certificates are not renewed.
2. An emergency that is over and that nobody has reviewed.
3. A budget that is nearly used.
4. A call that may have changed something, and of which nobody knows what came.

The same thing is not alerted again while its alert is open, nor within a day of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import structlog
from sqlalchemy import Connection, exists, or_, select

from vienna_control import rows
from vienna_control.budgets import books
from vienna_control.clock import Clock, iso
from vienna_control.execution import drift
from vienna_control.fleet.alerts import Severity, raise_alert
from vienna_control.policies import Bundle
from vienna_control.ports import UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import (
    agents,
    alerts,
    break_glasses,
    budget_accounts,
    budget_slots,
    executions,
    intents,
    sidecars,
)
from vienna_kernel.lifecycle import Status

log = structlog.get_logger("vienna.doctor")

RENEWS_BEFORE = timedelta(hours=2)
"""Gates renew what holds for a day a third of a day before it ends."""

NEARLY = Decimal("0.9")
"""The part of a budget that is nearly all of it."""

_AGAIN = timedelta(days=1)
_LATELY = timedelta(minutes=10)
_EVERY_SECONDS = 60.0
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is to be alerted. Findings of one kind, agent and ``text`` are the same thing, whenever they are found."""

    tenant: str
    kind: str
    text: str
    agent_id: str | None = None
    intent_id: str | None = None
    severity: Severity = "warning"


class Lookout:
    """Background work. ``policy``: the bundle of a tenant."""

    def __init__(self, store: Store, clock: Clock, policy: Callable[[str], Bundle]) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy

    async def run(self) -> None:
        """Look once a minute until cancelled; a store that does not answer is tried again."""
        while True:
            await self._clock.sleep(_EVERY_SECONDS)
            try:
                await self.look()
            except UnavailableError as error:
                log.warning("lookout.unavailable", port=error.port, why=error.why)

    async def look(self) -> int:
        """Look now; returns how many alerts were raised."""
        found = await self._store.read(self._fresh)
        if not found:
            return 0

        def tell(tx: Tx) -> int:
            for one in found:
                raise_alert(
                    tx,
                    tenant=one.tenant,
                    severity=one.severity,
                    kind=one.kind,
                    text=one.text,
                    agent_id=one.agent_id,
                    intent_id=one.intent_id,
                )
            return len(found)

        return await self._store.write(tell)

    def _fresh(self, conn: Connection) -> list[Finding]:
        now = self._clock.now()
        found = [
            *unrenewed(conn, now),
            *unreviewed(conn, now),
            *lost(conn, now),
            *self._nearly_used(conn, now),
        ]
        alike = {(one.tenant, one.kind, one.agent_id, one.text): one for one in reversed(found)}
        return [one for one in alike.values() if not _told(conn, one, now)]

    def _nearly_used(self, conn: Connection, now: datetime) -> Iterator[Finding]:
        """Only accounts that something happens on: what has not been booked on since was told of then."""
        booked = exists().where(
            budget_slots.c.account_id == budget_accounts.c.id, budget_slots.c.ends > iso(now)
        )
        query = (
            select(budget_accounts, agents.c.name.label("agent"))
            .outerjoin(agents, agents.c.id == budget_accounts.c.key)
            .where(or_(budget_accounts.c.reserved != "0", booked))
        )
        for row in rows.every(conn, query):
            budget = self._policy(row["tenant"]).rules.budgets.get(row["name"])
            if budget is None or books.account_id(row["tenant"], budget, row["key"]) != row["id"]:
                continue
            if books.account(conn, row["id"], budget, now).remaining <= budget.limit * (1 - NEARLY):
                whose = row["agent"] or row["key"] or "everybody"
                yield Finding(
                    tenant=row["tenant"],
                    kind="budget_nearly_used",
                    text=f"the budget {row['name']} of {whose} is used to nine tenths and more",
                    agent_id=row["key"] if row["agent"] else None,
                )


def unrenewed(conn: Connection, now: datetime) -> Iterator[Finding]:
    """Gates that are heard of, and whose certificates end soon or have ended."""
    soon = iso(now + RENEWS_BEFORE)
    query = select(sidecars).where(
        sidecars.c.revoked_at.is_(None),
        sidecars.c.left_at.is_(None),
        sidecars.c.silent_at.is_(None),
        or_(sidecars.c.ca_expires_at < soon, sidecars.c.cert_expires_at < soon),
    )
    for row in rows.every(conn, query.limit(_AT_ONCE)):
        ends = min(at for at in (row["ca_expires_at"], row["cert_expires_at"]) if at is not None)
        yield Finding(
            tenant=row["tenant"],
            kind="sidecar_certificate",
            text=f"the certificates of {row['id']} are not renewed: they end at {ends}",
            agent_id=row["agent_id"],
        )


def unreviewed(conn: Connection, now: datetime) -> Iterator[Finding]:
    """Emergencies that are over, and that nobody has reviewed."""
    query = select(break_glasses).where(
        break_glasses.c.reviewed_at.is_(None), break_glasses.c.expires_at <= iso(now)
    )
    for row in rows.every(conn, query.limit(_AT_ONCE)):
        yield Finding(
            tenant=row["tenant"],
            kind="break_glass_review",
            text=f"{row['email']} broke the glass at {row['opened_at']} for {row['incident']}: it waits for a review",
            agent_id=row["agent_id"],
        )


def lost(conn: Connection, now: datetime) -> Iterator[Finding]:
    """Calls that change something, and that were given up on a moment ago."""
    about = [executions.c[name] for name in ("tenant", "agent_id", "intent_id")]
    query = (
        select(*about, intents.c.action, intents.c.meaning)
        .join(intents, intents.c.id == executions.c.intent_id)
        .where(executions.c.status == Status.UNKNOWN.value, executions.c.finished_at > iso(now - _LATELY))
    )
    for row in rows.every(conn, query.limit(_AT_ONCE)):
        if drift.changes(row["meaning"]):
            yield Finding(
                tenant=row["tenant"],
                kind="outcome_unknown",
                text=f"{row['action']} left, and nobody knows what came of it",
                agent_id=row["agent_id"],
                intent_id=row["intent_id"],
            )


def _told(conn: Connection, one: Finding, now: datetime) -> bool:
    query = select(alerts.c.id).where(
        alerts.c.tenant == one.tenant,
        or_(alerts.c.acknowledged_at.is_(None), alerts.c.at > iso(now - _AGAIN)),
        alerts.c.kind == one.kind,
        alerts.c.text == one.text,
        alerts.c.agent_id.is_not_distinct_from(one.agent_id),
    )
    return conn.scalar(query.limit(1)) is not None
