"""One look at a page: who looks, at what, and the questions that may be asked of the API for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from aiohttp import web

from vienna_control.api.access import Principal
from vienna_control.api.inside import Inside
from vienna_control.api.problems import Code, Problem

if TYPE_CHECKING:
    from vienna_control.app import App

__all__ = ["Visit"]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a page.

    Attributes:
        principal: Who looks; ``NOBODY`` on pages that are for everybody.
        path: Parameters of the page's path.
        query: The page's query; of a name given twice, the last.
        body: The JSON object that was sent to a preview; else None.
        fragment: The id of the element that is to be made anew; empty for the whole page.
    """

    app: App
    inside: Inside
    request: web.Request
    principal: Principal
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None
    fragment: str = ""

    async def ask(
        self, route: str, *, body: Any = None, query: Mapping[str, Any] | None = None, **path: str
    ) -> Any:
        """``data`` of one route: ``await visit.ask("GET /approvals/{id}", id=…)``. Raises ``Problem``.

        ``query``: what is None or empty is left out.
        """
        given = {name: str(value) for name, value in (query or {}).items() if value not in (None, "")}
        return await self.inside.ask(self.request, self.principal, route, path=path, query=given, body=body)

    async def may(self, route: str, **given: Any) -> Any:
        """The same, for a part of a page that this person may have no right to see, or that is gone: None then."""
        try:
            return await self.ask(route, **given)
        except Problem as problem:
            if problem.code in (Code.FORBIDDEN, Code.NOT_FOUND):
                return None
            raise

    async def all(self, *asked: Awaitable[Any]) -> list[Any]:
        """Several answers, asked for at once."""
        return list(await asyncio.gather(*asked))

    def only(self, *names: str) -> dict[str, str]:
        """These parameters of the page's query, where they say something."""
        return {name: self.query[name] for name in names if self.query.get(name)}

    def address(self, **changes: Any) -> str:
        """This page with another query: None takes a parameter away."""
        merged = {**self.query, **{name: value for name, value in changes.items()}}
        query = urlencode({name: value for name, value in merged.items() if value not in (None, "")})
        return f"{self.request.path}?{query}" if query else self.request.path
