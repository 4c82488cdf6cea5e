"""GraphQL over HTTP: what runs is what was read."""

from __future__ import annotations

import hashlib
from types import ModuleType
from typing import Any
from urllib.parse import quote

import pytest

from mutant import must_die
from protocol_kit import content, parts, refused, request
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import graphql
from vienna_kernel.protocol.part import Part

MERGE = "mutation M($id: ID!) { mergePullRequest(input: {pullRequestId: $id}) { pullRequest { state } } }"


def post(query: object, variables: object = None, **more: object) -> Any:
    body = {"query": query, **more}
    return request("POST", "/graphql", body if variables is None else {**body, "variables": variables})


def read(query: object, variables: object = None, **more: object) -> tuple[Part, ...]:
    return parts("graphql", post(query, variables, **more))


def get(**fields: str) -> Any:
    return request("GET", "/graphql?" + "&".join(f"{key}={quote(text)}" for key, text in fields.items()))


def test_a_mutation_is_its_root_field_with_its_variables() -> None:
    (part,) = read(MERGE, {"id": "PR_1"}, operationName="M")
    assert part.operation == "mutation.mergePullRequest"
    assert part.value == {
        "type": "mutation",
        "field": "mergePullRequest",
        "alias": "mergePullRequest",
        "arguments": {"input": {"pullRequestId": "PR_1"}},
        "depth": 3,
        "fields": 3,
    }
    assert part.open == ("arguments",)
    assert part.answer == ("data", "mergePullRequest")
    assert part.failed == (("errors",),)


def test_every_root_field_is_a_part_under_its_own_name_in_the_answer() -> None:
    found = read("mutation { a: del(id: 1) { id } b: del(id: 2) { id } add { id } }")
    assert [(part.operation, part.answer) for part in found] == [
        ("mutation.del", ("data", "a")),
        ("mutation.del", ("data", "b")),
        ("mutation.add", ("data", "add")),
    ]


@pytest.mark.parametrize(
    ("query", "operations"),
    [
        ("{ viewer { login } }", ["query.viewer"]),
        ("query { __schema { types { name } } }", ["query.__schema"]),
        ("subscription { moved { id } }", ["subscription.moved"]),
        (
            "mutation { ...F } fragment F on Mutation { del ...G } fragment G on Mutation { add }",
            ["mutation.del", "mutation.add"],
        ),
        ("mutation { ... on Mutation { del } ... { add } }", ["mutation.del", "mutation.add"]),
        ("mutation { ... on Other { del } }", ["mutation.del"]),
        ("mutation { __typename del }", ["mutation.del"]),
        ("{ __typename }", ["query.__typename"]),
    ],
)
def test_fragments_at_the_root_are_opened(query: str, operations: list[str]) -> None:
    assert [part.operation for part in read(query)] == operations


@pytest.mark.parametrize(
    ("test", "variables", "kept"),
    [
        ("@skip(if: true)", {}, False),
        ("@skip(if: false)", {}, True),
        ("@include(if: true)", {}, True),
        ("@include(if: false)", {}, False),
        ("@skip(if: $x)", {"x": True}, False),
        ("@skip(if: $x)", {"x": False}, True),
        ("@include(if: $y)", {}, False),  # by its default
        ("@include(if: $x)", {}, True),  # cannot be told
        ("@skip(if: $x)", {"x": "true"}, True),  # no truth
        ("@skip(if: $x)", {"x": 1}, True),
        ("@skip(if: true) @skip(if: false)", {}, True),  # two readings
        ("@skip", {}, True),
        ("@other(if: true)", {}, True),
    ],
)
@pytest.mark.parametrize("place", ["del {test}", "... {test} { del }", "...F {test}"])
def test_only_what_is_surely_skipped_is_left_out(
    test: str, variables: object, kept: bool, place: str
) -> None:
    head = "mutation M($x: Boolean, $y: Boolean = false, $z: Boolean = true) { add "
    tail = " } fragment F on Mutation { del }" if "...F" in place else " }"
    found = read(head + place.replace("{test}", test) + tail, variables)
    assert [part.operation for part in found] == ["mutation.add"] + ["mutation.del"] * kept


