"""Background: the outbox is sent, each channel in its own order and pace, at least once.

1. A channel sends one thing at a time: what is to be tried again holds back what stands behind it, and nobody else's.
2. What was sent is noted after it: a process that ends in between sends it again, under the same id.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.clock import Clock, iso
from vienna_control.logs import frames_of
from vienna_control.notify import deliveries, registry
from vienna_control.notify.deliveries import Attempt
from vienna_control.notify.message import Channel, DeliveryError, Destination, Message, Sent
from vienna_control.notify.outbox import WAKE
from vienna_control.notify.registry import Integration
from vienna_control.ports import Sealer, UnavailableError
from vienna_control.store import Store

log = structlog.get_logger("vienna.notify")

_EVERY_SECONDS = 1.0
_AT_ONCE = 64
_TIDY_EVERY = timedelta(hours=1)

type Count = Callable[[str, str], None]
"""Told of each attempt: the channel's type and what came of it."""


class Sender:
    """Sends. ``channels``: by type; ``base_url``: where people reach the console."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sealer: Sealer,
        channels: Mapping[str, Channel],
        *,
        base_url: str,
        count: Count,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sealer = sealer
        self._channels = channels
        self._base_url = base_url
        self._count = count
        self._wake = asyncio.Event()
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tidied: datetime | None = None

    async def run(self) -> None:
        """Send what is due until cancelled; looked for once a second, and whenever something is written down."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                self._wake.clear()
                try:
                    await self.turn()
                except UnavailableError as error:
                    log.warning("notify.unavailable", port=error.port, why=error.why)
                await self._pause()
        finally:
            listening.cancel()
            for task in self._busy.values():
                task.cancel()
            await asyncio.gather(listening, *self._busy.values(), return_exceptions=True)

    async def _listen(self) -> None:
        with self._store.bus.subscribe((WAKE,)) as told:
            async for _ in told:
                self._wake.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_EVERY_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def turn(self) -> None:
        """Begin to send wherever something is due and nothing is under way."""
        now = self._clock.now()
        ready = await self._store.read(lambda conn: deliveries.ready(conn, iso(now)))
        for integration_id in ready:
            if integration_id not in self._busy:
                task = self._busy[integration_id] = asyncio.create_task(self._work(integration_id))
                task.add_done_callback(partial(self._ended, integration_id))
        if self._tidied is None or now - self._tidied >= _TIDY_EVERY:
            self._tidied = now
            await self._store.write(deliveries.forget_old)

    async def drain(self) -> None:
        """Send whatever is due at this instant; returns when each of it was tried."""
        await self.turn()
        while self._busy:
            await asyncio.wait(list(self._busy.values()))
            await self.turn()

    def _ended(self, integration_id: str, task: asyncio.Task[None]) -> None:
        self._busy.pop(integration_id, None)
        self._wake.set()  # something may have been written down while it ended
        if not task.cancelled() and (error := task.exception()) is not None:
            why = str(error) if isinstance(error, UnavailableError) else type(error).__name__
            log.error("notify.broke_off", integration_id=integration_id, why=why, frames=frames_of(error))

    async def _work(self, integration_id: str) -> None:
        """Send whatever is due of one channel, one after another."""
        while (next_one := await self._next(integration_id)) is not None:
            one, row, message = next_one
            async with self._room:
                attempt = await self.attempt(one, message)
            outcome = await self._store.write(partial(deliveries.settle, row=row, attempt=attempt))
            self._count(one.type, outcome)
            if outcome != "sent":
                log.warning("notify.not_sent", integration_id=one.id, delivery_id=row["id"], outcome=outcome)

    async def _next(self, integration_id: str) -> tuple[Integration, rows.Row, Message] | None:
        at = iso(self._clock.now())

        def query(conn: Connection) -> tuple[Integration, rows.Row, Message] | None:
            one = registry.by_id(conn, integration_id)
            row = deliveries.head(conn, integration_id, at)
            if one is None or not one.enabled or row is None:
                return None
            return one, row, deliveries.message_of(conn, row, self.link)

        return await self._store.read(query)

    def link(self, approval_id: str | None, intent_id: str | None = None) -> str:
        """Where the console shows what an event is about: what people decide, else the call, else what waits."""
        page = f"approvals/{approval_id}" if approval_id else f"traffic/{intent_id}" if intent_id else ""
        return f"{self._base_url}/console/{page}"

    async def attempt(self, one: Integration, message: Message) -> Attempt:
        """Send once; whatever goes wrong is in the answer."""
        began = time.monotonic()
        try:
            to = one.destination(self._sealer)
        except UnavailableError as error:
            return Attempt(result=DeliveryError(error.why), milliseconds=0)
        result = await self._send(one.type, message, to)
        return Attempt(result=result, milliseconds=int((time.monotonic() - began) * 1000))

    async def _send(self, type_: str, message: Message, to: Destination) -> Sent | DeliveryError:
        (result,) = await asyncio.gather(self._channels[type_].send(message, to), return_exceptions=True)
        if isinstance(result, Sent | DeliveryError):
            return result
        if not isinstance(result, Exception):  # we are told to end
            raise result
        log.error("notify.internal", error=type(result).__name__, frames=frames_of(result))
        return DeliveryError("something of ours broke; it is in the log")
