"""What happened: the execution's row, its verification, and what follows for trust.

1. Idempotent: the same outcome told twice is recorded once and answered alike.
2. ``unknown`` is settled by a late outcome, whoever of the agent's gates brings it.
3. What its warrant had reserved of budgets is settled, released or kept in the same transaction.
4. What was read back is told once more (``readback``).
5. What succeeded, and was seen to, is usual of its agent from now on (``fleet.profile``).
6. Drift lowers trust, raises an alert and withholds the answer of whatever changes something (``drift``).
7. An answer that a stop keeps from its agent is withheld, whatever it says.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from vienna_control import rows
from vienna_control.budgets import ending
from vienna_control.execution import drift, readback
from vienna_control.execution.told import Kept, Told, read_back, trail_of, verified
from vienna_control.fleet.trust import Merits
from vienna_control.freeze import stops
from vienna_control.store import Tx
from vienna_control.store.tables import executions, intents, warrants
from vienna_kernel.budget.settlement import Ended
from vienna_kernel.intent import Effect, Intent
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Event, Status, advance
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result

LOST = frozenset({Reason.OUTCOME_UNKNOWN.value, Reason.RESPONSE_INVALID.value})
"""Errors of a call that left, and whose answer tells nothing."""

_HELD_UP = (Result.MATCH, Result.UNVERIFIABLE)

_OF_WARRANT = rows.Prepared(
    select(
        executions,
        intents.c.status.label("intent_status"),
        intents.c.meaning,
        intents.c.host,
        intents.c.action,
        intents.c.tier,
        warrants.c.observed,
    )
    .join(intents, intents.c.id == executions.c.intent_id)
    .join(warrants, warrants.c.id == executions.c.warrant_id)
    .where(executions.c.warrant_id == bindparam("warrant"), executions.c.agent_id == bindparam("agent"))
)


def keep(tx: Tx, agent_id: str, told: Told, merits: Merits) -> Kept | None:
    """Record an outcome of this agent's. None: no execution of it was started under this warrant."""
    row = _OF_WARRANT.first(tx.conn, warrant=told.warrant_id, agent=agent_id)
    if row is None:
        return None
    was = Status(row["status"])
    if told.reread is not None and was in (Status.EXECUTED, Status.FAILED):
        return readback.keep(tx, row, told, merits)
    if was is not Status.EXECUTING and (was is not Status.UNKNOWN or told.unknown):
        return Kept(
            execution_id=row["id"],
            intent_id=row["intent_id"],
            status=was,
            result=Result(row["verification"] or Result.UNVERIFIABLE),
            withhold=bool(row["withheld"]),
            fresh=False,
        )
    event = _event(told)
    status = advance(was, event)
    stop = stops.withholding(tx.conn, row)
    withhold = stop is not None or drift.withholds(row, told.result)
    _write(tx, row, told, status, withhold=withhold)
    _follow(tx, row, event)
    booked = ending.with_outcome(tx, told.warrant_id, _ended(told))
    _enter(tx, row, told, status, late=was is Status.UNKNOWN, booked=booked)
    _account(tx, row, told, status, merits)
    return Kept(
        execution_id=row["id"],
        intent_id=row["intent_id"],
        status=status,
        result=told.result,
        withhold=withhold,
        fresh=True,
        stopped=stop.reason if stop is not None else None,
    )


def _event(told: Told) -> Event:
    if told.unknown:
        return Event.LOSE
    return Event.FAIL if told.error is not None or told.result is Result.FAILED else Event.SUCCEED


def _ended(told: Told) -> Ended:
    return Ended(
        result=told.result,
        status=told.status,
        lost=told.unknown or told.error in LOST,
        witnessed=told.witnessed,
        checks=told.checks,
        extracted=told.extracted,
    )


def _write(tx: Tx, row: rows.Row, told: Told, status: Status, *, withhold: bool) -> None:
    rows.change(
        tx.conn,
        executions,
        row["id"],
        status=status.value,
        http_status=told.status,
        error=told.error,
        response_digest=told.response_digest,
        response_bytes=told.response_bytes,
        duration_ms=told.duration_ms,
        extracted=rows.dump(told.extracted),
        verification=None if told.unknown else told.result.value,
        checks=rows.dump(told.checks),
        readback=rows.dump(read_back(told, tx.at)),
        undo=rows.dump(told.undo or None),
        withheld=withhold,
        agent_gone=told.agent_gone,
        finished_at=tx.at,
    )


def _follow(tx: Tx, row: rows.Row, event: Event) -> None:
    """The intent goes where its execution went."""
    status = advance(Status(row["intent_status"]), event)
    rows.change(tx.conn, intents, row["intent_id"], status=status.value, updated_at=tx.at)


def _enter(
    tx: Tx, row: rows.Row, told: Told, status: Status, *, late: bool, booked: list[dict[str, Any]]
) -> None:
    trail = trail_of(row, told)
    about = {"execution_id": row["id"], "warrant_id": row["warrant_id"], "action": row["action"]}
    budgets = {"budgets": booked} if booked else {}
    if told.unknown:
        tx.record(EntryType.EXECUTION_UNKNOWN, data={**about, **budgets, "error": told.error}, **trail)
        return
    took = {"duration_ms": round(told.duration_ms)}
    tx.record(
        EntryType.EXECUTION_FINISHED,
        data={
            **about,
            **took,
            "status": status.value,
            "http_status": told.status,
            "error": told.error,
            "response_digest": told.response_digest,
            "response_bytes": told.response_bytes,
            "late": late,
            **budgets,
        },
        **trail,
    )
    due = {"reads_due": told.reads_due} if told.reads_due else {}
    verified(tx, row, told, told.result, due)


def _account(tx: Tx, row: rows.Row, told: Told, status: Status, merits: Merits) -> None:
    """Events and trust."""
    about = {
        "intent_id": row["intent_id"],
        "execution_id": row["id"],
        "warrant_id": row["warrant_id"],
        "agent_id": row["agent_id"],
        "action": row["action"],
        "verification": None if told.unknown else told.result.value,
        "http_status": told.status,
    }
    name = "action_executed" if status is Status.EXECUTED else "action_failed"
    tx.publish(name, {**about, "status": status.value}, tenant=row["tenant"])
    if told.result is Result.DRIFT and not told.unknown:
        drift.follow(tx, row, told.checks, about)
        return
    if told.result is Result.MATCH and told.checks:
        merits.earn(tx, row["agent_id"])
    if status is Status.EXECUTED and told.witnessed and told.result in _HELD_UP:
        parts = (
            Intent.from_json(part) for part in rows.load(row["meaning"]) if part["effect"] != Effect.READ
        )
        merits.profiles.done(tx, row["agent_id"], row["host"], parts)
