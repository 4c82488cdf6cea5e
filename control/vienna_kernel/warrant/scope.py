"""What a warrant covers: covers, within (a subset), meet (an intersection). All three are exact.

1. A scope is a list of permits, one for each intent of a call, in their order. It covers a call of as many intents
   when each lies within its own permit: a permit used twice would be two uses. An empty scope covers nothing.
2. A permit names one action, one target (or every target), and a limit for each parameter. A parameter without a
   limit must not be there, unless the permit is open.
3. A limit that says ``required`` is not met by absence; a value of another type meets nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vienna_kernel.value import Value
from vienna_kernel.warrant.limit import (
    FORBIDDEN,
    FREE,
    Limit,
    limits_from_json,
    limits_to_json,
    same,
)

__all__ = ["Act", "Limit", "Permit", "Scope", "exactly", "limits_from_json", "limits_to_json", "same"]


class Act(Protocol):
    """What a permit is held against: an intent, or whatever else has these three."""

    @property
    def action(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, Value]: ...


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

    def limit(self, name: str) -> Limit:
        """What holds for this parameter, named or not."""
        return self.limits.get(name, FREE if self.open else FORBIDDEN)

    @property
    def impossible(self) -> bool:
        """Whether it covers nothing at all."""
        return any(limit.impossible for limit in self.limits.values())

    def covers(self, act: Act) -> bool:
        """Whether this meaning is permitted."""
        if act.action != self.action or self.target not in (None, act.target):
            return False
        if not all(self.limit(name).allows(value) for name, value in act.parameters.items()):
            return False
        return not any(limit.required and name not in act.parameters for name, limit in self.limits.items())

    def within(self, outer: Permit) -> bool:
        """Whether whatever this permit covers is covered by ``outer``."""
        if self.impossible:
            return True
        if self.action != outer.action or outer.target not in (None, self.target):
            return False
        if self.open and not outer.open:
            return False
        return all(self.limit(name).within(outer.limit(name)) for name in {**self.limits, **outer.limits})

    def meet(self, other: Permit) -> Permit | None:
        """The permit for exactly what both cover; None when that is nothing."""
        if self.action != other.action or (
            self.target != other.target and None not in (self.target, other.target)
        ):
            return None
        names = {**self.limits, **other.limits}
        met = Permit(
            action=self.action,
            target=self.target if self.target is not None else other.target,
            limits={name: self.limit(name).meet(other.limit(name)) for name in names},
            open=self.open and other.open,
        )
        return None if met.impossible else met


def exactly(
    action: str, target: str, parameters: Mapping[str, Value], constraints: Mapping[str, Limit]
) -> Permit:
    """The permit of one meaning, where a constrained parameter may move within its constraint."""
    limits = {name: Limit(one_of=(value,)) for name, value in parameters.items()}
    return Permit(action=action, target=target, limits={**limits, **constraints})


@dataclass(frozen=True, slots=True)
class Scope:
    """A list of permits: the calls whose intents, one by one, lie within them."""

    permits: tuple[Permit, ...] = ()

    def covers(self, call: Sequence[Act]) -> bool:
        """Whether a call of these intents is permitted."""
        if not self.permits or len(call) != len(self.permits):
            return False
        return all(permit.covers(act) for permit, act in zip(self.permits, call, strict=True))

    @property
    def impossible(self) -> bool:
        """Whether it covers no call at all."""
        return not self.permits or any(permit.impossible for permit in self.permits)

    def within(self, outer: Scope) -> bool:
        """Whether every call that this scope covers is covered by ``outer``."""
        if self.impossible:
            return True
        if len(self.permits) != len(outer.permits):
            return False
        return all(mine.within(theirs) for mine, theirs in zip(self.permits, outer.permits, strict=True))

    def meet(self, other: Scope) -> Scope:
        """The scope that covers exactly what both cover."""
        if len(self.permits) != len(other.permits):
            return Scope()
        met = [mine.meet(theirs) for mine, theirs in zip(self.permits, other.permits, strict=True)]
        return Scope(tuple(permit for permit in met if permit is not None)) if None not in met else Scope()