def test_the_request_chooses_the_operation_that_runs() -> None:
    query = "query A { safe } mutation B { del }"
    assert read(query, operationName="A")[0].operation == "query.safe"
    assert read(query, operationName="B")[0].operation == "mutation.del"


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("query A { a } query B { b }", "operationName"),
        ("query A { a } query A { b }", "same name"),
        ("{ a } { b }", "same name"),
        ("{ a } query A { b }", "alone"),
        ("", "not a GraphQL document"),
        ("{ a", "not a GraphQL document"),
        ("fragment F on Q { a }", "operationName"),
        ("type T { a: Int }", "operations and fragments only"),
        ("{ a } type T { a: Int }", "operations and fragments only"),
        ("{ ...F }", "does not define"),
        ("{ ...F } fragment F on Q { a } fragment F on Q { del }", "same name"),
        ("{ ...F } fragment F on Q { ...F }", "holds itself"),
        ("{ ...F } fragment F on Q { ...G } fragment G on Q { ...F }", "holds itself"),
        ("{ a { ...F } } fragment F on Q { a { ...F } }", "deeper"),
        ("{ }", "asks for nothing"),
        ("{ a @skip(if: true) }", "asks for nothing"),
        ("{ a(x: 1, x: 2) }", "twice"),
        ("{ a(x: {y: 1, y: 2}) }", "twice"),
        ("{ a(x: $z) }", "not declared"),
        ("query ($a: Int, $a: Int) { a(x: $a) }", "declared twice"),
        ("query ($a: Int = $b) { a(x: $a) }", "not a GraphQL document"),
        ("{ a: del b: del a: add }", "same name in the answer"),
        ("{ del(id: 1) del(id: 2) }", "same name in the answer"),
        ("{ del ...F } fragment F on Q { del }", "same name in the answer"),
        ("{ a(x: 90071992547409931) }", "integer beyond"),
        ("{ a(x: 1e999) }", "digits"),
        ('{ a(x: "\\ud800") }', "not a GraphQL document"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(query: str, why: str) -> None:
    assert why in refused("graphql", post(query))


@pytest.mark.parametrize(
    "query",
    [
        "{ " + "a { " * 40 + "b" + " }" * 41,
        "{ " + " ".join(f"a{i}: b" for i in range(1001)) + " }",
        "{ a(x: " + "[" * 40 + "]" * 40 + ") }",
        "{ " + "... { " * 40 + "b" + " }" * 41,
        "{ ...F0 } "
        + " ".join(f"fragment F{i} on Q {{ a{i}: b {{ ...F{i + 1} ...F{i + 1} }} }}" for i in range(30))
        + "fragment F30 on Q { z }",
        "{ a(x: [" + "1 " * 10_000 + "]) }",
        "#\n" * 1001 + "{ a }",
        "{ a }" + " " * 200_000,
        "{ " + "a { " * 2000,
    ],
    ids=[
        "deep",
        "wide",
        "deep value",
        "deep fragments",
        "exponential",
        "tokens",
        "comments",
        "long",
        "recursion",
    ],
)
def test_what_has_no_bound_is_refused(query: str) -> None:
    assert refused("graphql", post(query))


def test_no_text_of_the_body_stands_in_a_refusal() -> None:
    for query in ('{ a(token: "canary" }', "{ canary(", "mutation { ...canary }", "{ a(x: $canary) }"):
        assert "canary" not in refused("graphql", post(query))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({}, "without its query"),
        ({"query": None}, "without its query"),
        ({"query": 5}, "without its query"),
        ({"query": "{a}", "doc_id": "1"}, "members"),
        ({"id": "abc"}, "members"),
        ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}, "without its query"),
        (
            {"query": "{a}", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
            "digest",
        ),
        ({"query": "{a}", "extensions": {"persistedQuery": None}}, "digest"),
        ({"query": "{a}", "extensions": {"run": "other"}}, "extension"),
        ({"query": "{a}", "variables": [1]}, "variables"),
        ({"query": "{a}", "variables": "{}"}, "variables"),
        ({"query": "{a}", "operationName": 1}, "operationName"),
        ({"query": "{a}", "operationName": ""}, "operationName"),
        ({"query": "{a}", "operationName": "B"}, "names no operation"),
        ([], "batch"),
        ([{"query": "{a}"}] * 51, "batch"),
        ([[{"query": "{a}"}]], "object"),
        (["{a}"], "object"),
        ("null", "object"),
        ('"{a}"', "object"),
    ],
)
def test_a_request_is_one_of_four_members(body: object, why: str) -> None:
    assert why in refused("graphql", request("POST", "/graphql", body))


