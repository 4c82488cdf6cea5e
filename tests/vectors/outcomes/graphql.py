"""Errors of GraphQL, part by part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vectors.outcomes.asked import Vector, came, promise, vector


def graphql() -> Iterator[Vector]:
    def part(alias: str, title: str) -> dict[str, Any]:
        intent = {
            "action": "create_issue",
            "target": "gh:o/r",
            "parameters": {"title": title},
            "effect": "write",
        }
        spec = {"status": [200], "equal": [{"pointer": "/issue/title", "param": "title"}]}
        return promise(intent, spec, answer=["data", alias], failed=[["errors"]])

    one, two = part("a", "A"), part("b", "B")
    done = {"a": {"issue": {"title": "A"}}, "b": {"issue": {"title": "B"}}}

    def error(*path: str) -> dict[str, Any]:
        return {"message": "no", **({"path": list(path)} if path else {})}

    yield vector("graphql_match", "two mutations, both done", [one, two], came({"data": done}), "match")
    yield vector(
        "graphql_drift",
        "two mutations, one did something else",
        [one, two],
        came({"data": {**done, "b": {"issue": {"title": "X"}}}}),
        "drift",
        wrong={"2 title": "drift"},
    )
    yield vector(
        "graphql_swapped",
        "two mutations, each with the answer of the other",
        [one, two],
        came({"data": {"a": done["b"], "b": done["a"]}}),
        "drift",
        wrong={"1 title": "drift", "2 title": "drift"},
    )
    yield vector(
        "graphql_refused",
        "an error of the request: nothing ran",
        [one, two],
        came({"errors": [error("mutation", "createIssue")]}),
        "failed",
        wrong={"1 /errors": "failed", "2 /errors": "failed"},
    )
    yield vector(
        "graphql_failed",
        "the one mutation failed",
        one,
        came({"data": {"a": None}, "errors": [error("a")]}),
        "failed",
        wrong={"/errors": "failed"},
    )
    yield vector(
        "graphql_one_failed",
        "two mutations, the second failed: the request is half done",
        [one, two],
        came({"data": {**done, "b": None}, "errors": [error("b")]}),
        "ambiguous",
        wrong={"2 /errors": "failed"},
    )
    yield vector(
        "graphql_error_below",
        "an error below the mutation made its whole answer null",
        one,
        came({"data": {"a": None}, "errors": [error("a", "issue")]}),
        "ambiguous",
        wrong={"/errors": "ambiguous", "title": "ambiguous"},
    )
    yield vector(
        "graphql_error_beside",
        "an error beside a result",
        one,
        came({"data": {"a": done["a"]}, "errors": [error("a", "issue", "body")]}),
        "ambiguous",
        wrong={"/errors": "ambiguous"},
    )
    yield vector(
        "graphql_timeout",
        "an error that does not say where, beside data that are null",
        one,
        came({"data": None, "errors": [error()]}),
        "ambiguous",
        wrong={"/errors": "ambiguous", "body": "ambiguous", "title": "ambiguous"},
    )
    yield vector(
        "graphql_no_answer",
        "200 without data and without errors",
        one,
        came({}),
        "ambiguous",
        wrong={"body": "ambiguous", "title": "ambiguous"},
    )
