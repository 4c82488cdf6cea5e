"""Every operation is listed, or told with why not."""

from __future__ import annotations

from propose_kit import api
from vienna_kernel.propose.listing import Listed, Skipped, operations
from vienna_kernel.propose.reference import References


def test_operations_in_their_order() -> None:
    doc = api(
        {
            "/a": {
                "summary": "x",
                "parameters": [{"in": "query", "name": "q"}],
                "servers": [{"url": "https://b.example"}],
                "post": {"operationId": "p", "summary": "Make it", "tags": ["T", 7]},
                "get": {"servers": [{"url": "https://c.example"}]},
            },
            "/b": {"$ref": "#/shared"},
            "x-notes": {},
        },
        shared={"head": {}},
    )
    found = [one for one in operations(doc, References(doc.data)) if isinstance(one, Listed)]
    assert [one.label for one in found] == ["POST /a", "GET /a", "HEAD /b"]
    assert (found[0].operation_id, found[0].title, found[0].tags) == ("p", "Make it", ("T",))
    assert [one.servers[0].hosts for one in found] == [("b.example",), ("c.example",), ("api.shop.example",)]
    assert found[0].shared == [{"in": "query", "name": "q"}]
    assert found[1].at == ("paths", "/a", "get")


def test_what_is_none_is_told_with_place_and_reason() -> None:
    doc = api(
        {"/a": {"trace": {}, "gett": {}, "get": 7, "x-y": {}}, "b": {"get": {}}, "/c": {"$ref": "x.yaml"}}
    )
    found = [one for one in operations(doc, References(doc.data)) if isinstance(one, Skipped)]
    assert [one.operation for one in found] == [
        "TRACE /a",
        "GETT /a",
        "GET /a",
        "GET b",
        "every method at /c",
    ]
    assert [one.why for one in found[:4]] == [
        "TRACE is refused by the gate",
        "'gett' is no HTTP method; did you mean 'get'?",
        "expected an object",
        "a path starts with a slash",
    ]
    assert all(one.where.startswith("shop.json:1:") for one in found)
    assert len({one.where for one in found}) == 5
