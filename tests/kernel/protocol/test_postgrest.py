"""Tables as paths, conditions as query parameters."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping_kit import request
from vienna_kernel.decode import form
from vienna_kernel.decode.content import Content
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.postgrest import READER


def part(start: str, headers: str = "", body: Any = None) -> Any:
    call = request(f"{start.replace(' /', ' https://x.supabase.co/rest/v1/')}\n{headers}\n")
    content = Content() if body is None else Content("json", body)
    (found,) = READER.parts(call, form.pairs(call.query.encode()), content, {})  # type: ignore[misc]
    return found


@pytest.mark.parametrize(
    ("start", "headers", "operation"),
    [
        ("GET /orders", "", "select"),
        ("HEAD /orders", "", "select"),
        ("POST /orders", "", "insert"),
        ("POST /orders", "Prefer: return=minimal, resolution=merge-duplicates\n", "merge"),
        ("PUT /orders?id=eq.1", "", "merge"),
        ("PATCH /orders?id=eq.1", "", "update"),
        ("DELETE /orders?id=eq.1", "", "delete"),
        ("POST /rpc/wipe", "", "call"),
        ("GET /rpc/wipe?a=1", "", "call"),
        ("GET /", "", "describe"),
    ],
)
def test_a_method_is_a_statement(start: str, headers: str, operation: str) -> None:
    assert part(start, headers).operation == operation


@pytest.mark.parametrize(
    ("query", "bounded"),
    [
        ("select=*", False),
        ("id=eq.1", True),
        ("id=in.(1,2)", True),
        ("name=in.(%22a,b%22,%22c%5C%22,%22,e)", True),
        (f"id=in.({','.join(str(i) for i in range(100))})", True),
        (f"id=in.({','.join(str(i) for i in range(101))})", False),
        ("id=in.(1,2)x", False),
        ("id=in.(1,(2))", False),
        ("id=in.()", False),
        ("id=eq(any).{1,2}", False),
        ("id=gte.0", False),
        ("id=gt.5&id=lt.9", False),
        ("name=like(any).{A*,B*}", False),
        ("name=match..", False),
        ("done=is.true", False),
        ("note=is.null", False),
        ("apikey=eq.1", False),
        ("id=neq.0", False),
        ("id=not.eq.0", False),
        ("id=not.is.null", False),
        ("id=is.not_null", False),
        ("name=like.*", False),
        ("name=ilike.%25", False),
        ("select=id&order=id&limit=1", False),
        ("lines.id=eq.1", False),
        ("or=(id.gt.0,id.lte.0)", False),
        ("id=1", False),
        ("id=neq.0&id=eq.1", True),
    ],
)
def test_a_condition_must_name_something(query: str, bounded: bool) -> None:
    assert part(f"DELETE /orders?{query}").value["has_where"] is bounded


@pytest.mark.parametrize(
    ("prefer", "at_most", "bounded"),
    [
        ("handling=strict, max-affected=5", 5, True),
        ("max-affected=5,return=minimal,handling=strict", 5, True),
        ("handling=strict,max-affected=101", 101, False),
        ("max-affected=5", None, False),
        ("handling=lenient,max-affected=5", None, False),
        ("handling=strict,max-affected=-5", None, False),
        ("handling=strict", None, False),
    ],
)
def test_what_the_server_does_not_go_beyond_bounds(prefer: str, at_most: int | None, bounded: bool) -> None:
    value = part("DELETE /orders?id=gte.0", f"Prefer: {prefer}\n").value
    assert (value.get("at_most"), value["has_where"]) == (at_most, bounded)


@pytest.mark.parametrize("prefer", ["max-affected=1,max-affected=9", "handling=strict,handling=lenient"])
def test_two_preferences_are_refused(prefer: str) -> None:
    with pytest.raises(MalformedError, match="twice"):
        part("DELETE /orders", f"Prefer: handling=strict,{prefer},max-affected=1\n")


def test_what_is_told() -> None:
    found = part("POST /orders?columns=a,b", "Content-Profile: sales\n", [{"a": 1}, {"a": 2}])
    assert found.value["tables"] == ["sales.orders"]
    assert found.value["rows"] == 2
    assert part("GET /orders?select=id,lines(*)&id=eq.1").value["select"] == "id,lines(*)"
    assert part("POST /rpc/wipe", body={"all": True}).value["function"] == "wipe"
    assert part("GET /rpc/wipe", "Accept-Profile: sales\n").value["schema"] == "sales"
    csv = request("POST https://x.supabase.co/rest/v1/orders\ncontent-type: text/csv\n\na\n1\n2\n")
    told = READER.parts(csv, [], Content("text", "a\n1\n2"), {})
    assert isinstance(told, tuple)
    assert isinstance(told[0].value, dict)
    assert "rows" not in told[0].value


@pytest.mark.parametrize(
    "start", ["DELETE /orders?limit=1&limit=9", "GET /a?select=a&select=b", "OPTIONS /a", "POST /"]
)
def test_what_has_two_readings_or_none_is_refused(start: str) -> None:
    with pytest.raises(MalformedError):
        part(start)


@given(st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]), st.text("abc=.&()*%,", max_size=40))
def test_any_query_is_read_or_refused(method: str, query: str) -> None:
    call = request(f"{method} https://x.supabase.co/rest/v1/orders\n\n")
    rows = [
        (key, value) for key, is_pair, value in (text.partition("=") for text in query.split("&")) if is_pair
    ]
    with contextlib.suppress(MalformedError):
        READER.parts(call, rows, Content(), {})
