"""The edge of the API: every request gets an id, one log line, an answer in the envelope, and strict headers.

What is not even HTTP gets the same envelope, from ``Protocol``: no middleware sees it.

Whatever is raised below ends here, and only here, as a problem: a fault of input or of the world by the table in
``problems``, anything else as ``internal`` with nothing of it shown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel

from vienna_control.api.problems import Code, Problem, of_fault
from vienna_control.ids import new_id
from vienna_control.logs import frames_of
from vienna_kernel.value import plain_decimal

if TYPE_CHECKING:
    from vienna_control.app import App

log = structlog.get_logger("vienna.control")


@dataclass(frozen=True, slots=True)
class Telling:
    """How a problem of one request is told, where that is not the envelope."""

    answer: Callable[[web.Request, Problem], web.Response]


REQUEST_ID = web.RequestKey("request_id", str)
LOG = web.RequestKey("log", dict[str, Any])
BEGUN = web.RequestKey("begun", web.StreamResponse)
TELLING = web.RequestKey("telling", Telling)

API_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": API_POLICY,
    "Cache-Control": "no-store",
    "Server": "vienna",
}


def _exact(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if hasattr(value, "as_tuple"):
        return plain_decimal(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def encode(data: Any) -> bytes:
    """JSON bytes: models by their aliases, decimals as strings."""
    return orjson.dumps(data, default=_exact)


def answer(
    envelope: dict[str, Any], *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """A JSON response."""
    return web.Response(
        body=encode(envelope), status=status, headers=headers, content_type="application/json"
    )


def edge(app: App) -> Middleware:
    """The outermost middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        request_id = new_id("req")
        request[REQUEST_ID] = request_id
        request[LOG] = {}
        problem: Problem | None = None
        try:
            response = await _cors(app, request, handler)
        except Exception as error:  # the API's edge: nothing passes it unanswered
            problem = _problem_of(error, request_id)
            begun: web.StreamResponse | None = request.get(BEGUN)
            if begun is None:
                response = request.get(TELLING, _IN_ENVELOPE).answer(request, problem)
            else:
                response = begun
                _break_off(request)
        seconds = time.perf_counter() - started
        app.metrics.answered(_route(request), request.method, response.status, seconds)
        _log_line(request, request_id, response.status, seconds, problem)
        return response

    return middleware


class Protocol(web.RequestHandler):
    """One connection; what its parser refuses is answered like everything else."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer, and close. aiohttp's own would quote what came, a key perhaps, in the answer and in the log."""
        if request.writer.output_size > 0:
            raise ConnectionError("half an answer has left")
        request_id = new_id("req")
        ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        problem = (
            Problem(Code.INTERNAL, f"something of ours broke; it is in the log as {request_id}")
            if ours
            else Problem(Code.INVALID_REQUEST, "this is not an HTTP request as we read it")
        )
        tell = log.error if ours else log.info
        tell(
            "api.unreadable",
            request_id=request_id,
            status=problem.status,
            client=request.remote,
            error=type(exc).__name__,
        )
        headers = {**_HEADERS, "Vienna-Request-Id": request_id}
        response = answer(problem.envelope(), status=problem.status, headers=headers)
        response.force_close()
        return response


async def strict_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler: headers of every response, streams included, as it begins to leave."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if REQUEST_ID in request:
        response.headers["Vienna-Request-Id"] = request[REQUEST_ID]
    request[BEGUN] = response


def _in_envelope(_: web.Request, problem: Problem) -> web.Response:
    return answer(problem.envelope(), status=problem.status, headers=problem.headers)


_IN_ENVELOPE = Telling(_in_envelope)


def _break_off(request: web.Request) -> None:
    """Half of a stream must not look like the whole of one: the connection ends without the stream's end."""
    if request.transport is not None:
        request.transport.abort()


async def _cors(app: App, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Closed by default. One configured origin may read with a key of its own; never with our cookie."""
    allowed, origin = app.config.cors_origin, request.headers.get("Origin")
    if allowed is None or origin is None or allowed not in (origin, "*"):
        return await handler(request)
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response: web.StreamResponse = web.Response(status=204)
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "authorization, content-type"
        response.headers["Access-Control-Max-Age"] = "600"
    else:
        response = await handler(request)
    if not response.prepared:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers["Vary"] = "Origin"
    return response


def _problem_of(error: Exception, request_id: str) -> Problem:
    if isinstance(error, web.HTTPException):
        return _of_http(error)
    problem = of_fault(error)
    if problem is None:
        log.error("api.internal", request_id=request_id, error=type(error).__name__, frames=frames_of(error))
        return Problem(Code.INTERNAL, f"something of ours broke; it is in the log as {request_id}")
    if problem.status >= 503:
        log.error("api.unavailable", request_id=request_id, why=str(error))
    return problem


def _of_http(error: web.HTTPException) -> Problem:
    """aiohttp's own refusals in our words."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem(
            Code.METHOD_NOT_ALLOWED,
            f"{error.method} is not possible here; {allowed} is",
            headers={"Allow": allowed},
        )
    if isinstance(error, web.HTTPNotFound):
        return Problem(Code.NOT_FOUND, "there is nothing at this path")
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem(Code.PAYLOAD_TOO_LARGE, "the body is larger than 1 MiB")
    return Problem(Code.INVALID_REQUEST, error.reason)


def _route(request: web.Request) -> str | None:
    """The route's pattern, never the path or the query: those may hold what a caller should not have put there."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else None


def _log_line(
    request: web.Request, request_id: str, status: int, seconds: float, problem: Problem | None
) -> None:
    told: dict[str, Any] = request[LOG]
    fields: dict[str, Any] = {
        "request_id": request_id,
        "method": request.method,
        "route": _route(request),
        "status": status,
        "ms": round(seconds * 1000, 1),
        "client": request.remote,
        **told,
    }
    if problem is not None:
        fields["code"] = problem.code.value
    if status >= 500:
        log.error("api.request", **fields)
    else:
        log.info("api.request", **fields)
