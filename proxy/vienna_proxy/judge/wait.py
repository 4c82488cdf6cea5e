"""The patience of one caller, over all questions about its call.

It waits for people, or for the answer of a call that it repeats. Woken, the control plane is asked again; when its time
is over, the agent is told to come again.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Decision, Gone
from vienna_proxy.answer.problem import Answer
from vienna_proxy.config import HoldConfig
from vienna_proxy.judge.consult import Ask, Counsel
from vienna_proxy.judge.hold import Held, Holds, Interim, Plea
from vienna_proxy.judge.told import pending, refusal
from vienna_proxy.link.channel import Channel
from vienna_proxy.ports import UnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where callers wait."""

    hold: HoldConfig
    holds: Holds
    interim: Interim
    channel: Channel
    counsel: Counsel


class Wait:
    """One caller's."""

    def __init__(self, room: Room, plea: Plea) -> None:
        self._room = room
        self.plea = plea
        self._until: float | None = None
        self._since = 0

    def marks_now(self) -> None:
        """A question is about to be asked: wakes from here on are later than its answer's knowledge."""
        self._since = self._room.holds.mark()

    @property
    def willing(self) -> bool:
        """Whether the caller may be held at all."""
        return self.plea.client is not None and not self.plea.caller.wants_async

    async def on(self, ask: Ask, said: Decision, attempt: str) -> Decision | Answer:
        """Wait, then ask again under ``attempt``: what is decided, or what the agent is told.

        ``said``: held, by an approval; or executed already, under a warrant whose answer is still to come.
        """
        awaited = said.approval_id if said.verdict == "held" else said.warrant_id
        if not self.willing or self.plea.client is None or awaited is None:
            return self._over(said)
        interim, hold = self._room.interim, self._room.hold
        beat = self.plea.caller.beat(heartbeat=hold.heartbeat) if interim.works else None
        held = Held(self.plea.client, awaited, said.intent_id, beat, since=self._since)
        if not self._room.holds.add(held):
            self._left(said)
            return pending(said, reason=Reason.TOO_MANY_HELD)
        began = time.monotonic()
        try:
            with self.plea.account.trace.phase("hold"):
                further = await self._stirred(held, ask, attempt)
        finally:
            self._room.holds.remove(held)
            self.plea.account.held_seconds += time.monotonic() - began
        if further is None:
            self._left(said)
            return self._over(said)
        return further

    async def _stirred(self, held: Held, ask: Ask, attempt: str) -> Decision | None:
        """What is decided next; None: nobody waits any more."""
        while not self._is_gone(held, ask):
            left = self._seconds(held.beat)
            if left <= 0 or not await held.stirred(left) or held.released or self._is_gone(held, ask):
                return None
            self.marks_now()
            try:
                return await self._room.counsel.consult(ask, attempt)
            except UnavailableError:
                continue  # the stream's return wakes every held call
        return None

    @staticmethod
    def _is_gone(held: Held, ask: Ask) -> bool:
        """Whether the caller hung up; it may have before it was held, while the question was under way."""
        return held.gone or ask.client_gone

    def _seconds(self, beat: bytes | None) -> float:
        """How long it still waits."""
        now = asyncio.get_running_loop().time()
        if self._until is None:
            most = self._room.hold.max_seconds
            seconds = self.plea.caller.patience_seconds(most=most, beating=beat is not None)
            self._until = now + max(0.0, seconds)
        return self._until - now

    def _left(self, said: Decision) -> None:
        """The approval stays open; people see that nobody waits for it, unless somebody does."""
        approval_id = said.approval_id
        if said.verdict == "held" and approval_id is not None and not self._room.holds.awaits(approval_id):
            self._room.channel.tell(Gone(approval_id=approval_id, intent_id=said.intent_id))

    def _over(self, said: Decision) -> Answer:
        if said.verdict != "held":
            return refusal(said)
        accepted = self.plea.caller.wants_async and self.plea.client is not None
        return pending(said, status=202 if accepted else self._room.hold.pending_status)
