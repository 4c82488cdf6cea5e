"""What is so at the moment when the metrics are read: one look at the tables, and at the parts of the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, select

from vienna_control.approvals.practice import PRACTICE
from vienna_control.clock import from_iso
from vienna_control.fleet import registry
from vienna_control.sidecars import heartbeats
from vienna_control.store.tables import agents, approvals, checkpoints, entries, intents

if TYPE_CHECKING:
    from vienna_control.app import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What is so now, but for what people practise.

    Attributes:
        pending: Approvals that are open, by tier.
        oldest_pending_seconds: Age of the oldest of them; 0 when there is none.
        checkpoint_age_seconds: Of the newest signed one; None: there is none yet.
        unsequenced: Entries without their place in the trail.
        policies_refused: Changed policy files that are not in force, and the old ones are.
    """

    pending: Mapping[str, int]
    oldest_pending_seconds: float
    agents: Mapping[str, int]
    checkpoint_age_seconds: float | None
    unsequenced: int
    signed: int
    queued: int
    gates_connected: int
    gates_silent: int
    streams: int
    bundle_version: int
    policies_refused: bool


async def look(app: App) -> Moment:
    """Take it. Raises ``UnavailableError`` when the store does not answer."""
    now = app.clock.now()

    def query(conn: Connection) -> Moment:
        of_tier = _OPEN.with_only_columns(approvals.c.tier, func.count()).where(~PRACTICE)
        of_status = select(agents.c.status, func.count()).where(agents.c.name != registry.PRACTICE)
        oldest = _OPEN.with_only_columns(func.min(approvals.c.created_at)).where(~PRACTICE)
        newest = select(checkpoints.c.at).order_by(checkpoints.c.size.desc()).limit(1)
        waiting = select(func.count()).select_from(entries).where(entries.c.idx.is_(None))
        return Moment(
            pending={tier: count for tier, count in conn.execute(of_tier.group_by(approvals.c.tier))},
            oldest_pending_seconds=_age(conn.scalar(oldest), now) or 0.0,
            agents={status: count for status, count in conn.execute(of_status.group_by(agents.c.status))},
            checkpoint_age_seconds=_age(conn.scalar(newest), now),
            unsequenced=conn.scalar(waiting) or 0,
            signed=app.sequencer.size,
            queued=app.store.queued,
            gates_connected=app.hub.gates,
            gates_silent=heartbeats.silent(conn),
            streams=app.hub.streams,
            bundle_version=app.policies.current.version,
            policies_refused=bool(app.policies.problem),
        )

    return await app.store.read(query)


_OPEN = (
    select(approvals.c.id, approvals.c.created_at, PRACTICE)
    .select_from(approvals.join(intents, intents.c.id == approvals.c.intent_id))
    .where(approvals.c.status == "pending")
)


def open_approvals(conn: Connection) -> dict[str, datetime | None]:
    """Approvals that people have not decided, and since when they are asked; None: they practise."""
    return {id: None if practice else from_iso(at) for id, at, practice in conn.execute(_OPEN)}


def _age(at: str | None, now: datetime) -> float | None:
    return None if at is None else max(0.0, (now - from_iso(at)).total_seconds())
