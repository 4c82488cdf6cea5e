"""What one operation takes and gives."""

from __future__ import annotations

from typing import Any

import pytest

from propose_kit import INT, STR, api, body, swagger, thing
from vienna_kernel.propose.apidoc import ApiDoc
from vienna_kernel.propose.listing import Listed, operations
from vienna_kernel.propose.operation import Operation, Reader, kind_of
from vienna_kernel.propose.reference import References


def read(doc: ApiDoc) -> Operation:
    references = References(doc.data)
    listed = next(one for one in operations(doc, references) if isinstance(one, Listed))
    return Reader(doc, references).read(listed)


def of(node: dict[str, Any], **more: Any) -> Operation:
    return read(api({"/a/{id}": {"post": node, **more.pop("item", {})}}, **more))


def test_parameters_of_an_operation_stand_for_those_of_its_path() -> None:
    found = of(
        {"parameters": [{"in": "query", "name": "q", "schema": INT}, {"$ref": "#/shared"}]},
        item={
            "parameters": [
                {"in": "query", "name": "q", "schema": STR},
                {"in": "path", "name": "id", "schema": STR},
            ]
        },
        shared={"in": "header", "name": "X-A", "required": True, "schema": STR},
    )
    assert [(one.place, one.name, one.shape.kind, one.required) for one in found.inputs] == [
        ("query", "q", "integer", False),
        ("path", "id", "string", True),
        ("header", "X-A", "string", True),
    ]


@pytest.mark.parametrize(
    ("row", "facts"),
    [
        ({"in": "query", "schema": {"type": "array", "items": STR}}, {"repeated"}),
        ({"in": "query", "schema": {"type": "array", "items": STR}, "explode": False}, set()),
        ({"in": "query", "schema": {"type": "array", "items": STR}, "style": "pipeDelimited"}, set()),
        ({"in": "query", "schema": thing(a=STR), "style": "deepObject"}, {"deep"}),
        ({"in": "path", "schema": STR, "allowReserved": True}, {"slashes"}),
        ({"in": "path", "schema": STR, "x-multi-segment": True}, {"slashes"}),
        ({"in": "path", "schema": STR}, set()),
    ],
)
def test_how_a_parameter_is_sent(row: dict[str, Any], facts: set[str]) -> None:
    (found,) = of({"parameters": [{**row, "name": "id"}]}).inputs
    assert {name for name in ("repeated", "deep", "slashes") if getattr(found, name)} == facts


def test_what_cannot_be_read_is_left_out_and_told() -> None:
    found = of(
        {
            "parameters": [
                {"$ref": "#/nowhere"},
                {"in": "query"},
                {"in": "query", "name": "q", "content": {"a/b": {}}},
            ],
            "requestBody": {"$ref": "#/gone"},
            "responses": {"200": {"$ref": "#/gone"}},
        }
    )
    assert [one.name for one in found.inputs] == ["q"]
    assert found.inputs[0].shape.kind == "string"
    assert found.payloads == ()
    assert [text.partition(":")[0] for text in found.problems] == [
        "a parameter",
        "a parameter without a name or a place",
        "the body",
        "an answer",
    ]


def test_bodies() -> None:
    node = body(thing("a", a=STR))
    node["content"]["application/x-www-form-urlencoded; x=y"] = {
        "schema": thing(meta=thing(k=STR)),
        "encoding": {"meta": {"style": "deepObject"}},
    }
    found = of({"requestBody": node}).payloads
    assert [(one.kind, one.media, one.required) for one in found] == [
        ("json", "application/json", True),
        ("form", "application/x-www-form-urlencoded", True),
    ]
    assert found[1].deep == {"meta"}


@pytest.mark.parametrize(
    ("responses", "statuses"),
    [
        ({"200": {}, "201": {}, "404": {}}, (200, 201)),
        ({"2XX": {}, "201": {}}, ()),
        ({"default": {}}, ()),
        ({"20": {}, "2x": {}}, ()),
        (7, ()),
    ],
)
def test_statuses_of_success(responses: Any, statuses: tuple[int, ...]) -> None:
    assert of({"responses": responses}).statuses == statuses


def test_the_first_answer_that_is_json() -> None:
    answer = {"content": {"text/html": {"schema": STR}, "application/hal+json": {"schema": thing(a=STR)}}}
    found = of({"responses": {"204": {"description": ""}, "200": answer}})
    assert list(found.answer.members) == ["a"]


def test_swagger_forms_and_answers() -> None:
    node = {
        "consumes": ["application/x-www-form-urlencoded", "application/json"],
        "parameters": [
            {"in": "formData", "name": "a", "type": "string", "required": True},
            {"in": "formData", "name": "b", "type": "array", "items": STR},
            {"in": "query", "name": "c", "type": "array", "items": STR, "collectionFormat": "multi"},
            {"in": "query", "name": "d", "type": "array", "items": STR},
        ],
        "responses": {"200": {"schema": thing(ok={"type": "boolean"})}},
    }
    found = read(swagger({"/a": {"post": node}}))
    assert [payload.kind for payload in found.payloads] == ["form", "json"]
    assert found.payloads[0].shape.required == {"a"}
    assert [(one.name, one.repeated) for one in found.inputs] == [("c", True), ("d", False)]
    assert found.answer.members["ok"].kind == "boolean"


@pytest.mark.parametrize(
    ("media", "kind"),
    [
        ("application/json; charset=utf-8", "json"),
        ("*/*", "json"),
        ("application/vnd.github+json", "json"),
        ("application/x-www-form-urlencoded", "form"),
        ("multipart/form-data; boundary=x", "multipart"),
        ("text/plain", "other"),
        ("", "other"),
    ],
)
def test_kinds_of_body(media: str, kind: str) -> None:
    assert kind_of(media) == kind
