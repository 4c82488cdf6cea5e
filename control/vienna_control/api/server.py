"""Routes made into an aiohttp application: identify, judge, read, validate, handle, wrap, in this order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from vienna_control.api.access import NOBODY, Principal, Who, judge, judge_step_up
from vienna_control.api.caller import refuse_foreign_origin
from vienna_control.api.edge import LOG, REQUEST_ID, answer, edge, strict_headers
from vienna_control.api.peer import forwarder_of, principal_of
from vienna_control.api.problems import Code, Problem, invalid
from vienna_control.api.published import PREFIX, stands_under_prefix
from vienna_control.api.route import Answer, Context, Route
from vienna_control.api.strictly import strictly
from vienna_control.ports import UnavailableError
from vienna_kernel.decode import json as strict_json
from vienna_kernel.errors import MalformedError

if TYPE_CHECKING:
    from vienna_control.app import App

BODY_LIMIT = 1024 * 1024
BODY_SECONDS = 30.0
"""Within which a body must be there: slower than that it holds a connection and memory."""
_GRACE_SECONDS = 0.5


def build(app: App, routes: Iterable[Route]) -> web.Application:
    """The web application of these routes; nothing is mounted twice (``ValueError``)."""
    site = web.Application(middlewares=[edge(app)], client_max_size=BODY_LIMIT)
    site.on_response_prepare.append(strict_headers)
    seen: set[tuple[str, str]] = set()
    declarations = list(routes)
    for declared in declarations:
        name = (declared.method, declared.path)
        if name in seen:
            raise ValueError(f"two routes are declared for {declared.method} {declared.path}")
        seen.add(name)
        method = "*" if declared.forwarded else declared.method
        site.router.add_route(method, declared.path, _endpoint(app, declared))
        if declared.method == "GET" and not declared.raw:
            site.router.add_route("HEAD", declared.path, _endpoint(app, declared))
    for one in declarations:
        path = PREFIX + one.path
        if stands_under_prefix(one) and (one.method, path) not in seen:
            site.router.add_route(one.method, path, _endpoint(app, one))
    return site


def _endpoint(app: App, declared: Route) -> Any:
    async def endpoint(request: web.Request) -> web.StreamResponse:
        principal = NOBODY if declared.who is Who.PUBLIC else await _principal(app, request, declared)
        judge(declared.who, principal)
        if declared.step_up and not app.config.lenient:
            judge_step_up(principal, now=app.clock.now())
        if declared.who is Who.PUBLIC and declared.method != "GET":
            refuse_foreign_origin(app, request)
        context = Context(
            app=app,
            principal=principal,
            request=request,
            path=dict(request.match_info),
            body=await _body(declared, request, principal),
            query=_query(declared, request),
            client=request.remote or "",
            request_id=request[REQUEST_ID],
            log=request[LOG],
        )
        context.log["principal"] = principal.actor if principal is not NOBODY else None
        answered = await (
            _until_stopping(context, declared) if declared.method == "GET" else declared.handler(context)
        )
        if isinstance(answered, web.StreamResponse):
            return answered
        envelope = {"success": True, "data": answered, "error": None}
        return answer(envelope, status=declared.status, headers=context.headers)

    return endpoint


async def _principal(app: App, request: web.Request, declared: Route) -> Principal:
    if declared.forwarded:
        return await forwarder_of(app, request)
    return await principal_of(app, request, declared.who)


async def _until_stopping(context: Context, declared: Route) -> Answer:
    """A read may wait long (long polls, streams, sockets): when the process is told to end, it is let go of."""
    work = asyncio.ensure_future(declared.handler(context))
    stopping = asyncio.ensure_future(context.app.stopping.wait())
    try:
        await asyncio.wait({work, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=_GRACE_SECONDS)
        if not work.done() and not declared.raw:
            raise UnavailableError("control plane", "stopping")
        if not work.done():
            work.cancel()
        return await work
    finally:
        stopping.cancel()
        work.cancel()


def _query(declared: Route, request: web.Request) -> Any:
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise Problem(Code.INVALID_REQUEST, f"the query parameter {name!r} is given twice")
        values[name] = value
    return read_query(declared, values)


def read_query(declared: Route, values: Mapping[str, str]) -> Any:
    """The query of a route: its model, or the texts as they came when it declares none. Raises 422."""
    if declared.query is None:
        return dict(values)
    try:
        return strictly(declared.query, text=True)(dict(values))
    except ValidationError as error:
        raise invalid(error, prefix="?") from None


async def _body(declared: Route, request: web.Request, principal: Principal) -> BaseModel | None:
    if declared.body is None:
        return None
    data = await whole_body(request)
    if not data and declared.optional_body:
        return strictly(declared.body)({})
    if request.content_type not in ("application/json", "application/merge-patch+json"):
        raise Problem(
            Code.INVALID_REQUEST, "the body must be JSON, with the header 'Content-Type: application/json'"
        )
    try:
        parsed: Any = strict_json.loads(data)
    except MalformedError as error:
        raise Problem(Code.INVALID_REQUEST, f"the body is not JSON as we read it: {error}") from None
    return read_body(declared, parsed, principal)


async def whole_body(request: web.Request) -> bytes:
    """All of a request's body, at most ``BODY_LIMIT``. Raises 400 when it is not there within ``BODY_SECONDS``."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise Problem(
            Code.INVALID_REQUEST, f"the body was not there within {BODY_SECONDS:g} seconds"
        ) from None


def read_body(declared: Route, parsed: Any, principal: Principal) -> BaseModel | None:
    """JSON data as the body of a route; None when it declares none. Raises 403 for another's tenant, 422."""
    if declared.body is None:
        return None
    if isinstance(parsed, dict) and "tenant_id" in parsed:
        parsed = _own_tenant(parsed, declared.body, principal)
    try:
        return strictly(declared.body)(parsed)
    except ValidationError as error:
        raise invalid(error, sent=parsed) from None


def _own_tenant(parsed: dict[str, Any], model: type[BaseModel], principal: Principal) -> dict[str, Any]:
    """The tenant is the credential's: a body may repeat it and nothing else."""
    if parsed["tenant_id"] not in (None, principal.tenant):
        raise Problem(Code.FORBIDDEN, "tenant_id: the tenant is that of your credential, and this is another")
    if "tenant_id" in model.model_fields:
        return parsed
    return {key: value for key, value in parsed.items() if key != "tenant_id"}
