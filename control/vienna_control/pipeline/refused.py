"""Refused: recorded, with the reason."""

from __future__ import annotations

from vienna_control.fleet import trust
from vienna_control.intake import answers, entry, recorded
from vienna_control.intake.ask import Ask
from vienna_control.pipeline.case import Case
from vienna_control.store import Tx
from vienna_kernel import trust as arithmetic
from vienna_kernel import wire
from vienna_kernel.decision.decide import Outcome
from vienna_kernel.lifecycle import Event, Status, advance
from vienna_kernel.verdict import Reason, Refused

_COSTS_TRUST = frozenset({Reason.POLICY_DENIED, Reason.NO_RULE_MATCHED, Reason.ACTION_NOT_ALLOWED})


def refuse(tx: Tx, case: Case) -> wire.Decision:
    decision = case.judged.decision
    if case.past is not None:
        entry.evaluated(tx, case.ask, case.past.intent_id, case.told(), again=True)
        if decision.outcome is Outcome.DENIED:
            status = advance(Status.APPROVED, Event.DENY)
            entry.settle(tx, case.past.intent_id, status, reason=decision.reason)
        return answers.denied(case.past.intent_id, decision)
    intent_id = entry.submit(tx, case.ask, case.told(), status=advance(Status.RECEIVED, Event.DENY))
    if decision.reason in _COSTS_TRUST and case.judged.retries == 0:
        lower = arithmetic.after(arithmetic.Event.POLICY_DENIAL, case.agent.trust)
        trust.move(tx, case.agent, lower, reason=arithmetic.Event.POLICY_DENIAL.value)
    tx.publish(
        "policy_violation",
        {
            "intent_id": intent_id,
            "agent_id": case.agent.id,
            "action": case.ask.action,
            "reason": decision.reason.value if decision.reason else None,
            "rule": decision.rule_id,
        },
        tenant=case.agent.tenant,
    )
    return answers.denied(intent_id, decision)


def turned_away(tx: Tx, ask: Ask, refused: Refused, *, granted: wire.Decision | None = None) -> wire.Decision:
    """Refused before the law was asked. ``granted``: what this very attempt was answered before; it holds no more."""
    tier = max(intent.default_tier for intent in ask.intents)
    intent_id = "" if granted is None else granted.intent_id
    if granted is None and refused.reason is not Reason.AGENT_UNKNOWN:
        told = entry.Told.unasked(tier, refused)
        event = Event.FREEZE if refused.reason is Reason.FROZEN else Event.DENY
        status = advance(Status.RECEIVED, event)
        intent_id = entry.submit(tx, ask, told, status=status)
        entry.settle(tx, intent_id, status, reason=refused.reason)
    recorded.turned_away(
        tx,
        ask,
        refused.reason,
        agent_id=ask.caller.agent_id,
        intent_id=intent_id or None,
        detail=refused.detail,
    )
    return answers.refused(intent_id, tier, refused.reason, refused.hint or refused.detail)
