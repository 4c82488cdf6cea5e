"""A route: method, path, who may, what it writes to the trail, its body, query and data. Declared once, beside its
handler; the router, the access table, the OpenAPI document and the tests all read the same declaration.

A module of routes needs nothing else: ``routes_of(module)`` finds what ``@route`` marked, in the order it stands there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web
from pydantic import BaseModel

from vienna_control.api.access import Principal, Who
from vienna_control.api.problems import Problem
from vienna_kernel.ledger.trail import EntryType

if TYPE_CHECKING:
    from vienna_control.app import App

__all__ = ["Answer", "Context", "Handler", "Method", "Problem", "Route", "Who", "route", "routes_of"]

type Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
type Answer = BaseModel | dict[str, Any] | web.StreamResponse
type Handler = Callable[[Context], Awaitable[Answer]]

API = "/api/v1"


@dataclass(slots=True)
class Context:
    """One request, judged and validated.

    Attributes:
        app: The composition root.
        principal: Who asks; ``NOBODY`` on public routes.
        body: An instance of the route's ``body`` model; None when it declares none.
        query: An instance of the route's ``query`` model; a dict of strings when it declares none.
        path: Path parameters.
        client: Address of the peer.
        request_id: ``req-…``, also in the answer's ``Vienna-Request-Id`` and in the log line.
        request: For raw routes (streams, WebSockets).
        log: Further fields for the one log line of this request: identifiers only.
        headers: Further headers of the answer, filled by the handler (``Set-Cookie``, ``ETag``).
    """

    app: App
    principal: Principal
    request: web.Request
    path: Mapping[str, str]
    body: Any = None
    query: Any = None
    client: str = ""
    request_id: str = ""
    log: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """A declaration.

    Attributes:
        path: Full path with ``{name}`` parameters.
        writes: Entry types that it may add to the trail; empty for a route that changes nothing.
        data: Model of the envelope's ``data``; None: any object.
        status: Of success.
        raw: The handler answers a whole response; there is no envelope.
        optional_body: No body is read as an empty object.
        step_up: Outside dev and test it wants a second factor that was shown a moment ago.
        pure: It has a body, and changes nothing, no row either: pages may ask it, as they may any ``GET``.
        forwarded: The request is somebody else's, sent on to be judged: any method is answered, and only
            ``X-Vienna-Key`` or a certificate says who asks.
    """

    method: Method
    path: str
    who: Who
    writes: tuple[EntryType, ...]
    handler: Handler
    summary: str
    description: str
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    data: type[BaseModel] | None
    status: int
    raw: bool
    optional_body: bool
    step_up: bool
    pure: bool
    forwarded: bool

    @property
    def template(self) -> str:
        """The path as it is documented: without the patterns of its parameters, which are the router's affair."""
        return re.sub(r":[^}]*", "", self.path)


def route(
    method: Method,
    path: str,
    *,
    who: Who,
    writes: EntryType | tuple[EntryType, ...] | None,
    summary: str,
    body: type[BaseModel] | None = None,
    query: type[BaseModel] | None = None,
    data: type[BaseModel] | None = None,
    status: int = 200,
    raw: bool = False,
    optional_body: bool = False,
    step_up: bool = False,
    pure: bool = False,
    forwarded: bool = False,
    root: str = API,
) -> Callable[[Handler], Handler]:
    """Declare a handler ``async (ctx: Context) -> dict | BaseModel`` (or a whole response, when ``raw``).

    ``writes=None`` says that it adds nothing to the trail. ``optional_body``: no body is an empty one.
    ``root=""`` puts the path outside ``/api/v1``.
    """
    entry_types = () if writes is None else writes if isinstance(writes, tuple) else (writes,)
    if method == "GET" and entry_types:
        raise ValueError(f"GET {path} may not write to the trail")
    if pure and entry_types:
        raise ValueError(f"{method} {path} writes to the trail, so it is not pure")

    def declare(handler: Handler) -> Handler:
        declared = Route(
            method=method,
            path=root + path,
            who=who,
            writes=entry_types,
            handler=handler,
            summary=summary,
            description=(handler.__doc__ or "").strip(),
            body=body,
            query=query,
            data=data,
            status=status,
            raw=raw,
            optional_body=optional_body,
            step_up=step_up,
            pure=pure,
            forwarded=forwarded,
        )
        handler.__route__ = declared  # type: ignore[attr-defined]  # found again by routes_of
        return handler

    return declare


def routes_of(module: ModuleType) -> list[Route]:
    """Every route that a module declares itself, in order."""
    found = (getattr(value, "__route__", None) for value in vars(module).values())
    return [item for item in found if isinstance(item, Route) and item.handler.__module__ == module.__name__]
