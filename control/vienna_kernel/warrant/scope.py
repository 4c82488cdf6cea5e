"""What a warrant covers: covers, within (a subset), meet (an intersection).

1. A scope is a list of permits; it covers an intent that any one of them covers. An empty scope covers nothing.
2. A permit names one action, one target (or every target), and a limit for each parameter. A parameter without a
   limit must not be there, unless the permit is open.
3. A limit that says ``required`` is not met by absence; a value of another type meets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
        if self.least is None and self.most is None:
            return True
        number = _number(value)
        if number is None:
            return False
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)

    def within(self, outer: Limit) -> bool:
        """Whether whatever meets this limit meets ``outer``; may say no where the answer is yes, never the reverse."""
        if outer.required and not self.required:
            return False
        if self.one_of is not None:
            return all(outer.allows(value) for value in self.one_of if self.allows(value))
        if outer.one_of is not None:
            return False
        low = outer.least is None or (self.least is not None and self.least >= outer.least)
        high = outer.most is None or (self.most is not None and self.most <= outer.most)
        # A bound on one side only still says "a number": an outer limit without bounds takes it, not the reverse.
        return low and high

    def meet(self, other: Limit) -> Limit:
        """The limit that allows exactly what both allow."""
        both = [limit.one_of for limit in (self, other) if limit.one_of is not None]
        values = None
        if both:
            values = tuple(value for value in both[0] if self.allows(value) and other.allows(value))
        lows = [limit.least for limit in (self, other) if limit.least is not None]
        highs = [limit.most for limit in (self, other) if limit.most is not None]
        return Limit(
            one_of=values,
            least=max(lows, default=None),
            most=min(highs, default=None),
            required=self.required or other.required,
        )

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


def same(one: Value, other: Value) -> bool:
    """Equality of typed values: 5 equals 5.00; the text "5" and true equal neither."""
    if _number(one) is not None or _number(other) is not None:
        return _number(one) is not None and _number(one) == _number(other)
    return type(one) is type(other) and canonical(one) == canonical(other)


def _number(value: Value) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """One action on one target, within limits.

    Attributes:
        action: Exact name of an action type.
        target: Exact target; None: every target.
        limits: Per parameter name.
        open: Parameters without a limit may be anything.
    """

    action: str
    target: str | None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    open: bool = False

    def covers(self, action: str, target: str, parameters: Mapping[str, Value]) -> bool:
        """Whether this meaning is permitted."""
        if action != self.action or self.target not in (None, target):
            return False
        if not self.open and any(name not in self.limits for name in parameters):
            return False
        return all(
            limit.allows(parameters[name]) if name in parameters else not limit.required
            for name, limit in self.limits.items()
        )

    def within(self, outer: Permit) -> bool:
        """Whether whatever this permit covers is covered by ``outer``."""
        if self.action != outer.action or outer.target not in (None, self.target):
            return False
        if not outer.open and (self.open or any(name not in outer.limits for name in self.limits)):
            return False
        absent = Limit(required=False)  # an open permit leaves a parameter free
        for name, limit in outer.limits.items():
            if name in self.limits:
                held = self.limits[name].within(limit)
            else:
                held = absent.within(limit) if self.open else not limit.required
            if not held:
                return False
        return True

    def meet(self, other: Permit) -> Permit | None:
        """The permit for exactly what both cover; None when that is nothing by name."""
        if self.action != other.action or (
            self.target != other.target and None not in (self.target, other.target)
        ):
            return None
        limits: dict[str, Limit] = {}
        for name in {**self.limits, **other.limits}:
            mine, theirs = self.limits.get(name), other.limits.get(name)
            if mine is not None and theirs is not None:
                limits[name] = mine.meet(theirs)
            elif (mine is None and self.open) or (theirs is None and other.open):
                limits[name] = mine or theirs or Limit()
            elif (mine or theirs or Limit()).required:
                return None  # one demands what the other forbids
        target = self.target if self.target is not None else other.target
        return Permit(action=self.action, target=target, limits=limits, open=self.open and other.open)


def exactly(
    action: str, target: str, parameters: Mapping[str, Value], constraints: Mapping[str, Limit]
) -> Permit:
    """The permit of one meaning, where a constrained parameter may move within its constraint."""
    limits = {name: Limit(one_of=(value,)) for name, value in parameters.items()}
    return Permit(action=action, target=target, limits={**limits, **constraints})


@dataclass(frozen=True, slots=True)
class Scope:
    """A list of permits."""

    permits: tuple[Permit, ...] = ()

    def covers(self, action: str, target: str, parameters: Mapping[str, Value]) -> bool:
        """Whether any permit covers this meaning."""
        return any(permit.covers(action, target, parameters) for permit in self.permits)

    def within(self, outer: Scope) -> bool:
        """Whether each permit lies within one of ``outer``'s."""
        return all(any(permit.within(other) for other in outer.permits) for permit in self.permits)

    def meet(self, other: Scope) -> Scope:
        """The scope that covers exactly what both cover."""
        met = (one.meet(two) for one in self.permits for two in other.permits)
        return Scope(tuple(permit for permit in met if permit is not None))


def limits_from_json(data: Mapping[str, Any]) -> dict[str, Limit]:
    """Constraints as they stand in a warrant: one limit per parameter name. Errors: ``MalformedError``."""
    return {name: Limit.from_json(row) for name, row in data.items()}


def limits_to_json(limits: Mapping[str, Limit]) -> dict[str, Any]:
    """Inverse of ``limits_from_json``."""
    return {name: limit.to_json() for name, limit in limits.items()}
