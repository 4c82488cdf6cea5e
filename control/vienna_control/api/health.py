"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from sqlalchemy import Connection, delete, insert, select, text

from vienna_control import rows
from vienna_control.api.edge import answer
from vienna_control.api.route import Context, Who, route
from vienna_control.ports import UnavailableError
from vienna_control.store import Tx
from vienna_control.store.tables import keys, settings
from vienna_control.version import VERSION

if TYPE_CHECKING:
    from vienna_control.app import App

_PROBE = "write_probe"


@route("GET", "/health", who=Who.PUBLIC, writes=None, raw=True, root="", summary="The process lives")
async def health(_: Context) -> web.StreamResponse:
    """Answers as long as the process turns; says nothing of what it depends on."""
    return answer({"status": "ok", "version": VERSION})


@route("GET", "/ready", who=Who.PUBLIC, writes=None, raw=True, root="", summary="It can do its work")
async def ready(ctx: Context) -> web.StreamResponse:
    """200 when the store answers and writes, the trail is sequenced and the keys are there; else 503.

    After a write that the store did not take, a small one is tried here: nobody else may, while this says 503.
    """
    good, parts = await readiness(ctx.app)
    return answer({"status": "ok" if good else "unavailable", **parts}, status=200 if good else 503)


async def readiness(app: App) -> tuple[bool, dict[str, str]]:
    """Whether it can do its work, and ``ok`` or what is wrong with each part."""
    parts = {"store": "ok", "audit": "ok", "keys": "ok"}
    try:
        await app.store.read(_ping)
        if app.store.broken:
            parts["store"] = app.store.broken
        elif app.store.failing:
            await app.store.write(_probe)
        if not await app.store.read(lambda conn: conn.scalar(select(keys.c.id).limit(1))):
            parts["keys"] = "no key"
    except UnavailableError as error:
        parts["store"] = error.why
    if app.sequencer.broken or app.failed_tasks:
        parts["audit"] = app.sequencer.broken or "a background task ended"
    return all(value == "ok" for value in parts.values()), parts


def _probe(tx: Tx) -> None:
    tx.conn.execute(delete(settings).where(settings.c.name == _PROBE))
    tx.conn.execute(insert(settings), {"name": _PROBE, "value": rows.dump({"at": tx.at})})


def _ping(conn: Connection) -> None:
    conn.execute(text("SELECT 1"))
