"""Path variables, query and headers of a proposed action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vienna_kernel.parameter import ParamType
from vienna_kernel.propose.field import Field, Names, distinct, field_of, retyped, usable
from vienna_kernel.propose.operation import Input
from vienna_kernel.propose.route import Route
from vienna_kernel.propose.shape import Shape

_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}\Z")
_IDEMPOTENCY = frozenset({"idempotency-key", "x-idempotency-key"})
_NOT_ASKED = frozenset(
    "accept accept-encoding accept-language authorization connection content-encoding content-length content-type"
    " cookie expect host keep-alive origin proxy-authorization referer te trailer transfer-encoding upgrade"
    " user-agent".split()
)
"""Headers that say nothing about the action, or that no description can declare (OpenAPI 3.1, 4.8.12.1)."""
_OVERRIDES = frozenset({"_method", "$method", "x-http-method", "x-http-method-override", "x-method-override"})


@dataclass(frozen=True, slots=True)
class Inputs:
    """Parameters beside the body. ``idempotency``: a header that is one, empty when there is none."""

    fields: tuple[Field, ...]
    idempotency: str = ""
    notes: tuple[str, ...] = ()


def inputs_of(inputs: Sequence[Input], route: Route, names: Names) -> Inputs:
    """The parameters of an operation at its route; variables that nothing declares are strings."""
    notes: list[str] = []
    known = {one.name: one for one in inputs if one.place == "path"}
    fields = [_variable(segment.name, known.get(segment.wire)) for segment in route.segments if segment.name]
    fixed = {key for key, _ in route.query}
    for one in inputs:
        if one.place == "query" and one.name not in fixed:
            fields += _asked(one, names, notes)
    key = next((one.name for one in inputs if one.place == "header" and one.name.lower() in _IDEMPOTENCY), "")
    for one in inputs:
        if one.place == "header" and one.name.lower() not in _NOT_ASKED | _IDEMPOTENCY:
            fields += _header(one, names, notes)
        elif one.place == "cookie":
            notes.append(f"the cookie {one.name[:40]!r} is not read")
    return Inputs(tuple(distinct(fields)), key if _TOKEN.match(key) else "", tuple(notes))


def _variable(name: str, one: Input | None) -> Field:
    made = field_of(name, "path", name, one.shape if one else Shape(kind="string"), required=True)
    # A number beyond 2**53 is none for a mapping, and ids are such numbers; a path has no other types.
    if made.kind is ParamType.INT and not (one and one.shape.format == "int64"):
        return replace(made, required=False)
    return replace(retyped(made, ParamType.STRING), required=False)


def _asked(one: Input, names: Names, notes: list[str]) -> Iterator[Field]:
    if not usable(one.name) or one.name.lower() in _OVERRIDES:
        notes.append(f"the query parameter {one.name[:40]!r} cannot be read")
        return
    if one.shape.kind == "object" and one.shape.members and not one.deep:
        for key, member in one.shape.members.items():
            yield from _asked(Input(name=key, place="query", shape=member), names, notes)
        return
    name = names.give(one.name, otherwise="query")
    made = field_of(name, "query", one.name, one.shape, required=one.required)
    plain = not any(char in one.name for char in "[]&=")
    if one.deep and plain:
        yield replace(retyped(made, ParamType.MAP), prefix=True)
    elif one.repeated or one.name.endswith("[]"):
        yield retyped(made, ParamType.STRING_LIST)
    else:
        yield made


def _header(one: Input, names: Names, notes: list[str]) -> Iterator[Field]:
    lower = one.name.lower()
    if not _TOKEN.match(one.name) or lower in _OVERRIDES or lower.startswith("vienna-"):
        notes.append(f"the header {one.name[:40]!r} is not read")
        return
    name = names.give(one.name, otherwise="header")
    yield field_of(name, "header", one.name, one.shape, required=one.required)
