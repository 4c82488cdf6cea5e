"""A warrant that the agent brought along: used, once, instead of a new one."""

from __future__ import annotations

from vienna_control.approvals import memory
from vienna_control.budgets import books
from vienna_control.execution import dispatch
from vienna_control.execution.dispatch import Use
from vienna_control.fleet.registry import Agent
from vienna_control.intake import answers, entry, recorded, replay
from vienna_control.intake.ask import Ask
from vienna_control.intake.judgement import judge
from vienna_control.intake.presented import examine
from vienna_control.pipeline import refused
from vienna_control.pipeline.case import Case, Parts
from vienna_control.store import Tx
from vienna_kernel import wire
from vienna_kernel.approval.moves import describe
from vienna_kernel.decision.decide import Decision, Outcome
from vienna_kernel.lifecycle import Grade
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.terms import Warrant


def take(tx: Tx, parts: Parts, agent: Agent, ask: Ask, token: str) -> wire.Decision:
    warrant = examine(tx, parts.authority, agent, ask, token)
    if isinstance(warrant, Refused):
        return refused.turned_away(tx, ask, warrant)
    bundle = parts.policies.of(agent.tenant)
    own = warrant.intent_id
    judged = judge(tx, agent, ask, bundle=bundle, rates=parts.rates, count=True, own=own, admitted=True)
    case = Case(agent=agent, ask=ask, bundle=bundle, judged=judged, past=None)
    decision = judged.decision
    entry.evaluated(tx, ask, warrant.intent_id, case.told(), again=True)
    if decision.outcome in (Outcome.DENIED, Outcome.RATE_LIMITED):
        return answers.denied(warrant.intent_id, decision)
    lacking = _lacking(tx, decision, warrant)
    if lacking:
        hint = "Policy asks for more than this warrant holds. Submit the intent again."
        return refused.turned_away(tx, ask, Refused(Reason.WARRANT_REQUIREMENTS, lacking, hint))
    return _use(tx, case, warrant, token)


def _lacking(tx: Tx, decision: Decision, warrant: Warrant) -> str:
    """What policy asks for now and the warrant does not hold; empty when it is enough."""
    if decision.tier > warrant.tier:
        return f"policy asks {decision.tier} now, the warrant is {warrant.tier}"
    if decision.requirements is None:
        return ""
    past = memory.behind(tx, warrant.intent_id)
    if past is not None and memory.satisfies(tx, past, decision.requirements, tier=decision.tier):
        return ""
    return f"policy asks {describe(decision.requirements)} now"


def _use(tx: Tx, case: Case, warrant: Warrant, token: str) -> wire.Decision:
    recorded.rejoin(tx, case.ask, warrant.intent_id)
    books.reserve(  # of budgets that did not apply when it was minted; it holds the others already
        tx,
        case.judged.decision.reservations,
        tenant=case.agent.tenant,
        warrant_id=warrant.id,
        intent_id=warrant.intent_id,
    )
    use = Use(
        warrant_id=warrant.id,
        intent_id=warrant.intent_id,
        agent_id=case.agent.id,
        tenant=case.agent.tenant,
        attempt=case.ask.attempt,
        by=case.ask.caller.source,
        grade=Grade.INTERCEPTED,
        sidecar_id=case.ask.caller.sidecar_id,
    )
    dispatch.consume(tx, use)
    replay.remember(tx, case.ask, warrant.intent_id)
    handed = answers.Handed(warrant.id, token)
    return answers.granted(warrant.intent_id, warrant.tier, handed, case.judged.decision)
