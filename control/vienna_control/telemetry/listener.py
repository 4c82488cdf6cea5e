"""The listener for operators' tools: whether the control plane lives, whether it is ready, and its metrics.

It asks for no credential, so it holds no secret and nothing that anybody wrote, and nothing can be changed there. It
belongs on an address that only those tools reach.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from aiohttp import web

from vienna_control.api.health import readiness
from vienna_control.ports import UnavailableError
from vienna_control.telemetry.metrics import CONTENT_TYPE

if TYPE_CHECKING:
    from vienna_control.app import App


class AdminListener:
    """Serves three pages at a socket that is bound already."""

    def __init__(self, app: App, listener: socket.socket) -> None:
        site = web.Application(client_max_size=1024)
        site.router.add_get("/healthz", _alive)
        site.router.add_get("/readyz", self._ready)
        site.router.add_get("/metrics", self._metrics)
        self._app = app
        self._listener = listener
        self._runner = web.AppRunner(
            site, access_log=None, handle_signals=False, shutdown_timeout=1, keepalive_timeout=5
        )

    async def start(self) -> None:
        """Answer from now on."""
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener, backlog=16).start()

    async def stop(self) -> None:
        """Hang up."""
        await self._runner.cleanup()
        self._listener.close()

    async def _ready(self, _: web.Request) -> web.Response:
        good, parts = await readiness(self._app)
        wrong = [f"{name}: {what}" for name, what in parts.items() if what != "ok"]
        return _page("ready" if good else "; ".join(wrong), status=200 if good else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        try:
            page = await self._app.metrics.page()
        except UnavailableError as error:
            return _page(f"the {error.port} is not available", status=503)
        return web.Response(body=page, headers={**_HEADERS, "Content-Type": CONTENT_TYPE})


_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "vienna"}


def _page(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text + "\n", status=status, headers=_HEADERS)


async def _alive(_: web.Request) -> web.Response:
    return _page("ok")
