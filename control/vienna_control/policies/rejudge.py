"""Recorded intents, judged again by another bundle: what a change of policy would have done to real traffic.

1. What is judged is what was recorded: the meaning of the call, and the facts of its moment (``intake.facts.kept``).
   Of an intent from before facts were kept, the agent's present trust and label stand in (``Recorded.exact``).
2. Books of budgets are not kept by moment: every account counts as empty. A rate that was not counted then counts as
   one call. ``not_replayable`` names the rules of which nothing can be told so.
3. What was turned away before policy was asked (by the gate, or by the type of its action) has no decision.
4. Nothing is written, and no warrant follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Select, select

from vienna_control import rows
from vienna_control.clock import from_iso, iso
from vienna_control.fleet import registry
from vienna_control.intake.ask import request_facts
from vienna_control.intake.facts import recalled
from vienna_control.policies.bundle import Bundle
from vienna_control.store.tables import intents
from vienna_kernel.budget.account import Account
from vienna_kernel.budget.definition import Budget
from vienna_kernel.decision.decide import Decision, combine, decide
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.intent import Intent
from vienna_kernel.policy.condition import leaves
from vienna_kernel.policy.rule import Rule
from vienna_kernel.value import Value

MOST = 50_000
"""So many recorded intents are judged again at most, the newest first."""

_PAGE = 200
_COLUMNS = (
    "id",
    "agent_id",
    "source",
    "action",
    "target",
    "status",
    "tier",
    "summary",
    "host",
    "method",
    "url",
    "meaning",
    "call",
    "decision",
    "approval_id",
    "created_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which recorded intents: a tenant's, of one agent or of all, of one action or of all, within a time.

    Attributes:
        since, until: Aware; the second is exclusive.
        limit: At most so many, the newest.
    """

    tenant: str
    since: datetime
    until: datetime
    agent_id: str | None = None
    action: str | None = None
    limit: int = MOST


@dataclass(frozen=True)
class Recorded:
    """One recorded intent; it is read when it is looked at, by whoever has the time.

    Attributes:
        row: Of ``intents``: the columns of ``_COLUMNS``, JSON as text.
        agent: As it is registered now.
    """

    row: rows.Row
    agent: AgentFacts

    @cached_property
    def told(self) -> Mapping[str, Any]:
        """The decision as it was recorded (``entry.Told.data``)."""
        decision: Mapping[str, Any] = rows.load(self.row["decision"])
        return decision

    @cached_property
    def parts(self) -> tuple[Intent, ...]:
        """What the call meant; empty where policy was not asked."""
        if self.told.get("by") == "gate" or "admission" in (
            self.told.get("explanation") or {"admission": None}
        ):
            return ()
        return tuple(Intent.from_json(part) for part in rows.load(self.row["meaning"]))

    @cached_property
    def facts(self) -> Facts:
        """Those of its moment, as far as they were kept."""
        kept = self.told.get("facts") or {}
        return recalled(kept, self.agent, from_iso(self.row["created_at"]), request=_request(self.row))

    @property
    def exact(self) -> bool:
        """Whether the facts of its moment were kept, all of them: what an agent claims may be too long for that."""
        kept = self.told.get("facts") or {}
        return bool(kept) and "claimed_too_long" not in kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """Before and after.

    Attributes:
        before: The decision as it was recorded: ``outcome`` (``proceed hold denied rate_limited``), ``tier``,
            ``rule_id``, ``reason``, ``requirements``.
        after: By the other bundle; None where policy was not asked.
    """

    row: rows.Row
    before: Mapping[str, Any]
    after: Decision | None
    exact: bool


def rejudge(
    conn: Connection,
    bundle: Bundle,
    *,
    tenant: str,
    agent_id: str | None = None,
    since: datetime,
    until: datetime,
    limit: int = MOST,
) -> Iterator[Rejudged]:
    """Every recorded intent of the span with the decision of ``bundle``, the newest first; trials are left out."""
    span = Span(tenant=tenant, since=since, until=until, agent_id=agent_id, limit=limit)
    for one in recorded(conn, span):
        yield Rejudged(row=one.row, before=one.told, after=judged(one, bundle), exact=one.exact)


