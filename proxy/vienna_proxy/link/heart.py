"""The gate's heartbeats: numbered without a gap, the next one only after the one before was taken.

What was not answered is sent again under its number with the same counts, as long as it takes; so a number that the
control plane misses is one that this gate never left out.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from vienna_kernel.heartbeat import INTERVAL_SECONDS, Counts, Heartbeat
from vienna_proxy.link.enrol import Control, data_of
from vienna_proxy.ports import UnavailableError

_PATH = "/api/v1/sidecars/heartbeat"
_LEAVING_SECONDS = 1.0


class Pulse(NamedTuple):
    """What a heartbeat tells of this moment."""

    counts: Counts
    bundle: str
    holding: int
    active: int


class Heart:
    """Beats as long as it runs.

    Attributes:
        sequence: Number of the last one that was taken.
    """

    def __init__(
        self,
        control: Control,
        *,
        key: Callable[[], str],
        pulse: Callable[[], Pulse],
        heard: Callable[[datetime], object],
    ) -> None:
        """``heard``: told the control plane's instant with each answer."""
        self._control = control
        self._key = key
        self._pulse = pulse
        self._heard = heard
        self._due: Counts | None = None
        self.sequence = 0

    async def run(self) -> None:
        """Beat every ``INTERVAL_SECONDS``, the first one at once."""
        while True:
            await self.beat()
            await asyncio.sleep(INTERVAL_SECONDS)

    async def leave(self) -> None:
        """Say that the silence from here on is none; not for long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LEAVING_SECONDS):
                await self.beat(leaving=True)

    async def beat(self, *, leaving: bool = False) -> bool:
        """One heartbeat; whether it was taken."""
        pulse = self._pulse()
        self._due = self._due or pulse.counts
        said = Heartbeat(
            sequence=self.sequence + 1,
            at=datetime.now(UTC),  # uncorrected: how far this machine's clock is off is for people to see
            bundle=pulse.bundle,
            counts=self._due,
            holding=pulse.holding,
            active=pulse.active,
            leaving=leaving,
        )
        try:
            status, content, _ = await self._control.call(
                "POST", _PATH, key=self._key(), body=said.model_dump_json().encode()
            )
            if status != 200:
                return False
            at = datetime.fromisoformat(data_of(content)["at"])
        except (UnavailableError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            return False
        self.sequence, self._due = said.sequence, None
        self._heard(at)
        return True
