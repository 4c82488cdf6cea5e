"""Intents over time, counted by what was decided, at a cost that does not grow with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Integer, and_, cast, func, select, true

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
    scope = Scope(principal.tenant, now)
    first, last = asked.start or buckets.start, min(asked.end or buckets.end, buckets.end)
    listed = _listed(principal, timeless(what), scope, first, last)
    counts, since = await ctx.app.store.read(lambda conn: _counted(conn, listed, buckets, scope))
    return {
        "start": iso(buckets.start),
        "end": iso(buckets.end),
        "width": buckets.width,
        "counted_since": since if since > iso(first) else None,
        "totals": _told([sum(column) for column in zip(*counts.values(), strict=True)]),
        "buckets": [{"start": iso(buckets.edge(at)), **_told(counts.get(at))} for at in range(buckets.count)],
    }


def _listed(principal: Principal, what: Filter, scope: Scope, start: datetime, end: datetime) -> Listed:
    """What is counted: by its time alone, in the index that has no more, else as lists look at it."""
    id_, at, ours = intents.c.id, intents.c.created_at, intents.c.tenant == principal.tenant
    if what == every(()) and principal.agent_id is None:
        within = select(at).where(ours, at >= iso(start), at < iso(end))
        return Listed(ids=within, key=at, test=true(), rows=WITHOUT_FILTER)
    test = and_(
        told(at) >= iso(start), told(at) < iso(end), condition(what, LANGUAGE, scope), *own(principal)
    )
    rows = rows_for(looks_inside(what, LANGUAGE))
    return Listed(ids=select(id_).where(ours), key=id_, test=test, rows=rows)


def _counted(
    conn: Connection, listed: Listed, buckets: Buckets, scope: Scope
) -> tuple[dict[int, Sequence[int]], str]:
    """Of buckets that have any: by verdict, then all. And when the oldest was that was looked at; empty: all were."""
    found, floor = looked_at(conn, listed)
    second = cast(func.strftime("%s", intents.c.created_at), Integer)
    bucket = (second - buckets.first) // buckets.width
    verdicts = [func.sum(LANGUAGE.tests["verdict"](verdict, scope), type_=Integer) for verdict in VERDICTS]
    rows = conn.execute(found.with_only_columns(bucket, *verdicts, func.count()).group_by(bucket))
    oldest = select(func.min(intents.c.created_at)).where(
        intents.c.tenant == scope.tenant, listed.key == floor
    )
    return {row[0]: tuple(row[1:]) for row in rows}, (floor and conn.scalar(oldest)) or ""


def _told(counted: Sequence[int] | None) -> dict[str, int]:
    *verdicts, every = counted or [0] * (len(VERDICTS) + 1)
    return {**dict(zip(VERDICTS, verdicts, strict=True)), "other": every - sum(verdicts)}
