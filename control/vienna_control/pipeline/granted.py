"""Granted: mint, consume, record; for nobody to be asked, for consent redeemed or given in advance, and in observe."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from vienna_control.approvals import memory
from vienna_control.approvals.memory import Past
from vienna_control.approvals.standing import using
from vienna_control.approvals.standing.using import Cover
from vienna_control.clock import from_iso
from vienna_control.execution import dispatch, handlers, outcome
from vienna_control.execution.dispatch import Terms, Use
from vienna_control.execution.told import Told
from vienna_control.intake import answers, entry, facts, recorded, replay
from vienna_control.intake.answers import Handed
from vienna_control.invariant import there
from vienna_control.pipeline.case import Case, Parts
from vienna_control.store import Tx
from vienna_kernel import wire
from vienna_kernel.decision.decide import Outcome
from vienna_kernel.lifecycle import Event, Grade, Status, advance


def grant(tx: Tx, parts: Parts, case: Case) -> wire.Decision:
    """Nobody needs to be asked."""
    status = advance(Status.RECEIVED, Event.GRANT)
    intent_id = entry.submit(tx, case.ask, case.told(), status=status)
    terms = _terms(parts, case)
    return _release(tx, parts, case, intent_id, status, terms, _mint(tx, parts, case, intent_id, terms))


def redeem(tx: Tx, parts: Parts, case: Case, past: Past) -> wire.Decision:
    """People have agreed: take the one use of it."""
    consents, demand = memory.consents(tx, past)
    entry.evaluated(tx, case.ask, past.intent_id, case.told(), again=True)
    if case.wire:
        recorded.rejoin(tx, case.ask, past.intent_id)
    elif (handed := recorded.live_warrant(tx, past.intent_id)) is not None:
        return answers.granted(past.intent_id, past.tier, handed, case.judged.decision)
    tier = max(case.judged.decision.tier, past.tier)
    terms = replace(_terms(parts, case), tier=tier, consents=consents, demand=demand)
    issued = _mint(tx, parts, case, past.intent_id, terms)
    return _release(tx, parts, case, past.intent_id, Status.APPROVED, terms, issued)


def under(tx: Tx, parts: Parts, case: Case, cover: Cover) -> wire.Decision:
    """People have agreed in advance: a use of their standing warrant, which the caller has counted."""
    status = advance(Status.RECEIVED, Event.GRANT)
    intent_id = entry.submit(tx, case.ask, case.told(), status=status)
    requirements = there(case.judged.decision.requirements, "only what would be held is covered")
    terms = _terms(parts, case)
    left = int((from_iso(cover.expires_at) - tx.now).total_seconds())
    terms = replace(
        terms,
        ttl_seconds=min(terms.ttl_seconds, left),
        consents=memory.given(tx, cover.approval_id),
        demand=memory.demand(requirements),
        parent=cover.warrant_id,
        standing=cover.standing_id,
    )
    issued = _mint(tx, parts, case, intent_id, terms)
    using.note(tx, cover, warrant_id=issued.warrant_id, intent_id=intent_id, agent_id=case.agent.id)
    return _release(tx, parts, case, intent_id, status, terms, issued)


def observe(tx: Tx, parts: Parts, case: Case) -> wire.Decision:
    """Let it go, and record what enforcement would have done."""
    result = case.judged.decision.outcome
    would: Literal["held", "refused"] | None = (
        None if result is Outcome.PROCEED else "held" if result is Outcome.HOLD else "refused"
    )
    status = advance(Status.RECEIVED, Event.OBSERVE)
    intent_id = entry.submit(tx, case.ask, case.told(would), status=status)
    terms = replace(_terms(parts, case), observed=True)
    answer = _release(tx, parts, case, intent_id, status, terms, _mint(tx, parts, case, intent_id, terms))
    return answer.model_copy(update={"verdict": "observed", "would": would, "withhold": False})


def _terms(parts: Parts, case: Case) -> Terms:
    decision = case.judged.decision
    lifetime = decision.warrant_ttl_seconds or parts.settings.warrant_seconds
    return Terms(tier=decision.tier, ttl_seconds=lifetime, reservations=decision.reservations)


def _mint(tx: Tx, parts: Parts, case: Case, intent_id: str, terms: Terms) -> Handed:
    issued = dispatch.mint(
        tx, parts.authority, case.agent, case.ask, intent_id=intent_id, terms=terms, bundle=case.bundle
    )
    return Handed(issued.warrant.id, issued.token)


def _release(
    tx: Tx, parts: Parts, case: Case, intent_id: str, status: Status, terms: Terms, given: Handed
) -> wire.Decision:
    """Unless the caller is to use the warrant by itself, consume it and start."""
    answer = answers.granted(intent_id, terms.tier, given, case.judged.decision)
    if not case.wire and case.ask.mode == "passback":
        recorded.handed_out(tx, intent_id, given.warrant_id)
        return answer
    grade = Grade.OBSERVED if terms.observed else Grade.INTERCEPTED
    use = Use(
        warrant_id=given.warrant_id,
        intent_id=intent_id,
        agent_id=case.agent.id,
        tenant=case.agent.tenant,
        attempt=case.ask.attempt,
        by=case.ask.caller.source if case.wire else "system",
        grade=grade,
        status=status,
        approval_id=case.past.approval_id if case.past else None,
        sidecar_id=case.ask.caller.sidecar_id,
    )
    dispatch.consume(tx, use)
    first = case.past.first_key if case.past else None
    if not terms.observed:
        replay.remember(tx, case.ask, intent_id, first_key=first)
    if case.judged.first_contact and not terms.observed:  # what is only watched makes no host known
        facts.remember_host(tx, case.ask)
    if not case.wire:
        _execute(tx, parts, case, given.warrant_id)
    return answer if first is None else answer.model_copy(update={"first_key": first})


def _execute(tx: Tx, parts: Parts, case: Case, warrant_id: str) -> None:
    """Run our own handler, and record what it did."""
    done = handlers.HANDLERS[case.bundle.handlers[case.ask.action]](case.ask)
    told = Told(warrant_id=warrant_id, by="system", result=done.result, extracted=done.data)
    outcome.keep(tx, case.agent.id, told, parts.merits)
