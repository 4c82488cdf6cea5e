"""Path variables, query and headers."""

from __future__ import annotations

from typing import Any

import pytest

from propose_kit import INT, STR, api, one, proposed, thing


def params(*rows: dict[str, Any], path: str = "/a/{id}", method: str = "get") -> dict[str, Any]:
    found: dict[str, Any] = one(api({path: {method: {"parameters": list(rows)}}})).get("params", {})
    return found


def asked(name: str, schema: Any, **more: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": schema, **more}


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        (STR, {"from": "path"}),
        (INT, {"from": "path", "type": "int"}),
        ({"type": "integer", "format": "int64"}, {"from": "path"}),
        ({"type": "string", "enum": ["a", "b"]}, {"from": "path", "enum": ["a", "b"]}),
        ({"type": "string", "format": "email"}, {"from": "path"}),
        ({"type": "array", "items": STR}, {"from": "path"}),
        ({"type": "boolean"}, {"from": "path"}),
    ],
)
def test_variables(schema: Any, told: dict[str, Any]) -> None:
    assert params({"in": "path", "name": "id", "required": True, "schema": schema}) == {"id": told}


def test_a_variable_that_nothing_declares_is_a_string() -> None:
    assert params({"in": "path", "name": "other", "schema": INT}) == {"id": {"from": "path"}}


def test_query() -> None:
    found = params(
        asked("q", STR, required=True),
        asked("ids", {"type": "array", "items": STR}),
        asked("csv", {"type": "array", "items": STR}, explode=False),
        asked("filter", thing(a=STR), style="deepObject"),
        asked("page", thing(size=INT, after=STR)),
        asked("size", STR),
        asked("x[]", STR),
        path="/a",
    )
    assert found == {
        "q": {"from": "query", "required": True},
        "ids": {"from": "query", "type": "string_list"},
        "csv": {"from": "query"},
        "filter": {"from": "query", "prefix": "filter["},
        "size": {"from": "query", "type": "int"},
        "after": {"from": "query"},
        "x": {"from": "query", "name": "x[]", "type": "string_list"},
    }


def test_names_that_meet_are_told_apart() -> None:
    found = params(asked("id", STR), {"in": "header", "name": "Id", "schema": STR})
    assert found == {
        "id": {"from": "path"},
        "id_query": {"from": "query", "name": "id"},
        "id_header": {"from": "header", "name": "Id"},
    }


def test_headers_that_say_something() -> None:
    rows = [
        {"in": "header", "name": name, "required": True, "schema": STR}
        for name in (
            "X-Account",
            "Authorization",
            "Accept",
            "content-type",
            "token",
            "Vienna-Warrant",
            "a b",
            "X-HTTP-Method",
        )
    ]
    finished = proposed(api({"/a": {"post": {"parameters": rows}}}))
    assert {field.name: (field.required, field.redact) for field in finished.proposal.drafts[0].fields} == {
        "x_account": (True, False),
        "token": (False, True),
    }
    notes = finished.proposal.drafts[0].notes
    assert [note.split("'")[1] for note in notes] == ["Vienna-Warrant", "a b", "X-HTTP-Method"]


def test_an_idempotency_key() -> None:
    action = one(
        api({"/a": {"post": {"parameters": [{"in": "header", "name": "Idempotency-Key", "schema": STR}]}}})
    )
    assert action["idempotency"] == {"header": "Idempotency-Key"}
    assert "params" not in action


@pytest.mark.parametrize(
    "row", [asked("_method", STR), asked("\n", STR), {"in": "cookie", "name": "sid", "schema": STR}]
)
def test_what_cannot_be_read_is_told(row: dict[str, Any]) -> None:
    finished = proposed(api({"/a": {"get": {"parameters": [row]}}}))
    assert finished.proposal.drafts[0].fields == ()
    assert len(finished.proposal.drafts[0].notes) == 1
