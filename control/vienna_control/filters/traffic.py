"""What the keys of traffic ask of an intent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, exists, func, literal, or_, select

from vienna_control.clock import iso
from vienna_control.filters.condition import Language, Scope, Test, contains, like, named, told
from vienna_control.store.tables import agents, intents
from vienna_kernel import duration
from vienna_kernel.filter.key import UNMAPPED
from vienna_kernel.lifecycle import Status

_LET_GO = (
    Status.APPROVED,
    Status.EXECUTING,
    Status.EXECUTED,
    Status.FAILED,
    Status.UNKNOWN,
    Status.OBSERVED,
)
_REFUSED = (Status.DENIED, Status.FROZEN)
_DECIMAL = '$."$decimal"'
"""Of a value as it is packed (``value.pack``)."""
_WOULD = {"hold": "held", "deny": "refused"}


def agent(column: ColumnElement[Any]) -> Test:
    """Its name, or its id."""

    def test(value: str, scope: Scope) -> ColumnElement[bool]:
        named_so = or_(named(agents.c.name, value), named(agents.c.id, value))
        return told(column).in_(select(agents.c.id).where(agents.c.tenant == scope.tenant, named_so))

    return test


def name(column: ColumnElement[Any]) -> Test:
    """The value, or a pattern."""
    return lambda value, _: named(column, value)


def host(value: str, _: Scope) -> ColumnElement[bool]:
    """The host, or whole labels of it: ``stripe`` and ``stripe.com`` are in ``api.stripe.com``."""
    dotted = literal(".") + told(intents.c.host) + "."
    return named(intents.c.host, value.lower()) if "*" in value else like(dotted, f"*.{value}.*")


def span(column: ColumnElement[Any]) -> Mapping[str, Test]:
    """``after``, ``before`` and ``since``."""

    def since(value: str, scope: Scope) -> ColumnElement[bool]:
        return told(column) >= iso(scope.now - timedelta(seconds=duration.seconds(value)))

    return {
        "after": lambda value, _: told(column) >= value,
        "before": lambda value, _: told(column) < value,
        "since": since,
    }


def says(text: str) -> ColumnElement[bool]:
    """The sentence about it."""
    return contains(intents.c.summary, text)


def _path(value: str, _: Scope) -> ColumnElement[bool]:
    """From the slash after the authority up to the query."""
    rest = func.substr(intents.c.url, func.instr(intents.c.url, "://") + 3)
    asked = func.substr(rest, func.instr(rest, "/"))
    path = func.substr(asked, 1, func.instr(asked.concat("?"), "?") - 1)
    return and_(told(intents.c.url) != "", named(path, value))


def _verdict(value: str, _: Scope) -> ColumnElement[bool]:
    status, approval = told(intents.c.status), intents.c.approval_id
    match value:
        case "allow":
            return and_(status.in_(_LET_GO), approval.is_(None))
        case "hold":
            return approval.is_not(None)
    return and_(status.in_(_REFUSED), approval.is_(None))


def _grade(value: str, _: Scope) -> ColumnElement[bool]:
    return like(told(intents.c.action), "http.*") if value == UNMAPPED else named(intents.c.grade, value)


def _would(value: str, _: Scope) -> ColumnElement[bool]:
    watched = told(intents.c.status) == Status.OBSERVED
    return (
        and_(watched, intents.c.would.is_(None))
        if value == "allow"
        else named(intents.c.would, _WOULD[value])
    )


def _parameter(name: str, text: str) -> ColumnElement[bool]:
    """Of one of its intents; a value that is no text as JSON shows it."""
    part = func.json_each(intents.c.meaning).table_valued("value", name="part")
    given = func.json_each(part.c.value, "$.parameters").table_valued("key", "value", "type", name="given")
    decimal = func.json_extract(given.c.value, _DECIMAL)
    value = case((given.c.type == "object", func.coalesce(decimal, given.c.value)), else_=given.c.value)
    found = select(1).select_from(part).join(given, given.c.key == name)
    return exists(found.where(contains(cast(value, String), text)))


LANGUAGE = Language(
    tests={
        "agent": agent(intents.c.agent_id),
        "host": host,
        "action": name(intents.c.action),
        "target": name(intents.c.target),
        "tier": name(intents.c.tier),
        "verdict": _verdict,
        "status": name(intents.c.status),
        "grade": _grade,
        "method": lambda value, _: named(intents.c.method, value.upper()),
        "path": _path,
        "rule": name(intents.c.rule),
        "reason": name(intents.c.reason),
        "would": _would,
        "id": name(intents.c.id),
        "simulation": lambda value, _: intents.c.simulation == (value == "yes"),
        **span(intents.c.created_at),
    },
    says=says,
    has=_parameter,
    inside=frozenset({"target", "path"}),
)
