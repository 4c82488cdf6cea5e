"""A retry of a write that left before: it is the same call, and is not sent again.

1. Only what a gate let go counts, under a warrant that permits: mapped writes, and of those the ones that the upstream
   did, may have done, or is still doing.
2. With the idempotency key of a call that left within a day, it is that call.
3. Without, it is the latest that left within the mapping's replay window, if it was a retry: the client says so, or
   nobody was there any more to be answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, and_, bindparam, or_, select, update

from vienna_control import rows
from vienna_control.approvals.memory import Past
from vienna_control.clock import iso
from vienna_control.execution.outcome import LOST
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_control.store.tables import executions, idempotency_keys, intents
from vienna_kernel.intent import Tier
from vienna_kernel.lifecycle import Grade, Status

KEY_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The call that a retry repeats.

    Attributes:
        http_status: None when no answer came, or it is still under way.
        by_key: It is known by its idempotency key.
    """

    intent_id: str
    warrant_id: str
    tier: Tier
    status: Status
    http_status: int | None
    started_at: str
    by_key: bool


# A prepared query takes no lists.
_LEFT = or_(
    executions.c.status == Status.EXECUTING.value,
    executions.c.status == Status.EXECUTED.value,
    executions.c.status == Status.UNKNOWN.value,
    and_(
        executions.c.status == Status.FAILED.value,
        or_(*[executions.c.error == reason for reason in sorted(LOST)]),
    ),
)
_COLUMNS = (
    executions.c.intent_id,
    executions.c.warrant_id,
    intents.c.tier,
    executions.c.status,
    executions.c.http_status,
    executions.c.started_at,
    executions.c.agent_gone,
)


def _of_call() -> Select[tuple[object, ...]]:
    return (
        select(*_COLUMNS)
        .join(intents, intents.c.id == executions.c.intent_id)
        .where(
            intents.c.agent_id == bindparam("agent"),
            intents.c.fingerprint == bindparam("fingerprint"),
            executions.c.grade == Grade.INTERCEPTED.value,
            executions.c.started_at > bindparam("since"),
            _LEFT,
        )
    )


_LATEST = rows.Prepared(_of_call().order_by(intents.c.created_at.desc(), intents.c.id.desc()).limit(1))
_BY_KEY = rows.Prepared(
    _of_call()
    .join(idempotency_keys, idempotency_keys.c.intent_id == intents.c.id)
    .where(
        idempotency_keys.c.agent_id == bindparam("agent"),
        idempotency_keys.c.fingerprint == bindparam("fingerprint"),
        idempotency_keys.c.key == bindparam("key"),
    )
)


def find(tx: Tx, ask: Ask, past: Past | None) -> Done | None:
    """The call that this one repeats; None: it is one of its own.

    ``past``: its latest approval. One that still stands is of a later wish than what left before it.
    """
    if not _counts(ask):
        return None
    name = {"agent": ask.caller.agent_id, "fingerprint": ask.fingerprint}
    if ask.key is not None:
        row = _BY_KEY.first(tx.conn, **name, key=ask.key, since=iso(tx.now - KEY_KEPT))
        if row is not None:
            return _done(row, by_key=True)
    if past is not None and past.standing != "over":
        return None
    row = _LATEST.first(tx.conn, **name, since=iso(tx.now - timedelta(seconds=ask.replay_seconds)))
    if row is None or not (ask.retry or row["agent_gone"]):
        return None
    return _done(row, by_key=False)


def _counts(ask: Ask) -> bool:
    return ask.caller.sidecar_id is not None and ask.mapped and not ask.reads


def _done(row: rows.Row, *, by_key: bool) -> Done:
    return Done(
        intent_id=row["intent_id"],
        warrant_id=row["warrant_id"],
        tier=Tier(row["tier"]),
        status=Status(row["status"]),
        http_status=row["http_status"],
        started_at=row["started_at"],
        by_key=by_key,
    )


def remember(tx: Tx, ask: Ask, intent_id: str, keys: set[str]) -> None:
    """This call leaves now; from here on each of these keys means it. ``keys``: ``sha256:<hex>``."""
    if not _counts(ask):
        return
    name = {"agent_id": ask.caller.agent_id, "fingerprint": ask.fingerprint}
    for key in sorted(keys):
        table = idempotency_keys.c
        known = update(idempotency_keys).where(
            table.agent_id == name["agent_id"], table.fingerprint == name["fingerprint"], table.key == key
        )
        if not tx.conn.execute(known.values(intent_id=intent_id, at=tx.at)).rowcount:
            rows.add(tx.conn, idempotency_keys, **name, key=key, intent_id=intent_id, at=tx.at)


def undelivered(tx: Tx, sidecar_id: str) -> None:
    """A gate is gone: whoever waited for an answer through it got none. It says otherwise once it is back."""
    of_gate = select(intents.c.id).where(intents.c.sidecar_id == sidecar_id)
    held = update(executions).where(
        executions.c.status == Status.EXECUTING.value, executions.c.intent_id.in_(of_gate)
    )
    tx.conn.execute(held.values(agent_gone=True))
