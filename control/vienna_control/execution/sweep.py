"""No outcome came: what left and was never told of becomes ``unknown``.

1. The warrant has expired, and some grace with it.
2. Or the gate it left through has not been heard of for a minute.
3. Or that gate hung up on this process, and stayed away for ten seconds.

Nothing is sent again by us. An outcome that comes late settles it (``outcome``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import or_, select

from vienna_control import rows
from vienna_control.clock import Clock, iso
from vienna_control.execution import outcome
from vienna_control.execution.told import Told
from vienna_control.fleet.trust import Merits
from vienna_control.ports import UnavailableError
from vienna_control.store import Store, Tx
from vienna_control.store.tables import executions, intents, sidecars, warrants
from vienna_kernel.lifecycle import Status
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result

log = structlog.get_logger("vienna.executions")

GRACE = timedelta(minutes=10)
"""After the warrant's end: a slow upstream answers within it."""

GONE = timedelta(seconds=60)
AWAY = timedelta(seconds=10)
_EVERY_SECONDS = 5.0
_AT_ONCE = 200


class Sweep:
    """Background task: executions nobody told the end of.

    ``away``: the gates that hung up at least so long ago and did not come back (``Hub.away``).
    """

    def __init__(
        self, store: Store, clock: Clock, merits: Merits, away: Callable[[timedelta], Sequence[str]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._merits = merits
        self._away = away

    async def run(self) -> None:
        """Sweep every few seconds until cancelled; a store that does not answer is tried again."""
        while True:
            try:
                await self.sweep()
            except UnavailableError as error:
                log.warning("executions.unavailable", port=error.port, why=error.why)
            await self._clock.sleep(_EVERY_SECONDS)

    async def sweep(self) -> int:
        """Mark what is lost now; returns how many executions that were."""
        now = self._clock.now()
        lost = (
            select(executions.c.warrant_id, executions.c.agent_id)
            .join(warrants, warrants.c.id == executions.c.warrant_id)
            .join(intents, intents.c.id == executions.c.intent_id)
            .outerjoin(sidecars, sidecars.c.id == intents.c.sidecar_id)
            .where(
                executions.c.status == Status.EXECUTING.value,
                executions.c.started_at <= iso(now - AWAY),
                or_(
                    warrants.c.expires_at <= iso(now - GRACE),
                    (sidecars.c.seen_at <= iso(now - GONE)) & (executions.c.started_at <= iso(now - GONE)),
                    intents.c.sidecar_id.in_(self._away(AWAY)),
                ),
            )
            .limit(_AT_ONCE)
        )
        found = await self._store.read(lambda conn: rows.every(conn, lost))
        if not found:
            return 0

        def lose(tx: Tx) -> int:
            for row in found:
                told = Told(
                    warrant_id=row["warrant_id"],
                    by="system",
                    result=Result.AMBIGUOUS,
                    error=Reason.OUTCOME_UNKNOWN.value,
                    unknown=True,
                    agent_gone=True,
                )
                outcome.keep(tx, row["agent_id"], told, self._merits)
            return len(found)

        return await self._store.write(lose)
