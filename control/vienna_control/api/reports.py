"""Compliance reports: ask for one, list them, read one as JSON, CSV or PDF."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.api.page import PageQuery, fetch_page
from vienna_control.api.problems import Code, Problem, not_found, rate_limited
from vienna_control.api.route import Context, Who, route
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.reports import as_csv
from vienna_control.reports.content import Asked
from vienna_control.reports.worker import BusyError
from vienna_control.store import Tx
from vienna_control.store.tables import reports
from vienna_kernel.intent import Tier

_BACK = timedelta(days=30)
_LONGEST = timedelta(days=366)
_RENDERING = asyncio.Semaphore(1)
"""A large PDF keeps a processor busy for seconds: one at a time."""

type Type = Literal["summary", "detailed", "audit"]


class Filters(BaseModel):
    """What is told of intents is narrowed to these. ``agent_id``: id or name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    agent_id: Annotated[str, Field(max_length=128)] | None = None
    action: Annotated[str, Field(max_length=128)] | None = None
    tier: Tier | None = None


class ReportBody(BaseModel):
    """What is wanted.

    Attributes:
        from, to: The period, the second instant not included; the last thirty days, else. At most 366 days.
        format: What the answer's ``url`` leads to; each is there, whatever was asked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    type: Type = "summary"
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None
    filters: Filters = Filters()
    format: Literal["json", "csv", "pdf"] = "json"


class ReportsQuery(PageQuery):
    """Filters of the list."""

    status: Literal["generating", "ready", "failed"] | None = None
    type: Type | None = None


@route(
    "POST",
    "/compliance/reports/generate",
    who=Who.AUDITOR,
    writes=None,
    body=ReportBody,
    status=202,
    summary="Ask for a report of a period",
)
async def generate(ctx: Context) -> dict[str, Any]:
    """Ask ``/compliance/reports/{report_id}`` until its ``status`` is ``ready``; then its digest is in the trail."""
    body, tenant = ctx.body, ctx.principal.tenant
    since, until = _period(body, ctx.app.clock.now())

    def unit(tx: Tx) -> dict[str, Any]:
        wanted = body.filters
        asked = Asked(
            id=tx.id("rpt"),
            tenant=tenant,
            kind=body.type,
            since=iso(since),
            until=iso(until),
            agent_id=_agent(tx.conn, tenant, wanted.agent_id),
            action=wanted.action,
            tier=wanted.tier.value if wanted.tier else None,
        )
        ctx.app.reports.ask(tx, asked, format=body.format, author=ctx.principal.actor)
        return _brief(_row(tx.conn, tenant, asked.id))

    try:
        told = await ctx.app.store.write(unit)
    except BusyError:
        raise rate_limited("other reports are being made; ask again when they are done", 10) from None
    ctx.app.reports.wake()
    return told


def _period(body: ReportBody, now: datetime) -> tuple[datetime, datetime]:
    until = body.until or now
    since = body.since or until - _BACK
    if until > now:
        raise Problem(Code.VALIDATION_FAILED, "/to: expected an instant that has passed")
    if not since < until:
        raise Problem(Code.VALIDATION_FAILED, "/from: expected an earlier time than /to")
    if until - since > _LONGEST:
        raise Problem(Code.VALIDATION_FAILED, f"/from: expected at most {_LONGEST.days} days before /to")
    return since, until


def _agent(conn: Connection, tenant: str, name: str | None) -> str | None:
    if name is None:
        return None
    agent = registry.find(conn, tenant, name)
    if agent is None:
        raise not_found("agent", name)
    return agent.id


@route(
    "GET",
    "/compliance/reports",
    who=Who.AUDITOR,
    writes=None,
    query=ReportsQuery,
    summary="Reports, newest first",
)
async def list_reports(ctx: Context) -> dict[str, Any]:
    query = ctx.query
    statement = select(*[column for column in reports.c if column is not reports.c.content]).where(
        reports.c.tenant == ctx.principal.tenant
    )
    for name in ("status", "type"):
        if (value := getattr(query, name)) is not None:
            statement = statement.where(reports.c[name] == value)
    return await ctx.app.store.read(
        lambda conn: fetch_page(conn, statement, query, key=reports.c.id, noun="reports", shape=_brief)
    )


def _brief(row: rows.Row) -> dict[str, Any]:
    place = f"/api/v1/compliance/reports/{row['id']}"
    return {
        "report_id": row["id"],
        "type": row["type"],
        "status": row["status"],
        "from": row["from_at"],
        "to": row["to_at"],
        "filters": rows.load(row["filters"]),
        "author": row["author"],
        "created_at": row["created_at"],
        "finished_at": row["finished_at"],
        "digest": row["digest"],
        "error": row["error"] or None,
        "url": place if row["format"] == "json" else f"{place}/{row['format']}",
    }


@route(
    "GET",
    "/compliance/reports/{id}",
    who=Who.AUDITOR,
    writes=None,
    summary="One report: whether it is ready, and what it says",
)
async def read_report(ctx: Context) -> dict[str, Any]:
    """``content`` is None until ``status`` is ``ready``."""
    row = await _found(ctx)
    return _brief(row) | {"content": rows.load(row["content"])}


@route(
    "GET", "/compliance/reports/{id}/csv", who=Who.AUDITOR, writes=None, raw=True, summary="One report as CSV"
)
async def read_csv(ctx: Context) -> web.Response:
    row = await _ready(ctx)
    text = await asyncio.to_thread(as_csv.render, rows.load(row["content"]), row["digest"])
    return _file(row, "csv", "text/csv", text.encode())


@route(
    "GET", "/compliance/reports/{id}/pdf", who=Who.AUDITOR, writes=None, raw=True, summary="One report as PDF"
)
async def read_pdf(ctx: Context) -> web.Response:
    from vienna_control.reports import as_pdf  # the library is large, and most installations never need it

    row = await _ready(ctx)
    async with _RENDERING:
        data = await asyncio.to_thread(as_pdf.render, rows.load(row["content"]), row["digest"])
    return _file(row, "pdf", "application/pdf", data)


def _file(row: rows.Row, ending: str, content_type: str, data: bytes) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{row["id"]}.{ending}"'}
    return web.Response(
        body=data,
        content_type=content_type,
        charset="utf-8" if ending == "csv" else None,
        headers=headers,
    )


async def _ready(ctx: Context) -> rows.Row:
    row = await _found(ctx)
    if row["status"] == "generating":
        raise Problem(Code.CONFLICT, "the report is not made yet; ask again", headers={"Retry-After": "1"})
    if row["status"] != "ready":
        raise Problem(Code.CONFLICT, f"the report was not made: {row['error']}")
    return row


async def _found(ctx: Context) -> rows.Row:
    return await ctx.app.store.read(lambda conn: _row(conn, ctx.principal.tenant, ctx.path["id"]))


def _row(conn: Connection, tenant: str, report_id: str) -> rows.Row:
    row = rows.first(conn, select(reports).where(reports.c.id == report_id, reports.c.tenant == tenant))
    if row is None:
        raise not_found("report", report_id)
    return row
