"""The orders to stop that this gate knows of its agent: those of its bundle, and those it was told ahead of it.

1. One that is told holds from then on; that it has ended, only a bundle says, which is signed.
2. One that began and ended between two bundles shows in their counts: what was open then ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vienna_kernel.intent import Intent
from vienna_kernel.stop import Kind, Level, Stop, strictest

UNSEEN = Stop(n=0, kind=Kind.FREEZE, level=Level.SUSPEND)
"""Stands for one that was over before it was heard of: what it was about is not known."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a bundle says.

    Attributes:
        stops: In force, oldest first.
        last: Number of the latest that it knows of, whomever that is about.
        count: How many there ever were about this agent.
    """

    stops: tuple[Stop, ...] = ()
    last: int = 0
    count: int = 0


class Stops:
    """What is stopped."""

    def __init__(self) -> None:
        self._signed: Signed | None = None
        self._told: dict[int, Stop] = {}

    def tell(self, stops: Sequence[Stop]) -> list[Stop]:
        """Take what the control plane says ahead of its bundle; those that are new here."""
        last = 0 if self._signed is None else self._signed.last
        fresh = [stop for stop in stops if stop.n > last and stop.n not in self._told]
        self._told |= {stop.n: stop for stop in fresh}
        return fresh

    def sign(self, signed: Signed) -> list[Stop]:
        """Take what a bundle says; those that are new here."""
        before, self._signed = self._signed, signed
        told = {n for n in self._told if n <= signed.last}
        self._told = {n: stop for n, stop in self._told.items() if n > signed.last}
        if before is None:
            return []
        listed = [stop for stop in signed.stops if stop.n > before.last]
        seen = told | {stop.n for stop in listed}
        fresh = [stop for stop in listed if stop.n not in told]
        return [*fresh, UNSEEN] if signed.count - before.count > len(seen) else fresh

    @property
    def in_force(self) -> tuple[Stop, ...]:
        """Every stop that holds here."""
        return (*(() if self._signed is None else self._signed.stops), *self._told.values())

    def refusing(self, intents: Sequence[Intent], host: str) -> Stop | None:
        """Why a call that means this may not leave; None when nothing stops it."""
        return strictest(stop for stop in self.in_force if stop.refuses(intents, host))

    def reaching(self, level: Level, intents: Sequence[Intent], host: str) -> Stop | None:
        """What holds back as much as this rung does of a call that means this; None when nothing does."""
        return strictest(stop for stop in self.in_force if stop.reaches(level, intents, host))
