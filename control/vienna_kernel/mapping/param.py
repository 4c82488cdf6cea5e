"""Parameters of a mapping: where each stands on the wire, read into typed values.

1. What is there is read strictly; what does not fit refuses the call.
2. Amounts become major units with their currency beside them; where the currency cannot be told the amount is
   undetermined. No amount is negative.
3. What is left out takes ``when_missing``, else is undetermined; a required one refuses the call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from vienna_kernel import money
from vienna_kernel.decode import form, pointer
from vienna_kernel.decode.form import Pairs
from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.parameter import ParamType, read
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused

type Place = Literal["json", "form", "query", "path", "header", "const"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value that is not on the wire comes from.

    Attributes:
        constant: The value itself, when it is one.
        param: Another parameter.
        fact: Pointer into the preflight answer.
        minus: A second pointer, to be taken off; zero when nothing stands there.
    """

    constant: Value = None
    param: str = ""
    fact: Pointer | None = None
    minus: Pointer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One declared parameter.

    Attributes:
        key: Form, query or header name, or path variable.
        pointer: Place in a JSON body.
        prefix: Start of the keys that make one object, empty when there is one key.
        currency: Where an amount's currency comes from, None when it is no money.
        currency_name: The parameter that holds it.
        hidden: ``all``: the value is never shown or stored; ``values``: those of its members.
    """

    name: str
    place: Place
    kind: ParamType
    key: str = ""
    pointer: Pointer = ()
    prefix: str = ""
    constant: Value = None
    required: bool = False
    enum: tuple[Value, ...] = ()
    currency: Origin | None = None
    currency_name: str = ""
    when_missing: tuple[Origin, ...] = ()
    hidden: Literal["", "all", "values"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One call taken apart, for parameters to be found in.

    Attributes:
        body: Decoded JSON body, ``MISSING`` when there is none.
    """

    path: Mapping[str, str] = field(default_factory=dict)
    query: Pairs = field(default_factory=list)
    form: Pairs = field(default_factory=list)
    headers: Sequence[tuple[str, str]] = ()
    body: Found = MISSING


@dataclass(frozen=True, slots=True)
class Reading:
    """Parameters of one call.

    Attributes:
        values: Minor units are still integers until ``settle`` has seen the preflight facts.
    """

    values: Mapping[str, Value]
    undetermined: frozenset[str] = frozenset()


def _bad(name: str, why: str, reason: Reason = Reason.INVALID_PARAMETER) -> Refused:
    return Refused(reason, f"parameter {name}: {why}", f"{name}: {why}. Correct it and try again.")


def _pairs(param: Param, pairs: Pairs) -> Found | Refused:
    if param.prefix:
        nested = form.nest((key, value) for key, value in pairs if key.startswith(param.prefix))
        return nested.get(param.prefix[:-1], MISSING)
    return _once(param.name, [value for key, value in pairs if key == param.key])


def _once(name: str, found: Sequence[str]) -> Found | Refused:
    if len(found) > 1:
        return _bad(name, "stands there more than once", Reason.AMBIGUOUS_REQUEST)
    return found[0] if found else MISSING


def _find(param: Param, wire: Wire) -> Found | Refused:
    if param.place == "json":
        member = MISSING if wire.body is MISSING else pointer.find(wire.body, param.pointer)
        return MISSING if member is None and param.kind is not ParamType.ANY else member
    if param.place == "const":
        return param.constant
    if param.place == "path":
        return wire.path.get(param.key, MISSING)
    if param.place == "header":
        found = _once(param.name, [value for key, value in wire.headers if key == param.key])
        return found if not isinstance(found, str) or found.isascii() else _bad(param.name, "is not ASCII")
    return _pairs(param, wire.form if param.place == "form" else wire.query)


def _typed(param: Param, found: Value, *, text: bool) -> Value | Refused:
    try:
        value = read(param.kind, found, text=text)
    except MalformedError as error:
        return _bad(param.name, error.why)
    if param.currency is not None and isinstance(value, (int, Decimal)) and value < 0:
        return _bad(param.name, "an amount of money may not be negative")
    if param.enum and value not in param.enum:
        return _bad(param.name, "is none of the values this action knows")
    return value


