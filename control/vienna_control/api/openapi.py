"""The API's own description, OpenAPI 3.1, made from the declarations of its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from vienna_control.api.access import Who
from vienna_control.api.edge import answer
from vienna_control.api.page import PageQuery
from vienna_control.api.problems import STATUS, Code
from vienna_control.api.route import Context, Route, route
from vienna_control.version import VERSION

_REF = "#/components/schemas/{model}"
_ALWAYS = (Code.INVALID_REQUEST, Code.INTERNAL, Code.UNAVAILABLE)


@route("GET", "/openapi.json", who=Who.PUBLIC, writes=None, raw=True, summary="This document")
async def document(ctx: Context) -> web.StreamResponse:
    """OpenAPI 3.1, generated from the code."""
    return answer(ctx.app.openapi())


def describe(routes: Iterable[Route]) -> dict[str, Any]:
    """The OpenAPI document of these routes."""
    declared = list(routes)
    schemas = _Schemas(declared)
    paths: dict[str, dict[str, Any]] = {}
    for one in declared:
        paths.setdefault(one.template, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vienna control API",
            "version": VERSION,
            "description": "Every JSON answer is an envelope: success, data, error. Error codes are a closed list.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "vos_live_, vos_agent_, vos_side_ keys",
                },
                "forwarder": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Vienna-Key",
                    "description": "A sidecar's key, of whoever sends somebody else's request on; or its certificate.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-vienna",
                    "description": "Of a login; writes carry X-CSRF-Token too. In dev over plain http: vienna-dev.",
                },
            },
            "schemas": {**schemas.all, "Problem": _problem_schema()},
        },
    }


class _Schemas:
    """The schemas of all models, each under a name of its own."""

    def __init__(self, declared: list[Route]) -> None:
        inputs = {model for one in declared for model in (one.body, one.query) if model is not None}
        outputs = {one.data for one in declared if one.data is not None}
        wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = []
        wanted += [(model, "validation") for model in sorted(inputs, key=_name)]
        wanted += [(model, "serialization") for model in sorted(outputs, key=_name)]
        self._refs, schema = models_json_schema(wanted, ref_template=_REF)
        self.all: dict[str, Any] = schema.get("$defs", {})

    def given(self, model: type[BaseModel]) -> dict[str, Any]:
        """Of what a caller sends."""
        return self._refs[(model, "validation")]

    def answered(self, model: type[BaseModel]) -> dict[str, Any]:
        """Of what a caller gets."""
        return self._refs[(model, "serialization")]

    def members(self, model: type[BaseModel]) -> dict[str, Any]:
        """The object schema of what a caller sends."""
        found: dict[str, Any] = self.all[self.given(model)["$ref"].removeprefix(_REF.format(model=""))]
        return found


def _name(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__name__}"


def _security(one: Route) -> list[dict[str, list[str]]]:
    if one.forwarded:
        return [{"forwarder": []}]
    return [] if one.who is Who.PUBLIC else [{"key": []}, {"session": []}]


def _operation(one: Route, schemas: _Schemas) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{one.handler.__module__.rpartition('.')[2]}.{_handler_name(one)}",
        "tags": [one.handler.__module__.rpartition(".")[2]],
        "summary": one.summary,
        "description": one.description,
        "x-vienna-who": one.who.phrase,
        "x-vienna-roles": sorted(one.who.roles),
        "x-vienna-scope": one.who.scope,
        "x-vienna-step-up": one.step_up,
        "x-vienna-writes": [entry.value for entry in one.writes],
        "security": _security(one),
        "responses": _responses(one, schemas),
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)", one.path)
    ]
    operation["parameters"] = parameters + _query_parameters(one, schemas)
    if one.body is not None:
        operation["requestBody"] = {
            "required": not one.optional_body,
            "content": {"application/json": {"schema": schemas.given(one.body)}},
        }
    return operation


def _handler_name(one: Route) -> str:
    return getattr(one.handler, "__name__", "handler")


def _query_parameters(one: Route, schemas: _Schemas) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = schemas.members(one.query)
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": member}
        for name, member in schema.get("properties", {}).items()
    ]


def _responses(one: Route, schemas: _Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Success"}
    if not one.raw:
        data = _data(one, schemas)
        good["content"] = {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["success", "data", "error"],
                    "properties": {"success": {"const": True}, "data": data, "error": {"type": "null"}},
                }
            }
        }
    by_status: dict[int, list[str]] = {}
    for code in _codes(one):
        by_status.setdefault(STATUS[code], []).append(code.value)
    problems = {
        str(status): {
            "description": ", ".join(codes),
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, codes in sorted(by_status.items())
    }
    return {str(one.status): good, **problems}


def _data(one: Route, schemas: _Schemas) -> dict[str, Any]:
    """The schema of an answer's data; of a list without one of its own, what every list has."""
    if one.data is not None:
        return schemas.answered(one.data)
    if one.query is None or not issubclass(one.query, PageQuery) or one.method != "GET":
        return {"type": "object"}
    page = {
        "total": {"type": "integer", "minimum": 0},
        "has_more": {"type": "boolean"},
        "next_cursor": {"type": ["string", "null"]},
    }
    return {"type": "object", "required": [*page], "properties": page}


def _codes(one: Route) -> set[Code]:
    """Every code is possible where something is written; reads have fewer ways to fail."""
    if one.writes or one.body is not None:
        return set(Code) - {Code.METHOD_NOT_ALLOWED}
    codes = set(_ALWAYS)
    if one.who is not Who.PUBLIC:
        codes |= {Code.UNAUTHENTICATED, Code.FORBIDDEN}
    if "{" in one.path:
        codes |= {Code.NOT_FOUND}
    if one.query is not None:
        codes |= {Code.VALIDATION_FAILED, Code.NOT_FOUND}
    return codes


def _problem_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["success", "data", "error"],
        "properties": {
            "success": {"const": False},
            "data": {"type": "null"},
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"enum": [code.value for code in Code]},
                    "message": {"type": "string"},
                    "details": {},
                },
            },
        },
    }
