"""Pages made into answers: who looks, what they may, the page or a part of it, or why not."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from vienna_control.api import all_routes
from vienna_control.api.access import NOBODY, Principal, Who, judge
from vienna_control.api.caller import cookie_name
from vienna_control.api.edge import LOG, PAGE_POLICY, TELLING, Telling, answer
from vienna_control.api.inside import Inside
from vienna_control.api.peer import principal_of
from vienna_control.api.problems import FAULTS, Code, Problem, of_fault
from vienna_control.api.server import whole_body
from vienna_control.console import screens
from vienna_control.console.assets import ASSETS
from vienna_control.console.page import Page, pages_of
from vienna_control.console.render import render
from vienna_control.console.visit import Visit
from vienna_control.invariant import there
from vienna_kernel.decode import json as strict_json

if TYPE_CHECKING:
    from vienna_control.app import App

__all__ = ["mount", "pages"]

_NOTHING: Mapping[str, Any] = {"pending": 0, "alerts": 0, "frozen": False, "silent_gates": 0}
_SHOWN = re.compile(r"https?://[^/]+(/console/[^#]*)")
_HEADERS = {"Content-Security-Policy": PAGE_POLICY, "Vary": "Accept, HX-Target, Cookie"}


def pages() -> list[Page]:
    """Every page of the console."""
    names = sorted(found.name for found in pkgutil.iter_modules(screens.__path__))
    modules = (importlib.import_module(f"{screens.__name__}.{name}") for name in names)
    return [one for module in modules for one in pages_of(module)]


def mount(site: web.Application, app: App) -> None:
    """Serve the pages under ``/console``; ``/`` leads there."""
    inside = Inside(app, all_routes())
    for declared in pages():
        add = site.router.add_post if declared.preview else site.router.add_get  # which answers HEAD as well
        add(f"/console{declared.path}", _endpoint(app, inside, declared))
    ASSETS.mount(site)
    site.router.add_get("/console/{rest:.*}", _endpoint(app, inside, _NOWHERE))
    for short in ("/", "/console"):
        site.router.add_get(short, _to_console)


async def _nowhere(visit: Visit) -> dict[str, Any]:
    raise Problem(Code.NOT_FOUND, "there is no such page")


_NOWHERE = Page("/{rest:.*}", "problem.html", "", _nowhere, public=False, preview=False)


async def _to_console(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "/console/"})


def _endpoint(app: App, inside: Inside, declared: Page) -> Any:
    async def endpoint(request: web.Request) -> web.StreamResponse:
        request[TELLING] = _TELLING
        visit = Visit(app, inside, request, NOBODY, dict(request.match_info), dict(request.query))
        try:
            principal = await (_whoever if declared.public else _reader)(app, request)
            visit = Visit(
                app,
                inside,
                request,
                principal,
                visit.path,
                visit.query,
                body=await _sent(request) if declared.preview else None,
                fragment=_fragment(request),
            )
            request[LOG]["principal"] = principal.actor if principal is not NOBODY else None
            frame, told = await visit.all(_frame(visit), declared.gather(visit))
        except FAULTS as error:  # what the edge would tell a caller, told to a person
            return await _refused(visit, there(of_fault(error), "it is one of these"))
        if _wants_json(request):
            return answer({"success": True, "data": told, "error": None})
        text = render(declared.template, {**frame, **told, "area": declared.area}, fragment=visit.fragment)
        return _page(text)

    return endpoint


async def _reader(app: App, request: web.Request) -> Principal:
    principal = await principal_of(app, request, Who.READER)
    judge(Who.READER, principal)
    return principal


async def _sent(request: web.Request) -> dict[str, Any]:
    """What a preview is made of. Raises ``MalformedError``; 400 for what is not an object."""
    sent = strict_json.loads(await whole_body(request))
    if not isinstance(sent, dict):
        raise Problem(Code.INVALID_REQUEST, "the body must be a JSON object")
    return dict(sent)


async def _whoever(app: App, request: web.Request) -> Principal:
    """Who comes to a page that is for everybody, where they are known."""
    try:
        return await _reader(app, request)
    except Problem:
        return NOBODY


async def _frame(visit: Visit) -> dict[str, Any]:
    """What every page shows around its own: who looks, and what waits or is stopped.

    ``heard``: the newest event before anything of the page was read: its stream goes on after that.
    """
    heard = visit.app.bus.last_id
    counts = _NOTHING if visit.principal is NOBODY or visit.fragment else await _counts(visit)
    return {
        "visit": visit,
        "me": visit.principal,
        "counts": counts,
        "config": visit.app.config,
        "heard": heard,
    }


async def _counts(visit: Visit) -> Mapping[str, Any]:
    """What waits or is stopped; nothing where that cannot be read now: the page itself says why."""
    try:
        return dict(await visit.ask("GET /counts"))
    except FAULTS:
        return _NOTHING


def _fragment(request: web.Request) -> str:
    """The id of the element that htmx asks for (``main#main`` in ``HX-Target``)."""
    if request.headers.get("HX-Request") != "true" or request.headers.get("HX-Request-Type") == "full":
        return ""
    return request.headers.get("HX-Target", "").rpartition("#")[2]


def _wants_json(request: web.Request) -> bool:
    accepted = request.headers.get("Accept", "")
    return "application/json" in accepted and "text/html" not in accepted


async def _refused(visit: Visit, problem: Problem) -> web.StreamResponse:
    if _wants_json(visit.request):
        return answer(problem.envelope(), status=problem.status, headers=problem.headers)
    if problem.code is Code.UNAUTHENTICATED and visit.principal is NOBODY:
        return _to_login(visit)
    return _problem(problem, await _frame(visit))


def _broken(request: web.Request, problem: Problem) -> web.Response:
    """What nobody foresaw: without the frame, which may be what broke."""
    if _wants_json(request):
        return answer(problem.envelope(), status=problem.status, headers=problem.headers)
    return _problem(problem, {"me": NOBODY})


_TELLING = Telling(_broken)


def _problem(problem: Problem, frame: Mapping[str, Any]) -> web.Response:
    told = {"area": "", "problem": problem, "name": HTTPStatus(problem.status).phrase}
    return _page(render("problem.html", {**frame, **told}), status=problem.status)


def _to_login(visit: Visit) -> web.StreamResponse:
    """For a part of a page the whole window goes there; and back to the page, not to the part."""
    request = visit.request
    if request.headers.get("HX-Request") == "true":
        page = _SHOWN.match(request.headers.get("HX-Current-URL", ""))
        back = f"&next={quote(page[1], safe='')}" if page else ""
        return web.Response(status=401, headers={**_HEADERS, "HX-Redirect": f"/console/login?ended=1{back}"})
    ended = "ended=1&" if request.cookies.get(cookie_name(visit.app)) else ""
    where = f"/console/login?{ended}next={quote(request.path_qs, safe='')}"
    return web.Response(status=303, headers={**_HEADERS, "Location": where})


def _page(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers=_HEADERS)
