"""The one orchestrator: intake, law, consent, warrant, record, in this order and in one unit of work.

Asked whether something may happen (``consult``):

1. The same attempt asked again gets the same answer, never a second warrant.
2. Who asks: unknown, suspended and frozen agents are refused in every mode.
3. A warrant that the agent brought along is used, once, instead of a new one.
4. What is known of this very call: it left before and this is a retry; or people are being asked; or their no stands.
5. The law, now; also for what people have approved: a rule hardened meanwhile wins.
6. What the agent's rung of enforcement makes of it.
7. Granted: mint, consume, record. Held: people are asked. Refused: recorded, with the reason.

Every function takes the transaction of the unit it runs in; whoever called answers after the commit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from vienna_control.approvals import duty, memory, queue, shown, vote, wording
from vienna_control.approvals.memory import Past
from vienna_control.authority import Authority
from vienna_control.budgets import books
from vienna_control.clock import Clock
from vienna_control.execution import dispatch, handlers, outcome
from vienna_control.execution.dispatch import Terms, Use
from vienna_control.execution.told import Kept, Told
from vienna_control.fleet import registry, trust
from vienna_control.fleet.registry import Agent
from vienna_control.intake import answers, entry, facts, presented, recorded, replay, reported
from vienna_control.intake.admission import standing
from vienna_control.intake.ask import Ask, Caller
from vienna_control.intake.judgement import Judgement, enforced, judge
from vienna_control.intake.rates import Rates
from vienna_control.policies import Bundle, Policies
from vienna_control.ports import StaleBundleError
from vienna_control.store import Tx
from vienna_kernel import trust as arithmetic
from vienna_kernel import wire
from vienna_kernel.approval.moves import Requirements, Voter
from vienna_kernel.approval.moves import Status as ApprovalStatus
from vienna_kernel.decision.decide import Outcome
from vienna_kernel.lifecycle import Event, Grade, Status, advance
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import Result
from vienna_kernel.warrant.terms import Warrant

if TYPE_CHECKING:
    from vienna_control.config import Settings

_COSTS_TRUST = frozenset({Reason.POLICY_DENIED, Reason.NO_RULE_MATCHED, Reason.ACTION_NOT_ALLOWED})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One ask on its way: who, what, under which bundle, what the law says, and the consent that it redeems."""

    agent: Agent
    ask: Ask
    bundle: Bundle
    judged: Judgement
    past: Past | None

    @property
    def wire(self) -> bool:
        """Whether a gate stands in its way, and sends it once it is granted."""
        return self.ask.caller.sidecar_id is not None

    def told(self, would: Literal["held", "refused"] | None = None) -> entry.Told:
        return entry.Told.of(self.judged.decision, would=would, policy_digest=self.bundle.policy_digest)


