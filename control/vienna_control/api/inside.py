"""The API from within: what a page made here shows is what the route of the same name answers.

1. The row of the access table, the query and the body are judged and validated as for a caller from outside.
2. Nothing is changed this way: only ``GET`` routes, and those that are declared ``pure``.
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

__all__ = ["Inside", "askable"]


def askable(routes: Iterable[Route]) -> dict[str, Route]:
    """Those of them that can be asked from within, by name: ``GET /approvals/{id}``."""
    return {
        f"{one.method} {one.template.removeprefix(API)}": one
        for one in routes
        if not one.raw and one.template.startswith(API) and (one.method == "GET" or one.pure)
    }


class Inside:
    """What can be asked by whoever stands behind the edge already."""

    def __init__(self, app: App, routes: Iterable[Route]) -> None:
        self._app = app
        self._routes = askable(routes)

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
        """``data`` of the answer. ``route``: its name, as ``askable`` has it.

        Errors: ``Problem`` as the API would answer it; ``KeyError``: no such route, or none that can be asked so.
        """
        declared = self._routes[route]
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
