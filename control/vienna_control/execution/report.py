"""What an agent tells of a passback action that it performed itself: its word, and graded as that.

Reporting takes the warrant's one use if nobody has taken it yet. What an agent says verifies nothing: a success is
``unverifiable``, and earns no trust; values it names that differ from what was approved are drift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from vienna_control import custody, rows
from vienna_control.approvals.shown import exact
from vienna_control.execution import dispatch
from vienna_control.execution.told import Told
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_kernel.lifecycle import Grade
from vienna_kernel.value import Value, canonical, unpack
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is reported.

    Attributes:
        extracted: Values of the outcome by parameter name, as far as the agent names them.
    """

    warrant_id: str
    success: bool
    status: int | None = None
    error: str | None = None
    extracted: Mapping[str, Any] = field(default_factory=dict)
    response_digest: str | None = None
    duration_ms: float = 0.0


def take(tx: Tx, row: rows.Row, *, by: str) -> Refused | None:
    """Take the use of a warrant that is reported without having been consumed. ``row``: of ``warrants``."""
    if custody.consumption(tx.conn, row["id"]) is not None:
        return None
    status = custody.status_at(row, tx.now)
    if status != "issued":
        reason = Reason.WARRANT_EXPIRED if status == "expired" else Reason.WARRANT_REVOKED
        return Refused(reason, f"this warrant is {status}")
    if (
        custody.terms_of(row["token"]).holder_jkt is not None
    ):  # of a gate, or what standing warrants descend from
        return Refused(
            Reason.WARRANT_HOLDER, "this warrant is bound to a key, and by itself lets nothing happen"
        )
    use = dispatch.Use(
        warrant_id=row["id"],
        intent_id=row["intent_id"],
        agent_id=row["agent_id"],
        tenant=row["tenant"],
        attempt=f"report:{row['id']}",
        by=by,
        grade=Grade.OBSERVED if row["observed"] else Grade.REPORTED,
    )
    dispatch.consume(tx, use)
    return None


def is_of_a_gate(tx: Tx, intent_id: str) -> bool:
    """Whether a gate let this call through: then an agent's word settles nothing, whoever carries it.

    Else an agent would tell of a success before its gate has seen the answer, and drift would come too late.
    """
    return tx.conn.scalar(select(intents.c.call).where(intents.c.id == intent_id)) is not None


def told_of(tx: Tx, claim: Claim, *, intent_id: str, by: str) -> Told:
    """The claim as an outcome."""
    checks = _checks(tx, claim, intent_id)
    drift = any(not check["held"] for check in checks)
    result = Result.DRIFT if drift else Result.UNVERIFIABLE if claim.success else Result.FAILED
    return Told(
        warrant_id=claim.warrant_id,
        by=by,
        result=result,
        status=claim.status,
        error=None if claim.success else "reported_failure",
        checks=checks,
        extracted=dict(claim.extracted),
        response_digest=claim.response_digest,
        duration_ms=claim.duration_ms,
        witnessed=False,
    )


def _checks(tx: Tx, claim: Claim, intent_id: str) -> list[dict[str, Any]]:
    """Each value the agent names that was approved under the same name, held against it."""
    meaning = tx.conn.execute(select(intents.c.meaning).where(intents.c.id == intent_id)).scalar_one()
    approved: dict[str, Value] = {}
    for part in rows.load(meaning):
        parameters = unpack(part["parameters"])
        if isinstance(parameters, Mapping):
            approved |= {name: v for name, v in parameters.items() if name not in part["redacted"]}
    return [
        {"name": name, "held": _same(approved[name], exact(value))}
        for name, value in claim.extracted.items()
        if name in approved
    ]


def _same(approved: Value, named: Value) -> bool:
    return canonical(approved) == canonical(named) or str(approved) == str(named)
