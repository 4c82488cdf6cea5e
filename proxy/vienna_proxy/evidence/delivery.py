"""What the spool holds, told to the control plane: once the stream is open, and again while it stays open.

A frame that has no answer in time is spooled although the stream is up, and so is one that the control plane cannot
take just now; neither waits for the stream to break.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Fault, Recorded
from vienna_proxy.evidence.spool import Spool
from vienna_proxy.link.channel import Channel
from vienna_proxy.ports import UnavailableError

AGAIN_SECONDS = 30.0
TRANSIENT = frozenset({Reason.CONTROL_UNAVAILABLE, Reason.AUDIT_UNAVAILABLE})
"""Faults after which the same frame may be taken."""

log = structlog.get_logger()


class Delivery:
    """Empties the spool."""

    def __init__(
        self,
        channel: Channel,
        spool: Spool,
        *,
        under_way: Callable[[], frozenset[str]],
        again_seconds: float = AGAIN_SECONDS,
    ) -> None:
        """``under_way``: attempts that are not over; what the spool has of them is not the last word."""
        self._channel = channel
        self._spool = spool
        self._under_way = under_way
        self._again_seconds = again_seconds
        self._lock = asyncio.Lock()

    async def run(self) -> None:
        """Deliver every ``again_seconds`` while the stream is up, until cancelled."""
        while True:
            await asyncio.sleep(self._again_seconds)
            await self._channel.up.wait()
            await self.deliver()

    async def deliver(self) -> None:
        """Send what is there. Ends at the first silence."""
        async with self._lock:
            before = self._under_way()
            for key, frame in await asyncio.to_thread(self._spool.pending):
                if key in before or key in self._under_way():
                    continue
                try:
                    answer = await self._channel.ask(frame.model_copy(update={"id": self._channel.next_id()}))
                except UnavailableError:
                    return
                if isinstance(answer, Recorded):
                    await asyncio.to_thread(self._spool.remove, key)
                elif isinstance(answer, Fault) and answer.reason not in TRANSIENT:
                    log.error(
                        "spool.refused", key=key, reason=answer.reason.value, detail=answer.detail[:200]
                    )
                    await asyncio.to_thread(self._spool.set_aside, key)
