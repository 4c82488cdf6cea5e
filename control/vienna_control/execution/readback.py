"""What a read-back changed: a verification that is told once more.

1. Idempotent: what is told twice about one part is kept once.
2. A drift is never taken back, and what failed is not read back. What was unverifiable may become a match.
3. Drift has all its consequences; an answer is withheld only where the agent still waits for it.
"""

from __future__ import annotations

from typing import Any

from vienna_control import rows
from vienna_control.budgets import ending
from vienna_control.execution import drift
from vienna_control.execution.told import Kept, Told, read_back, verified
from vienna_control.fleet.trust import Merits
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import executions
from vienna_kernel.budget.settlement import Ended
from vienna_kernel.lifecycle import Status
from vienna_kernel.verification import Result
from vienna_kernel.verification.result import worst

_FINAL = frozenset({Result.DRIFT, Result.FAILED})


def keep(tx: Tx, row: rows.Row, told: Told, merits: Merits) -> Kept:
    """Record what a read-back changed of an execution that has ended; ``row`` is it, with its intent."""
    reread = there(told.reread, "the caller has looked")
    was = Result(row["verification"] or Result.UNVERIFIABLE)
    known = rows.load(row["readback"])
    if known is not None and any(one["part"] == reread.part for one in known["told"]):
        return _kept(row, was, withhold=bool(row["withheld"]), fresh=False)
    now = _moved(was, told.result)
    withhold = bool(row["withheld"]) or (reread.before_answer and drift.withholds(row, now))
    rows.change(
        tx.conn,
        executions,
        row["id"],
        verification=now.value,
        checks=rows.dump(told.checks),
        readback=rows.dump(read_back(told, tx.at, known)),
        withheld=withhold,
    )
    booked = [] if now is was else ending.with_outcome(tx, told.warrant_id, _ended(told, now))
    read: dict[str, Any] = {"result": reread.result, "intent_id": reread.intent_id, "part": reread.part}
    verified(tx, row, told, now, {"readback": read, **({"budgets": booked} if booked else {})})
    if now is not was:
        _account(tx, row, told, now, merits)
    return _kept(row, now, withhold=withhold, fresh=True)


def _moved(was: Result, told: Result) -> Result:
    if was in _FINAL:
        return was
    if was is Result.UNVERIFIABLE and told is Result.MATCH:
        return told
    return worst([was, told]) if told in (Result.DRIFT, Result.AMBIGUOUS) else was


def _ended(told: Told, result: Result) -> Ended:
    return Ended(
        result=result,
        status=told.status,
        witnessed=told.witnessed,
        checks=told.checks,
        extracted=told.extracted,
    )


def _account(tx: Tx, row: rows.Row, told: Told, result: Result, merits: Merits) -> None:
    if result is Result.DRIFT:
        about = {
            "intent_id": row["intent_id"],
            "execution_id": row["id"],
            "warrant_id": row["warrant_id"],
            "agent_id": row["agent_id"],
            "action": row["action"],
            "verification": result.value,
            "http_status": told.status,
        }
        drift.follow(tx, row, told.checks, about)
    elif result is Result.MATCH and told.checks:
        merits.earn(tx, row["agent_id"])


def _kept(row: rows.Row, result: Result, *, withhold: bool, fresh: bool) -> Kept:
    return Kept(
        execution_id=row["id"],
        intent_id=row["intent_id"],
        status=Status(row["status"]),
        result=result,
        withhold=withhold,
        fresh=fresh,
    )