class Pipeline:
    """Decides. Used in the writer thread, through units of work.

    Attributes:
        settings, clock: Of the process.
        merits: Verified successes, counted towards trust.
    """

    def __init__(self, authority: Authority, policies: Policies, settings: Settings, clock: Clock) -> None:
        self._authority = authority
        self._policies = policies
        self.settings = settings
        self.clock = clock
        self._rates = Rates()
        self.merits = trust.Merits()

    @property
    def mapping_digest(self) -> str:
        """Of the mappings in force."""
        return self._policies.current.mapping_digest

    def consult(self, tx: Tx, ask: Ask) -> wire.Decision:
        """Whether this may happen now. The answer's ``id`` is 0.

        Raises ``StaleBundleError`` when the gate goes by another rung than its agent now stands on: it would refuse
        a warrant that only observes, or let go what must be held.
        """
        again = recorded.same_attempt(tx, ask)  # (1)
        if again is not None:
            return again
        agent = standing(registry.by_id(tx.conn, ask.caller.agent_id))  # (2)
        if isinstance(agent, Refused):
            return self._turned_away(tx, ask, agent)
        if ask.rung not in (None, agent.enforcement):
            raise StaleBundleError
        if ask.presented is not None:  # (3)
            return self._under_presented(tx, agent, ask, ask.presented)
        past = None if ask.simulation else memory.recall(tx, ask)  # (4)
        if (done := replay.find(tx, ask, past)) is not None:
            reason = Reason.ALREADY_EXECUTED
            recorded.turned_away(tx, ask, reason, agent_id=agent.id, intent_id=done.intent_id)
            return answers.executed(done)
        remembered = self._remembered(tx, agent, ask, past)
        return remembered or self._decide(tx, agent, ask, past)

    def _remembered(self, tx: Tx, agent: Agent, ask: Ask, past: Past | None) -> wire.Decision | None:
        if past is None or not enforced(agent.enforcement, past.tier):
            return None
        if past.standing == "pending":
            queue.waiting(tx, past.approval_id, on_the_line=ask.wait)
            return answers.held(past)
        if past.standing not in ("denied", "expired"):
            return None
        no = past.standing == "denied"
        reason = Reason.APPROVAL_DENIED if no else Reason.APPROVAL_EXPIRED
        recorded.turned_away(tx, ask, reason, agent_id=agent.id, intent_id=past.intent_id)
        hint = wording.denied_hint(past.reason) if no else wording.expired_hint()
        return answers.refused(past.intent_id, past.tier, reason, hint)

    def _decide(self, tx: Tx, agent: Agent, ask: Ask, past: Past | None) -> wire.Decision:
        bundle = self._policies.current
        redeeming = past if past is not None and past.standing == "redeemable" else None
        own = redeeming.intent_id if redeeming else None
        judged = judge(tx, agent, ask, bundle=bundle, rates=self._rates, count=own is None, own=own)  # (5)
        case = _Case(agent=agent, ask=ask, bundle=bundle, judged=judged, past=redeeming)
        if ask.simulation:
            intent_id = entry.submit(tx, ask, case.told(), status=advance(Status.RECEIVED, Event.SIMULATE))
            return answers.simulated(intent_id, judged.decision)
        if not self._enforced(case):  # (6)
            return self._observe(tx, case)
        match judged.decision.outcome:  # (7)
            case Outcome.PROCEED:
                return self._redeem(tx, case, redeeming) if redeeming else self._grant(tx, case)
            case Outcome.HOLD:
                return self._hold(tx, case)
            case Outcome.DENIED | Outcome.RATE_LIMITED:
                return self._refuse(tx, case)

    def _enforced(self, case: _Case) -> bool:
        if case.agent.enforcement == "observe":
            return False
        lets_go = case.judged.decision.outcome is Outcome.PROCEED
        return lets_go or enforced(case.agent.enforcement, case.judged.decision.tier)

    # granted

    def _grant(self, tx: Tx, case: _Case) -> wire.Decision:
        """Nobody needs to be asked."""
        status = advance(Status.RECEIVED, Event.GRANT)
        intent_id = entry.submit(tx, case.ask, case.told(), status=status)
        return self._release(tx, case, intent_id, status, self._terms(case))

    def _redeem(self, tx: Tx, case: _Case, past: Past) -> wire.Decision:
        """People have agreed: take the one use of it."""
        consents, demand = memory.consents(tx, past)
        entry.evaluated(tx, case.ask, past.intent_id, case.told(), again=True)
        if case.wire:
            recorded.rejoin(tx, case.ask, past.intent_id)
        elif (handed := recorded.live_warrant(tx, past.intent_id)) is not None:
            return answers.granted(past.intent_id, past.tier, handed, case.judged.decision)
        tier = max(case.judged.decision.tier, past.tier)
        terms = replace(self._terms(case), tier=tier, consents=consents, demand=demand)
        return self._release(tx, case, past.intent_id, Status.APPROVED, terms)

    def _observe(self, tx: Tx, case: _Case) -> wire.Decision:
        """Let it go, and record what enforcement would have done."""
        result = case.judged.decision.outcome
        would: Literal["held", "refused"] | None = (
            None if result is Outcome.PROCEED else "held" if result is Outcome.HOLD else "refused"
        )
        status = advance(Status.RECEIVED, Event.OBSERVE)
        intent_id = entry.submit(tx, case.ask, case.told(would), status=status)
        terms = replace(self._terms(case), observed=True)
        answer = self._release(tx, case, intent_id, status, terms)
        return answer.model_copy(update={"verdict": "observed", "would": would, "withhold": False})

    def _terms(self, case: _Case) -> Terms:
        decision = case.judged.decision
        lifetime = decision.warrant_ttl_seconds or self.settings.warrant_seconds
        return Terms(tier=decision.tier, ttl_seconds=lifetime, reservations=decision.reservations)

    def _release(self, tx: Tx, case: _Case, intent_id: str, status: Status, terms: Terms) -> wire.Decision:
        """Mint; and unless the caller is to use the warrant by itself, consume and start."""
        issued = dispatch.mint(
            tx, self._authority, case.agent, case.ask, intent_id=intent_id, terms=terms, bundle=case.bundle
        )
        given = answers.Handed(issued.warrant.id, issued.token)
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
        if case.judged.first_contact:
            facts.remember_host(tx, case.ask)
        if not case.wire:
            self._execute(tx, case, given.warrant_id)
        return answer if first is None else answer.model_copy(update={"first_key": first})

    def _execute(self, tx: Tx, case: _Case, warrant_id: str) -> None:
        """Run our own handler, and record what it did."""
        done = handlers.HANDLERS[case.bundle.handlers[case.ask.action]](case.ask)
        told = Told(warrant_id=warrant_id, by="system", result=done.result, extracted=done.data)
        outcome.keep(tx, case.agent.id, told, self.merits)

    # held

    def _hold(self, tx: Tx, case: _Case) -> wire.Decision:
        """People are asked; or they were, and what they said is enough for what policy asks now."""
        requirements = case.judged.decision.requirements
        assert requirements is not None  # noqa: S101  # the kernel gives them with every hold
        if case.past is not None and memory.satisfies(tx, case.past, requirements):
            return self._redeem(tx, case, case.past)
        if queue.full(tx.conn, case.agent.id):
            return self._turned_away(tx, case.ask, answers.TOO_MANY)
        owner = str(case.agent.details.get("owner") or "")
        if not duty.answerable(tx.conn, case.agent.tenant, requirements, owner=owner):
            return self._turned_away(tx, case.ask, answers.NOBODY)
        if case.past is None:
            status = advance(Status.RECEIVED, Event.HOLD)
            intent_id = entry.submit(tx, case.ask, case.told(), status=status)
        else:  # policy hardened: more, or other, people are asked
            status, intent_id = advance(Status.APPROVED, Event.HOLD), case.past.intent_id
            entry.evaluated(tx, case.ask, intent_id, case.told(), again=True)
        return self._ask_people(tx, case, intent_id, status, requirements)

    def _ask_people(
        self, tx: Tx, case: _Case, intent_id: str, status: Status, requirements: Requirements
    ) -> wire.Decision:
        decision = case.judged.decision
        seen = shown.compose(tx, case.agent, case.ask, decision, first_contact=case.judged.first_contact)
        asked = queue.ask_people(
            tx, case.ask, intent_id, tier=decision.tier, requirements=requirements, shown=seen
        )
        entry.settle(tx, intent_id, status, approval_id=asked.approval_id)
        return answers.asked(asked, decision)

    # refused

    def _refuse(self, tx: Tx, case: _Case) -> wire.Decision:
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

    def _turned_away(self, tx: Tx, ask: Ask, refused: Refused) -> wire.Decision:
        """Refused before the law was asked."""
        tier = max(intent.default_tier for intent in ask.intents)
        intent_id = ""
        if refused.reason is not Reason.AGENT_UNKNOWN:
            told = entry.Told.unasked(tier, refused)
            intent_id = entry.submit(tx, ask, told, status=advance(Status.RECEIVED, Event.DENY))
        recorded.turned_away(
            tx,
            ask,
            refused.reason,
            agent_id=ask.caller.agent_id,
            intent_id=intent_id or None,
            detail=refused.detail,
        )
        return answers.refused(intent_id, tier, refused.reason, refused.hint or refused.detail)

    # a warrant that was brought along

    def _under_presented(self, tx: Tx, agent: Agent, ask: Ask, token: str) -> wire.Decision:
        warrant = presented.examine(tx, self._authority, agent, ask, token)
        if isinstance(warrant, Refused):
            return self._turned_away(tx, ask, warrant)
        bundle = self._policies.current
        own = warrant.intent_id
        judged = judge(tx, agent, ask, bundle=bundle, rates=self._rates, count=True, own=own)
        case = _Case(agent=agent, ask=ask, bundle=bundle, judged=judged, past=None)
        decision = judged.decision
        entry.evaluated(tx, ask, warrant.intent_id, case.told(), again=True)
        if decision.outcome in (Outcome.DENIED, Outcome.RATE_LIMITED):
            return answers.denied(warrant.intent_id, decision)
        if decision.tier > warrant.tier:
            hardened = Refused(
                Reason.WARRANT_REQUIREMENTS,
                f"policy asks {decision.tier} now, the warrant is {warrant.tier}",
                "Policy asks for more than this warrant holds. Submit the intent again.",
            )
            return self._turned_away(tx, ask, hardened)
        return self._use_presented(tx, case, warrant, token)

    def _use_presented(self, tx: Tx, case: _Case, warrant: Warrant, token: str) -> wire.Decision:
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

    # what happened

    def outcome(self, tx: Tx, caller: Caller, frame: wire.Outcome) -> wire.Recorded:
        """Record what happened after a call left; idempotent by warrant."""
        told = Told(
            warrant_id=frame.warrant_id,
            by=caller.source,
            result=Result(frame.result),
            status=frame.status,
            error=frame.error.value if frame.error else None,
            unknown=frame.unknown,
            checks=frame.checks,
            extracted=frame.extracted,
            response_digest=frame.response_digest,
            response_bytes=frame.response_bytes,
            duration_ms=frame.duration_ms,
            reads_due=frame.reads_due,
            reread=frame.reread,
            undo=[undo.model_dump() for undo in frame.undo],
            notes=frame.notes,
            agent_gone=frame.agent_gone,
        )
        kept = outcome.keep(tx, caller.agent_id, told, self.merits)
        return answers.recorded(kept, frame.id)

    def report(self, tx: Tx, caller: Caller, frame: wire.Report) -> wire.Recorded:
        """Record what a gate refused, or saw, by itself."""
        for event in frame.events:
            reported.keep(tx, caller, event)
        return wire.Recorded(id=frame.id)

    def gone(self, tx: Tx, caller: Caller, frame: wire.Gone) -> wire.Recorded:
        """Note that the caller of a held call hung up."""
        queue.hung_up(tx, caller.agent_id, frame.approval_id)
        return wire.Recorded(id=frame.id)

    # what people say

    def vote(
        self, tx: Tx, tenant: str, approval_id: str, voter: Voter, ballot: vote.Ballot
    ) -> vote.Decided | Refused | None:
        """Count a vote. Consent to what no gate waits for is dispatched at once: its warrant is handed out.

        None: there is no such approval. Raises ``vote.StaleError``.
        """
        decided = vote.cast(tx, tenant, approval_id, voter, ballot)
        if isinstance(decided, vote.Decided) and decided.status is ApprovalStatus.APPROVED:
            ask = recorded.resubmitted(tx, decided.intent_id)
            if ask is not None:
                warrant_id = self.consult(tx, ask).warrant_id
                status = recorded.status(tx, decided.intent_id)
                return replace(decided, warrant_id=warrant_id, intent_status=status)
        return decided

    def kept(self, tx: Tx, agent_id: str, told: Told) -> Kept | None:
        """Record an outcome that an agent reports."""
        return outcome.keep(tx, agent_id, told, self.merits)
