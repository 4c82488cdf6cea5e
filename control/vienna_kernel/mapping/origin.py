"""Where a value that is not on the wire comes from: a constant, another parameter, the current state."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from vienna_kernel.decode import pointer
from vienna_kernel.decode.pointer import MISSING, Found, Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

_DIFFERENCE = re.compile(r"preflight:(?P<fact>/[^-]*)(?:-(?P<minus>/[^-]*))?\Z")


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

    def tell(self, values: Mapping[str, Value], facts: Value) -> Found:
        """The value, or ``MISSING``. ``facts``: the preflight answer or None."""
        if self.fact is not None:
            return _from_facts(self.fact, self.minus, facts)
        if self.param:
            return values.get(self.param, MISSING)
        return self.constant


def _from_facts(fact: Pointer, minus: Pointer | None, facts: Value) -> Found:
    found = pointer.find(facts, fact)
    if minus is None or found is MISSING or found is None:
        return MISSING if found is None else found
    less = pointer.find(facts, minus)
    if less is MISSING or less is None:
        return found
    if isinstance(found, (int, Decimal)) and isinstance(less, (int, Decimal)):
        return found - less
    return MISSING


def parse_origin(text: str, *, params: Collection[str], where: str) -> Origin:
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
