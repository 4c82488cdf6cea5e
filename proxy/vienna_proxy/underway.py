"""Calls that are under way, and what an order to stop makes of them.

1. What was granted and has not left does not leave.
2. A stream or a WebSocket ends with the rung ``suspend``; a call that waits for its answer with ``kill``.
3. An answer that comes under ``quarantine`` is recorded, and nobody gets it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mitmproxy import http

from vienna_kernel.stop import Level, Stop, strictest
from vienna_kernel.verdict import Granted, Reason
from vienna_proxy.answer.problem import Answer
from vienna_proxy.evidence.outcome import withheld
from vienna_proxy.judge.consult import Grant
from vienna_proxy.judge.messages import told
from vienna_proxy.link.bundle import Bundles
from vienna_proxy.transport.connections import Connections
from vienna_proxy.transport.passage import passage_of

_WITHHELD = (
    "Operators stopped this while it was under way. It was sent, and its answer is withheld: do not retry. "
    "Tell the user."
)

_CUT = "Operators stopped this while it was under way. It was sent, and may have acted: do not retry. Tell the user."


class UnderWay:
    """Calls between their first line and their last; their grants, when iterated."""

    def __init__(self, bundles: Bundles, connections: Connections) -> None:
        self._bundles = bundles
        self._connections = connections
        self._flows: dict[Grant, http.HTTPFlow] = {}
        self._open: set[Grant] = set()

    def __len__(self) -> int:
        return len(self._flows)

    def __iter__(self) -> Iterator[Grant]:
        return iter(tuple(self._flows))

    def add(self, grant: Grant, flow: http.HTTPFlow) -> None:
        """It may leave now."""
        self._flows[grant] = flow

    def opens(self, grant: Grant) -> None:
        """Its answer streams, or it has opened a WebSocket; not for long if that was stopped meanwhile."""
        self._open.add(grant)
        stop = self._bundles.stops.reaching(Level.SUSPEND, grant.mapped.intents, grant.call.host)
        reason = self._bundles.current.stopped if stop is None else stop.reason
        if reason is not None:
            self._end(grant, reason)

    def remove(self, grant: Grant) -> None:
        """Nothing more comes of it. Harmless when repeated."""
        self._flows.pop(grant, None)
        self._open.discard(grant)

    def end_open(self, reason: Reason) -> None:
        """End whatever goes on unasked."""
        for grant in tuple(self._open):
            self._end(grant, reason)

    def stop(self, stops: Sequence[Stop]) -> None:
        """Orders to stop have come."""
        for grant in self:
            intents, host = grant.mapped.intents, grant.call.host
            passage = passage_of(self._flows[grant])
            if passage is None:
                continue
            if not passage.sent:
                found = strictest(stop for stop in stops if stop.refuses(intents, host))
                passage.stopped = passage.stopped or (found.reason if found else None)
            level = Level.SUSPEND if grant in self._open else Level.KILL
            found = strictest(stop for stop in stops if stop.reaches(level, intents, host))
            if found is not None:
                passage.stopped = found.reason
                self._end(grant, found.reason)

    def _end(self, grant: Grant, reason: Reason) -> None:
        if (flow := self._flows.get(grant)) is not None:
            self._connections.stop(flow, told(Answer(reason=reason)))

    def handed_over(self, grant: Grant) -> Granted | Answer:
        """Whether the agent gets the answer of a call that has ended, or what it gets instead."""
        stop = self._bundles.stops.reaching(Level.QUARANTINE, grant.mapped.intents, grant.call.host)
        return Granted() if stop is None else withheld(grant, stop.reason, _WITHHELD)


def cut_off(answer: Answer, reason: Reason | None) -> Answer:
    """What the agent is told of a call without an answer; ``reason``: why it was stopped, None: it was not."""
    if reason is None:
        return answer
    detail = _CUT if answer.sent else ""
    return replace(answer, reason=reason, detail=detail, decision="denied", retryable=False)
