"""Intents over time, counted by what was decided, at a cost that does not grow with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, Integer, and_, cast, func, select, true

from vienna_control.api.access import Principal
from vienna_control.api.answers import Instant
from vienna_control.api.filtering import Q, parsed
from vienna_control.api.intents import own
from vienna_control.api.route import Context, Who, route
from vienna_control.api.window import Listed, looked_at, rows_for
from vienna_control.clock import iso
from vienna_control.filters.buckets import Buckets, covering
from vienna_control.filters.condition import Scope, condition, looks_inside, told
from vienna_control.filters.traffic import LANGUAGE
from vienna_control.store.tables import intents
from vienna_kernel.duration import Duration
from vienna_kernel.filter.key import KEYS
from vienna_kernel.filter.span import span, timeless
from vienna_kernel.filter.term import Filter, every

VERDICTS = KEYS["traffic"]["verdict"].values
WITHOUT_FILTER = 100_000
"""Rows that are looked at, in an index, where nothing but their time is asked."""

_INSTANT = timedelta(milliseconds=1)
"""What is of this very instant counts."""


class HistogramQuery(BaseModel):
    """What is counted.

    Attributes:
        since: How long before the end it begins, where ``q`` does not say.
        buckets: At most so many.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: Q | None = None
    since: Duration = 86_400
    buckets: Annotated[int, Field(ge=2, le=200)] = 60


class Counts(BaseModel):
    """Each intent once, by its verdict as the filter knows it; ``other``: none of them, as of a simulation."""

    allow: int
    hold: int
    deny: int
    other: int


class Bucket(Counts):
    start: Instant


class HistogramData(BaseModel):
    """Counts over time.

    Attributes:
        start: Of the first bucket; they follow each other without a gap.
        end: Of the last.
        width: Seconds of each.
        counted_since: Older ones were not looked at; null: all were.
    """

    start: Instant
    end: Instant
    width: int
    counted_since: Instant | None
    totals: Counts
    buckets: list[Bucket]


@route(
    "GET",
    "/intents/histogram",
    who=Who.READER_OR_AGENT,
    writes=None,
    query=HistogramQuery,
    data=HistogramData,
    summary="Intents over time, by verdict",
)
async def histogram(ctx: Context) -> dict[str, Any]:
    """An agent sees its own. ``q`` is a filter (``GET /filters/keys``); its ``after:``, ``before:`` and ``since:`` say
    which time it is about, else it is the last day.

    So many of the newest intents are looked at and no more; ``counted_since`` says from when on.
    """
    what, principal, now = parsed(ctx.query.q, "traffic"), ctx.principal, ctx.app.clock.now()
    asked = span(what, now)
    end = now + _INSTANT if asked.end is None else min(asked.end, now + _INSTANT)
    start = end - timedelta(seconds=ctx.query.since) if asked.start is None else asked.start
    buckets = covering(start, end, ctx.query.buckets)
    first, last = asked.start or buckets.start, min(asked.end or buckets.end, buckets.end)
    within = _Within(Scope(principal.tenant, now), buckets, iso(first), iso(last))
    rest = timeless(what)
    if rest == every(()) and principal.agent_id is None:
        counts, since = await ctx.app.store.read(lambda conn: _of_all(conn, within))
    else:
        listed = _listed(principal, rest, within)
        counts, since = await ctx.app.store.read(lambda conn: _of_some(conn, listed, within))
    return {
        "start": iso(buckets.start),
        "end": iso(buckets.end),
        "width": buckets.width,
        "counted_since": since if since > iso(first) else None,
        "totals": _told([sum(column) for column in zip(*counts.values(), strict=True)]),
        "buckets": [{"start": iso(buckets.edge(at)), **_told(counts.get(at))} for at in range(buckets.count)],
    }


type _Counted = tuple[dict[int, Sequence[int]], str]
"""Of buckets that have any: by verdict, then all. And when the oldest was that was looked at; empty: all were."""


@dataclass(frozen=True, slots=True)
class _Within:
    """What is counted into: ``first`` and ``last`` are what was asked for, the buckets may reach further."""

    scope: Scope
    buckets: Buckets
    first: str
    last: str


def _of_all(conn: Connection, within: _Within) -> _Counted:
    """By nothing but their time, in the index that has no more: a bucket is a range of it, so nothing is sorted."""
    at, ours = intents.c.created_at, intents.c.tenant == within.scope.tenant
    newest = select(at).where(ours, at >= within.first, at < within.last)
    _, floor = looked_at(conn, Listed(ids=newest, key=at, test=true(), rows=WITHOUT_FILTER))
    edges = [iso(within.buckets.edge(n)) for n in range(within.buckets.count + 1)]
    bounds = [(max(begin, floor or within.first), min(end, within.last)) for begin, end in pairwise(edges)]
    bucket = func.json_each(orjson.dumps(bounds).decode()).table_valued("key", "value")
    begin, end = (func.json_extract(bucket.c.value, f"$[{n}]") for n in range(2))
    counts = select(func.json_array(*_sums(within.scope))).where(ours, at >= begin, at < end)
    rows = conn.execute(select(bucket.c.key, counts.correlate(bucket).scalar_subquery()))
    told = {key: orjson.loads(row) for key, row in rows}
    return {key: row for key, row in told.items() if row[-1]}, floor or ""


def _listed(principal: Principal, what: Filter, within: _Within) -> Listed:
    """What is looked at as lists look at it."""
    at = told(intents.c.created_at)
    test = and_(
        at >= within.first, at < within.last, condition(what, LANGUAGE, within.scope), *own(principal)
    )
    ids = select(intents.c.id).where(intents.c.tenant == principal.tenant)
    return Listed(ids=ids, key=intents.c.id, test=test, rows=rows_for(looks_inside(what, LANGUAGE)))


def _of_some(conn: Connection, listed: Listed, within: _Within) -> _Counted:
    at, scope, buckets = intents.c.created_at, within.scope, within.buckets
    found, floor = looked_at(conn, listed)
    bucket = (cast(func.strftime("%s", at), Integer) - buckets.first) // buckets.width
    rows = conn.execute(found.with_only_columns(bucket, *_sums(scope)).group_by(bucket))
    oldest = select(at).where(intents.c.tenant == scope.tenant, listed.key == floor)
    return {row[0]: tuple(row[1:]) for row in rows}, (floor and conn.scalar(oldest)) or ""


def _sums(scope: Scope) -> list[ColumnElement[Any]]:
    """Counted, not summed up: SQLite does that in half the time."""
    tests = (LANGUAGE.tests["verdict"](verdict, scope) for verdict in VERDICTS)
    return [*(func.count().filter(test) for test in tests), func.count()]


def _told(counted: Sequence[int] | None) -> dict[str, int]:
    *verdicts, every = counted or [0] * (len(VERDICTS) + 1)
    return {**dict(zip(VERDICTS, verdicts, strict=True)), "other": every - sum(verdicts)}
