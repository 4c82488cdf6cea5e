"""What follows when the upstream did something else than was approved."""

from __future__ import annotations

from typing import Any

from vienna_control import rows
from vienna_control.fleet import registry, suspension
from vienna_control.store import Tx
from vienna_kernel.intent import Effect
from vienna_kernel.trust import Event
from vienna_kernel.verification import Result


def withholds(row: rows.Row, result: Result) -> bool:
    """Whether the answer must not reach the agent: drift of whatever changes something, where we enforce.

    ``row`` is an execution with its intent's ``meaning`` and its warrant's ``observed``.
    """
    return result is Result.DRIFT and not row["observed"] and changes(row["meaning"])


def changes(meaning: str) -> bool:
    """Whether any intent of a stored meaning has an effect on the world; so does one that is not known."""
    return any(part.get("effect") != Effect.READ for part in rows.load(meaning))


def follow(tx: Tx, row: rows.Row, checks: list[dict[str, Any]], about: dict[str, Any]) -> None:
    """Trust goes down, an alert goes up."""
    tx.publish("verification_mismatch", about, tenant=row["tenant"])
    agent = registry.by_id(tx.conn, row["agent_id"])
    failed = ", ".join(str(check.get("name")) for check in checks if not check.get("held"))
    if agent is not None:
        suspension.offence(
            tx,
            agent,
            Event.DRIFT,
            text=f"the answer to {row['action']} does not match what was approved: {failed or 'see its checks'}",
            intent_id=row["intent_id"],
        )
