"""What is known of one call, gathered on its way, and the one line that it becomes.

1. ``FIELDS`` are the same for every call, whatever became of it; what is not known is null.
2. Nothing in it is as the agent or the upstream wrote it: methods that are none are ``other``, a client is a word of a
   list, an address is the canonical origin, everything else is ours.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Decision
from vienna_proxy.telemetry.clients import NOBODY, kind_of
from vienna_proxy.telemetry.traces import NO_TRACE, Trace

WHOLE, CUT, BROKEN, AGENT_GONE = "whole", "cut", "broken", "agent_gone"
"""How an answer ended: it was handed over, cut at its bound, broke off, or nobody was there to take it."""

_METHOD = re.compile(r"[A-Z][A-Z-]{0,15}\Z")
_TIERS = frozenset({"T0", "T1", "T2", "T3"})


@dataclass(slots=True, eq=False, kw_only=True)
class Account:
    """What is known of one call so far. Instants are monotonic.

    Attributes:
        began: Its head was there.
        whole_at: Its last byte was there.
        released_at: It left; what was before is the gate's time, and the hold's.
        returned_at: Its answer was there, or its stream was over.
        judged: It had a meaning that could be asked about; what is refused before is refused for its form or address.
        said: What the control plane said last.
        attempt: Under which it was asked about last.
        verified: What its answer came to.
        closed: Its line is written.
        trace: Where its phases are told.
    """

    began: float = field(default_factory=time.monotonic)
    method: str = ""
    client: str = NOBODY
    origin: str | None = None
    judged: bool = False
    mapped: Mapped | None = None
    said: Decision | None = None
    attempt: str | None = None
    whole_at: float | None = None
    held_seconds: float = 0.0
    released_at: float | None = None
    returned_at: float | None = None
    bytes_in: int = 0
    verified: str | None = None
    closed: bool = False
    trace: Trace = NO_TRACE

    @classmethod
    def of(cls, method: str, user_agent: str) -> Account:
        """Of a request whose head is there."""
        return cls(method=method if _METHOD.match(method) else "other", client=kind_of(user_agent))

    def leaves(self, mapped: Mapped, said: Decision, attempt: str, *, at: float) -> None:
        """It may leave, and did at this instant."""
        self.mapped, self.said, self.attempt, self.released_at = mapped, said, attempt, at

    @property
    def actions(self) -> list[str]:
        """Names of what it would do."""
        return [] if self.mapped is None else [intent.action for intent in self.mapped.intents]

    @property
    def word(self) -> str:
        """Of a call that may leave: ``granted`` or ``observed``."""
        return "observed" if self.said is not None and self.said.verdict == "observed" else "granted"

    @property
    def tier(self) -> str | None:
        """``T0`` to ``T3``, None when nothing was decided."""
        return self.said.tier if self.said is not None and self.said.tier in _TIERS else None

    def times(self, now: float) -> Times:
        """Where its time went, until ``now``."""
        upstream = 0.0
        if self.released_at is not None:
            upstream = (now if self.returned_at is None else self.returned_at) - self.released_at
        all_since_whole = now - (self.began if self.whole_at is None else self.whole_at)
        gate = max(0.0, all_since_whole - self.held_seconds - upstream)
        return Times(all=now - self.began, held=self.held_seconds, upstream=upstream, gate=gate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Seconds of one call. ``gate``: what is neither waiting for people nor for the upstream nor for its body."""

    all: float
    held: float
    upstream: float
    gate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What became of one call.

    Attributes:
        decision: ``granted``, ``observed``, ``pending``, ``denied``, ``expired``; ``replayed``: it had left before;
            ``internal``: the gate itself was asked; ``none``: it ended before there was one.
        reason: None where nothing is wrong.
        status: What the agent was told; None: nothing.
        bytes_out: Of the answer's body.
        ended: One of the words above.
    """

    decision: str
    reason: Reason | None = None
    status: int | None = None
    rule: str | None = None
    intent_id: str | None = None
    approval_id: str | None = None
    warrant_id: str | None = None
    bytes_out: int = 0
    streamed: bool = False
    ended: str = WHOLE


def row(account: Account, ending: Ending, times: Times, *, rung: str | None) -> dict[str, object]:
    """The fields of the line, in their order. ``rung``: how far the agent is enforced."""
    said, mapped = account.said, account.mapped
    return {
        "method": account.method,
        "origin": account.origin,
        "actions": account.actions,
        "mapping": None if mapped is None else mapped.mapping,
        "tier": account.tier,
        "rule": ending.rule or (None if said is None else said.rule),
        "decision": ending.decision,
        "reason": None if ending.reason is None else ending.reason.value,
        "status": ending.status,
        "intent_id": ending.intent_id or (None if said is None else said.intent_id),
        "approval_id": ending.approval_id or (None if said is None else said.approval_id),
        "warrant_id": ending.warrant_id,
        "attempt": account.attempt,
        "result": account.verified,
        "held_ms": _ms(times.held),
        "upstream_ms": _ms(times.upstream),
        "gate_ms": _ms(times.gate),
        "ms": _ms(times.all),
        "bytes_in": account.bytes_in,
        "bytes_out": ending.bytes_out,
        "streamed": ending.streamed,
        "ended": ending.ended,
        "client": account.client,
        "rung": rung,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
