"""Values of a GraphQL document, with the variables of the request in them (GraphQL specification 2.9, 6.1.2, 6.4.1).

1. A variable that is given nowhere leaves its argument or input field out; within a list it is null.
2. An enum value is its name. Numbers are read as JSON reads them.
3. What the specification holds for invalid, and some server may read in its own way, is refused: an argument or an
   input field twice, a variable that is not declared, or declared twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vienna_kernel.decode import json
from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

type Node = Any
"""A node of graphql-core's tree, told apart by its ``kind``: the library is loaded when a document is parsed."""

type Variables = Mapping[str, Found]
"""Every variable that an operation declares; ``MISSING`` for one without a value."""

MAX_DEPTH = 32


def _fault(why: str) -> MalformedError:
    return MalformedError("body", why)


def variables(operation: Node, given: Mapping[str, Value]) -> Variables:
    """The values of all declared variables: as given, else their default. Errors: ``MalformedError``."""
    found: dict[str, Found] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name in found:
            raise _fault("a GraphQL variable is declared twice")
        default = definition.default_value
        found[name] = given[name] if name in given else MISSING if default is None else value(default, {})
    return found


def value(node: Node, known: Variables, depth: int = 0) -> Found:
    """A value with its variables filled in, ``MISSING`` for a variable without one. Errors: ``MalformedError``."""
    if depth > MAX_DEPTH:
        raise _fault(f"a GraphQL value nested deeper than {MAX_DEPTH}")
    kind = node.kind
    if kind == "variable":
        name = node.name.value
        if name not in known:
            raise _fault("a GraphQL variable that is not declared")
        return known[name]
    if kind == "list_value":
        items = [value(item, known, depth + 1) for item in node.values or ()]
        return [None if item is MISSING else item for item in items]
    if kind == "object_value":
        return members(node.fields or (), known, depth + 1)
    if kind == "null_value":
        return None
    text: str | bool = node.value
    return json.loads(str(text).encode()) if kind in ("int_value", "float_value") else text


def members(nodes: Iterable[Node], known: Variables, depth: int = 0) -> dict[str, Value]:
    """Arguments or input fields by name, those without a value left out. Errors: ``MalformedError``."""
    seen: set[str] = set()
    found: dict[str, Value] = {}
    for node in nodes:
        name = node.name.value
        if name in seen:
            raise _fault("a GraphQL argument or input field stands there twice")
        seen.add(name)
        item = value(node.value, known, depth)
        if item is not MISSING:
            found[name] = item
    return found
