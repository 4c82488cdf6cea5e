"""The body of a proposed action: which kinds it takes, and its members as parameters.

Members of an object two levels down are parameters of their own, where the object is closed and small; deeper ones,
open objects and lists of objects are one value. What is only read is left out: nobody sends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vienna_kernel.decode import form
from vienna_kernel.errors import MalformedError
from vienna_kernel.parameter import ParamType
from vienna_kernel.propose.field import Field, Names, Source, distinct, field_of, retyped, usable, with_money
from vienna_kernel.propose.operation import Payload
from vienna_kernel.propose.shape import Shape

_MAX_MEMBERS = 12
_MAX_FIELDS = 150
_BINARY = frozenset({"binary", "byte"})
_IN_HEADER = re.compile(r'["\\%]')
_NEVER = frozenset({"_method"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is proposed of a body.

    Attributes:
        kinds: As a mapping names them; none: the protocol's way is right.
        fields: Its parameters.
        open: Why members beside those may stand there, empty when none may.
        media: The content type that an example is sent with.
        whole: It is one value, of no members.
    """

    kinds: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    open: str = ""
    media: str = ""
    whole: bool = False
    notes: tuple[str, ...] = ()


NO_BODY = Body()


def body_of(payloads: Sequence[Payload], names: Names) -> Body:
    """The body of an operation that may be sent in these ways; no way: no body."""
    payloads = [payload for payload in payloads if payload.shape.kind != "null"]
    known = [payload for payload in payloads if payload.kind != "other"]
    if known and not _has_members(known[0].shape):
        return _free(known, names)
    if not known:
        return _raw(payloads[0], names) if payloads else NO_BODY
    kinds = tuple(dict.fromkeys(payload.kind for payload in known))
    source: Source = "body"
    if kinds in (("json",), ("form",)):
        source = "json" if kinds == ("json",) else "form"
    main = known[0]
    reader = _Reader(source, names, deep=main.deep)
    fields = reader.read(main.shape, required=main.required)
    left = [payload.media for payload in payloads if payload.kind == "other"]
    notes = [f"also takes {', '.join(left)}, which is not proposed"] if left else []
    return Body(
        kinds=kinds if source == "body" else (),
        fields=tuple(with_money(distinct(fields))),
        open=reader.open,
        media=main.media if main.media != "*/*" else "application/json",
        notes=(*notes, *reader.notes),
    )


def _has_members(shape: Shape) -> bool:
    return shape.kind == "object" and bool(shape.members)


def _free(payloads: Sequence[Payload], names: Names) -> Body:
    """A body of which no members are listed: all of it is one parameter."""
    main = payloads[0]
    name = names.give("items" if main.shape.kind == "array" else "content", otherwise="body")
    made = field_of(name, "body", "", main.shape, required=main.required)
    plain = any(payload.kind != "json" for payload in payloads)
    return Body(
        kinds=tuple(dict.fromkeys(payload.kind for payload in payloads)),
        fields=(retyped(made, ParamType.ANY) if plain else made,),
        media=main.media if main.media != "*/*" else "application/json",
        whole=True,
        notes=(main.shape.problem,) if main.shape.problem else (),
    )


def _raw(payload: Payload, names: Names) -> Body:
    """A body that has no members: text, or bytes that count by their digest."""
    kind = "text" if payload.media.startswith("text/") else "bytes"
    content = Field(
        name=names.give("content", otherwise="body"),
        source="body",
        key="",
        kind=ParamType.DIGEST if kind == "text" else ParamType.ANY,
        required=payload.required,
    )
    media = payload.media if "*" not in payload.media else "application/octet-stream"
    return Body(kinds=(kind,), fields=(content,), media=media, whole=True)


