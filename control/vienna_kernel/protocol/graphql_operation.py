"""The operation that a GraphQL document runs, and its root fields.

1. The document has operations and fragments only, no name twice. One operation runs: the only one, or the one that the
   request names. An anonymous operation stands alone.
2. Fragments at the root are opened, whatever type they speak of. A field is left out only when ``@skip`` or
   ``@include`` surely leave it out; when that cannot be told it is kept.
3. Two root fields under one name are refused: servers merge them, and an answer has room for one.
4. Everything is counted with its fragments opened: at most 1,000 selections, 32 levels, no fragment within itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol.graphql_value import Node, Variables, members, value, variables
from vienna_kernel.value import Value

MAX_DEPTH = 32
MAX_SELECTIONS = 1_000
MAX_TOKENS = 10_000
MAX_CHARS = 200_000

_MAX_COMMENTS = 1_000


@dataclass(frozen=True, slots=True)
class RootField:
    """What one field of the root asks for.

    Attributes:
        alias: Its name in the answer.
        depth: Levels of fields, itself included.
        fields: Number of fields, itself included.
    """

    name: str
    alias: str
    arguments: Mapping[str, Value]
    depth: int
    fields: int


def _fault(why: str) -> MalformedError:
    return MalformedError("body", why)


def _document(text: str) -> Node:
    from graphql.error import GraphQLError  # heavy: loaded when first used
    from graphql.language import parse

    limits: dict[str, Any] = {"max_lexical_tokens": MAX_TOKENS, "max_comments": _MAX_COMMENTS}
    try:
        return parse(text, no_location=True, max_source_length=MAX_CHARS, **limits)
    except GraphQLError as error:
        at = error.locations[0] if error.locations else None
        place = f" at line {at.line} column {at.column}" if at else ""
        raise _fault(f"not a GraphQL document within bounds{place}") from None


def _operation(document: Node, name: str | None) -> Node:
    operations: dict[str | None, Node] = {}
    for node in document.definitions:
        if node.kind == "operation_definition":
            own = node.name.value if node.name else None
            if own in operations:
                raise _fault("two GraphQL operations have the same name, or none")
            operations[own] = node
        elif node.kind != "fragment_definition":
            raise _fault("a GraphQL document holds operations and fragments only")
    if None in operations and len(operations) > 1:
        raise _fault("an anonymous GraphQL operation stands alone")
    if name is None:
        if len(operations) != 1:
            raise _fault("operationName must choose one of the GraphQL operations")
        return next(iter(operations.values()))
    if name not in operations:
        raise _fault("operationName names no operation of the document")
    return operations[name]


def _fragments(document: Node) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for node in document.definitions:
        if node.kind == "fragment_definition":
            name = node.name.value
            if name in found:
                raise _fault("two GraphQL fragments have the same name")
            found[name] = node
    return found


class _Walk:
    """One pass over an operation; ``left`` is what remains of its allowance of selections."""

    def __init__(self, fragments: Mapping[str, Node], known: Variables) -> None:
        self.fragments = fragments
        self.known = known
        self.left = MAX_SELECTIONS

    def fields(self, group: Node, open_: tuple[str, ...] = ()) -> Iterator[Node]:
        """The fields of one level, fragments opened, those that are surely skipped left out."""
        if len(open_) > MAX_DEPTH:
            raise _fault(f"GraphQL fragments nested deeper than {MAX_DEPTH}")
        for node in group.selections or ():
            self.left -= 1
            if self.left < 0:
                raise _fault(f"more than {MAX_SELECTIONS} GraphQL fields")
            if self.skipped(node):
                continue
            if node.kind == "field":
                yield node
            elif node.kind == "inline_fragment":
                yield from self.fields(node.selection_set, (*open_, ""))
            else:
                name = node.name.value
                if name in open_:
                    raise _fault("a GraphQL fragment holds itself")
                if name not in self.fragments:
                    raise _fault("a GraphQL fragment that the document does not define")
                yield from self.fields(self.fragments[name].selection_set, (*open_, name))

    def skipped(self, node: Node) -> bool:
        """Whether ``@skip`` or ``@include`` surely leave a selection out."""
        names = [directive.name.value for directive in node.directives or ()]
        for directive in node.directives or ():
            name = directive.name.value
            if name in ("skip", "include") and names.count(name) == 1:
                tests = [
                    value(row.value, self.known)
                    for row in directive.arguments or ()
                    if row.name.value == "if"
                ]
                if tests == [name == "skip"] and isinstance(tests[0], bool):
                    return True
        return False

    def measure(self, node: Node, level: int = 1) -> tuple[int, int]:
        """Levels and number of fields, itself included."""
        if level > MAX_DEPTH:
            raise _fault(f"GraphQL fields nested deeper than {MAX_DEPTH}")
        depth, count = level, 1
        if node.selection_set is not None:
            for below in self.fields(node.selection_set):
                deepest, more = self.measure(below, level + 1)
                depth, count = max(depth, deepest), count + more
        return depth, count

    def root(self, node: Node) -> RootField:
        depth, count = self.measure(node)
        alias = node.alias.value if node.alias else node.name.value
        return RootField(node.name.value, alias, members(node.arguments or (), self.known), depth, count)


def root_fields(text: str, name: str | None, given: Mapping[str, Value]) -> tuple[str, tuple[RootField, ...]]:
    """Type of the operation that runs (``query``, ``mutation``, ``subscription``) and its root fields, at least one.

    Args:
        name: The operation to run, None for the only one.
        given: The variables of the request.

    Errors: ``MalformedError``.
    """
    document = _document(text)
    operation = _operation(document, name)
    walk = _Walk(_fragments(document), variables(operation, given))
    found = tuple(walk.root(node) for node in walk.fields(operation.selection_set))
    if len({field.alias for field in found}) != len(found):
        raise _fault("two GraphQL root fields have the same name in the answer")
    asked = tuple(field for field in found if field.name != "__typename") or found
    if not asked:
        raise _fault("a GraphQL operation that asks for nothing")
    return operation.operation.value, asked
