"""What the gate refused alone, told to the control plane: counted together, sent in batches, critical at once.

A flood of refusals costs one row with a count. Nothing here is the record of a call that left; that is ``outcome``.
"""

from __future__ import annotations

import asyncio
import functools

import structlog

from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Fault, Report, Reported
from vienna_proxy.clock import Clock, iso
from vienna_proxy.evidence.spool import Spool
from vienna_proxy.link.channel import Channel
from vienna_proxy.ports import UnavailableError

_EVERY_SECONDS = 1.0
_MOST_ROWS = 500

log = structlog.get_logger()


class Reporter:
    """Gathers ``Reported`` rows."""

    def __init__(self, channel: Channel, spool: Spool, clock: Clock) -> None:
        self._channel = channel
        self._spool = spool
        self._clock = clock
        self._rows: dict[tuple[object, ...], Reported] = {}
        self._something = asyncio.Event()

    def note(self, reason: Reason, detail: str, *, method: str = "", url: str = "", client: str = "") -> None:
        """Count one refusal. Never raises, never waits; beyond 500 different rows the newest are dropped."""
        key = (reason, detail, method, url, client)
        if (known := self._rows.get(key)) is not None:
            self._rows[key] = known.model_copy(update={"count": known.count + 1})
        elif len(self._rows) < _MOST_ROWS:
            self._rows[key] = Reported(
                at=iso(self._clock.now()), reason=reason, detail=detail, method=method, url=url, client=client
            )
        self._something.set()

    async def alarm(self, row: Reported) -> None:
        """Tell one thing now; when nobody hears it, it is spooled. Raises ``UnavailableError`` when both fail."""
        frame = Report(id=self._channel.next_id(), events=[row])
        if not await self._sent(frame):
            put = functools.partial(self._spool.put, f"report-{iso(self._clock.now())}-{frame.id}", frame)
            await asyncio.to_thread(put)

    async def _sent(self, frame: Report) -> bool:
        try:
            answer = await self._channel.ask(frame)
        except UnavailableError:
            return False
        if isinstance(answer, Fault):
            log.error("report.refused", reason=answer.reason.value, detail=answer.detail[:200])
        return True

    async def flush(self) -> None:
        """Send what is there; it stays when nobody hears it."""
        rows, self._rows = self._rows, {}
        if rows and not await self._sent(Report(id=self._channel.next_id(), events=list(rows.values()))):
            self._rows = rows | self._rows

    async def run(self) -> None:
        """Send what was gathered every second, until cancelled."""
        while True:
            await self._something.wait()
            await asyncio.sleep(_EVERY_SECONDS)
            self._something.clear()
            await self._channel.up.wait()
            await self.flush()