class _Reader:
    """Walks the members of one body."""

    def __init__(self, source: Source, names: Names, *, deep: frozenset[str]) -> None:
        self._source, self._names, self._deep = source, names, deep
        self._count = 0
        self.open = ""
        self.notes: list[str] = []

    def read(self, shape: Shape, *, required: bool) -> list[Field]:
        self.open = "the body may have members that are not listed" if shape.open else ""
        return list(self._members(shape, (), required=required))

    def _members(self, shape: Shape, above: tuple[str, ...], *, required: bool) -> Iterator[Field]:
        for key, member in shape.members.items():
            if member.read_only:
                continue
            if member.problem:
                self.notes.append(f"{'/'.join((*above, key))}: {member.problem}")
            must = required and key in shape.required
            why = self._unusable(key, above)
            if why:
                self.open = self.open or f"the member {key[:40]!r} {why}"
            elif self._splits(member, above) and (self._source == "json" or "[" not in key):
                yield from self._members(member, (*above, key), required=must)
            else:
                self._count += 1
                made = self._field(key, member, above, required=must)
                yield made
                yield from self._addresses(made, member)

    def _splits(self, member: Shape, above: tuple[str, ...]) -> bool:
        return (
            self._source != "form"
            and member.kind == "object"
            and 0 < len(member.members) <= _MAX_MEMBERS
            and not member.open
            and len(above) < 2
            and self._count + len(member.members) < _MAX_FIELDS
            and not any(self._unusable(key, (*above, "")) for key in member.members)
        )

    def _unusable(self, key: str, above: tuple[str, ...]) -> str:
        if not usable(key) or key == "*" or sum(len(step) + 1 for step in (*above, key)) > 180:
            return "has a name that a mapping cannot write"
        if key.lower() in _NEVER:
            return "overrides the method, which is refused"
        if self._source == "json":
            return ""
        if self._source == "body" and (_IN_HEADER.search(key) or key.lower() == "_charset_"):
            return "has a name that is read in several ways in a multipart body"
        try:
            steps = form.steps(key)
        except MalformedError as error:
            return f"is {error.why}"
        return "has a name that a mapping cannot write" if "*" in steps or (above and len(steps) > 1) else ""

    def _field(self, key: str, member: Shape, above: tuple[str, ...], *, required: bool) -> Field:
        name = self._names.give(" ".join((*above, key)), otherwise="body")
        if self._source == "form":
            return self._form_field(name, key, member, required=required)
        steps = (*above, key)
        if self._source == "body" and not above:
            steps = tuple(step for step in form.steps(key) if step)
        pointer = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
        lists_or_files = member.kind in ("array", "file") or member.format in _BINARY
        shape = replace(member, kind="any") if self._source == "body" and lists_or_files else member
        return field_of(name, self._source, pointer, shape, required=required)

    def _addresses(self, made: Field, member: Shape) -> Iterator[Field]:
        """E-mail addresses inside a list of objects, which rules ask about; the list itself is one value."""
        if self._source != "json" or made.kind is not ParamType.ANY or made.redact:
            return
        for steps in _emails(member, made.steps):
            name = self._names.give(" ".join(step for step in steps if step != "*"), otherwise="addresses")
            pointer = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
            why = ("addresses, by the name",)
            yield Field(name=name, source="json", key=pointer, kind=ParamType.EMAIL_LIST, guessed=why)

    def _form_field(self, name: str, key: str, member: Shape, *, required: bool) -> Field:
        plain = not any(char in key for char in "[]&=")
        if (member.kind == "object" or key in self._deep) and plain:
            made = field_of(name, "form", key, Shape(kind="string"), required=required)
            return replace(retyped(made, ParamType.MAP), prefix=True)
        made = field_of(name, "form", key, member, required=required)
        several = member.kind == "array" or key.endswith("[]")
        return retyped(made, ParamType.STRING_LIST) if several else made


def _emails(shape: Shape, at: tuple[str, ...], depth: int = 5) -> Iterator[tuple[str, ...]]:
    """Where below a list addresses stand."""
    if depth and shape.item is not None:
        yield from _emails(shape.item, (*at, "*"), depth - 1)
    for key, member in shape.members.items() if depth and "*" in at else ():
        if member.kind == "string" and (member.format == "email" or key == "email"):
            yield (*at, key)
        elif key != "*" and usable(key):
            yield from _emails(member, (*at, key), depth - 1)
