"""Small descriptions of APIs to propose mappings from, and what comes of them."""

from __future__ import annotations

import json
from typing import Any

from vienna_kernel.document import parse as parse_document
from vienna_kernel.mapping.case import CaseResult
from vienna_kernel.mapping.cases import run_cases
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.propose import apidoc
from vienna_kernel.propose.apidoc import ApiDoc
from vienna_kernel.propose.finish import Finished, finish
from vienna_kernel.propose.importer import Importer, Wanted
from vienna_kernel.propose.listing import Listed

SERVERS = [{"url": "https://api.shop.example/v1"}]


def api(paths: dict[str, Any], *, name: str = "shop.json", **more: Any) -> ApiDoc:
    """An OpenAPI 3.1 document; ``more`` are further keys at its top."""
    root = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "7"},
        "servers": SERVERS,
        **more,
        "paths": paths,
    }
    return apidoc.parse(json.dumps(root).encode(), name=name)


def swagger(paths: dict[str, Any], **more: Any) -> ApiDoc:
    """A Swagger 2 document."""
    root = {
        "swagger": "2.0",
        "info": {"title": "Shop"},
        "host": "api.shop.example",
        "basePath": "/v1",
        **more,
    }
    return apidoc.parse(json.dumps({**root, "paths": paths}).encode(), name="shop.json")


def body(schema: Any, media: str = "application/json", *, required: bool = True) -> dict[str, Any]:
    """A ``requestBody``."""
    return {"required": required, "content": {media: {"schema": schema}}}


def thing(required: str = "", **members: Any) -> dict[str, Any]:
    """The schema of an object; ``required``: names with spaces between them."""
    return {"type": "object", "properties": members, "required": required.split()}


STR, INT, NUM = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def listed(
    method: str, path: str, operation_id: str = "", *, title: str = "", tags: tuple[str, ...] = ()
) -> Listed:
    return Listed(method=method, path=path, operation_id=operation_id, title=title, tags=tags)


def proposed(doc: ApiDoc, **wanted: Any) -> Finished:
    """The proposal that a description makes."""
    importer = Importer(doc, Wanted(**wanted))
    assert len(list(importer.steps())) == importer.total
    return finish(importer.proposal())


def actions(finished: Finished) -> dict[str, dict[str, Any]]:
    """The actions of a proposal as the loader reads its text, by name."""
    data = parse_document(finished.mapping, name="proposed.yaml").data
    return {action["action"]: action for action in data["actions"]}


def one(doc: ApiDoc, **wanted: Any) -> dict[str, Any]:
    """The only action of a proposal."""
    (action,) = actions(proposed(doc, **wanted)).values()
    return action


def post(schema: Any, media: str = "application/json", path: str = "/things", **more: Any) -> dict[str, Any]:
    """What is proposed of one POST."""
    return one(api({path: {"post": {"requestBody": body(schema, media), **more}}}))


def loaded(finished: Finished) -> MappingSet:
    """A proposal, loaded. Errors: ``DocumentError``."""
    return MappingSet.compile([parse_document(finished.mapping, name="proposed.yaml")])


def failing(finished: Finished) -> list[CaseResult]:
    """Cases of a proposal that do not pass; there is one for each action."""
    results = run_cases(parse_document(finished.cases, name="proposed_cases.yaml"), loaded(finished))
    assert len(results) == len(finished.proposal.drafts)
    return [result for result in results if not result.passed]