def test_the_digest_of_the_text_may_stand_beside_it() -> None:
    text = "{ viewer { login } }"
    digest = hashlib.sha256(text.encode()).hexdigest()
    more = {"persistedQuery": {"version": 1, "sha256Hash": digest}, "clientLibrary": {"name": "x"}}
    assert read(text, extensions=more)[0].operation == "query.viewer"


def test_a_batch_is_all_its_requests() -> None:
    call = request("POST", "/graphql", [{"query": "{ a }"}, {"query": "mutation { del }"}])
    found = parts("graphql", call)
    assert [(part.operation, part.answer, part.failed) for part in found] == [
        ("query.a", ("0", "data", "a"), (("0", "errors"),)),
        ("mutation.del", ("1", "data", "del"), (("1", "errors"),)),
    ]


@pytest.mark.parametrize(
    "key", ["query", "variables", "operationName", "extensions", "id", "documentId", "doc_id"]
)
def test_a_post_has_nothing_of_the_request_in_its_url(key: str) -> None:
    call = request("POST", f"/graphql?{key}=x", {"query": "{ a }"})
    assert "query string" in refused("graphql", call)


def test_a_post_may_have_other_parameters_in_its_url() -> None:
    assert parts("graphql", request("POST", "/graphql?v=2", {"query": "{ a }"}))


def test_a_get_has_it_all_in_its_url() -> None:
    call = get(
        query="query A($x: Int) { a(x: $x) }", variables='{"x": 5}', operationName="A", extensions="{}"
    )
    (part,) = parts("graphql", call)
    assert isinstance(part.value, dict)
    assert part.value["arguments"] == {"x": 5}
    assert part.query == {"query", "variables", "operationName", "extensions"}


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (get(query="mutation { del }"), "by GET"),
        (get(query="query A { a } mutation B { del }", operationName="B"), "by GET"),
        (request("GET", "/graphql?query=%7Ba%7D&query=%7Bb%7D"), "twice"),
        (get(query="{a}", variables="{"), "JSON"),
        (get(query="{a}", documentId="x"), "members"),
        (get(), "without its query"),
        (request("GET", "/graphql?query=%7Ba%7D", {"query": "mutation { del }"}), "no body"),
        (request("PUT", "/graphql", {"query": "{a}"}), "GET and POST"),
        (request("POST", "/graphql", "{ a }", content_type="application/graphql"), "application/json"),
        (
            request("POST", "/graphql", "query=%7Ba%7D", content_type="application/x-www-form-urlencoded"),
            "json",
        ),
        (request("POST", "/graphql"), "application/json"),
    ],
)
def test_other_ways_to_ask_are_refused(call: Any, why: str) -> None:
    assert why in refused("graphql", call)


def runs_no_mutation_unseen(module: ModuleType) -> None:
    """Over a small space of documents: what a mutation asks for is among the parts."""
    fields = ["del", "x: del", "del @skip(if: $no)", "... { del }", "...F", "...F @include(if: $yes)"]
    for first in fields:
        for second in ["add", "add @skip(if: true)", ""]:
            query = f"mutation ($no: Boolean, $yes: Boolean) {{ {first} {second} }} fragment F on M {{ del }}"
            call = post(query, {"no": False, "yes": True})
            found = module.READER.parts(call, [], content(call), {})
            assert [part.operation for part in found].count("mutation.del") == 1
    for url in ("query", "id"):
        call = request("POST", f"/graphql?{url}=x", {"query": "{ a }"})
        try:
            module.READER.parts(call, [(url, "x")], content(call), {})
        except MalformedError:
            continue
        raise AssertionError(f"{url} in the URL passes")


def test_no_mutation_runs_unseen() -> None:
    runs_no_mutation_unseen(graphql)
    must_die(
        runs_no_mutation_unseen, graphql, "if any(key in _IN_URL for key, _ in query):", "if query == 1:"
    )
    must_die(runs_no_mutation_unseen, graphql, "for field in fields]", "for field in fields[1:]]")
