"""Held: people are asked."""

from __future__ import annotations

from vienna_control.approvals import duty, memory, queue, shown
from vienna_control.approvals.duty import Level
from vienna_control.intake import answers, entry
from vienna_control.pipeline import granted, refused
from vienna_control.pipeline.case import Case, Parts
from vienna_control.store import Tx
from vienna_kernel import wire
from vienna_kernel.lifecycle import Event, Status, advance


def hold(tx: Tx, parts: Parts, case: Case) -> wire.Decision:
    """People are asked; or they were, and what they said is enough for what policy asks now."""
    requirements = case.judged.decision.requirements
    assert requirements is not None  # noqa: S101  # the kernel gives them with every hold
    if case.past is not None and memory.satisfies(tx, case.past, requirements):
        return granted.redeem(tx, parts, case, case.past)
    if queue.full(tx.conn, case.agent.id):
        return refused.turned_away(tx, case.ask, answers.TOO_MANY)
    owner = str(case.agent.details.get("owner") or "")
    level = duty.first_level(tx.conn, case.agent.tenant, requirements, now=tx.now, owner=owner)
    if level is None:
        return refused.turned_away(tx, case.ask, answers.NOBODY)
    if case.past is None:
        status = advance(Status.RECEIVED, Event.HOLD)
        intent_id = entry.submit(tx, case.ask, case.told(), status=status)
    else:  # policy hardened: more, or other, people are asked
        status, intent_id = advance(Status.APPROVED, Event.HOLD), case.past.intent_id
        entry.evaluated(tx, case.ask, intent_id, case.told(), again=True)
    return _ask_people(tx, case, intent_id, status, level)


def _ask_people(tx: Tx, case: Case, intent_id: str, status: Status, level: Level) -> wire.Decision:
    decision = case.judged.decision
    seen = shown.compose(tx, case.agent, case.ask, decision, case.bundle)
    asked = queue.ask_people(
        tx,
        case.ask,
        intent_id,
        tier=decision.tier,
        requirements=level.requirements,
        level=level.number,
        shown=seen,
        narrowed=case.past.narrowed if case.past else None,
    )
    entry.settle(tx, intent_id, status, approval_id=asked.approval_id)
    return answers.asked(asked, decision)
