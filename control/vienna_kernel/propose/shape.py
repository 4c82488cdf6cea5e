"""The shape of a value, as a schema tells it: kind, members, what may be said about each; bounded in depth and work.

1. ``allOf`` is all of its parts at once, ``oneOf`` and ``anyOf`` whatever one of them allows: members of any,
   required what all require. Where they contradict each other the kind is ``any``.
2. A schema that holds itself ends at the depth asked for, as ``any``.
3. A schema that takes more than 20 000 steps is ``any`` from there on: a page of references can hold a billion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Literal

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.reference import References

type Kind = Literal["string", "integer", "number", "boolean", "array", "object", "null", "file", "any"]

_KINDS = frozenset({"string", "integer", "number", "boolean", "array", "object", "null", "file"})
_MAX_STEPS = 20_000
_MAX_NESTED = 60
_MAX_MEMBERS = 500
_MAX_ENUM = 1000
_MAX_ALTERNATIVES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a value may be.

    Attributes:
        enum: The only values, empty where there are others.
        members: Of an object, by key.
        item: Of a list, None where nothing is said.
        open: An object may hold members beside those.
        read_only: Never sent in a request.
        problem: Why nothing is known of it, empty when something is.
    """

    kind: Kind = "any"
    format: str = ""
    enum: tuple[str | int | bool, ...] = ()
    members: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    item: Shape | None = None
    open: bool = False
    read_only: bool = False
    problem: str = ""


ANY = Shape()


class Shapes:
    """Reads the schemas of one description."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._steps = 0
        self._nested = 0

    def of(self, schema: Any, *, depth: int) -> Shape:
        """The shape of a schema, members ``depth`` levels down. Total: what cannot be told is ``any``."""
        self._steps = _MAX_STEPS
        return self._of(schema, depth)

    def _of(self, schema: Any, depth: int) -> Shape:
        self._steps -= 1
        if isinstance(schema, bool) or self._steps < 0 or self._nested > _MAX_NESTED:
            return ANY
        try:
            node = self._references.follow(schema)
        except MalformedError as error:
            return Shape(problem=error.why)
        self._nested += 1
        whole = self._whole(node, depth)
        self._nested -= 1
        return whole

    def _whole(self, node: Mapping[str, Any], depth: int) -> Shape:
        own = self._own(node, depth)
        parts = [self._of(part, depth) for part in _list(node.get("allOf"))]
        whole = reduce(_both, parts, own)
        for word in ("oneOf", "anyOf"):
            options = [self._of(part, depth) for part in _list(node.get(word))]
            told = [option for option in options if option.kind != "null"]
            if told:
                whole = _both(whole, reduce(_either, told))
        return replace(whole, read_only=whole.read_only or node.get("readOnly") is True)

    def _own(self, node: Mapping[str, Any], depth: int) -> Shape:
        """What a schema says by itself."""
        kind = _kind(node)
        text = "binary" if "contentMediaType" in node else node.get("format")
        base = Shape(kind=kind, format=text if isinstance(text, str) else "", enum=_enum(node))
        if kind == "array" and depth > 0:
            return replace(base, item=self._of(node.get("items", True), depth - 1))
        if kind != "object":
            return base
        listed = node.get("properties")
        rows = list(listed.items())[:_MAX_MEMBERS] if isinstance(listed, Mapping) else []
        more = node.get("additionalProperties", node.get("patternProperties"))
        return replace(
            base,
            members={str(key): self._of(part, depth - 1) for key, part in rows} if depth > 0 else {},
            required=frozenset(name for name in _list(node.get("required")) if isinstance(name, str)),
            open=(more is not None and more is not False)
            or (bool(rows) and depth <= 0)
            or len(rows) == _MAX_MEMBERS,
        )


def _list(value: Any) -> Sequence[Any]:
    return value[:_MAX_ALTERNATIVES] if isinstance(value, list) else ()


def _kind(node: Mapping[str, Any]) -> Kind:
    told = node.get("type")
    kinds = [word for word in (told if isinstance(told, list) else [told]) if word != "null"]
    if len(kinds) == 1 and isinstance(kinds[0], str) and kinds[0] in _KINDS:
        return kinds[0]  # type: ignore[return-value]  # it is one of them
    if isinstance(told, list) and not kinds:
        return "null"
    if told == "null":
        return "null"
    if told is None and ("properties" in node or "additionalProperties" in node):
        return "object"
    if told is None and "items" in node:
        return "array"
    return _kind_of_values(_enum(node)) if told is None else "any"


def _kind_of_values(values: tuple[str | int | bool, ...]) -> Kind:
    kinds = {type(value) for value in values}
    names: dict[type, Kind] = {str: "string", int: "integer", bool: "boolean"}
    return names[kinds.pop()] if len(kinds) == 1 else "any"


def _enum(node: Mapping[str, Any]) -> tuple[str | int | bool, ...]:
    """The values listed, null left out; none when one of them is no plain scalar."""
    told = [node["const"]] if "const" in node else node.get("enum")
    values = [value for value in told if value is not None] if isinstance(told, list) else []
    good = all(isinstance(value, str | bool | int) for value in values) and len(values) <= _MAX_ENUM
    return tuple({(type(value), value): value for value in values}.values()) if good else ()


def _unlike(one: Shape, other: Shape) -> bool:
    return one.kind != other.kind and "any" not in (one.kind, other.kind)


def _members(one: Shape, other: Shape, join: Any) -> dict[str, Shape]:
    both = {**one.members, **other.members}
    return {
        key: join(one.members[key], other.members[key])
        if key in one.members and key in other.members
        else part
        for key, part in list(both.items())[:_MAX_MEMBERS]
    }


def _both(one: Shape, other: Shape) -> Shape:
    """What both allow."""
    if _unlike(one, other):
        return ANY
    first, second = (other, one) if one.kind == "any" else (one, other)
    enums = [set(part.enum) for part in (first, second) if part.enum]
    return replace(
        first,
        format=first.format or second.format,
        enum=tuple(v for v in first.enum or second.enum if all(v in enum for enum in enums)),
        members=_members(first, second, _both),
        required=first.required | second.required,
        item=first.item or second.item,
        open=first.open or second.open,
        read_only=first.read_only or second.read_only,
        problem=first.problem or second.problem,
    )


def _either(one: Shape, other: Shape) -> Shape:
    """What one of them allows."""
    if one.kind != other.kind:
        return Shape(problem=one.problem or other.problem)
    return replace(
        one,
        format=one.format if one.format == other.format else "",
        enum=_joined(one.enum, other.enum) if one.enum and other.enum else (),
        members=_members(one, other, _either),
        required=one.required & other.required,
        item=_either(one.item, other.item) if one.item and other.item else None,
        open=one.open or other.open,
        read_only=one.read_only and other.read_only,
        problem=one.problem or other.problem,
    )


def _joined(
    one: Iterable[str | int | bool], other: Iterable[str | int | bool]
) -> tuple[str | int | bool, ...]:
    return tuple({(type(value), value): value for value in (*one, *other)}.values())
