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

from sqlalchemy import and_, bindparam, or_, select, update

from vienna_control import rows
from vienna_control.approvals.memory import Past
from vienna_control.clock import iso
from vienna_control.execution.outcome import LOST
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_control.store.tables import executions, intents, sent_writes
from vienna_kernel.intent import Tier
from vienna_kernel.lifecycle import Status
from vienna_kernel.value import digest

KEY_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The call that a retry repeats; ``http_status``: None when no answer came, or none yet."""

    intent_id: str
    warrant_id: str
    tier: Tier
    status: Status
    http_status: int | None
    started_at: str


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
_SENT = rows.Prepared(
    select(
        executions.c.intent_id,
        executions.c.warrant_id,
        intents.c.tier,
        executions.c.status,
        executions.c.http_status,
        executions.c.started_at,
        executions.c.agent_gone,
    )
    .select_from(sent_writes)
    .join(intents, intents.c.id == sent_writes.c.intent_id)
    .join(executions, executions.c.id == intents.c.execution_id)
    .where(
        sent_writes.c.agent_id == bindparam("agent"),
        sent_writes.c.fingerprint == bindparam("fingerprint"),
        sent_writes.c.key == bindparam("key"),
        executions.c.started_at > bindparam("since"),
        _LEFT,
    )
)
_ANY = ""


def find(tx: Tx, ask: Ask, past: Past | None) -> Done | None:
    """The call that this one repeats; None: it is one of its own.

    ``past``: its latest approval. One that still stands is of a later wish than what left before it.
    """
    if not _counts(ask):
        return None
    name = {"agent": ask.caller.agent_id, "fingerprint": ask.fingerprint}
    if ask.key is not None:
        row = _SENT.first(tx.conn, **name, key=ask.key, since=iso(tx.now - KEY_KEPT))
        if row is not None:
            return _done(row)
    if past is not None and past.standing != "over":
        return None
    since = iso(tx.now - timedelta(seconds=ask.replay_seconds))
    row = _SENT.first(tx.conn, **name, key=_ANY, since=since)
    if row is None or not (ask.retry or row["agent_gone"]):
        return None
    return _done(row)


def _counts(ask: Ask) -> bool:
    return ask.caller.sidecar_id is not None and ask.mapped and not ask.reads


def _done(row: rows.Row) -> Done:
    return Done(
        intent_id=row["intent_id"],
        warrant_id=row["warrant_id"],
        tier=Tier(row["tier"]),
        status=Status(row["status"]),
        http_status=row["http_status"],
        started_at=row["started_at"],
    )


def remember(tx: Tx, ask: Ask, intent_id: str, *, first_key: str | None = None) -> None:
    """This call leaves now, under a warrant that permits: from here on it is what its retries repeat.

    ``first_key``: the idempotency key that it came with first, if that is another one.
    """
    if not _counts(ask):
        return
    keys = {_ANY, ask.key or _ANY, digest(first_key) if first_key else _ANY}
    name = {"agent_id": ask.caller.agent_id, "fingerprint": ask.fingerprint}
    for key in sorted(keys):
        row = {**name, "key": key}
        if not rows.change_by(tx.conn, sent_writes, row, intent_id=intent_id, at=tx.at):
            rows.add(tx.conn, sent_writes, **row, intent_id=intent_id, at=tx.at)


def undelivered(tx: Tx, sidecar_id: str) -> None:
    """A gate is gone: whoever waited for an answer through it got none. It says otherwise once it is back."""
    of_gate = select(intents.c.id).where(
        intents.c.id == executions.c.intent_id, intents.c.sidecar_id == sidecar_id
    )
    held = update(executions).where(executions.c.status == Status.EXECUTING.value, of_gate.exists())
    tx.conn.execute(held.values(agent_gone=True))
