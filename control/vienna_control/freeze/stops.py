"""Orders to stop, as rows: which are in force for an agent, and what each holds back.

1. A stop begins and ends in the transaction that says so; whoever asks after it, in the order of transactions, is
   refused.
2. Gates are told of a new one by ``_stop``, ahead of their next bundle; that it has ended only a signed bundle tells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, or_, select

from vienna_control import rows
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_control.store.tables import stops
from vienna_kernel.intent import Intent
from vienna_kernel.stop import Kind, Level, Stop, strictest
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.wire import StopRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A stop that is wanted.

    Attributes:
        agent_id: None: every agent of the tenant.
        action, host: As ``Stop`` has them.
        by: Actor.
        until: When it ends by itself; None: never.
    """

    tenant: str
    kind: Kind
    level: Level
    reason: str
    by: str
    agent_id: str | None = None
    action: str | None = None
    host: str | None = None
    until: str | None = None


def begin(tx: Tx, order: Order) -> tuple[str, Stop]:
    """Enter a stop, and tell the gates it is about; its id, and what it holds back."""
    last = tx.conn.scalar(select(func.max(stops.c.n)).where(stops.c.tenant == order.tenant))
    stop = Stop(n=(last or 0) + 1, kind=order.kind, level=order.level, action=order.action, host=order.host)
    stop_id = tx.id("stp")
    rows.add(
        tx.conn,
        stops,
        id=stop_id,
        tenant=order.tenant,
        n=stop.n,
        kind=order.kind.value,
        level=order.level.value,
        agent_id=order.agent_id,
        action=order.action,
        host=order.host,
        reason=order.reason,
        by=order.by,
        at=tx.at,
        until=order.until,
    )
    kills = stop.is_whole and stop.level is Level.KILL
    about = {"agent_id": order.agent_id, "stop": row_of(stop).model_dump(), "kills": kills}
    tx.publish("_stop", about, tenant=order.tenant)
    tx.publish("_bundle", {"agent_id": order.agent_id}, tenant=order.tenant)
    return stop_id, stop


def end(tx: Tx, row: rows.Row, *, by: str, reason: str) -> None:
    """Enter that a stop is over; its gates get a bundle that says so."""
    rows.change(tx.conn, stops, row["id"], ended_by=by, ended_reason=reason, ended_at=tx.at)
    tx.publish("_bundle", {"agent_id": row["agent_id"]}, tenant=row["tenant"])


def of_row(row: rows.Row) -> Stop:
    """A row of ``stops`` as the law has it."""
    return Stop(
        n=row["n"],
        kind=Kind(row["kind"]),
        level=Level(row["level"]),
        action=row["action"],
        host=row["host"],
    )


def row_of(stop: Stop) -> StopRow:
    """A stop as it travels to gates."""
    return StopRow(n=stop.n, kind=stop.kind.value, level=stop.level.value, action=stop.action, host=stop.host)


def _about(tenant: Any, agent: Any) -> tuple[ColumnElement[bool], ...]:
    return (stops.c.tenant == tenant, or_(stops.c.agent_id.is_(None), stops.c.agent_id == agent))


def _in_force() -> Select[Any]:
    columns = [stops.c[name] for name in ("n", "kind", "level", "action", "host")]
    about = _about(bindparam("tenant"), bindparam("agent"))
    return select(*columns).where(*about, stops.c.ended_at.is_(None)).order_by(stops.c.n)


_IN_FORCE = rows.Prepared(_in_force())


def in_force(conn: Connection, tenant: str, agent_id: str) -> list[Stop]:
    """The stops that an agent is under now, oldest first."""
    return [of_row(row) for row in _IN_FORCE.every(conn, tenant=tenant, agent=agent_id)]


def counted(conn: Connection, tenant: str, agent_id: str) -> tuple[int, int]:
    """The number of the tenant's latest stop, and how many there ever were of those that are about the agent."""
    last = select(func.max(stops.c.n)).where(stops.c.tenant == tenant).scalar_subquery()
    row = conn.execute(select(last, func.count()).select_from(stops).where(*_about(tenant, agent_id))).one()
    return row[0] or 0, row[1]


def refusal(conn: Connection, ask: Ask) -> Refused | None:
    """Why this may not leave now, whatever policy says; None when no stop is about it."""
    found = in_force(conn, ask.caller.tenant, ask.caller.agent_id)
    stop = strictest(stop for stop in found if stop.refuses(ask.intents, ask.host))
    if stop is None:
        return None
    if stop.kind is Kind.SUSPENSION:
        return Refused(stop.reason, f"suspended by stop {stop.n}")
    what = "writes are" if stop.level is Level.FREEZE else "everything is"
    hint = f"This is frozen by operators: {what} stopped for now. Do not retry; tell your user."
    return Refused(Reason.FROZEN, f"frozen by stop {stop.n} ({stop.level.value})", hint)


def withholding(conn: Connection, row: rows.Row) -> Stop | None:
    """The stop that keeps an answer from its agent. ``row``: an execution with its intent's meaning and host."""
    found = in_force(conn, row["tenant"], row["agent_id"])
    if not any(stop.level.reaches(Level.QUARANTINE) for stop in found):
        return None
    meant = [Intent.from_json(part) for part in rows.load(row["meaning"])]
    return strictest(stop for stop in found if stop.reaches(Level.QUARANTINE, meant, row["host"]))


def killed(conn: Connection, tenant: str, agent_id: str) -> bool:
    """Whether the keys of an agent's gates are not accepted now."""
    found = in_force(conn, tenant, agent_id)
    return any(stop.is_whole and stop.level is Level.KILL for stop in found)
