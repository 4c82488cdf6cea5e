"""An outcome as it is told, what was made of it, and how its verification is entered in the trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vienna_control import rows
from vienna_control.store import Tx
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Status
from vienna_kernel.verdict import Reason
from vienna_kernel.verification import Result
from vienna_kernel.wire import Reread


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An outcome as a gate or an agent tells it; see ``wire.Outcome``.

    Attributes:
        witnessed: A gate, or we, have seen it; False: it is an agent's own word, whoever carries it.
        undo: Requests that would undo it: action, method and path.
        agent_gone: Nobody was there any more to be answered.
    """

    warrant_id: str
    by: str
    result: Result
    status: int | None = None
    error: str | None = None
    unknown: bool = False
    checks: list[dict[str, Any]] = field(default_factory=list)
    extracted: dict[str, Any] = field(default_factory=dict)
    response_digest: str | None = None
    response_bytes: int = 0
    duration_ms: float = 0.0
    witnessed: bool = True
    reads_due: int = 0
    reread: Reread | None = None
    undo: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    agent_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was made of it.

    Attributes:
        stopped: Why its answer is withheld, where that is because a stop keeps it from the agent.
    """

    execution_id: str
    intent_id: str
    status: Status
    result: Result
    withhold: bool
    fresh: bool
    stopped: Reason | None = None


def trail_of(row: rows.Row, told: Told) -> dict[str, Any]:
    """Who and what every entry about an execution names."""
    return {
        "tenant": row["tenant"],
        "actor": told.by,
        "agent_id": row["agent_id"],
        "intent_id": row["intent_id"],
    }


def verified(tx: Tx, row: rows.Row, told: Told, result: Result, more: Mapping[str, Any]) -> None:
    """Enter ``verification_complete``: the result and what was compared, without values."""
    tx.record(
        EntryType.VERIFICATION_COMPLETE,
        data={
            "execution_id": row["id"],
            "warrant_id": row["warrant_id"],
            "action": row["action"],
            "duration_ms": round(told.duration_ms),
            "risk_tier": row["tier"],
            "result": result.value,
            "scope_compliance": result is not Result.DRIFT,
            "checks": [
                {"name": str(check.get("name")), "held": bool(check.get("held"))} for check in told.checks
            ],
            **more,
        },
        **trail_of(row, told),
    )


def read_back(told: Told, at: str, known: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
    """What is kept of read-backs: how many are to come, what each said, what could not be found out.

    ``known``: what was kept so far. None: nothing was to be read back.
    """
    rows_ = list(known["told"]) if known else []
    if told.reread is not None:
        rows_.append({**told.reread.model_dump(), "at": at})
    if not (rows_ or told.reads_due or told.notes):
        return None
    return {"due": told.reads_due, "told": rows_, "notes": told.notes}