def read_wire(params: Sequence[Param], wire: Wire) -> Reading | Refused:
    """What stands in the call itself."""
    values: dict[str, Value] = {}
    for param in params:
        try:
            found = _find(param, wire)
        except MalformedError as error:
            return _bad(param.name, error.why, Reason.UNDECODABLE_BODY)
        if isinstance(found, Refused):
            return found
        if found is not MISSING:
            value = _typed(param, found, text=param.place not in ("json", "const"))
            if isinstance(value, Refused):
                return value
            values[param.name] = value
    return Reading(values)


def _from_facts(origin: Origin, facts: Value) -> Found:
    found = pointer.find(facts, origin.fact or ())
    if origin.minus is None or found is MISSING or found is None:
        return MISSING if found is None else found
    less = pointer.find(facts, origin.minus)
    if less is MISSING or less is None:
        return found
    if isinstance(found, (int, Decimal)) and isinstance(less, (int, Decimal)):
        return found - less
    return MISSING


def _tell(origin: Origin, values: Mapping[str, Value], facts: Value) -> Found:
    if origin.fact is not None:
        return _from_facts(origin, facts)
    if origin.param:
        return values.get(origin.param, MISSING)
    return origin.constant


def _fill(param: Param, values: dict[str, Value], facts: Value) -> Refused | None:
    """Give a parameter that was left out its meaning, if the mapping knows it."""
    for origin in param.when_missing:
        found = _tell(origin, values, facts)
        if found is not MISSING:
            value = _typed(param, found, text=origin.fact is None and isinstance(found, str))
            if isinstance(value, Refused):
                return replace(value, reason=Reason.PREFLIGHT_FAILED) if origin.fact is not None else value
            values[param.name] = value
            return None
    if any(origin.fact is not None for origin in param.when_missing):
        return _bad(param.name, "the current state does not tell it", Reason.PREFLIGHT_FAILED)
    return None


def _price(param: Param, values: dict[str, Value], facts: Value) -> Refused | None:
    """Put the currency beside an amount, and the amount into major units."""
    origin = param.currency
    if origin is None:
        return None
    found = _tell(origin, values, facts)
    code = money.currency_code(found) if isinstance(found, str) else None
    if origin.fact is not None and code is None:
        return _bad(param.name, "the current state names no currency", Reason.PREFLIGHT_FAILED)
    amount = values.get(param.name)
    if code is not None:
        values[param.currency_name] = code
    if param.kind is ParamType.MINOR_UNITS and isinstance(amount, int):
        if code is None:
            del values[param.name]
        else:
            values[param.name] = money.to_major(amount, code)
    return None


def settle(params: Sequence[Param], reading: Reading, facts: Value) -> Reading | Refused:
    """Fill in what is left out, then read amounts in their currency. ``facts``: the preflight answer or None."""
    values = dict(reading.values)
    for step in (_fill, _price):
        for param in params:
            if step is _price or param.name not in values:
                refused = step(param, values, facts)
                if refused is not None:
                    return refused
    for param in params:
        if param.required and param.name not in values:
            return _bad(param.name, "is missing")
    return Reading(values, frozenset(declared(params)) - frozenset(values))


def declared(params: Sequence[Param]) -> Iterator[str]:
    """All parameter names of an action, derived currencies included."""
    for param in params:
        yield param.name
        if param.currency_name:
            yield param.currency_name


_DIFFERENCE = re.compile(r"preflight:(?P<fact>/[^-]*)(?:-(?P<minus>/[^-]*))?\Z")


def parse_origin(text: str, *, params: Sequence[str], where: str) -> Origin:
    """``const:EUR``, ``params.currency``, ``preflight:/currency`` or ``preflight:/amount-/amount_refunded``.

    Errors: ``MalformedError`` at ``where``.
    """
    if text.startswith("const:"):
        return Origin(constant=text.removeprefix("const:"))
    if text.startswith("params."):
        name = text.removeprefix("params.")
        if name not in params:
            raise MalformedError(where, f"{text!r} names no parameter of this action")
        return Origin(param=name)
    found = _DIFFERENCE.match(text)
    if not found:
        raise MalformedError(where, f"{text!r} is none of const:…, params.…, preflight:/…")
    try:
        minus = None if found["minus"] is None else pointer.parse(found["minus"])
        return Origin(fact=pointer.parse(found["fact"]), minus=minus)
    except MalformedError as error:
        raise MalformedError(where, error.why) from None
