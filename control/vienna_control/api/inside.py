"""The API from within: what a page made here shows is what the route of the same name answers.

1. The row of the access table, the query and the body are judged and validated as for a caller from outside.
2. Nothing is changed this way: only ``GET`` routes, and routes that declare that they write nothing to the trail.
3. What comes back is the JSON a caller from outside would read, as plain data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from vienna_control.api.access import Principal, judge
from vienna_control.api.edge import LOG, REQUEST_ID, encode
from vienna_control.api.route import API, Context, Route
from vienna_control.api.server import read_body, read_query

if TYPE_CHECKING:
    from vienna_control.app import App

__all__ = ["Inside"]


class Inside:
    """Routes by method and documented path, for whoever stands behind the edge already."""

    def __init__(self, app: App, routes: Iterable[Route]) -> None:
        self._app = app
        self._routes: dict[tuple[str, str], Route] = {
            (one.method, one.template.removeprefix(API)): one
            for one in routes
            if not one.raw and one.template.startswith(API) and (one.method == "GET" or not one.writes)
        }

    @property
    def routes(self) -> list[Route]:
        """Every route that can be asked for."""
        return list(self._routes.values())

    async def ask(
        self,
        request: web.Request,
        principal: Principal,
        route: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Any:
        """``data`` of the answer. ``route``: ``GET /approvals/{id}``, a name of a declaration.

        Errors: ``Problem`` as the API would answer it; ``KeyError``: no such route, or one that changes something.
        """
        method, _, template = route.partition(" ")
        declared = self._routes[method, template]
        judge(declared.who, principal)
        context = Context(
            app=self._app,
            principal=principal,
            request=request,
            path=dict(path or {}),
            query=read_query(declared, query or {}),
            body=read_body(declared, body, principal),
            client=request.remote or "",
            request_id=request[REQUEST_ID],
            log=request[LOG],
        )
        return orjson.loads(encode(await declared.handler(context)))
