"""Held: people are asked."""

from __future__ import annotations

from dataclasses import replace

from vienna_control.approvals import breakglass, duty, memory, queue, shown
from vienna_control.approvals.duty import Level
from vienna_control.approvals.standing import using
from vienna_control.intake import answers, entry
from vienna_control.invariant import there
from vienna_control.pipeline import granted, refused
from vienna_control.pipeline.case import Case, Parts
from vienna_control.store import Tx
from vienna_kernel import wire
from vienna_kernel.lifecycle import Event, Status, advance


def hold(tx: Tx, parts: Parts, case: Case) -> wire.Decision:
    """People are asked; or they were, for this call or in advance, and what they said is enough for policy now."""
    requirements = there(case.judged.decision.requirements, "the kernel gives them with every hold")
    if case.past is not None and memory.satisfies(
        tx, case.past, requirements, tier=case.judged.decision.tier
    ):
        return granted.redeem(tx, parts, case, case.past)
    if case.past is None:
        tier = case.judged.decision.tier
        cover = using.covering(tx, case.ask, tier=tier, requirements=requirements)
        if cover is not None and using.spend(tx, cover):
            return granted.under(tx, parts, case, cover)
    if queue.full(tx.conn, case.agent.id):
        return refused.turned_away(tx, case.ask, answers.TOO_MANY)
    owner = str(case.agent.details.get("owner") or "")
    level = duty.first_level(tx.conn, case.agent.tenant, requirements, now=tx.now, owner=owner)
    if level is None and breakglass.open_for(tx, case.agent.id, case.ask.action):
        level = Level(requirements, 0)
    if level is None:
        return refused.turned_away(tx, case.ask, answers.NOBODY)
    if case.past is None:
        status = advance(Status.RECEIVED, Event.HOLD)
        intent_id = entry.submit(tx, case.ask, case.told(), status=status)
    else:  # policy hardened: more, or other, people are asked
        status, intent_id = advance(Status.APPROVED, Event.HOLD), case.past.intent_id
        entry.evaluated(tx, case.ask, intent_id, case.told(), again=True)
    answer = _ask_people(tx, case, intent_id, status, level)
    if answer.approval_id is not None and breakglass.cover(tx, answer.approval_id):
        past = memory.recall(tx, case.ask)
        if past is not None and past.standing == "redeemable":
            return granted.redeem(tx, parts, replace(case, past=past), past)
    return answer


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
