"""What the keys of the audit trail ask of an entry, joined (outside) with the intent that it is about.

The trail is long, and a list looks at so many of its entries at once: what an index answers of a filter, the call and
roughly the time, is asked before that (``near``), so that a look begins where there may be something.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, Text, cast, func, select

from vienna_control.clock import from_iso, iso
from vienna_control.filters.condition import Language, Scope, contains, named
from vienna_control.filters.traffic import name, span
from vienna_control.store.tables import entries, intents
from vienna_kernel import duration
from vienna_kernel.filter.term import Filter, Is, conditions

_ASTRAY = timedelta(hours=1)
"""By how much the clock may have been put back: entries stand in the order in which they came."""

_BODY = cast(entries.c.body, Text)


def _actor(value: str, _: Scope) -> ColumnElement[bool]:
    return named(func.json_extract(_BODY, "$.actor"), value)


LANGUAGE = Language(
    tests={
        "type": name(entries.c.type),
        "agent": name(entries.c.agent_id),
        "actor": _actor,
        "intent": name(entries.c.intent_id),
        "action": name(intents.c.action),
        "tier": name(intents.c.tier),
        **span(entries.c.at),
    },
    says=lambda text: contains(_BODY, text),
    inside=frozenset({"actor"}),
)


def near(what: Filter, scope: Scope) -> Iterator[ColumnElement[bool]]:
    """Conditions that indexes answer, and that hold of every entry which the filter matches."""
    for part in conditions(what):
        match part:
            case Is("intent", value) if "*" not in value:
                yield entries.c.intent_id == value
            case Is("after", value):
                yield not_before(value, scope.tenant)
            case Is("since", value):
                yield not_before(iso(scope.now - timedelta(seconds=duration.seconds(value))), scope.tenant)
            case Is("before", value):
                yield not_after(value, scope.tenant)


def not_before(at: str, tenant: str) -> ColumnElement[bool]:
    """It came no earlier than what is of that time."""
    first = select(entries.c.arrival).where(entries.c.tenant == tenant, entries.c.at >= _moved(at, -_ASTRAY))
    return entries.c.arrival >= first.order_by(entries.c.at).limit(1).scalar_subquery()


def not_after(at: str, tenant: str) -> ColumnElement[bool]:
    """It came no later than what is of that time."""
    last = select(entries.c.arrival).where(entries.c.tenant == tenant, entries.c.at <= _moved(at, _ASTRAY))
    return entries.c.arrival <= last.order_by(entries.c.at.desc()).limit(1).scalar_subquery()


def _moved(at: str, by: timedelta) -> str:
    try:
        return iso(from_iso(at) + by)
    except OverflowError:  # the first year, or the last
        return at
