"""The audit trail, taken away: whole, to be verified elsewhere, or as events for a SIEM."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select

from vienna_control.api.page import Instant
from vienna_control.api.problems import Code, Problem, rate_limited
from vienna_control.api.route import Context, Who, route
from vienna_control.audit import siem
from vienna_control.audit.export import export_lines
from vienna_control.store.tables import agents, operators

_CHUNK_BYTES = 64 * 1024
_SLOW_READER_SECONDS = 30
_EXPORTS = asyncio.Semaphore(2)
"""Each holds one of the store's few readers for as long as its client reads: never all of them."""
_FILES = {
    "ndjson": ("application/x-ndjson", "vienna-audit.ndjson"),
    "ocsf": ("application/x-ndjson", "vienna-audit.ocsf.ndjson"),
    "cef": ("text/plain", "vienna-audit.cef"),
}


class ExportQuery(BaseModel):
    """Attributes: ``from`` (included) and ``to`` (not) are instants; with ``ocsf`` and ``cef`` only."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    format: Literal["ndjson", "ocsf", "cef"] = "ndjson"
    from_: Annotated[Instant | None, Field(alias="from")] = None
    to: Instant | None = None


@route(
    "GET",
    "/audit/export",
    who=Who.AUDITOR,
    writes=None,
    query=ExportQuery,
    raw=True,
    summary="The trail as a stream: NDJSON that verifies alone, OCSF or CEF",
)
async def export(ctx: Context) -> web.StreamResponse:
    """``ndjson``: a line for each entry and checkpoint; verifies by itself with the log's public key.

    That takes the body of every entry. Where there are people or agents of other tenants it is therefore refused
    (403): whoever has the database at hand verifies that, and ``GET /audit`` with its proofs gives a tenant its own.
    ``ocsf`` (API Activity, a JSON object a line) and ``cef`` hold the signed entries of the caller's tenant, each with
    its leaf; a cut stream ends without the end of its encoding.
    """
    query, tenant = ctx.query, ctx.principal.tenant
    if query.format == "ndjson":
        if query.from_ is not None or query.to is not None:
            raise Problem(
                Code.VALIDATION_FAILED, "?from: a part of the trail does not verify: ndjson has it all"
            )
        if await ctx.app.store.read(lambda conn: _shared(conn, tenant)):
            raise Problem(
                Code.FORBIDDEN, "the trail holds entries of other tenants: it is not exported as a whole"
            )
    if _EXPORTS.locked():
        raise rate_limited("as many exports as may are under way; wait", _SLOW_READER_SECONDS)
    async with _EXPORTS:
        return await _stream(ctx)


def _shared(conn: Connection, tenant: str) -> bool:
    """Whether anybody is of another tenant; the entries do not tell: the house's own are of the default one."""
    return any(
        conn.scalar(select(table.c.id).where(table.c.tenant != tenant).limit(1)) is not None
        for table in (operators, agents)
    )


def _lines(ctx: Context, conn: Connection) -> Iterator[bytes]:
    query = ctx.query
    if query.format == "ndjson":
        return export_lines(conn)
    told = siem.events(conn, ctx.principal.tenant, since=query.from_, until=query.to)
    return (siem.FORMATS[query.format](one) for one in told)


async def _stream(ctx: Context) -> web.StreamResponse:
    await ctx.app.sequencer.flush()
    content_type, name = _FILES[ctx.query.format]
    response = web.StreamResponse(
        headers={"Content-Type": content_type, "Content-Disposition": f'attachment; filename="{name}"'}
    )
    await response.prepare(ctx.request)
    loop = asyncio.get_running_loop()

    def send(conn: Connection) -> None:
        """In a reader's thread: a slow client slows the reading, and a gone one ends it."""
        chunk = bytearray()
        for line in _lines(ctx, conn):
            chunk += line
            if len(chunk) >= _CHUNK_BYTES:
                write(bytes(chunk))
                chunk.clear()
        if chunk:
            write(bytes(chunk))

    def write(data: bytes) -> None:
        asyncio.run_coroutine_threadsafe(response.write(data), loop).result(_SLOW_READER_SECONDS)

    try:
        await ctx.app.store.read(send)
    except (ConnectionError, TimeoutError):
        ctx.log["cut_off"] = True
        if ctx.request.transport is not None:
            ctx.request.transport.abort()  # half a trail must not look like the whole of one
        return response
    await response.write_eof()
    return response
