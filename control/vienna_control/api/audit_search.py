"""What is asked of the audit trail: the parameters of a search, and what the database is asked for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select

from vienna_control.api.filtering import Q
from vienna_control.api.page import Instant, PageQuery
from vienna_control.api.window import Listed, rows_for
from vienna_control.filters.condition import Scope, condition, looks_inside
from vienna_control.filters.trail import LANGUAGE, near, not_after, not_before
from vienna_control.store.tables import entries, intents
from vienna_kernel.filter.term import Filter, conditions

_RESULTS = ("result", "status", "outcome", "verdict")


class AuditQuery(PageQuery):
    """Filters; all that are given must hold.

    Attributes:
        type: Entry type, or several with commas between.
        action, tier: Of the intent that an entry is about.
        result: Of a verification, an execution, an approval or a decision.
        from_, to: ISO 8601 instants: the first included, the second not.
        q: A filter; its words stand in the entry.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    agent_id: Annotated[str, Field(max_length=64)] | None = None
    intent_id: Annotated[str, Field(max_length=64)] | None = None
    type: Annotated[str, Field(max_length=400)] | None = None
    action: Annotated[str, Field(max_length=128)] | None = None
    tier: Literal["T0", "T1", "T2", "T3"] | None = None
    result: Annotated[str, Field(max_length=40)] | None = None
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None
    q: Q | None = None


def searched(query: AuditQuery, what: Filter, scope: Scope) -> Listed:
    """The entries that parameters and filter ask for; their keys are their places in the order of arrival."""
    tests = list(_asked_for(query))
    if conditions(what):
        tests.append(condition(what, LANGUAGE, scope))
    ids = select(entries.c.arrival).outerjoin(intents, intents.c.id == entries.c.intent_id)
    return Listed(
        ids=ids.where(entries.c.tenant == scope.tenant, *near(what, scope), *_near(query, scope.tenant)),
        key=entries.c.arrival,
        test=and_(*tests) if tests else None,
        rows=rows_for(looks_inside(what, LANGUAGE) + (query.result is not None)),
    )


def _near(query: AuditQuery, tenant: str) -> Iterator[ColumnElement[bool]]:
    """What indexes answer of the parameters beside ``q``."""
    if query.intent_id is not None:
        yield entries.c.intent_id == query.intent_id
    if query.from_ is not None:
        yield not_before(query.from_, tenant)
    if query.to is not None:
        yield not_after(query.to, tenant)


def _asked_for(query: AuditQuery) -> Iterator[ColumnElement[bool]]:
    """What the parameters beside ``q`` ask of an entry."""
    if query.agent_id is not None:
        yield entries.c.agent_id == query.agent_id
    if query.type is not None:
        yield entries.c.type.in_(query.type.split(","))
    if query.action is not None:
        yield intents.c.action == query.action
    if query.tier is not None:
        yield intents.c.tier == query.tier
    if query.from_ is not None:
        yield entries.c.at >= query.from_
    if query.to is not None:
        yield entries.c.at < query.to
    if query.result is not None:
        body = cast(entries.c.body, Text)
        yield or_(*(func.json_extract(body, f"$.data.{name}") == query.result for name in _RESULTS))
