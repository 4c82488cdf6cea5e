"""The counted sections of a report: what was asked and decided, who agreed, what came of it, what was refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, cast, func, select

from vienna_control.approvals import practice
from vienna_control.clock import from_iso
from vienna_control.reports.content import MOST_GROUPS, Asked, Cell, Section, capped
from vienna_control.store.tables import agents, approvals, entries, executions, intents, votes
from vienna_kernel.ledger.trail import EntryType

_RULE = func.coalesce(
    func.json_extract(intents.c.decision, "$.rule_id"), "(no rule: the tier or the default)"
)


def about(asked: Asked) -> list[ColumnElement[bool]]:
    """Conditions for the intents that a report is about, but for the period; what people practise on is none."""
    tests = [intents.c.tenant == asked.tenant, ~practice.PRACTICE]
    if asked.agent_id is not None:
        tests.append(intents.c.agent_id == asked.agent_id)
    if asked.action is not None:
        tests.append(intents.c.action == asked.action)
    if asked.tier is not None:
        tests.append(intents.c.tier == asked.tier)
    return tests


def within(asked: Asked, column: ColumnElement[Any]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Conditions for an instant of the period."""
    return column >= asked.since, column < asked.until


def decided(conn: Connection, asked: Asked) -> list[Section]:
    """What agents asked for, and what was decided: by status, tier, rule, action and agent."""
    by = _counter(conn, asked)
    return [
        by("status", "What was asked, and where it stands", ("Status",), intents.c.status),
        by("tier", "Decided, by tier", ("Tier", "Status"), intents.c.tier, intents.c.status),
        by("rule", "Decided, by rule", ("Rule", "Status"), _RULE, intents.c.status),
        by("action", "Decided, by action", ("Action", "Status"), intents.c.action, intents.c.status),
        by("agent", "Decided, by agent", ("Agent", "Status"), agents.c.name, intents.c.status),
    ]


def _counter(conn: Connection, asked: Asked, *only: ColumnElement[bool]) -> Callable[..., Section]:
    """Counts intents of the period by one or more columns, the most frequent first."""

    def by(id: str, title: str, columns: tuple[str, ...], *keys: ColumnElement[Any]) -> Section:
        query = (
            select(*keys, func.count())
            .select_from(intents.join(agents, agents.c.id == intents.c.agent_id))
            .where(*about(asked), *within(asked, intents.c.created_at), *only)
            .group_by(*keys)
            .order_by(func.count().desc(), *keys)
            .limit(MOST_GROUPS + 1)
        )
        rows, note = capped([tuple(row) for row in conn.execute(query)], MOST_GROUPS)
        return Section(id, title, (*columns, "Intents"), rows, note)

    return by


@dataclass(slots=True)
class _Person:
    agreed: int = 0
    refused: int = 0
    factors: dict[str, int] = field(default_factory=dict)
    seconds: list[int] = field(default_factory=list)

    def row(self, email: str) -> tuple[Cell, ...]:
        took = sorted(self.seconds)
        shown = [f"{name or 'none'} {count}" for name, count in sorted(self.factors.items())]
        return (
            email,
            self.agreed,
            self.refused,
            span(took[(len(took) - 1) // 2]),
            span(took[-1]),
            ", ".join(shown),
        )


def people(conn: Connection, asked: Asked) -> list[Section]:
    """What people were asked, and who said what: how long it took, and with which second factor."""
    joined = approvals.join(intents, intents.c.id == approvals.c.intent_id)
    counts = (
        select(approvals.c.status, func.count())
        .select_from(joined)
        .where(*about(asked), *within(asked, approvals.c.created_at))
        .group_by(approvals.c.status)
        .order_by(approvals.c.status)
    )
    said = (
        select(votes.c.email, votes.c.verdict, votes.c.mfa, votes.c.at, approvals.c.created_at)
        .select_from(joined.join(votes, votes.c.approval_id == approvals.c.id))
        .where(*about(asked), *within(asked, votes.c.at))
    )
    found: dict[str, _Person] = {}
    for email, verdict, factor, at, asked_at in conn.execute(said).yield_per(1000):
        person = found.setdefault(email, _Person())
        person.agreed += verdict == "approve"
        person.refused += verdict == "deny"
        person.factors[factor] = person.factors.get(factor, 0) + 1
        person.seconds.append(int((from_iso(at) - from_iso(asked_at)).total_seconds()))
    rows, note = capped([found[email].row(email) for email in sorted(found)], MOST_GROUPS)
    return [
        Section(
            "approvals",
            "What people were asked",
            ("Status", "Approvals"),
            [tuple(row) for row in conn.execute(counts)],
        ),
        Section(
            "people",
            "Who decided",
            ("Person", "Agreed", "Refused", "Median time", "Longest time", "Second factor"),
            rows,
            note or "Votes of the period; the time is from the request to the vote.",
        ),
    ]


def span(seconds: int) -> str:
    """``1:02:03``, or ``2 days, 0:00:01``."""
    return str(timedelta(seconds=max(0, seconds)))


def done(conn: Connection, asked: Asked) -> list[Section]:
    """What left, and whether it was what was agreed to."""
    joined = executions.join(intents, intents.c.id == executions.c.intent_id)

    def by(id: str, title: str, columns: tuple[str, ...], *keys: ColumnElement[Any]) -> Section:
        query = (
            select(*keys, func.count())
            .select_from(joined)
            .where(*about(asked), *within(asked, executions.c.started_at))
            .group_by(*keys)
            .order_by(func.count().desc(), *keys)
        )
        return Section(id, title, (*columns, "Executions"), [tuple(row) for row in conn.execute(query)])

    verification = func.coalesce(executions.c.verification, "none yet")
    return [
        by("executions", "What left", ("Status", "Known by"), executions.c.status, executions.c.grade),
        by("verifications", "Verified afterwards", ("Result",), verification),
    ]


def refused(conn: Connection, asked: Asked) -> list[Section]:
    """What did not happen, and why: intents, and calls that never became one."""
    stopped = _counter(conn, asked, intents.c.status.in_(("denied", "expired", "cancelled", "frozen")))
    observed = _counter(conn, asked, intents.c.would.is_not(None))
    reason = func.coalesce(intents.c.reason, "(none)")
    sections = [
        stopped("denials", "Refused intents, and why", ("Reason", "Status"), reason, intents.c.status),
        observed("would", "Only observed: what enforcement would have done", ("Would be",), intents.c.would),
    ]
    if asked.action is None and asked.tier is None:
        sections.append(_calls(conn, asked))
    return sections


def _calls(conn: Connection, asked: Asked) -> Section:
    body = cast(entries.c.body, Text)
    reason = func.coalesce(func.json_extract(body, "$.data.reason"), "(none)")
    query = (
        select(reason, func.count())
        .where(
            entries.c.tenant == asked.tenant,
            entries.c.type.in_((EntryType.CALL_REFUSED.value, EntryType.WARRANT_REFUSED.value)),
            *within(asked, entries.c.at),
            *([entries.c.agent_id == asked.agent_id] if asked.agent_id is not None else []),
        )
        .group_by(reason)
        .order_by(func.count().desc(), reason)
    )
    return Section(
        "refusals",
        "Calls turned away, and why",
        ("Reason", "Entries"),
        [tuple(row) for row in conn.execute(query)],
        "Entries of the trail; a gate puts equal ones together.",
    )
