"""From a socket to requests answered, and back: listening, background work, and an orderly end.

1. The socket is bound before anything is changed on disk: a port in use leaves no trace.
2. Background work that ends by itself, and a store that is broken, end the process: better no control plane than one
   that no longer sequences its trail.
3. The end: accept nothing new, let streams and long polls go, finish what is under way, then close the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path

import structlog
from aiohttp import web

from vienna_control.api import all_routes
from vienna_control.api.edge import Protocol
from vienna_control.api.server import build
from vienna_control.app import App
from vienna_control.config import Settings, listen_address
from vienna_control.console import mount
from vienna_control.ports import Background, StartError
from vienna_control.telemetry.listener import AdminListener
from vienna_control.tls import server_context

log = structlog.get_logger("vienna.control")

FINISH_SECONDS = 6.0
_WATCH_SECONDS = 1.0


def bind(listen: str, *, key: str = "--listen or control.listen") -> socket.socket:
    """A listening socket. Raises ``StartError`` when the address cannot be had; ``key``: where to choose another."""
    address = listen_address(listen)
    try:
        if isinstance(address, Path):
            return _bind_unix(address)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        return socket.create_server(address, family=family, backlog=512)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]  # create_server repeats the address
        raise StartError(f"cannot listen on {listen}: {why}; choose another with {key}") from None


def _bind_unix(path: Path) -> socket.socket:
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(512)
    return listener


def url_of(listener: socket.socket, *, tls: bool = False) -> str:
    """Where a client on this machine reaches the socket."""
    if listener.family == socket.AF_UNIX:
        return f"unix://{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared with, not bound to
    scheme = "https" if tls else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def base_url(settings: Settings, listener: socket.socket) -> str:
    """Where people reach us."""
    return settings.control.public_url or url_of(listener, tls=settings.control.tls.cert is not None)


class Server:
    """The running control plane.

    Attributes:
        admin_url: Of the listener for operators' tools, once it is started; None: there is none.
    """

    def __init__(self, app: App, listener: socket.socket) -> None:
        self._app = app
        self._listener = listener
        self._path = listener.getsockname() if listener.family == socket.AF_UNIX else ""
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._admin: AdminListener | None = None
        self.admin_url: str | None = None
        site = build(app, all_routes())
        mount(site, app)
        self._runner = _Runner(
            site, access_log=None, handle_signals=False, shutdown_timeout=FINISH_SECONDS, keepalive_timeout=75
        )

    async def start(self) -> None:
        """Accept requests, and begin the background work. Raises ``StartError``: the TLS files will not do."""
        config = self._app.config.control
        tls = server_context(config.tls, self._app.authority.client_ca_pem)
        if config.admin_listen is not None:
            listener = bind(config.admin_listen, key="control.admin_listen")
            self._admin, self.admin_url = AdminListener(self._app, listener), url_of(listener)
            await self._admin.start()
        await self._runner.setup()
        for work in self._app.background:
            self._tasks[asyncio.create_task(_run(work))] = type(work).__name__
        await web.SockSite(self._runner, self._listener, backlog=512, ssl_context=tls).start()

    async def watch(self, stop: asyncio.Event) -> int:
        """Wait for ``stop``; the exit code. Ends by itself, with 1, when the process can no longer do its work."""
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await asyncio.wait(
                    {stopped, *self._tasks}, timeout=_WATCH_SECONDS, return_when="FIRST_COMPLETED"
                )
                ended = next((name for task, name in self._tasks.items() if task.done()), "")
                if ended or self._app.store.broken:
                    self._app.failed_tasks.append(ended or "store")
                    log.error(
                        "control.failed",
                        part=ended or "store",
                        why=self._app.store.broken or _why(self._tasks),
                    )
                    return 1
        finally:
            stopped.cancel()
        return 0

    async def stop(self) -> None:
        """Finish what is under way and close everything."""
        self._app.stopping.set()
        self._app.bus.close()
        await self._runner.cleanup()
        if self._admin is not None:
            await self._admin.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._app.close()
        self._listener.close()
        if self._path:
            with contextlib.suppress(OSError):
                os.unlink(self._path)


class _Listener(web.Server):
    """Makes a ``Protocol`` of each connection."""

    def __call__(self) -> web.RequestHandler:
        return Protocol(self, loop=self._loop, **self._kwargs)


class _Runner(web.AppRunner):
    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        made.__class__ = _Listener  # aiohttp takes no protocol of ours, and has none of its own to configure
        return made


async def _run(work: Background) -> None:
    await work.run()


def _why(tasks: dict[asyncio.Task[None], str]) -> str:
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            return type(error).__name__
    return "it ended"
