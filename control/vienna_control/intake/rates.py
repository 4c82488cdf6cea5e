"""How often an agent came by a rule lately: sliding windows in the memory of this process.

A rate is a brake, not a law: after a restart it starts from nothing. Counts are per agent and rule. A call is counted
once however often it is asked about (see ``pipeline``), and a dry run is not counted at all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

_LONGEST = 10_000  # instants kept for each agent and rule; more than that is over any sensible limit
_PAIRS = 20_000

type Rate = Callable[[str, int], int]


class Rates:
    """Counts calls; used in the writer thread only."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def of(self, agent_id: str, now: datetime, *, count: bool = True) -> Rate:
        """A function of rule id and window in seconds: how many calls of the agent met the rule in it.

        This call is among them, whether or not it is remembered (``count``).
        """
        instant = now.timestamp()
        counted: set[str] = set()

        def rate(rule_id: str, window_seconds: int) -> int:
            seen = self._window((agent_id, rule_id))
            if count and rule_id not in counted:
                counted.add(rule_id)
                seen.append(instant)
                if len(seen) > _LONGEST:
                    del seen[: len(seen) - _LONGEST]
            within = len(seen) - bisect_right(seen, instant - window_seconds)
            return within if count else within + 1

        return rate

    def _window(self, key: tuple[str, str]) -> list[float]:
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = []
            if len(self._seen) > _PAIRS:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(key)
        return seen
