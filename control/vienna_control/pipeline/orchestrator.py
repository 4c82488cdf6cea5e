"""The one orchestrator: intake, law, consent, warrant, record, in this order and in one unit of work.

Asked whether something may happen (``consult``):

1. The same attempt asked again gets the same answer, never a second warrant.
2. Who asks, and what is stopped: unknown and suspended agents, and whatever is frozen, are refused in every mode; so is
   an attempt that was granted before that, and asks again.
3. A warrant that the agent brought along is used, once, instead of a new one.
4. What is known of this very call: it left before and this is a retry; or people are being asked; or their no stands;
   or they agreed to less, which is then what has to be asked for.
5. The law, now; also for what people have approved: a rule hardened meanwhile wins.
6. What the agent's rung of enforcement makes of it.
7. Granted: mint, consume, record. Held: people are asked. Refused: recorded, with the reason.

Every function takes the transaction of the unit it runs in; whoever called answers after the commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vienna_control.approvals import edit, memory, practice, queue, vote, wording
from vienna_control.approvals.memory import Past
from vienna_control.approvals.standing import asking, granting
from vienna_control.approvals.standing import kept as standing_kept
from vienna_control.approvals.standing.terms import Terms
from vienna_control.authority import Authority
from vienna_control.clock import Clock
from vienna_control.execution import outcome
from vienna_control.execution.told import Kept, Told
from vienna_control.fleet import registry, trust
from vienna_control.fleet.registry import Agent
from vienna_control.freeze import stops
from vienna_control.intake import answers, entry, recorded, replay, reported
from vienna_control.intake.admission import standing
from vienna_control.intake.ask import Ask, Caller
from vienna_control.intake.judgement import enforced, judge
from vienna_control.intake.rates import Rates
from vienna_control.invariant import there
from vienna_control.pipeline import brought, granted, held, refused
from vienna_control.pipeline.case import Case, Parts
from vienna_control.policies import Policies
from vienna_control.ports import StaleBundleError
from vienna_control.stages import stage
from vienna_control.store import Tx
from vienna_kernel import wire
from vienna_kernel.approval.moves import Status as ApprovalStatus
from vienna_kernel.approval.moves import Voter
from vienna_kernel.decision.decide import Outcome
from vienna_kernel.lifecycle import Event, Status, advance
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.verification import Result

if TYPE_CHECKING:
    from vienna_control.config import Settings


class Pipeline:
    """Decides. Used in the writer thread, through units of work.

    Attributes:
        settings, clock: Of the process.
    """

    def __init__(self, authority: Authority, policies: Policies, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._parts = Parts(
            authority=authority, policies=policies, settings=settings, rates=Rates(), merits=trust.Merits()
        )

    @property
    def merits(self) -> trust.Merits:
        """Verified successes, counted towards trust."""
        return self._parts.merits

    def mapping_digest(self, tenant: str) -> str:
        """Of the mappings in force."""
        return self._parts.policies.of(tenant).mapping_digest

    def consult(self, tx: Tx, ask: Ask) -> wire.Decision:
        """Whether this may happen now. The answer's ``id`` is 0.

        Raises ``StaleBundleError`` when the gate goes by another rung than its agent now stands on: it would refuse
        a warrant that only observes, or let go what must be held.
        """
        again = recorded.same_attempt(tx, ask)  # (1)
        if again is not None and again.verdict == "refused":
            return again
        agent = self._admitted(tx, ask)  # (2)
        if isinstance(agent, Refused):
            return refused.turned_away(tx, ask, agent, granted=again)
        if again is not None:
            return again
        if ask.rung not in (None, agent.enforcement):
            raise StaleBundleError
        if ask.presented is not None:  # (3)
            return brought.take(tx, self._parts, agent, ask, ask.presented)
        with stage("recall"):
            past = None if ask.simulation else memory.recall(tx, ask)  # (4)
            done = replay.find(tx, ask, past)
        if done is not None:
            reason = Reason.ALREADY_EXECUTED
            recorded.turned_away(tx, ask, reason, agent_id=agent.id, intent_id=done.intent_id)
            return answers.executed(done)
        if past is not None and past.less is not None and ask.call is None:
            ask, past = recorded.lowered(tx, ask, past.intent_id), replace(past, less=None)
        if (remembered := self._remembered(tx, agent, ask, past)) is not None:
            return remembered
        if past is not None and past.less is not None:  # consent to less is none to the whole
            past = None
        return self._decide(tx, agent, ask, past)

    def _admitted(self, tx: Tx, ask: Ask) -> Agent | Refused:
        agent = standing(registry.by_id(tx.conn, ask.caller.agent_id))
        return agent if isinstance(agent, Refused) else stops.refusal(tx.conn, ask) or agent

    def _remembered(self, tx: Tx, agent: Agent, ask: Ask, past: Past | None) -> wire.Decision | None:
        if past is None or not enforced(agent.enforcement, past.tier):
            return None
        if past.standing == "pending":
            queue.waiting(tx, past.approval_id, on_the_line=ask.wait)
            return answers.held(past)
        if past.standing == "redeemable" and past.less is not None:
            return answers.narrowed(past)
        if past.standing not in ("denied", "expired"):
            return None
        no = past.standing == "denied"
        reason = Reason.APPROVAL_DENIED if no else Reason.APPROVAL_EXPIRED
        recorded.turned_away(tx, ask, reason, agent_id=agent.id, intent_id=past.intent_id)
        hint = wording.denied_hint(past.reason) if no else wording.expired_hint()
        return answers.refused(past.intent_id, past.tier, reason, hint)

    def _decide(self, tx: Tx, agent: Agent, ask: Ask, past: Past | None) -> wire.Decision:
        bundle = self._parts.policies.of(agent.tenant)
        redeeming = past if past is not None and past.standing == "redeemable" else None
        own = redeeming.intent_id if redeeming else None
        again, rates = redeeming is not None, self._parts.rates
        with stage("judge"):
            judged = judge(
                tx, agent, ask, bundle=bundle, rates=rates, count=not again, own=own, admitted=again
            )  # (5)
        if not again:
            self._parts.policies.hits.count(agent.tenant, judged.decision, tx.now)
        case = Case(agent=agent, ask=ask, bundle=bundle, judged=judged, past=redeeming)
        if ask.simulation:
            intent_id = entry.submit(tx, ask, case.told(), status=advance(Status.RECEIVED, Event.SIMULATE))
            return answers.simulated(intent_id, judged.decision)
        with stage("release"):
            return self._released(tx, case)

    def _released(self, tx: Tx, case: Case) -> wire.Decision:
        if not self._enforced(case):  # (6)
            return granted.observe(tx, self._parts, case)
        match case.judged.decision.outcome:  # (7)
            case Outcome.PROCEED:
                if case.past is not None:
                    return granted.redeem(tx, self._parts, case, case.past)
                return granted.grant(tx, self._parts, case)
            case Outcome.HOLD:
                return held.hold(tx, self._parts, case)
            case Outcome.DENIED | Outcome.RATE_LIMITED:
                return refused.refuse(tx, case)

    def _enforced(self, case: Case) -> bool:
        if case.agent.enforcement == "observe":
            return False
        lets_go = case.judged.decision.outcome is Outcome.PROCEED
        return lets_go or enforced(case.agent.enforcement, case.judged.decision.tier)

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
        kept = outcome.keep(tx, caller.agent_id, told, self._parts.merits)
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
        self,
        tx: Tx,
        tenant: str,
        approval_id: str,
        voter: Voter,
        ballot: vote.Ballot,
        *,
        narrowed: Mapping[str, Any] | None = None,
    ) -> vote.Decided | Refused | None:
        """Count a vote. Consent to what no gate waits for is dispatched at once: its warrant is handed out.

        ``narrowed``: new values by parameter, as JSON: it is consent to that, and to nothing else.
        None: there is no such approval. Raises ``vote.StaleError``; with ``narrowed`` what ``edit.propose`` raises, and
        ``edit.UnheardError``: the unit is to be taken back then.
        """
        less = None
        if narrowed is not None:
            editor = edit.seated(tx, tenant, approval_id, voter, in_place_of=ballot.in_place_of)
            if not isinstance(editor, Voter):
                return editor
            less = there(
                self.narrowed(tx, tenant, approval_id, narrowed), "it waits: only then somebody is seated"
            )
            edit.apply(tx, less, voter, seen=ballot.shown_digest)
            ballot = replace(ballot, shown_digest=None)
        decided = vote.cast(tx, tenant, approval_id, voter, ballot)
        if less is not None and isinstance(decided, Refused):
            raise edit.UnheardError(decided)
        if isinstance(decided, vote.Decided) and decided.status is ApprovalStatus.APPROVED:
            parts = self._parts
            if standing_kept.of_approval(tx.conn, approval_id) is not None:
                warrant_id = granting.grant(tx, parts.authority, approval_id, parts.policies.of(tenant))
                status = recorded.status(tx, decided.intent_id)
                return replace(decided, warrant_id=warrant_id, intent_status=status)
            if (done := practice.end(tx, decided.intent_id)) is not None:
                return replace(decided, intent_status=done)
            ask = recorded.resubmitted(tx, decided.intent_id)
            if ask is not None:
                warrant_id = self.consult(tx, ask).warrant_id
                status = recorded.status(tx, decided.intent_id)
                return replace(decided, warrant_id=warrant_id, intent_status=status)
        return decided

    def narrowed(self, tx: Tx, tenant: str, approval_id: str, wanted: Mapping[str, Any]) -> edit.Edit | None:
        """What a request that waits would be with these values; see ``edit.propose``."""
        bundle, rates = self._parts.policies.of(tenant), self._parts.rates
        return edit.propose(tx, tenant, approval_id, wanted, bundle=bundle, rates=rates)

    def ask_standing(self, tx: Tx, requester: Voter, terms: Terms) -> asking.Requested:
        """Put a standing warrant before people; see ``asking.request``."""
        bundle, rates = self._parts.policies.of(terms.agents[0].tenant), self._parts.rates
        return asking.request(tx, requester, terms, bundle=bundle, rates=rates)

    def kept(self, tx: Tx, agent_id: str, told: Told) -> Kept | None:
        """Record an outcome that an agent reports."""
        return outcome.keep(tx, agent_id, told, self._parts.merits)
