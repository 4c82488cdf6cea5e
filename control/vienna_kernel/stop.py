"""Stopping: an order that nothing of some scope goes on, and what each rung of it holds back.

1. A freeze is an order about a tenant, an agent, an action or a host, a suspension one about an agent. Each is a row of
   its own with a number; ending one leaves the others.
2. The rungs, each holding back what the one before does, and more:

   ==========  =========================================================================================
   freeze      no write leaves, and no connection that nobody reads stays open; reads go on
   suspend     nothing leaves; streams and WebSockets end
   quarantine  what comes back reaches nobody
   kill        calls that are under way are cut off, and the gates' keys are not accepted
   ==========  =========================================================================================

3. A stop holds in every mode of enforcement.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from vienna_kernel.call.authority import canonical_host
from vienna_kernel.intent import Effect, Intent
from vienna_kernel.verdict import Reason


class Kind(StrEnum):
    """What sort of order it is; it says what the agent reads."""

    FREEZE = "freeze"
    SUSPENSION = "suspension"


class Level(StrEnum):
    """A rung."""

    FREEZE = "freeze"
    SUSPEND = "suspend"
    QUARANTINE = "quarantine"
    KILL = "kill"

    def reaches(self, other: Level) -> bool:
        """Whether it is this rung or a higher one than ``other``."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = tuple(Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One order to stop, of those that an agent is under.

    Attributes:
        n: Its number among those of the tenant; a later one has a greater number.
        action: An action's name, or ``prefix.*``; None: any.
        host: A lower-case DNS name, or ``*.`` and one; None: any.
    """

    n: int
    kind: Kind
    level: Level
    action: str | None = None
    host: str | None = None

    @property
    def reason(self) -> Reason:
        """What the agent is told."""
        return Reason.AGENT_SUSPENDED if self.kind is Kind.SUSPENSION else Reason.FROZEN

    @property
    def is_whole(self) -> bool:
        """Whether it stands for all that an agent does."""
        return self.action is None and self.host is None

    def covers(self, intent: Intent, host: str) -> bool:
        """Whether it is about this. ``host``: where the call goes; empty: where the intent's target says."""
        return self.names(intent.action) and self.is_at(host or _host_of(intent.target))

    def names(self, action: str) -> bool:
        """Whether an action of this name is in its scope, wherever it goes."""
        return self.action is None or _is(self.action, action)

    def is_at(self, host: str) -> bool:
        """Whether this host is in its scope, whatever is done there."""
        return self.host is None or _is_at(self.host, host)

    def reaches(self, level: Level, intents: Iterable[Intent], host: str) -> bool:
        """Whether it holds back what this rung does, of a call that means this."""
        return self.level.reaches(level) and any(self.covers(intent, host) for intent in intents)

    def refuses(self, intents: Iterable[Intent], host: str) -> bool:
        """Whether a call that means this may not leave: one covered part is enough."""
        reads = self.level.reaches(Level.SUSPEND)
        return any(
            (reads or intent.effect is not Effect.READ) and self.covers(intent, host) for intent in intents
        )


def strictest(stops: Iterable[Stop]) -> Stop | None:
    """Of several, the one to tell: the highest rung, then the first; None of none."""
    return min(stops, key=lambda stop: (-_ORDER.index(stop.level), stop.n), default=None)


def _host_of(target: str) -> str:
    """The host that a target names, as it is compared everywhere; empty where it names none."""
    try:
        host = canonical_host(urlsplit(target).hostname or "")
    except ValueError:
        return ""
    return host if isinstance(host, str) else ""


def _is(named: str, action: str) -> bool:
    return named == action or (named.endswith(".*") and action.startswith(named[:-1]))


def _is_at(named: str, host: str) -> bool:
    return named == host or (named.startswith("*.") and host.endswith(named[1:]))
