"""Styles, scripts and icons: read once, served under an address that changes with their content, and so kept for ever.

What others wrote stands in ``vendor`` with the digest it was taken in with (``vendor/manifest.json``): a file that is
not that one stops the start.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from vienna_control.ports import StartError

__all__ = ["ASSETS", "Assets"]

_FOLDER = Path(__file__).with_name("static")
_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_WORKER = {
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'"
}  # what it may fetch is its own policy's
_BY_NAME = ("sw.js", "app.webmanifest", "icon-192.png", "icon-512.png", "icon-maskable-512.png")
"""What a device keeps the address of: the service worker, whose folder is its scope, and an installed app's parts."""


class Assets:
    """The files.

    Attributes:
        version: Of all of them together, in their address.
    """

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._folder = folder
        self._files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.suffix in _TYPES
        }
        self._hold_vendored()
        digest = hashlib.sha256()
        for name, body in self._files.items():
            digest.update(f"{name}\0{len(body)}\0".encode())
            digest.update(body)
        self.version = digest.hexdigest()[:16]

    def address(self, name: str) -> str:
        """Where a file is served. Raises ``KeyError``: there is none of this name."""
        self._files[name]
        return f"/console/static/{self.version}/{name}"

    def mount(self, site: web.Application) -> None:
        """Serve every file; what is asked for by name, under ``/console`` once more."""
        for name in self._files:
            site.router.add_get(self.address(name), self._serve(name, _FOR_EVER))
        for name in _BY_NAME:
            site.router.add_get(f"/console/{name}", self._serve(name, "no-cache"))

    def _serve(self, name: str, cache: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        body, kind = self._files[name], _TYPES[Path(name).suffix]
        charset = None if kind == "image/png" else "utf-8"
        headers = {"Cache-Control": cache} | (_WORKER if name == "sw.js" else {})

        async def serve(request: web.Request) -> web.StreamResponse:
            return web.Response(body=body, content_type=kind, charset=charset, headers=headers)

        return serve

    def _hold_vendored(self) -> None:
        """Raises ``StartError``: a vendored file is missing, new, or another than the manifest says."""
        manifest = json.loads((self._folder / "vendor" / "manifest.json").read_bytes())
        wanted = {f"vendor/{name}": one["sha384"] for name, one in manifest.items()}
        found = {name: sha384(body) for name, body in self._files.items() if name.startswith("vendor/")}
        if wanted != found:
            odd = sorted(name for name in wanted | found if wanted.get(name) != found.get(name))
            raise StartError(f"the console's {odd[0]} is not the file that vendor/manifest.json names")


def sha384(body: bytes) -> str:
    """As ``integrity`` attributes have it."""
    return "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()


ASSETS = Assets()
