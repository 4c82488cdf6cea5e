"""A decision as the agent hears it: no, or not yet."""

from __future__ import annotations

from vienna_kernel.verdict import Reason
from vienna_kernel.wire import Decision
from vienna_proxy.answer.problem import Answer


def refusal(decision: Decision) -> Answer:
    """A no as the agent hears it."""
    reason = decision.reason or Reason.POLICY_DENIED
    return Answer(
        reason=reason,
        detail=decision.hint,
        decision=_WORDS.get(reason, "denied"),
        intent_id=decision.intent_id,
        approval_id=decision.approval_id,
        warrant_id=decision.warrant_id,
        sent=reason is Reason.ALREADY_EXECUTED,
        rule=decision.rule,
        retryable=decision.retryable or None,
        retry_after_seconds=decision.retry_after_seconds,
    )


_WORDS = {Reason.APPROVAL_EXPIRED: "expired", Reason.ALREADY_EXECUTED: "granted"}


def pending(
    decision: Decision, *, status: int | None = None, reason: Reason = Reason.APPROVAL_PENDING
) -> Answer:
    """Not yet. ``status``: None, the reason's own."""
    return Answer(
        reason=reason,
        detail=decision.hint,
        decision="pending",
        status=status,
        intent_id=decision.intent_id,
        approval_id=decision.approval_id,
        rule=decision.rule,
        retryable=True,
        retry_after_seconds=decision.retry_after_seconds,
    )
