"""The operator's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from vienna_control.app import App


def mount(site: web.Application, app: App) -> None:
    """Add the pages. They identify people with ``api.caller.identify`` and send ``api.edge.PAGE_POLICY``."""
