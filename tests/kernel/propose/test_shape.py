"""Schemas as shapes."""

from __future__ import annotations

from typing import Any

import pytest

from propose_kit import INT, STR, thing
from vienna_kernel.propose.reference import References
from vienna_kernel.propose.shape import Shape, Shapes


def shape(schema: Any, depth: int = 3, **defs: Any) -> Shape:
    return Shapes(References({"defs": defs})).of(schema, depth=depth)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/defs/{name}"}


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        (STR, "string"),
        ({"type": ["string", "null"]}, "string"),
        ({"type": ["string", "integer"]}, "any"),
        ({"type": ["null"]}, "null"),
        ({"type": "null"}, "null"),
        ({"type": "file"}, "file"),
        ({"type": "strange"}, "any"),
        ({"properties": {}}, "object"),
        ({"additionalProperties": STR}, "object"),
        ({"items": STR}, "array"),
        ({"enum": ["a", "b"]}, "string"),
        ({"enum": [1, None]}, "integer"),
        ({"enum": ["a", 1]}, "any"),
        ({"const": True}, "boolean"),
        ({}, "any"),
        (True, "any"),
        ({"anyOf": [STR, {"type": "null"}]}, "string"),
        ({"oneOf": [STR, INT]}, "any"),
        ({"oneOf": [STR, ref("Nowhere")]}, "any"),
        ({"allOf": [STR, INT]}, "any"),
        ({"allOf": [{"description": "x"}, INT]}, "integer"),
        ({"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, "object"),
    ],
)
def test_kinds(schema: Any, kind: str) -> None:
    assert shape(schema).kind == kind


def test_all_of_is_every_part_at_once() -> None:
    found = shape(
        {"allOf": [thing("a", a=STR), thing("b", b=INT), {"required": ["c"]}], "properties": {"c": STR}}
    )
    assert {key: part.kind for key, part in found.members.items()} == {
        "a": "string",
        "b": "integer",
        "c": "string",
    }
    assert found.required == {"a", "b"}


def test_one_of_is_what_any_part_allows_and_requires_what_all_do() -> None:
    found = shape({"oneOf": [thing("a b", a=STR, b=STR), thing("a c", a=INT, c=STR)]})
    assert {key: part.kind for key, part in found.members.items()} == {
        "a": "any",
        "b": "string",
        "c": "string",
    }
    assert found.required == {"a"}
    closed = shape({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b"]}]})
    assert closed.enum == ("a", "b")
    assert shape({"anyOf": [{"type": "string", "enum": ["a"]}, STR]}).enum == ()


def test_a_schema_that_holds_itself_ends_at_the_depth() -> None:
    loop = thing("next", name=STR, next=ref("Loop"))
    found = shape(ref("Loop"), Loop=loop)
    assert found.members["next"].members["next"].members["next"].kind == "object"
    assert found.members["next"].members["next"].members["next"].members == {}
    assert found.members["next"].members["next"].members["next"].open


@pytest.mark.parametrize("word", ["allOf", "oneOf", "anyOf"])
def test_a_schema_that_is_part_of_itself_ends(word: str) -> None:
    assert shape(ref("A"), A={word: [ref("A"), STR]}).kind in ("string", "any")


def test_a_page_of_references_does_not_take_for_ever() -> None:
    defs = {f"D{i}": {"allOf": [ref(f"D{i + 1}"), ref(f"D{i + 1}")]} for i in range(50)}
    assert shape(ref("D0"), **defs, D50=STR).kind in ("string", "any")


def test_facts() -> None:
    found = shape(
        {
            "type": "object",
            "properties": {
                "id": {"type": "string", "readOnly": True},
                "at": {"type": "string", "format": "date-time"},
                "pages": {"type": "array", "items": {"type": "string", "enum": ["a"]}},
                "file": {"type": "string", "contentMediaType": "image/png"},
                "none": ref("Nowhere"),
            },
            "additionalProperties": False,
        }
    )
    members = found.members
    assert members["id"].read_only
    assert members["at"].format == "date-time"
    assert members["pages"].item == Shape(kind="string", enum=("a",))
    assert members["file"].format == "binary"
    assert "names nothing" in members["none"].problem
    assert not found.open


@pytest.mark.parametrize(
    ("more", "is_open"), [(None, False), (False, False), (True, True), ({"type": "string"}, True)]
)
def test_what_an_object_may_hold_besides(more: Any, is_open: bool) -> None:
    schema = thing(a=STR) | ({} if more is None else {"additionalProperties": more})
    assert shape(schema).open is is_open
