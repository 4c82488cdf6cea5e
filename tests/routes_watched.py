"""Every route of a test's control plane, watched: what it writes and answers is what it declares.

A law over all tests of the API at once, whichever test calls a route: the entries of its units of work must be among
those that the route declares, a unit that changes rows must enter something, and the answer must be as the OpenAPI
document says. What a gate says on its stream is no
route's affair: ``test_pipeline`` holds what each frame enters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson
import pytest
from aiohttp import web

from vienna_control import serve
from vienna_control.api import all_routes
from vienna_control.api.edge import encode
from vienna_control.api.openapi import describe
from vienna_control.api.route import Answer, Context, Route
from vienna_control.store import Store, Tx

ENTERS_NOTHING = {
    (
        "GET",
        "/api/v1/audit/proof/{id}",
    ): "what is asked about is put in its order first, if that is still to be",
    ("POST", "/api/v1/auth/logout"): "the login is the entry, and the session's end is not a deed",
    (
        "POST",
        "/api/v1/sidecars/heartbeat",
    ): "a sign of life as it must be is no deed; what is irregular is an entry",
    ("POST", "/api/v1/auth/links"): "the login with it is the entry",
    ("POST", "/api/v1/policies/backtest"): "nothing follows from it; what came out is kept for who asked",
    ("POST", "/api/v1/simulation"): "nothing follows from it; what came out is kept for who asked",
    ("POST", "/api/v1/compliance/reports/generate"): "the report is the entry, when it is made",
    ("POST", "/api/v1/auth/login"): "failed logins are counted; the lock-out is the entry",
    ("POST", "/api/v1/auth/step-up"): "wrong codes are counted",
    ("POST", "/api/v1/auth/password"): "wrong codes are counted",
    ("POST", "/api/v1/mfa/totp"): "wrong codes are counted",
    ("POST", "/api/v1/mfa/totp/confirm"): "wrong codes are counted",
    ("POST", "/api/v1/mfa/totp/remove"): "wrong codes are counted",
    ("POST", "/api/v1/mfa/recovery-codes"): "wrong codes are counted",
    ("POST", "/api/v1/break-glass"): "wrong codes are counted; the lock-out is the entry",
    ("POST", "/api/v1/break-glass/challenge"): "a challenge is asked for; its answer is the deed",
    ("POST", "/api/v1/mfa/passkeys/options"): "a challenge is asked for; its answer is the deed",
    ("POST", "/api/v1/approvals/{id}/challenge"): "a challenge is asked for; its answer is the deed",
    ("POST", "/api/v1/roster/proposals/{id}/challenge"): "a challenge is asked for; its answer is the deed",
    ("POST", "/api/v1/mfa/passkeys"): "an answer that does not hold uses its challenge up",
    ("POST", "/api/v1/auth/passkey"): "failed logins are counted, and use their challenge up",
    ("POST", "/api/v1/approvals/{id}/approve"): "an answer that does not hold uses its challenge up",
    ("POST", "/api/v1/roster/proposals/{id}/sign"): "an answer that does not hold uses its challenge up",
}
"""Routes whose units may change rows and enter nothing, and why."""

_CURRENT: ContextVar[Route | None] = ContextVar("route", default=None)


class Watch:
    """What was seen; ``complaints`` is empty where the law holds."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def routes(self) -> list[Route]:
        return [one if one.raw else replace(one, handler=self._marked(one)) for one in all_routes()]

    def write(self, store: Store, unit: Callable[[Tx], Any], original: Callable[..., Any]) -> Any:
        route = _CURRENT.get()
        return original(store, unit if route is None else self._held(route, unit))

    def _held(self, route: Route, unit: Callable[[Tx], Any]) -> Callable[[Tx], Any]:
        def watched(tx: Tx) -> Any:
            before = _changes(tx)
            result = unit(tx)
            kinds = {told.type for told in tx.told}
            name = f"{route.method} {route.path}"
            if undeclared := sorted(kind.value for kind in kinds - set(route.writes)):
                self.complaints.append(f"{name} entered {undeclared}, and declares {_names(route)}")
            changed = _changes(tx) > before
            if changed and not kinds and (route.method, route.path) not in ENTERS_NOTHING:
                self.complaints.append(f"{name} changed rows and entered nothing")
            return result

        return watched

    def _marked(self, route: Route) -> Callable[[Context], Any]:
        async def handler(context: Context) -> Answer:
            token = _CURRENT.set(route)
            try:
                answer = await route.handler(context)
            finally:
                _CURRENT.reset(token)
            if not isinstance(answer, web.StreamResponse):
                self.complaints += _lies(route, orjson.loads(encode(answer)))
            return answer

        return handler


def _names(route: Route) -> list[str]:
    return [entry.value for entry in route.writes]


def _changes(tx: Tx) -> int:
    return int(tx.conn.connection.dbapi_connection.total_changes)  # type: ignore[union-attr]


@functools.cache
def _described() -> dict[str, Any]:
    return describe(all_routes())


@functools.cache
def _schema(method: str, path: str, status: int) -> jsonschema_rs.Validator:
    """Of the data of an answer."""
    document = _described()
    content = document["paths"][path][method.lower()]["responses"][str(status)]["content"]
    data = content["application/json"]["schema"]["properties"]["data"]
    return jsonschema_rs.validator_for({**data, "components": document["components"]})


def _lies(route: Route, data: Any) -> list[str]:
    """What an answer has that its schema does not allow, or has not that it demands."""
    found = _schema(route.method, route.path, route.status).iter_errors(data)
    name = f"{route.method} {route.path}"
    return [f"{name} answers /{'/'.join(map(str, one.instance_path))}: {one.message[:200]}" for one in found]


def watched(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Watch every control plane that starts while the patch holds."""
    watch, original = Watch(), Store.write
    monkeypatch.setattr(serve, "all_routes", watch.routes)
    monkeypatch.setattr(Store, "write", lambda store, unit: watch.write(store, unit, original))
    return watch
