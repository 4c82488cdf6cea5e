"""Parameters of a mapping: where each stands on the wire, read strictly into typed values.

What is there is read as its type or refuses the call. ``settle`` gives meaning to what is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from string import ascii_lowercase, ascii_uppercase
from typing import Literal, NamedTuple

from vienna_kernel.decode import form, pointer
from vienna_kernel.decode.content import TEXTUAL, Content
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.asked import Derivation
from vienna_kernel.mapping.origin import Origin
from vienna_kernel.mapping.words import Source
from vienna_kernel.parameter import ParamType, read
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused

POINTED = frozenset({"json", "body", "operation", "item"})
"""Places in which a pointer leads to the parameter."""

HOST_LABELS = {"label": 0, "last_label": -1}
"""Which of the labels that stand for a ``*`` of the host."""

_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)

_SPELLED = frozenset({"query", "path", "host", "header", "form"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One declared parameter.

    Attributes:
        key: Form, query or header name, or path variable.
        pointer: Place in a body, an operation or an item.
        many: The pointer has a ``*``: the value is a list of all that stands there.
        prefix: Start of the keys that make one object, empty when there is one key.
        sources: Parameters that a derived one is told from.
        currency: Where an amount's currency comes from, None when it is no money.
        currency_name: The parameter that holds it.
        lower: Its ASCII letters are read as lower-case ones.
        hidden: ``all``: the value is never shown or stored; ``values``: those of its members.
    """

    name: str
    place: Source
    kind: ParamType
    key: str = ""
    pointer: Pointer = ()
    many: bool = False
    prefix: str = ""
    constant: Value = None
    sources: tuple[str, ...] = ()
    derive: Derivation | None = None
    required: bool = False
    enum: tuple[Value, ...] = ()
    currency: Origin | None = None
    currency_name: str = ""
    when_missing: tuple[Origin, ...] = ()
    lower: bool = False
    hidden: Literal["", "all", "values"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One part of a call taken apart, for parameters to be found in.

    Attributes:
        operation: The part's own value, ``MISSING`` where its protocol has none.
        item: The one of ``each`` that is read, ``MISSING`` where there is no such list.
        host: Canonical.
        labels: Of the host, those that stand for a ``*``, in order.
        spelled: Operation and item are text whatever they mean.
    """

    host: str = ""
    labels: Sequence[str] = ()
    path: Mapping[str, str] = field(default_factory=dict)
    query: Pairs = field(default_factory=list)
    headers: Sequence[tuple[str, str]] = ()
    content: Content = field(default_factory=Content)
    operation: Found = MISSING
    item: Found = MISSING
    spelled: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Parameters of one part.

    Attributes:
        values: Minor units are still integers until ``settle`` has seen the preflight facts.
    """

    values: Mapping[str, Value]
    undetermined: frozenset[str] = frozenset()


def bad(name: str, why: str, reason: Reason = Reason.INVALID_PARAMETER) -> Refused:
    """A parameter that refuses its call."""
    return Refused(reason, f"parameter {name}: {why}", f"{name}: {why}. Correct it and try again.")


def typed(param: Param, found: Value, *, text: bool) -> Value | Refused:
    """What was found, as the parameter's type."""
    try:
        value = read(param.kind, found, text=text)
    except MalformedError as error:
        return bad(param.name, error.why)
    if param.lower:
        value = [_lower(item) for item in value] if isinstance(value, list) else _lower(value)
    if param.currency is not None and isinstance(value, (int, Decimal)) and value < 0:
        return bad(param.name, "an amount of money may not be negative")
    if param.enum and any(item not in param.enum for item in (value if isinstance(value, list) else [value])):
        return bad(param.name, "is none of the values this action knows")
    return value


def _lower(value: Value) -> Value:
    """ASCII letters only: what else Unicode folds together is not one name to an API."""
    return value.translate(_TO_LOWER) if isinstance(value, str) else value


def read_wire(params: Sequence[Param], wire: Wire) -> Reading | Refused:
    """What stands in the call itself."""
    values: dict[str, Value] = {}
    keys = _Keys(_by_key(wire.content.pairs or ()), _by_key(wire.query))
    for param in params:
        try:
            found = _find(param, wire, keys)
        except MalformedError as error:
            return bad(param.name, error.why, Reason.UNDECODABLE_BODY)
        if isinstance(found, Refused):
            return found
        if found is not MISSING:
            value = typed(param, found, text=_is_text(param, wire))
            if isinstance(value, Refused):
                return value
            values[param.name] = value
    return Reading(values)


def _is_text(param: Param, wire: Wire) -> bool:
    if param.place == "body":
        return wire.content.kind in TEXTUAL
    return param.place in _SPELLED or (param.place in ("operation", "item") and wire.spelled)


class _Keys(NamedTuple):
    """Values by key; a key as often as it stands there."""

    form: Mapping[str, list[str]]
    query: Mapping[str, list[str]]


def _by_key(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return found


def _find(param: Param, wire: Wire, keys: _Keys) -> Found | Refused:
    if param.place == "form":
        return _pairs(param, wire.content.pairs or [], keys.form)
    if param.place in POINTED:
        return _pointed(param, wire)
    if param.place == "const":
        return param.constant
    if param.place == "host":
        if param.key not in HOST_LABELS:
            return wire.host
        return wire.labels[HOST_LABELS[param.key]] if wire.labels else MISSING
    if param.place == "path":
        return wire.path.get(param.key, MISSING)
    if param.place == "header":
        found = _once(param.name, [value for key, value in wire.headers if key == param.key])
        return found if not isinstance(found, str) or found.isascii() else bad(param.name, "is not ASCII")
    return _pairs(param, wire.query, keys.query) if param.place == "query" else MISSING


def _pointed(param: Param, wire: Wire) -> Found:
    if param.place == "item":
        root = wire.item
    elif param.place == "operation":
        root = wire.operation
    else:
        root = wire.content.value if param.place == "body" or wire.content.kind == "json" else MISSING
    if root is MISSING:
        return MISSING
    if param.many:
        return pointer.find_all(root, param.pointer, lone=True) or MISSING
    found = pointer.find(root, param.pointer)
    return MISSING if found is None and param.kind is not ParamType.ANY else found


def _pairs(param: Param, pairs: Pairs, keys: Mapping[str, list[str]]) -> Found | Refused:
    if param.prefix:
        nested = form.nest([pair for pair in pairs if pair[0].startswith(param.prefix)])
        return nested.get(param.prefix[:-1], MISSING)
    found = keys.get(param.key, ())
    if param.kind is ParamType.STRING_LIST:
        return list(found) or MISSING
    return _once(param.name, found)


def _once(name: str, found: Sequence[str]) -> Found | Refused:
    if len(found) > 1:
        return bad(name, "stands there more than once", Reason.AMBIGUOUS_REQUEST)
    return found[0] if found else MISSING


def declared(params: Sequence[Param]) -> Iterator[str]:
    """All parameter names of an action, derived currencies included."""
    for param in params:
        yield param.name
        if param.currency_name:
            yield param.currency_name
