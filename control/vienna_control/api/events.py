"""What happens, as it happens: server-sent events (WHATWG HTML, section 9.2) for consoles and SDKs."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from vienna_control.api.caller import still_holds
from vienna_control.api.edge import encode
from vienna_control.api.problems import Code, Problem
from vienna_control.api.route import Context, Who, route
from vienna_control.events import Event, Subscription

_KEEPALIVE_SECONDS = 15.0
_RECHECK_SECONDS = 5.0
"""How long somebody who was logged out may still listen, when something happens; else until the next keepalive."""
_RETRY_MS = 2000


class EventsQuery(BaseModel):
    """``names``: comma-separated names of events; absent: all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: Annotated[str, Field(max_length=500)] | None = None
    last_event_id: Annotated[str, Field(max_length=24)] | None = None


@route(
    "GET",
    "/events",
    who=Who.READER,
    writes=None,
    query=EventsQuery,
    raw=True,
    summary="A stream of events: approvals, executions, alerts",
)
async def stream(ctx: Context) -> web.StreamResponse:
    """Resumes after ``Last-Event-ID``; an event ``reset`` says that some were missed and lists must be read anew."""
    bus, after = ctx.app.bus, _after(ctx)
    names = [name for name in (ctx.query.names or "").split(",") if name] or None
    if names and any(name.startswith("_") for name in names):
        raise Problem(Code.FORBIDDEN, "events whose name begins with _ are internal")
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    )
    missed = after is not None and not bus.kept_since(after)
    with bus.subscribe(
        names, after=after, tenant=ctx.principal.tenant, who=ctx.principal.actor
    ) as subscription:
        await response.prepare(ctx.request)
        greeting = f"retry: {_RETRY_MS}\n: connected\nid: {bus.last_id}\n\n"
        await response.write(greeting.encode() + (b"event: reset\ndata: {}\n\n" if missed else b""))
        await _pump(ctx, response, subscription)
    return response


def _after(ctx: Context) -> int | None:
    given = ctx.request.headers.get("Last-Event-ID") or ctx.query.last_event_id
    if not given:
        return None
    if not given.isascii() or not given.isdigit():
        raise Problem(Code.INVALID_REQUEST, "Last-Event-ID is not one that this stream gave out")
    return int(given)


async def _pump(ctx: Context, response: web.StreamResponse, subscription: Subscription) -> None:
    stopping = asyncio.ensure_future(ctx.app.stopping.wait())
    following = asyncio.ensure_future(anext(subscription, None))
    checked = time.monotonic()
    try:
        while True:
            await asyncio.wait(
                {following, stopping}, timeout=_KEEPALIVE_SECONDS, return_when="FIRST_COMPLETED"
            )
            if stopping.done():
                return
            if time.monotonic() - checked >= _RECHECK_SECONDS:
                checked = time.monotonic()
                if not await still_holds(ctx.app, ctx.request, ctx.principal):
                    return
            if not following.done():
                await response.write(b": still here\n\n")
                continue
            event = following.result()
            if event is None:
                return
            await response.write(_told(event))
            following = asyncio.ensure_future(anext(subscription, None))
    except ConnectionError:
        return
    finally:
        stopping.cancel()
        following.cancel()


def _told(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.name.encode(), encode(event.data))
