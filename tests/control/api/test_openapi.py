"""The API's description is made from its routes, and holds."""

from __future__ import annotations

import json
from typing import Any

from planes import Control
from vienna_control.api import all_routes
from vienna_control.api.openapi import describe


def _refs(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [ref for value in node.values() for ref in _refs(value)]
    return [ref for value in node for ref in _refs(value)] if isinstance(node, list) else []


def test_every_route_is_in_it_with_who_may() -> None:
    document = describe(all_routes())
    for one in all_routes():
        operation = document["paths"][one.template][one.method.lower()]
        assert operation["x-vienna-roles"] == sorted(one.who.roles)
        assert operation["x-vienna-writes"] == [entry.value for entry in one.writes]
        assert str(one.status) in operation["responses"]
    operations = [
        operation["operationId"] for path in document["paths"].values() for operation in path.values()
    ]
    assert len(operations) == len(set(operations))


def test_every_reference_leads_somewhere() -> None:
    document = describe(all_routes())
    for ref in _refs(document):
        assert ref.removeprefix("#/components/schemas/") in document["components"]["schemas"], ref


async def test_it_is_served_to_anyone(control: Control) -> None:
    status, document, _ = await control.ask("GET", "/api/v1/openapi.json")
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert document == json.loads(json.dumps(describe(all_routes())))
