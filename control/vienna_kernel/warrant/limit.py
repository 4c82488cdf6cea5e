"""What one parameter may be: a set of values, given by a list, by bounds, or both; and whether it may be absent.

1. ``allows`` says which values are in the set, ``within`` whether one set lies in another, ``meet`` what both hold.
   The last two are exact: they say what ``allows`` would say of every value there is.
2. A value of another type meets no bound and equals no member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value, canonical, pack, unpack


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What one parameter may be; every bound that is given holds.

    Attributes:
        one_of: Values it may equal; None: any.
        least, most: Inclusive bounds of a number; None: unbounded.
        required: It must be there.
    """

    one_of: tuple[Value, ...] | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    required: bool = True

    def allows(self, value: Value) -> bool:
        """Whether a present value is within this limit."""
        if self.one_of is not None and all(not same(value, other) for other in self.one_of):
            return False
        if not self._bounded:
            return True
        number = _number(value)
        if number is None:
            return False
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)

    @property
    def impossible(self) -> bool:
        """Whether nothing meets it: it must be there, and no value would do."""
        return self.required and self._within(Limit(one_of=()))

    def within(self, outer: Limit) -> bool:
        """Whether whatever meets this limit, absence included, meets ``outer``."""
        if outer.required and not self.required:
            return False
        return self._within(outer)

    def _within(self, outer: Limit) -> bool:
        """The same of present values."""
        if self.one_of is not None:
            return all(outer.allows(value) for value in self.one_of if self.allows(value))
        if not self._bounded:
            return outer.one_of is None and not outer._bounded
        if self.least is not None and self.most is not None and self.least >= self.most:
            return self.least > self.most or outer.allows(self.least)  # no number, or one
        if outer.one_of is not None:
            return False  # numbers without end are not among a few
        low = outer.least is None or (self.least is not None and self.least >= outer.least)
        high = outer.most is None or (self.most is not None and self.most <= outer.most)
        return low and high

    def meet(self, other: Limit) -> Limit:
        """The limit that is met by exactly what meets both."""
        lists = [limit.one_of for limit in (self, other) if limit.one_of is not None]
        both = (value for value in lists[0] if other.allows(value)) if lists else ()  # our bounds hold below
        lows = [limit.least for limit in (self, other) if limit.least is not None]
        highs = [limit.most for limit in (self, other) if limit.most is not None]
        return Limit(
            one_of=tuple(both) if lists else None,
            least=max(lows, default=None),
            most=min(highs, default=None),
            required=self.required or other.required,
        )

    @property
    def _bounded(self) -> bool:
        return self.least is not None or self.most is not None

    def to_json(self) -> dict[str, Any]:
        """``{"one_of": […], "min": …, "max": …, "optional": true}``, only what is given."""
        out: dict[str, Any] = {}
        if self.one_of is not None:
            out["one_of"] = [pack(value) for value in self.one_of]
        if self.least is not None:
            out["min"] = pack(self.least)
        if self.most is not None:
            out["max"] = pack(self.most)
        return out if self.required else {**out, "optional": True}

    @classmethod
    def from_json(cls, data: object) -> Limit:
        """Inverse of ``to_json``; bounds may be integers or decimals. Errors: ``MalformedError``."""
        if not isinstance(data, Mapping) or set(data) - {"one_of", "min", "max", "optional"}:
            raise MalformedError("constraint", "expected an object of one_of, min, max, optional")
        values = data.get("one_of")
        if values is not None and not isinstance(values, list):
            raise MalformedError("constraint", "one_of: expected a list")
        try:
            bounds = {name: _number(unpack(data[name])) if name in data else None for name in ("min", "max")}
            allowed = None if values is None else tuple(unpack(value) for value in values)
        except (ArithmeticError, ValueError, TypeError):
            raise MalformedError("constraint", "a decimal that is none") from None
        if any(name in data and bounds[name] is None for name in bounds):
            raise MalformedError("constraint", "min and max are numbers")
        optional = data.get("optional", False)
        if not isinstance(optional, bool):
            raise MalformedError("constraint", "optional is true or false")
        return cls(one_of=allowed, least=bounds["min"], most=bounds["max"], required=not optional)


FREE = Limit(required=False)
FORBIDDEN = Limit(one_of=(), required=False)

_PLAIN = (str, bool, type(None))


def same(one: Value, other: Value) -> bool:
    """Equality of typed values: 5 equals 5.00, at any depth; the text "5" and true equal neither."""
    if _number(one) is not None or _number(other) is not None:
        return _number(one) is not None and _number(one) == _number(other)
    if isinstance(one, _PLAIN) or isinstance(other, _PLAIN):
        return type(one) is type(other) and one == other
    return canonical(_spelled(one)) == canonical(_spelled(other))


def _spelled(value: Value) -> Any:
    """A value where every number is spelled one way, and nothing else, text or object, is spelled like one."""
    if isinstance(value, Mapping):
        return {"object": {name: _spelled(item) for name, item in value.items()}}
    if isinstance(value, (list, tuple)):
        return [_spelled(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return pack(Decimal(value))
    return pack(value)


def _number(value: Value) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


def limits_from_json(data: Mapping[str, Any]) -> dict[str, Limit]:
    """Constraints as they stand in a warrant: one limit per parameter name. Errors: ``MalformedError``."""
    return {name: Limit.from_json(row) for name, row in data.items()}


def limits_to_json(limits: Mapping[str, Limit]) -> dict[str, Any]:
    """Inverse of ``limits_from_json``."""
    return {name: limit.to_json() for name, limit in limits.items()}
