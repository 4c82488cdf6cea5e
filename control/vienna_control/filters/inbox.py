"""What the keys of the inbox ask of an approval, joined with its intent."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, func

from vienna_control.filters import traffic
from vienna_control.filters.condition import Language, Scope
from vienna_control.filters.traffic import name
from vienna_control.store.tables import approvals, intents
from vienna_kernel.filter.term import Every, Filter, Is, conditions, every

MINE = Is("mine", "yes")
"""What only people's seats can tell: the caller asks it beside the condition."""


def _waiting(value: str, _: Scope) -> ColumnElement[bool]:
    waits = and_(func.coalesce(approvals.c.agent_waiting, False), approvals.c.status == "pending")
    return waits if value == "yes" else ~waits


def without_mine(what: Filter) -> tuple[Filter, bool]:
    """The filter but for ``mine:yes``, and whether it was there."""
    parts = [part for part in conditions(what) if part != MINE]
    return (every(parts) if parts else Every()), len(parts) < len(conditions(what))


LANGUAGE = Language(
    tests={
        "agent": traffic.agent(approvals.c.agent_id),
        "host": traffic.host,
        "action": name(intents.c.action),
        "target": name(intents.c.target),
        "tier": name(approvals.c.tier),
        "status": lambda value, _: approvals.c.status == value,
        "rule": name(intents.c.rule),
        "waiting": _waiting,
        "id": name(approvals.c.id),
        **traffic.span(approvals.c.created_at),
    },
    says=traffic.says,
)
