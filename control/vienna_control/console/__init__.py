"""The operator's pages: static files, served with a strict policy; all data comes from the API.

They are plain on purpose: HTML, one style sheet, a few ES modules, no library and no build.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from vienna_control.api.edge import PAGE_POLICY

if TYPE_CHECKING:
    from vienna_control.app import App

_FILES = Path(__file__).with_name("static")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def mount(site: web.Application, app: App) -> None:
    """Serve the pages at ``/console/``; ``/`` leads there."""
    for path in sorted(_FILES.iterdir()):
        if path.suffix in _TYPES:
            site.router.add_get(f"/console/{path.name}", _page(path))
    for way_in in ("/console/", "/console/enter"):
        site.router.add_get(way_in, _page(_FILES / "index.html"))
    for short in ("/", "/console"):
        site.router.add_get(short, _to_console)


async def _to_console(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/console/"})


def _page(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    body = path.read_bytes()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Content-Security-Policy": PAGE_POLICY}

    async def serve(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers, content_type=_TYPES[path.suffix], charset="utf-8")

    return serve
