"""What is not on the wire, told where the mapping knows it.

1. What is left out takes ``when_missing``, else is undetermined; a required one refuses the call, and so does one
   that is an empty list.
2. Amounts become major units with their currency beside them; where the currency cannot be told the amount is
   undetermined. No amount is negative.
3. Derived parameters are told last, from what is known by then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from vienna_kernel import money
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.mapping.param import Param, Reading, bad, declared, typed
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value, digest
from vienna_kernel.verdict import Reason, Refused


def settle(params: Sequence[Param], reading: Reading, facts: Value) -> Reading | Refused:
    """Fill in what is left out, then read amounts in their currency. ``facts``: the preflight answer or None."""
    values = dict(reading.values)
    for param in params:
        if param.when_missing and param.name not in values:
            refused = _fill(param, values, facts)
            if refused is not None:
                return refused
    for param in params:
        refused = _price(param, values, facts) if param.currency is not None else None
        if refused is not None:
            return refused
    for param in params:
        if param.derive is not None:
            _derive(param, values)
        if param.required and values.get(param.name, []) == []:
            return bad(param.name, "is missing")
    return Reading(values, frozenset([name for name in declared(params) if name not in values]))


def _fill(param: Param, values: dict[str, Value], facts: Value) -> Refused | None:
    """Give a parameter that was left out its meaning, if the mapping knows it."""
    for origin in param.when_missing:
        found = origin.tell(values, facts)
        if found is not MISSING:
            value = typed(param, found, text=origin.fact is None and isinstance(found, str))
            if isinstance(value, Refused):
                return replace(value, reason=Reason.PREFLIGHT_FAILED) if origin.fact is not None else value
            values[param.name] = value
            return None
    if any(origin.fact is not None for origin in param.when_missing):
        return bad(param.name, "the current state does not tell it", Reason.PREFLIGHT_FAILED)
    return None


def _price(param: Param, values: dict[str, Value], facts: Value) -> Refused | None:
    """Put the currency beside an amount, and the amount into major units."""
    origin = param.currency
    if origin is None:
        return None
    found = origin.tell(values, facts)
    code = money.currency_code(found) if isinstance(found, str) else None
    if origin.fact is not None and code is None:
        return bad(param.name, "the current state names no currency", Reason.PREFLIGHT_FAILED)
    amount = values.get(param.name)
    if code is not None:
        values[param.currency_name] = code
    if param.kind is ParamType.MINOR_UNITS and isinstance(amount, int):
        if code is None:
            del values[param.name]
        else:
            values[param.name] = money.to_major(amount, code)
    return None


def _derive(param: Param, values: dict[str, Value]) -> None:
    """A derived parameter; undetermined when nothing that it is told from is there."""
    known = [values[name] for name in param.sources if name in values]
    items: list[Value] = []
    for value in known:
        items += value if isinstance(value, list) else [value]
    told = _DERIVATIONS[param.derive or "count"](items) if known else None
    if told is not None:
        values[param.name] = told


def _domains(items: list[Value]) -> Value:
    """The distinct domains of addresses, in order of the alphabet."""
    return sorted({item.rpartition("@")[2].lower() for item in items if isinstance(item, str)})


def _sum(items: list[Value]) -> Value:
    """None when one of them is no number: a part of a sum says nothing."""
    total = Decimal(0)
    for item in items:
        if isinstance(item, bool) or not isinstance(item, (int, Decimal)):
            return None
        total += item
    return int(total) if all(isinstance(item, int) for item in items) else total


def _first(items: list[Value]) -> Value:
    return items[0] if items else None


_DERIVATIONS: dict[str, Callable[[list[Value]], Value]] = {
    "count": len,
    "domains": _domains,
    "sum": _sum,
    "concat": list,
    "digest": digest,
    "first": _first,
}