def recorded(conn: Connection, span: Span) -> Iterator[Recorded]:
    """The recorded intents of a span, the newest first."""
    left, last = span.limit, None
    agents: dict[str, AgentFacts] = {}
    while left > 0:
        found = page(conn, span, after=last, size=min(left, _PAGE), agents=agents)
        yield from found
        if len(found) < min(left, _PAGE):
            return
        left, last = left - len(found), found[-1]


def one(conn: Connection, tenant: str, intent_id: str) -> Recorded | None:
    """A recorded intent that was decided."""
    query = select(*[intents.c[name] for name in _COLUMNS]).where(
        intents.c.tenant == tenant, intents.c.id == intent_id, intents.c.decision.is_not(None)
    )
    row = rows.first(conn, query)
    return None if row is None else _read(conn, row, {})


def page(
    conn: Connection,
    span: Span,
    *,
    after: Recorded | None = None,
    size: int = _PAGE,
    agents: dict[str, AgentFacts] | None = None,
) -> list[Recorded]:
    """The next ``size`` recorded intents, those older than ``after``. ``agents`` is filled as they are met."""
    known = {} if agents is None else agents
    return [_read(conn, row, known) for row in rows.every(conn, _query(span, after).limit(size))]


def _query(span: Span, after: Recorded | None) -> Select[Any]:
    query = select(*[intents.c[name] for name in _COLUMNS]).where(
        intents.c.tenant == span.tenant,
        intents.c.created_at >= iso(span.since),
        intents.c.created_at < iso(span.until),
        intents.c.simulation.is_(False),
        intents.c.decision.is_not(None),
    )
    if span.agent_id is not None:
        query = query.where(intents.c.agent_id == span.agent_id)
    if span.action is not None:
        query = query.where(intents.c.action == span.action)
    if after is not None:
        at, last = after.row["created_at"], after.row["id"]
        query = query.where(
            intents.c.created_at <= at,  # else the index would be walked from its end for every page
            (intents.c.created_at < at) | ((intents.c.created_at == at) & (intents.c.id < last)),
        )
    return query.order_by(intents.c.created_at.desc(), intents.c.id.desc())


def _read(conn: Connection, row: rows.Row, agents: dict[str, AgentFacts]) -> Recorded:
    agent = agents.get(row["agent_id"])
    if agent is None:
        found = registry.by_id(conn, row["agent_id"])
        agent = found.facts() if found else AgentFacts(id=row["agent_id"], name=row["agent_id"])
        agents[row["agent_id"]] = agent
    return Recorded(row, agent)


def _request(row: rows.Row) -> dict[str, Value]:
    call = rows.load(row["call"])
    if call is None:
        return {}
    return request_facts(call["method"], call["url"], call["content_type"], call["body_bytes"])


def judged(one: Recorded, bundle: Bundle, facts: Facts | None = None) -> Decision | None:
    """What ``bundle`` decides of it; None where policy was not asked. ``facts``: in place of those of its moment."""
    if not one.parts:
        return None
    known = _with_books(facts or one.facts)
    return combine([decide(part, known, bundle.rules, bundle.tiers) for part in one.parts])


def _with_books(facts: Facts) -> Facts:
    def empty(budget: Budget, key: str) -> Account:
        return Account(limit=budget.limit, window_seconds=budget.window, now=facts.now)

    return replace(facts, budgets=empty)


def not_replayable(bundle: Bundle) -> list[tuple[Rule, str]]:
    """Enabled rules that look at what is not kept by moment, each with what that is."""
    found = []
    for rule in bundle.rules.rules:
        named = [leaf.field for leaf in leaves(rule.tree)]
        if not rule.shape.enabled:
            continue
        if rule.budgets or any(one.budget for one in named):
            found.append((rule, "budget"))
        elif rule.shape.then.limit is not None or any(one.name == "rate" for one in named):
            found.append((rule, "rate"))
    return found
