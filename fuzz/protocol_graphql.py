"""GraphQL: parts or ``MalformedError``; no two parts share an answer; what runs stands in the text."""

from __future__ import annotations

import json

from fuzz import law
from vienna_kernel.call.request import Call
from vienna_kernel.decode.content import Content
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import graphql
from vienna_kernel.value import Value
from vienna_kernel.verdict import Refused

SEEDS = (
    b"mutation M($id: ID! = 5) { a: del(input: {id: $id, x: [1, 2.5, null, ENUM]}) { id } add @skip(if: $id) }",
    b'{ ...F ... on Q { b(x: """t""") } } fragment F on Q { a { ...G } } fragment G on A { c }',
    b"query A { a } query B { b }",
    b"subscription { s } # note",
    b"{ a a }",
)


def one_input(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    value: dict[str, Value] = {"query": text, "variables": {"id": 1, "x": True}}
    body = json.dumps(value).encode()
    call = Call(
        method="POST", scheme="https", host="h", port=443, path="/", query="", headers=(), body=body,
        content_type="application/json",
    )  # fmt: skip
    try:
        parts = graphql.READER.parts(call, [], Content("json", value), {})
    except MalformedError as error:
        law(bool(error.where) and len(error.why) < 200, "the place is named, in few words")
        return
    law(not isinstance(parts, Refused) and len(parts) > 0, "there is a part")
    if not isinstance(parts, Refused):
        law(len({part.answer for part in parts}) == len(parts), "each has an answer of its own")
        for part in parts:
            kind, _, name = part.operation.partition(".")
            law(kind in ("query", "mutation", "subscription") and name in text, "it stands in the text")
