"""Answers as the gate reads them. Their ``id`` is 0: whoever carries the frame puts its own."""

from __future__ import annotations

from dataclasses import dataclass

from vienna_control.approvals.memory import Past
from vienna_control.approvals.queue import Asked
from vienna_control.execution.told import Kept
from vienna_control.intake.replay import Done
from vienna_kernel import wire
from vienna_kernel.decision.decide import Decision, Outcome
from vienna_kernel.decision.hint import LONGEST, clean
from vienna_kernel.intent import Tier
from vienna_kernel.lifecycle import Status
from vienna_kernel.value import pack
from vienna_kernel.verdict import Reason, Refused

TOO_MANY = Refused(
    Reason.TOO_MANY_HELD,
    "as many requests of this agent wait for people as may",
    "Too many of your requests wait for people already. Wait until they are decided; do not send more.",
)

NOBODY = Refused(
    Reason.NOBODY_ON_DUTY,
    "nobody who may agree to this can answer now",
    "People would have to agree to this, and none of them is there to answer. Do not retry now; tell your user.",
)

_HELD = (
    "People have to agree before this may leave, and they are being asked. "
    "Wait, or send the identical request again later; a changed one starts anew."
)
_RETRYABLE = frozenset({Reason.RATE_LIMITED, Reason.TOO_MANY_HELD})
_SOON_SECONDS = 60
"""Clients wait so long by themselves; told to retry much later they would not wait, but try again at once."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A warrant and its token."""

    warrant_id: str
    token: str


def granted(intent_id: str, tier: Tier, handed: Handed, decision: Decision) -> wire.Decision:
    """Let it go under this warrant."""
    return wire.Decision(
        id=0,
        verdict="granted",
        intent_id=intent_id,
        tier=tier.value,
        warrant=handed.token,
        warrant_id=handed.warrant_id,
        rule=decision.rule_id,
    )


def simulated(intent_id: str, decision: Decision) -> wire.Decision:
    """Nothing happens; what would have is told by ``would`` (None: it would go)."""
    would = {Outcome.PROCEED: None, Outcome.HOLD: "held"}.get(decision.outcome, "refused")
    told = wire.Decision(id=0, verdict="refused", intent_id=intent_id, tier=decision.tier.value)
    return told.model_copy(
        update={"would": would, "reason": decision.reason, "hint": decision.hint, "rule": decision.rule_id}
    )


def asked(new: Asked, decision: Decision) -> wire.Decision:
    """Wait for these people."""
    return wire.Decision(
        id=0,
        verdict="held",
        intent_id=new.intent_id,
        tier=decision.tier.value,
        approval_id=new.approval_id,
        approvals_required=new.required,
        expires_at=new.expires_at,
        reason=Reason.APPROVAL_PENDING,
        hint=decision.hint or _HELD,
        rule=decision.rule_id,
        retryable=True,
    )


def held(past: Past) -> wire.Decision:
    """Wait for the people who are being asked already."""
    return wire.Decision(
        id=0,
        verdict="held",
        intent_id=past.intent_id,
        tier=past.tier.value,
        approval_id=past.approval_id,
        approvals_required=past.requirements.people_needed,
        expires_at=past.expires_at,
        reason=Reason.APPROVAL_PENDING,
        hint=_HELD,
        retryable=True,
    )


def narrowed(past: Past) -> wire.Decision:
    """People agreed to less than this: write it into the request, and ask about that."""
    less = past.less.after if past.less else {}
    return wire.Decision(
        id=0,
        verdict="granted",
        intent_id=past.intent_id,
        tier=past.tier.value,
        approval_id=past.approval_id,
        narrowed={name: pack(value) for name, value in less.items()},
    )


def refused(intent_id: str, tier: Tier, reason: Reason, hint: str) -> wire.Decision:
    """No."""
    return wire.Decision(
        id=0,
        verdict="refused",
        intent_id=intent_id,
        tier=tier.value,
        reason=reason,
        hint=clean(hint, LONGEST),
        retryable=reason in _RETRYABLE,
    )


def denied(intent_id: str, decision: Decision) -> wire.Decision:
    """No, by policy."""
    told = refused(intent_id, decision.tier, decision.reason or Reason.POLICY_DENIED, decision.hint)
    wait = (decision.retry_after_seconds or 0) if decision.reason is Reason.BUDGET_EXCEEDED else 0
    return told.model_copy(
        update={
            "rule": decision.rule_id,
            "retryable": decision.outcome is Outcome.RATE_LIMITED and wait <= _SOON_SECONDS,
            "retry_after_seconds": decision.retry_after_seconds,
        }
    )


def executed(done: Done) -> wire.Decision:
    """It left before; whether its answer can be given again, the gate knows."""
    told = f"This very request was sent at {done.started_at}, {_BECAME[done.status]}"
    if done.status is Status.EXECUTED and done.http_status is not None:
        told += f" with HTTP {done.http_status}"
    hint = (
        f"{told}. It is not sent a second time, and its answer was not kept. Do not retry; check what it did."
    )
    answer = refused(done.intent_id, done.tier, Reason.ALREADY_EXECUTED, hint)
    return answer.model_copy(update={"warrant_id": done.warrant_id})


_BECAME = {
    Status.EXECUTING: "and has not been answered yet",
    Status.EXECUTED: "and was answered",
    Status.UNKNOWN: "and nobody knows what became of it",
    Status.FAILED: "and its answer could not be read",
}


def recorded(kept: Kept | None, frame_id: int) -> wire.Recorded:
    """The outcome is durable. One that belongs to no execution of ours is acknowledged and withheld."""
    if kept is None:
        return wire.Recorded(
            id=frame_id, withhold=True, hint="This outcome belongs to no call that was let go."
        )
    if kept.stopped is not None:
        hint = (
            "Operators stopped this meanwhile, so its answer is withheld. "
            "Do not retry: it was sent. Tell your user."
        )
        return wire.Recorded(id=frame_id, withhold=True, hint=hint, reason=kept.stopped)
    hint = (
        "The upstream did something else than was approved, so its answer is withheld. "
        "Do not retry: it may have acted. Tell your user."
        if kept.withhold
        else ""
    )
    return wire.Recorded(id=frame_id, withhold=kept.withhold, hint=hint)
